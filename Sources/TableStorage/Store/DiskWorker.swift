internal import Synchronization

/// Performs batches one after another, on whatever thread the shell calls it: it blocks (DSK-030). After the first error it
/// performs nothing any more, because nobody knows what the file system still holds (DSK-031).
public final class DiskWorker: Sendable {
    private struct State {
        var files: [String: any DiskFile] = [:]
        var failure: DiskError?
    }

    private let disk: any Disk
    /// Never waited for: the store has one batch out at a time. It makes handing the worker to another thread safe.
    private let state = Mutex(State())

    public init(disk: any Disk) {
        self.disk = disk
    }

    /// Returns when every step is done.
    /// - Throws: the error of the first step that failed, also for every later batch.
    public func perform(_ batch: DiskBatch) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            if let failure = state.failure { throw failure }
            do throws(DiskError) {
                for step in batch.steps { try perform(step, &state.files) }
            } catch {
                state.failure = error
                Self.closeAll(&state.files)
                throw error
            }
        }
    }

    /// Closes every file; to be called when no batch will follow.
    public func close() {
        state.withLock { Self.closeAll(&$0.files) }
    }

    private static func closeAll(_ files: inout [String: any DiskFile]) {
        for file in files.values { file.close() }
        files = [:]
    }

    private func perform(_ step: DiskBatch.Step, _ files: inout [String: any DiskFile]) throws(DiskError) {
        switch step {
        case .createDirectory(let name): try disk.createDirectory(name)
        case .replace(let name, let bytes): try disk.replace(name, with: bytes)
        case .create(let name, let bytes):
            files.removeValue(forKey: name)?.close()
            let file = try disk.open(name, truncating: true)
            files[name] = file
            try file.append(bytes)
        case .append(let name, let bytes): try open(name, &files).append(bytes)
        case .sync(let name): try open(name, &files).sync()
        case .close(let name): files.removeValue(forKey: name)?.close()
        case .rename(let name, let newName): try disk.rename(name, to: newName)
        case .remove(let name): try disk.remove(name)
        case .syncDirectory(let name): try disk.syncDirectory(name)
        }
    }

    private func open(_ name: String, _ files: inout [String: any DiskFile]) throws(DiskError) -> any DiskFile {
        if let file = files[name] { return file }
        let file = try disk.open(name, truncating: false)
        files[name] = file
        return file
    }
}

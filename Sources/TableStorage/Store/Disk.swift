/// The data directory as the store sees it (DSK-002): every file access of the core goes through this.
///
/// Names are relative to the data directory and use `/`: `gen-3/log-7`. Calls block; the store calls them only while it opens,
/// everything later goes through `DiskWorker` on a thread of the shell's choice.
public protocol Disk: Sendable {
    /// Bytes of the file from `offset` on, at most `count`; fewer at the end of the file, none behind it.
    func read(_ name: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8]

    /// Reads from `offset` on into `buffer`, as far as buffer and file go. Recovery reads large files this way, into the same
    /// memory again and again. The default is a `read` and a copy.
    /// - Returns: bytes read.
    func read(_ name: String, at offset: UInt64, into buffer: inout [UInt8]) throws(DiskError) -> Int

    /// Opens a file for appending; creates it when it does not exist. The new name is durable after `syncDirectory`.
    /// - Parameter truncating: throw away what the file holds.
    func open(_ name: String, truncating: Bool) throws(DiskError) -> any DiskFile

    /// Creates a directory; one that exists already is no error. Durable after `syncDirectory` of its parent.
    func createDirectory(_ name: String) throws(DiskError)

    /// The names in a directory without their path, ascending; "" is the data directory itself.
    func list(_ directory: String) throws(DiskError) -> [String]

    /// Renames a file or a directory; a file of the new name is replaced. Durable after `syncDirectory`.
    func rename(_ name: String, to newName: String) throws(DiskError)

    /// Removes a file, or a directory with all that is in it; what does not exist is no error. Durable after `syncDirectory`.
    func remove(_ name: String) throws(DiskError)

    /// Makes the names in a directory durable; "" is the data directory itself.
    func syncDirectory(_ name: String) throws(DiskError)
}

/// A file open for appending.
public protocol DiskFile: AnyObject, Sendable {
    /// Bytes that the file holds now.
    func size() throws(DiskError) -> UInt64

    /// Appends all bytes or throws; after an error any prefix of them may be in the file.
    func append(_ bytes: [UInt8]) throws(DiskError)

    /// Cuts the file; `size` is at most its size now. Durable after `sync`.
    func truncate(to size: UInt64) throws(DiskError)

    /// Makes everything appended so far durable (fdatasync). After an error nothing is known of what is durable (DSK-031).
    func sync() throws(DiskError)

    /// Gives the descriptor back. No other call may follow.
    func close()
}

extension Disk {
    public func read(_ name: String, at offset: UInt64, into buffer: inout [UInt8]) throws(DiskError) -> Int {
        let bytes = try read(name, at: offset, count: buffer.count)
        buffer.replaceSubrange(0..<bytes.count, with: bytes)
        return bytes.count
    }

    /// The whole file.
    public func read(_ name: String) throws(DiskError) -> [UInt8] {
        try read(name, at: 0, count: .max)
    }

    /// Replaces a small file so that a crash leaves the old or the new bytes, never a mixture (DSK-005): written beside it,
    /// synced, renamed, directory synced.
    public func replace(_ name: String, with bytes: [UInt8]) throws(DiskError) {
        let temporary = name + DiskName.temporarySuffix
        let file = try open(temporary, truncating: true)
        defer { file.close() }
        try file.append(bytes)
        try file.sync()
        try rename(temporary, to: name)
        try syncDirectory(DiskName.directory(of: name))
    }
}

extension Disk {
    /// Bytes that a file holds; creates it empty when it does not exist.
    func size(_ name: String) throws(DiskError) -> UInt64 {
        let file = try open(name, truncating: false)
        defer { file.close() }
        return try file.size()
    }

    /// Cuts a file durably.
    /// - Returns: bytes cut away.
    func cut(_ name: String, to size: UInt64) throws(DiskError) -> UInt64 {
        let file = try open(name, truncating: false)
        defer { file.close() }
        let found = try file.size()
        guard found > size else { return 0 }
        try file.truncate(to: size)
        try file.sync()
        return found - size
    }

    /// Calls the disk while the store opens.
    func checked<R>(_ body: (Self) throws(DiskError) -> R) throws(StorageError) -> R {
        do throws(DiskError) {
            return try body(self)
        } catch {
            throw .disk(error)
        }
    }
}

/// Why the disk did not do what was asked.
public enum DiskError: Error, Hashable, Sendable {
    case notFound(name: String)
    /// The file system is full or a quota is used up.
    case noSpace(name: String)
    /// Another process holds the data directory; 0 when the process is not known.
    case inUse(name: String, process: Int32)
    /// Anything else: the system call's `errno`, the call, the file.
    case io(code: Int32, operation: String, name: String)
}

extension DiskError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let name): "\(name) does not exist"
        case .noSpace(let name): "no space left on the device while writing \(name)"
        case .inUse(let name, let process): "data directory \(name) is used by process \(process)"
        case .io(let code, let operation, let name): "\(operation) of \(name) failed with error \(code)"
        }
    }
}

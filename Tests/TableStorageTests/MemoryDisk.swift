import Synchronization
import TableStorage

/// A disk in memory that keeps durable and not yet durable state apart, and fails when told to.
final class MemoryDisk: Disk {
    /// What a crash leaves of the bytes that were appended after the last sync.
    enum Tearing: CaseIterable {
        /// Nothing: power was lost.
        case lost
        /// The first half of them.
        case half
        /// As many bytes, but the first half of them zero: pages reached the disk out of order.
        case hole
        /// All: only the process died.
        case kept
    }

    struct File {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }

    struct Directory {
        var entries: [String: Int] = [:]
        var durable: [String: Int] = [:]
    }

    enum Node {
        case file(File)
        case directory(Directory)
    }

    struct State {
        var nodes: [Int: Node] = [0: .directory(Directory())]
        var nextNode = 1
        /// Calls that change something, so far; every one is a place to crash.
        var changes = 0
        var crashAt: Int?
        var failSyncAt: Int?
        var syncs = 0
        /// Bytes that can still be appended.
        var space = Int.max
        var isCrashed = false
    }

    let state = Mutex(State())

    static let crashed = DiskError.io(code: 5, operation: "crash", name: "")
    static let syncFailed = DiskError.io(code: 5, operation: "fdatasync", name: "")

    // MARK: Faults

    var changes: Int { state.withLock { $0.changes } }
    var syncs: Int { state.withLock { $0.syncs } }

    /// The change with this number, counted from 0, and all after it fail.
    func crash(at change: Int) { state.withLock { $0.crashAt = change } }

    /// The next sync of a file fails; those after it would succeed.
    func failNextSync() { state.withLock { $0.failSyncAt = $0.syncs } }

    func limitSpace(to bytes: Int) { state.withLock { $0.space = bytes } }

    /// What the next start of the machine finds.
    /// - Parameter keepsNames: whether names that were not synced are there all the same.
    func crash(_ tearing: Tearing, keepsNames: Bool) {
        state.withLock { state in
            for (id, node) in state.nodes {
                switch node {
                case .file(var file):
                    file.bytes = Self.torn(file, tearing)
                    file.durable = file.bytes
                    state.nodes[id] = .file(file)
                case .directory(var directory):
                    if keepsNames { directory.durable = directory.entries } else { directory.entries = directory.durable }
                    state.nodes[id] = .directory(directory)
                }
            }
            state.isCrashed = false
            state.crashAt = nil
            state.failSyncAt = nil
            state.space = .max
        }
    }

    private static func torn(_ file: File, _ tearing: Tearing) -> [UInt8] {
        guard file.bytes.starts(with: file.durable) else { return tearing == .kept ? file.bytes : file.durable }
        let appended = file.bytes.count - file.durable.count
        switch tearing {
        case .lost: return file.durable
        case .half: return Array(file.bytes.prefix(file.durable.count + appended / 2))
        case .hole:
            let start = file.durable.count
            return file.durable + [UInt8](repeating: 0, count: appended / 2) + file.bytes[(start + appended / 2)...]
        case .kept: return file.bytes
        }
    }

    /// Changes a byte of a file behind everybody's back.
    func flip(_ name: String, at offset: Int, _ mask: UInt8 = 0x10) {
        edit(name) { $0[offset] ^= mask }
    }

    func edit(_ name: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let id = state.find(name), case .file(var file) = state.nodes[id] else { return }
            change(&file.bytes)
            file.durable = file.bytes
            state.nodes[id] = .file(file)
        }
    }

    func bytes(_ name: String) -> [UInt8]? { try? read(name) }

    // MARK: Disk

    func read(_ name: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        try state.withLock { state throws(DiskError) in
            guard let id = state.find(name), case .file(let file) = state.nodes[id] else { throw .notFound(name: name) }
            let start = min(Int(offset), file.bytes.count)
            return Array(file.bytes[start..<(start + min(count, file.bytes.count - start))])
        }
    }

    func open(_ name: String, truncating: Bool) throws(DiskError) -> any DiskFile {
        let id = try state.withLock { state throws(DiskError) in
            if let id = state.find(name), case .file(var file) = state.nodes[id] {
                if truncating, !file.bytes.isEmpty {
                    try state.change()
                    file.bytes = []
                    state.nodes[id] = .file(file)
                }
                return id
            }
            try state.change()
            return try state.add(.file(File()), as: name)
        }
        return MemoryFile(disk: self, node: id)
    }

    func createDirectory(_ name: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            if state.find(name) != nil { return }
            try state.change()
            _ = try state.add(.directory(Directory()), as: name)
        }
    }

    func list(_ directory: String) throws(DiskError) -> [String] {
        try state.withLock { state throws(DiskError) in
            guard let id = state.find(directory), case .directory(let found) = state.nodes[id] else {
                throw .notFound(name: directory)
            }
            return found.entries.keys.sorted()
        }
    }

    func rename(_ name: String, to newName: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard let id = state.find(name) else { throw .notFound(name: name) }
            try state.change()
            try state.setEntry(name, nil)
            try state.setEntry(newName, id)
        }
    }

    func remove(_ name: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard state.find(name) != nil else { return }
            try state.change()
            try state.setEntry(name, nil)
        }
    }

    func syncDirectory(_ name: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard let id = state.find(name), case .directory(var directory) = state.nodes[id] else {
                throw .notFound(name: name)
            }
            try state.change()
            directory.durable = directory.entries
            state.nodes[id] = .directory(directory)
        }
    }
}

extension MemoryDisk.State {
    mutating func change() throws(DiskError) {
        if isCrashed || crashAt == changes {
            isCrashed = true
            throw MemoryDisk.crashed
        }
        changes += 1
    }

    func find(_ name: String) -> Int? {
        var node = 0
        for part in name.split(separator: "/") {
            guard case .directory(let directory) = nodes[node], let next = directory.entries[String(part)] else { return nil }
            node = next
        }
        return node
    }

    mutating func add(_ node: MemoryDisk.Node, as name: String) throws(DiskError) -> Int {
        nodes[nextNode] = node
        try setEntry(name, nextNode)
        nextNode += 1
        return nextNode - 1
    }

    mutating func setEntry(_ name: String, _ node: Int?) throws(DiskError) {
        let parts = name.split(separator: "/")
        let parent = parts.dropLast().joined(separator: "/")
        guard let last = parts.last, let id = find(parent), case .directory(var directory) = nodes[id] else {
            throw .notFound(name: parent)
        }
        directory.entries[String(last)] = node
        nodes[id] = .directory(directory)
    }
}

private final class MemoryFile: DiskFile {
    let disk: MemoryDisk
    let node: Int

    init(disk: MemoryDisk, node: Int) {
        self.disk = disk
        self.node = node
    }

    private func change<R>(
        _ body: (inout MemoryDisk.State, inout MemoryDisk.File) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        try disk.state.withLock { state throws(DiskError) in
            guard case .file(var file) = state.nodes[node] else { throw .notFound(name: "") }
            // Out of the table while it changes, so that appending does not copy it.
            state.nodes[node] = .file(MemoryDisk.File())
            defer { state.nodes[node] = .file(file) }
            return try body(&state, &file)
        }
    }

    func size() throws(DiskError) -> UInt64 {
        try change { (_, file) throws(DiskError) in UInt64(file.bytes.count) }
    }

    func append(_ bytes: [UInt8]) throws(DiskError) {
        try change { (state, file) throws(DiskError) in
            try state.change()
            let fitting = min(bytes.count, state.space)
            file.bytes += bytes.prefix(fitting)
            state.space -= fitting
            if fitting < bytes.count { throw .noSpace(name: "") }
        }
    }

    func truncate(to size: UInt64) throws(DiskError) {
        try change { (state, file) throws(DiskError) in
            try state.change()
            file.bytes.removeLast(file.bytes.count - Int(size))
        }
    }

    func sync() throws(DiskError) {
        try change { (state, file) throws(DiskError) in
            try state.change()
            defer { state.syncs += 1 }
            if state.failSyncAt == state.syncs { throw MemoryDisk.syncFailed }
            file.durable = file.bytes
        }
    }

    func close() {}
}

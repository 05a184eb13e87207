internal import Glibc
public import TableStorage

/// The data directory on a POSIX file system (DSK-002). One process holds it at a time (DSK-004).
public final class PosixDisk: Disk {
    private let path: String
    /// Keeps the lock as long as the disk lives.
    private let lock: PosixFile

    /// Creates the directory, and those above it, when they do not exist, and locks it.
    /// - Throws: `DiskError.inUse` with the process that holds it.
    public init(path: String) throws(DiskError) {
        self.path = path
        try Self.makeDirectory(path)
        lock = try PosixFile(path: path + "/lock", name: "lock", flags: O_RDWR | O_CREAT)
        try Self.lock(lock, path: path)
    }

    private static func makeDirectory(_ path: String) throws(DiskError) {
        if unsafe mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw error("mkdir", path) }
        try makeDirectory(String(path[..<slash]))
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw error("mkdir", path) }
    }

    public func read(_ name: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        let file = try PosixFile(path: path(name), name: name, flags: O_RDONLY)
        let size = try file.size()
        guard offset < size else { return [] }
        return try file.read(at: offset, count: Int(min(UInt64(count), size - offset)))
    }

    public func read(_ name: String, at offset: UInt64, into buffer: inout [UInt8]) throws(DiskError) -> Int {
        let file = try PosixFile(path: path(name), name: name, flags: O_RDONLY)
        return try file.read(at: offset, into: &buffer)
    }

    public func open(_ name: String, truncating: Bool) throws(DiskError) -> any DiskFile {
        let flags = O_WRONLY | O_CREAT | O_APPEND | (truncating ? O_TRUNC : 0)
        return try PosixFile(path: path(name), name: name, flags: flags)
    }

    public func createDirectory(_ name: String) throws(DiskError) {
        if unsafe mkdir(path(name), 0o700) != 0, errno != EEXIST { throw Self.error("mkdir", name) }
    }

    public func list(_ directory: String) throws(DiskError) -> [String] {
        guard let stream = unsafe opendir(path(directory)) else { throw Self.error("opendir", directory) }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != "..", !(directory.isEmpty && name == "lock") { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw Self.error("readdir", directory) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    public func rename(_ name: String, to newName: String) throws(DiskError) {
        if unsafe Glibc.rename(path(name), path(newName)) != 0 { throw Self.error("rename", name) }
    }

    public func remove(_ name: String) throws(DiskError) {
        if unsafe unlink(path(name)) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw Self.error("unlink", name) }
        for child in try list(name) { try remove(name + "/" + child) }
        if unsafe rmdir(path(name)) != 0 { throw Self.error("rmdir", name) }
    }

    public func syncDirectory(_ name: String) throws(DiskError) {
        let directory = try PosixFile(path: path(name), name: name, flags: O_RDONLY | O_DIRECTORY)
        try directory.syncWithMetadata()
    }

    private func path(_ name: String) -> String { name.isEmpty ? path : path + "/" + name }

    /// Takes the lock and leaves this process's number in the file, for the message of the next one that tries.
    private static func lock(_ file: PosixFile, path: String) throws(DiskError) {
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw error("flock", path) }
            let holder = String(decoding: try file.read(at: 0, count: 16), as: UTF8.self)
            throw .inUse(name: path, process: Int32(holder.prefix { $0.isNumber }) ?? 0)
        }
        try file.truncate(to: 0)
        try file.append(Array("\(getpid())\n".utf8))
    }

    /// The error of the call that just failed, from `errno`.
    fileprivate static func error(_ operation: String, _ name: String) -> DiskError {
        switch errno {
        case ENOENT: .notFound(name: name)
        case ENOSPC, EDQUOT: .noSpace(name: name)
        default: .io(code: errno, operation: operation, name: name)
        }
    }
}

/// An open descriptor. Appending relies on O_APPEND, so the object itself has no state to protect.
private final class PosixFile: DiskFile {
    let descriptor: Int32
    private let name: String

    init(path: String, name: String, flags: Int32) throws(DiskError) {
        self.name = name
        descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw PosixDisk.error("open", name) }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// The descriptor closes with the last reference: closing it here as well could hit another file that got its number.
    func close() {}

    func size() throws(DiskError) -> UInt64 {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw PosixDisk.error("fstat", name) }
        return UInt64(status.st_size)
    }

    func append(_ bytes: [UInt8]) throws(DiskError) {
        var written = 0
        while written < bytes.count {
            let rest = written
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: rest), buffer.count - rest)
            }
            if result < 0 {
                guard errno == EINTR else { throw PosixDisk.error("write", name) }
                continue
            }
            written += result
        }
    }

    func truncate(to size: UInt64) throws(DiskError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw PosixDisk.error("ftruncate", name) }
    }

    /// Not repeated on EINTR or anything else: after a failed fdatasync the kernel may have dropped the pages and say yes.
    func sync() throws(DiskError) {
        guard fdatasync(descriptor) == 0 else { throw PosixDisk.error("fdatasync", name) }
    }

    func syncWithMetadata() throws(DiskError) {
        guard fsync(descriptor) == 0 else { throw PosixDisk.error("fsync", name) }
    }

    /// At most `count` bytes from `offset` on; fewer at the end of the file.
    func read(at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let filled = unsafe fill(UnsafeMutableRawBufferPointer(buffer), from: offset)
            failed = filled == nil
            initialized = filled ?? 0
        }
        if failed { throw PosixDisk.error("pread", name) }
        return bytes
    }

    func read(at offset: UInt64, into buffer: inout [UInt8]) throws(DiskError) -> Int {
        guard let filled = unsafe buffer.withUnsafeMutableBytes({ unsafe fill($0, from: offset) }) else {
            throw PosixDisk.error("pread", name)
        }
        return filled
    }

    /// - Returns: bytes read, fewer than there is room for at the end of the file; nil when reading failed.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: UInt64) -> Int? {
        var filled = 0
        while filled < buffer.count {
            let result = unsafe pread(
                descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, off_t(offset) + off_t(filled))
            if result < 0, errno == EINTR { continue }
            if result < 0 { return nil }
            if result == 0 { break }
            filled += result
        }
        return filled
    }
}

import Glibc

/// Where the bytes of a capture come from: a descriptor or memory, unpacked when they turn out to be gzip.
struct ByteSource: ~Copyable {
    /// For errors.
    let name: String
    private let input: Input
    /// Of `.memory`, how many bytes were given.
    private var given = 0
    /// Bytes that were read to find out what they are, and not yet given.
    private var peeked: [UInt8] = []
    private var inflater: GzipInflater?
    /// Bytes that `read` gave: of the file, or of what was unpacked.
    private(set) var offset = 0

    private enum Input {
        case file(Int32)
        /// Another's descriptor, not to be closed.
        case descriptor(Int32)
        /// At most `step` bytes at a time.
        case memory([UInt8], step: Int)
        case failure(CaptureError)
    }

    /// Why it cannot be opened, the first read tells.
    init(opening path: String) {
        self.init(name: path, input: Self.open(path))
    }

    init(descriptor: Int32, name: String) {
        self.init(name: name, input: .descriptor(descriptor))
    }

    init(bytes: [UInt8], step: Int, name: String) {
        self.init(name: name, input: .memory(bytes, step: max(1, step)))
    }

    private init(name: String, input: Input) {
        self.name = name
        self.input = input
    }

    deinit {
        if case .file(let descriptor) = input { close(descriptor) }
    }

    private static func open(_ path: String) -> Input {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        return descriptor >= 0 ? .file(descriptor) : .failure(openFailure(path, errno))
    }

    private static func openFailure(_ path: String, _ code: Int32) -> CaptureError {
        switch code {
        case ENOENT, ENOTDIR: .notFound(file: path)
        case EACCES, EPERM: .noPermission(file: path)
        default: .unreadable(file: path, offset: 0, code: code)
        }
    }

    var isCompressed: Bool { inflater != nil }

    /// Whether compressed data ended where more had to come.
    var endedEarly: Bool { inflater?.endedEarly ?? false }

    /// Looks at the first two bytes, and unpacks from here on when they are those of gzip.
    mutating func detectCompression() throws(CaptureError) {
        while peeked.count < GzipInflater.magic.count {
            var next: [UInt8] = [0, 0]
            let wanted = GzipInflater.magic.count - peeked.count
            let count = try unsafe readInput(into: &next, wanted)
            guard count > 0 else { return }
            peeked += next.prefix(count)
        }
        if peeked == GzipInflater.magic { inflater = GzipInflater() }
    }

    /// Reads what is there, at least one byte and at most `room`; waits for it.
    /// - Returns: how many; 0 at the end.
    mutating func read(into target: UnsafeMutablePointer<UInt8>, _ room: Int) throws(CaptureError) -> Int {
        let count = try isCompressed ? unsafe inflate(into: target, room) : unsafe readPeekedOrInput(into: target, room)
        offset += count
        return count
    }

    private mutating func inflate(into target: UnsafeMutablePointer<UInt8>, _ room: Int) throws(CaptureError) -> Int {
        guard let inflater else { return 0 }
        while true {
            switch unsafe inflater.inflate(into: target, room) {
            case .bytes(let count): return count
            case .needsInput:
                inflater.supplied(try unsafe readPeekedOrInput(into: inflater.input, GzipInflater.inputSize))
            case .ended: return 0
            case .damaged: throw .badCompression(file: name, offset: offset)
            }
        }
    }

    private mutating func readPeekedOrInput(
        into target: UnsafeMutablePointer<UInt8>, _ room: Int
    ) throws(CaptureError) -> Int {
        guard !peeked.isEmpty else { return try unsafe readInput(into: target, room) }
        let count = min(peeked.count, room)
        for index in 0..<count { unsafe target[index] = peeked[index] }
        peeked.removeFirst(count)
        return count
    }

    private mutating func readInput(into target: UnsafeMutablePointer<UInt8>, _ room: Int) throws(CaptureError) -> Int {
        switch input {
        case .file(let descriptor), .descriptor(let descriptor):
            return try unsafe readDescriptor(descriptor, target, room)
        case .memory(let bytes, let step):
            let count = min(room, step, bytes.count - given)
            for index in 0..<count { unsafe target[index] = bytes[given + index] }
            given += count
            return count
        case .failure(let error): throw error
        }
    }

    private func readDescriptor(
        _ descriptor: Int32, _ target: UnsafeMutablePointer<UInt8>, _ room: Int
    ) throws(CaptureError) -> Int {
        while true {
            let count = unsafe Glibc.read(descriptor, target, room)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // Another made the pipe non-blocking.
                var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&wait, 1, -1)
            case EISDIR: throw .isDirectory(file: name)
            case let code: throw .unreadable(file: name, offset: offset, code: code)
            }
        }
    }
}

internal import Glibc
internal import WireFormat

/// Why a file of a node's data directory cannot be read, or not to its end. What stands before `offset` was shown.
package enum DiskFileError: Error, Hashable, CustomStringConvertible {
    case cannotOpen(file: String, code: Int32)
    case isDirectory(file: String)
    case empty(file: String)
    case notADiskFile(file: String, beginning: [UInt8])
    case wrongHeader(file: String)
    case newerVersion(file: String, version: UInt16)
    case cutShort(file: String, offset: Int, missing: Int)
    case wrongLength(file: String, offset: Int, length: UInt32)
    case wrongChecksum(file: String, offset: Int)
    case unreadable(file: String, offset: Int, code: Int32)

    package var description: String {
        switch self {
        case .cannotOpen(let file, let code): "\(file): \(Self.text(code))"
        case .isDirectory(let file): "\(file): is a directory; give a file in it, for example \(file)/gen-1/log-1"
        case .empty(let file): "\(file): empty file"
        case .notADiskFile(let file, let beginning):
            "\(file): not a file of a node's data directory: begins with 0x"
                + beginning.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        case .wrongHeader(let file): "\(file): the file header is damaged (its checksum is wrong)"
        case .newerVersion(let file, let version): "\(file): version \(version) of the disk format; this program knows version 1"
        case .cutShort(let file, let offset, let missing):
            "\(file): cut short at byte \(offset): of the record that begins there \(missing) bytes are missing"
        case .wrongLength(let file, let offset, let length):
            "\(file): damaged at byte \(offset): a record of \(length) bytes cannot be"
        case .wrongChecksum(let file, let offset): "\(file): damaged at byte \(offset): the record's checksum is wrong"
        case .unreadable(let file, let offset, let code): "\(file): cannot be read at byte \(offset): \(Self.text(code))"
        }
    }

    private static func text(_ code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        let words = unsafe String(cString: text)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}

/// Reads a file of a data directory record by record (DSK-010, DSK-011), whatever its size in the memory of one record.
struct DiskFile: ~Copyable {
    /// The header's bytes: magic, kind u16, version u16, CRC of the twelve before.
    private static let magic: [UInt8] = [0xD4, 0x54, 0x57, 0x44, 0x0D, 0x0A, 0x00, 0x0A]
    private static let headerSize = 16
    /// Length and CRC before type and body.
    private static let frameSize = 8
    /// DSK-013.
    private static let longestRecord: UInt32 = 33_554_432
    private static let blockSize = 1 << 20

    let name: String
    private let descriptor: Int32
    /// From the file header; 7 is a log.
    private(set) var kind = 0
    private var buffer: [UInt8] = []
    private var position = 0
    /// Where `buffer` begins in the file.
    private var start = 0
    private var isAtEnd = false

    init(opening path: String) throws(DiskFileError) {
        name = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(file: path, code: errno) }
        guard try fill(Self.headerSize) else {
            if buffer.isEmpty { throw .empty(file: path) }
            throw .notADiskFile(file: path, beginning: buffer)
        }
        guard buffer.starts(with: Self.magic) else { throw .notADiskFile(file: path, beginning: Array(buffer.prefix(8))) }
        guard CRC32.checksum(buffer.span.extracting(0..<12)) == buffer.span.load(at: 12, as: UInt32.self) else {
            throw .wrongHeader(file: path)
        }
        kind = Int(buffer.span.load(at: 8, as: UInt16.self))
        let version = buffer.span.load(at: 10, as: UInt16.self)
        guard version == 1 else { throw .newerVersion(file: path, version: version) }
        position = Self.headerSize
    }

    deinit { close(descriptor) }

    /// Hands the next record to `use`: where it begins, its type, its body.
    /// - Returns: false at the end of the file.
    mutating func next(_ use: (Int, UInt8, Span<UInt8>) -> Void) throws(DiskFileError) -> Bool {
        let offset = start + position
        guard try fill(Self.frameSize + 1) else {
            guard position < buffer.count else { return false }
            throw .cutShort(file: name, offset: offset, missing: Self.frameSize + 1 - (buffer.count - position))
        }
        let length = buffer.span.load(at: position, as: UInt32.self)
        guard length >= 1, length <= Self.longestRecord else { throw .wrongLength(file: name, offset: offset, length: length) }
        let size = Self.frameSize + Int(length)
        guard try fill(size) else { throw .cutShort(file: name, offset: offset, missing: size - (buffer.count - position)) }
        try show(offset, size, use)
        position += size
        return true
    }

    private func show(_ offset: Int, _ size: Int, _ use: (Int, UInt8, Span<UInt8>) -> Void) throws(DiskFileError) {
        let record = buffer.span.extracting((position + Self.frameSize)..<(position + size))
        guard CRC32.checksum(record) == buffer.span.load(at: position + 4, as: UInt32.self) else {
            throw .wrongChecksum(file: name, offset: offset)
        }
        use(offset, record[0], record.extracting(droppingFirst: 1))
    }

    /// - Returns: whether `count` bytes from `position` on are there.
    private mutating func fill(_ count: Int) throws(DiskFileError) -> Bool {
        while buffer.count - position < count, !isAtEnd {
            if position > 0 {
                start += position
                buffer.removeFirst(position)
                position = 0
            }
            try readBlock()
        }
        return buffer.count - position >= count
    }

    private mutating func readBlock() throws(DiskFileError) {
        var code: Int32 = 0
        let descriptor = descriptor
        let block = unsafe [UInt8](unsafeUninitializedCapacity: Self.blockSize) { memory, count in
            var result = unsafe read(descriptor, memory.baseAddress, Self.blockSize)
            while result < 0, errno == EINTR { unsafe result = read(descriptor, memory.baseAddress, Self.blockSize) }
            if result < 0 { code = errno }
            count = max(0, result)
        }
        if code == EISDIR { throw .isDirectory(file: name) }
        guard code == 0 else { throw .unreadable(file: name, offset: start + buffer.count, code: code) }
        if block.isEmpty { isAtEnd = true }
        buffer += block
    }
}

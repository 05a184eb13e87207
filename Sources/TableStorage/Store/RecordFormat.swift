internal import ClusterModel
internal import WireFormat

/// What a file of the data directory is (DSK-010): the kind in its header.
public enum FileKind: UInt16, Hashable, Sendable, CaseIterable {
    case manifest = 1
    case node = 2
    case clock = 3
    case members = 4
    case catalogue = 5
    case logStart = 6
    case log = 7
    case checkpoint = 8
    case conflicts = 9
}

/// What a record says (DSK-011). Every type belongs in the file kinds that the chapter lists, and in no other.
public enum RecordType: UInt8, Hashable, Sendable, CaseIterable {
    case manifest = 1
    case node = 2
    case clock = 3
    case members = 4
    case catalogue = 5
    case logStart = 6
    /// Everything before `synced` in this segment was durable when the record was written (DSK-020).
    case barrier = 16
    case operations = 17
    case rows = 18
    case vector = 19
    case removals = 20
    case purge = 21
    case forget = 22
    case reset = 23
    case definition = 24
    case collection = 25
    case progress = 26
    case checkpointBegin = 32
    case checkpointEnd = 33
    case conflict = 48
}

/// The 16 bytes that every file begins with, and the frame around every record (DSK-010, DSK-011).
public enum RecordFormat {
    /// One byte with the high bit, "TWD", CR LF, NUL, LF: text and line-ending translation break it.
    public static let magic: [UInt8] = [0xD4, 0x54, 0x57, 0x44, 0x0D, 0x0A, 0x00, 0x0A]
    public static let version: UInt16 = 1
    /// Bytes of the file header: magic, kind u16, version u16, CRC-32 u32 of the twelve before.
    public static let headerSize = 16
    /// Bytes before the body of a record: length u32 of type and body, CRC-32 u32 of type and body, type u8.
    public static let frameSize = 9
    /// The largest value of a record's length: a conflict holds at most one and a half of the largest values (DSK-013).
    public static let maximumLength = 32 * 1024 * 1024

    /// The header of a file of one kind.
    public static func header(_ kind: FileKind) -> [UInt8] {
        var bytes = magic
        bytes.appendBigEndian(kind.rawValue)
        bytes.appendBigEndian(version)
        bytes.appendBigEndian(CRC32.checksum(bytes.span))
        return bytes
    }

    /// Checks the header at the front of `bytes`.
    static func checkHeader(_ bytes: Span<UInt8>, of kind: FileKind, file: String) throws(StorageError) {
        let header = Self.header(kind)
        guard bytes.count >= headerSize else { throw .corrupt(file: file, offset: 0, reason: .truncated) }
        if (0..<headerSize).allSatisfy({ bytes[$0] == header[$0] }) { return }
        let version = bytes.bigEndian(UInt16.self, at: 10)
        let isHeader = CRC32.checksum(bytes.extracting(0..<12)) == bytes.bigEndian(UInt32.self, at: 12)
        if isHeader, version > Self.version, (0..<8).allSatisfy({ bytes[$0] == magic[$0] }) {
            throw .unsupportedFormat(file: file, version: version)
        }
        throw .corrupt(file: file, offset: 0, reason: .header)
    }
}

extension [UInt8] {
    mutating func appendBigEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    mutating func replaceBigEndian(_ value: UInt32, at index: Int) {
        for byte in 0..<4 { self[index + byte] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * byte)) }
    }

    /// Appends one record; `body` appends the record's body.
    mutating func appendRecord(_ type: RecordType, _ body: (inout [UInt8]) -> Void) {
        let start = count
        appendBigEndian(UInt64(0))
        append(type.rawValue)
        body(&self)
        let length = count - start - 8
        precondition(length <= RecordFormat.maximumLength, "a record beyond the limit would not be read back")
        let checksum = CRC32.checksum(span.extracting((start + 8)..<count))
        replaceBigEndian(UInt32(length), at: start)
        replaceBigEndian(checksum, at: start + 4)
    }
}

extension Span where Element == UInt8 {
    /// The integer at `offset`, which the caller has checked to be inside.
    func bigEndian<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, at offset: Int) -> T {
        var value: T = 0
        for index in offset..<(offset + T.bitWidth / 8) { value = value << 8 | T(self[index]) }
        return value
    }
}

internal import ClusterModel
internal import WireFormat

/// The 32 bytes before a body as they stand in the capture (FRM-005), also where they break a rule.
package struct CapturedHeader: Hashable, Sendable {
    package var type: UInt16
    package var flags: UInt8
    package var lane: UInt8
    package var reserved: UInt16
    package var bodyLength: UInt32
    package var stream: UInt32
    package var sequence: UInt64
    package var bodyCRC: UInt32
    package var headerCRC: UInt32

    static let size = FrameHeader.size

    /// - Returns: nil unless the 32 bytes at `offset`, which the caller has checked to be there, have the magic and their CRC.
    init?(in bytes: Span<UInt8>, at offset: Int) {
        guard bytes.load(at: offset, as: UInt16.self) == FrameHeader.magic else { return nil }
        headerCRC = bytes.load(at: offset + 28, as: UInt32.self)
        guard CRC32.checksum(bytes.extracting(offset..<(offset + 28))) == headerCRC else { return nil }
        type = bytes.load(at: offset + 2, as: UInt16.self)
        flags = bytes[offset + 4]
        lane = bytes[offset + 5]
        reserved = bytes.load(at: offset + 6, as: UInt16.self)
        bodyLength = bytes.load(at: offset + 8, as: UInt32.self)
        stream = bytes.load(at: offset + 12, as: UInt32.self)
        sequence = bytes.load(at: offset + 16, as: UInt64.self)
        bodyCRC = bytes.load(at: offset + 24, as: UInt32.self)
    }

    /// The message goes on in the next frame of the lane (FRM-012).
    package var hasMore: Bool { flags & FrameHeader.more != 0 }

    /// The 32 bytes again.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        func append<T: FixedWidthInteger>(_ value: T) {
            for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: value >> T(shift)))
            }
        }
        append(FrameHeader.magic)
        append(type)
        append(flags)
        append(lane)
        append(reserved)
        append(bodyLength)
        append(stream)
        append(sequence)
        append(bodyCRC)
        append(headerCRC)
        return result
    }
}

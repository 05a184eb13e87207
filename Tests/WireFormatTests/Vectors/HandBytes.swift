import ClusterModel
import WireFormat

// Bytes put together by hand from the spec, without the encoder under test.

func u8(_ value: UInt8) -> [UInt8] { [value] }
func u16(_ value: UInt16) -> [UInt8] { big(UInt128(value), 2) }
func u32(_ value: UInt32) -> [UInt8] { big(UInt128(value), 4) }
func u64(_ value: UInt64) -> [UInt8] { big(UInt128(value), 8) }
func u128(_ value: UInt128) -> [UInt8] { big(value, 16) }
func text(_ text: String) -> [UInt8] { u16(UInt16(text.utf8.count)) + Array(text.utf8) }
func blob(_ text: String) -> [UInt8] { blob(Array(text.utf8)) }
func blob(_ bytes: [UInt8]) -> [UInt8] { u32(UInt32(bytes.count)) + bytes }
func origin(_ node: UInt128, _ incarnation: UInt64) -> [UInt8] { u128(node) + u64(incarnation) }
func entry(_ node: UInt128, _ incarnation: UInt64, _ sequence: UInt64) -> [UInt8] { origin(node, incarnation) + u64(sequence) }
func version(_ stamp: UInt64, _ node: UInt128, _ incarnation: UInt64, _ sequence: UInt64) -> [UInt8] {
    u64(stamp) + entry(node, incarnation, sequence)
}
func tlv(_ type: UInt16, _ value: [UInt8]) -> [UInt8] { u16(type) + u16(UInt16(value.count)) + value }
func list(_ elements: [UInt8]...) -> [UInt8] { elements.reduce(into: u32(UInt32(elements.count))) { $0 += $1 } }
func body(_ parts: [UInt8]...) -> [UInt8] { parts.reduce(into: []) { $0 += $1 } }
func codes(_ values: UInt16...) -> [UInt8] { u32(UInt32(values.count)) + values.flatMap(u16) }
func oddCodes(_ count: Int) -> [UInt8] { u32(UInt32(count)) + (0..<count).flatMap { u16(UInt16($0) * 2 + 1) } }

private func big(_ value: UInt128, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt128((width - 1 - $0) * 8)) }
}

/// One frame; whatever is given replaces what would be right.
func frame(
    magic: UInt16 = 0xD457, type: UInt16, flags: UInt8 = 0, lane: UInt8, reserved: UInt16 = 0, length: UInt32? = nil,
    stream: UInt32 = 0, sequence: UInt64, body: [UInt8], bodyCRC: UInt32? = nil, headerCRC: UInt32? = nil
) -> [UInt8] {
    var header = u16(magic) + u16(type) + [flags, lane] + u16(reserved) + u32(length ?? UInt32(body.count))
    header += u32(stream) + u64(sequence) + u32(bodyCRC ?? CRC32.checksum(body.span))
    return header + u32(headerCRC ?? CRC32.checksum(header.span)) + body
}

/// The ids, names and stamps that the vectors use.
enum Sample {
    static let nodeA: UInt128 = 0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F
    static let nodeB: UInt128 = 0xF0E1_D2C3_B4A5_9687_7869_5A4B_3C2D_1E0F
    static let cluster: UInt128 = 0xC1C2_C3C4_C5C6_C7C8_C9CA_CBCC_CDCE_CFD0
    static let stamp: UInt64 = 0x0193_4E5A_6B00_0001
    static let nonce: [UInt8] = Array(0xA0...0xBF)
    static let name = "n1@127.0.0.1"
    static let address = "127.0.0.1:7401"

    static func table(_ name: String) -> TableName {
        guard let table = TableName(name) else { preconditionFailure("not a table name") }
        return table
    }

    static func node(_ name: String) -> NodeName {
        guard let node = NodeName(name) else { preconditionFailure("not a node name") }
        return node
    }

    static func vector(_ entries: (UInt128, UInt64, UInt64)...) -> VersionVector {
        var vector = VersionVector()
        for (node, incarnation, sequence) in entries {
            vector.raise(Origin(node: NodeID(node), incarnation: incarnation), to: sequence)
        }
        return vector
    }

    static func version(_ stamp: UInt64, _ node: UInt128, _ incarnation: UInt64, _ sequence: UInt64) -> RowVersion {
        RowVersion(
            stamp: Stamp(stamp), dot: Dot(origin: Origin(node: NodeID(node), incarnation: incarnation), sequence: sequence))
    }
}

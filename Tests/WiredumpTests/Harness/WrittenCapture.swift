/// Bytes of frames, and a pcap of one connection, as the spec has them: written here by hand, so that the program's own code does
/// not judge itself.
enum Written {
    /// Magic, then the versions 1 to 1.
    static let preface: [UInt8] = [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0, 0x0A, 0, 1, 0, 1, 0, 0, 0, 0]

    /// - Parameter bodyCRC: another checksum of the body than the right one.
    static func frame(type: UInt16, sequence: UInt64, lane: UInt8 = 0, body: [UInt8], bodyCRC: UInt32? = nil) -> [UInt8] {
        var header: [UInt8] = [0xD4, 0x57] + bytes(type) + [0, lane, 0, 0] + bytes(UInt32(body.count)) + [0, 0, 0, 0]
        header += bytes(sequence) + bytes(bodyCRC ?? crc32(body))
        return header + bytes(crc32(header)) + body
    }

    static func ping(sequence: UInt64) -> [UInt8] { frame(type: 8, sequence: sequence, body: [UInt8](repeating: 0, count: 28)) }

    static func pong(sequence: UInt64, bodyCRC: UInt32? = nil) -> [UInt8] {
        frame(type: 10, sequence: sequence, body: (0..<24).map { UInt8($0) }, bodyCRC: bodyCRC)
    }

    /// A capture of a connection from 10.0.0.1:40000 to 10.0.0.2:7400: its SYN, unless it begins later, and what the dialer sends.
    static func pcap(_ payloads: [[UInt8]], isFromStart: Bool = true, protocolNumber: UInt8 = 6) -> [UInt8] {
        var file = little(UInt32(0xA1B2_C3D4)) + little(UInt16(2)) + little(UInt16(4)) + [UInt8](repeating: 0, count: 8)
        file += little(UInt32(65535)) + little(UInt32(101))
        var sequence: UInt32 = 1000
        for (index, payload) in ([[]] + payloads).enumerated() where index > 0 || isFromStart {
            let flags: UInt8 = index == 0 ? 2 : 0x18
            let tcp =
                bytes(UInt16(40000)) + bytes(UInt16(7400)) + bytes(sequence) + bytes(UInt32(5)) + [
                    0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0,
                ]
            let packet =
                [0x45, 0] + bytes(UInt16(40 + payload.count)) + [0, 0, 0, 0, 64, protocolNumber, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
                + tcp
                + payload
            file +=
                little(UInt32(1000 + index)) + little(UInt32(0)) + little(UInt32(packet.count)) + little(UInt32(packet.count))
                + packet
            sequence &+= UInt32(payload.count) + (index == 0 ? 1 : 0)
        }
        return file
    }

    /// A file of a data directory: its header, then records of type and body.
    static func dataFile(kind: UInt16, _ records: [(type: UInt8, body: [UInt8])]) -> [UInt8] {
        let header: [UInt8] = [0xD4, 0x54, 0x57, 0x44, 0x0D, 0x0A, 0, 0x0A] + bytes(kind) + [0, 1]
        return header + bytes(crc32(header)) + records.flatMap { record(type: $0.type, $0.body) }
    }

    static func record(type: UInt8, _ body: [UInt8]) -> [UInt8] {
        let content = [type] + body
        return bytes(UInt32(content.count)) + bytes(crc32(content)) + content
    }

    /// A text of the protocol: its length in two bytes, then UTF-8.
    static func text(_ text: String) -> [UInt8] { bytes(UInt16(text.utf8.count)) + Array(text.utf8) }

    /// Big-endian.
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] { little(value).reversed() }

    private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        stride(from: 0, to: Value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> Value($0)) }
    }

    /// CRC-32 as in gzip, bit by bit.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
        }
        return ~sum
    }
}

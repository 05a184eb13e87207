import ClusterModel
import WireFormat

/// Makes frames of bytes that almost are some.
enum FrameInput {
    /// Cuts the input into frames: one byte each for type, flags and lane, and length, then the body.
    static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
        var sequence: UInt64 = 0
        return withChecksums(bytes, next: &sequence)
    }

    /// - Parameter sequence: of the first frame; then of the one after the last.
    static func withChecksums(_ bytes: [UInt8], next sequence: inout UInt64) -> [UInt8] {
        var stream: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= 3 {
            let type = MessageType.allCases[Int(rest.removeFirst()) % MessageType.allCases.count]
            let shape = rest.removeFirst()
            let body = Array(rest.dropFirst().prefix(Int(rest.removeFirst())))
            rest = rest.dropFirst(body.count)
            // Now and then what it says is not so: another lane, another sequence, another checksum.
            var header = FrameHeader(
                type: shape & 8 == 0 ? type.rawValue : UInt16(shape), lane: shape & 16 == 0 ? type.lane.rawValue : shape & 3,
                bodyLength: UInt32(body.count), sequence: shape & 64 == 0 ? sequence : shape & 4 == 0 ? 9 : .max - 1,
                bodyCRC: CRC32.checksum(body.span))
            header.flags = shape & 32 == 0 ? 0 : 1
            header.stream = UInt32(shape & 1)
            if shape & 128 != 0 { header.bodyCRC ^= 1 }
            stream += header.encode() + body
            sequence &+= 1
        }
        return stream + rest
    }

    /// Makes the checksums right of what looks like frames.
    static func repair(_ bytes: inout [UInt8]) {
        var place = 0
        while bytes.count - place >= 32 {
            guard bytes[place] == 0xD4, bytes[place + 1] == 0x57 else {
                place += 1
                continue
            }
            let length = bytes[(place + 8)..<(place + 12)].reduce(0) { $0 << 8 | Int($1) }
            let isWhole = bytes.count - place - 32 >= length
            if isWhole {
                put(CRC32.checksum(bytes.span.extracting((place + 32)..<(place + 32 + length))), at: place + 24, in: &bytes)
            }
            put(CRC32.checksum(bytes.span.extracting(place..<(place + 28))), at: place + 28, in: &bytes)
            place += 32 + (isWhole ? length : 0)
        }
    }

    private static func put(_ sum: UInt32, at place: Int, in bytes: inout [UInt8]) {
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
    }
}

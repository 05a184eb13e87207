import ClusterModel
import WireFormat

/// Makes frames of bytes that almost are some.
enum FrameInput {
    /// Cuts the input into frames: one byte each for type, flags and lane, and length, then the body.
    static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = []
        var rest = bytes[...]
        var sequence: UInt64 = 0
        while rest.count >= 3 {
            let type = MessageType.allCases[Int(rest.removeFirst()) % MessageType.allCases.count]
            let shape = rest.removeFirst()
            let body = Array(rest.dropFirst().prefix(Int(rest.removeFirst())))
            rest = rest.dropFirst(body.count)
            // Now and then what it says is not so: another lane, another sequence, another checksum.
            var header = FrameHeader(
                type: shape & 8 == 0 ? type.rawValue : UInt16(shape), lane: shape & 16 == 0 ? type.lane.rawValue : shape & 3,
                bodyLength: UInt32(body.count), sequence: shape & 64 == 0 ? sequence : 9, bodyCRC: CRC32.checksum(body.span))
            header.flags = shape & 32 == 0 ? 0 : 1
            header.stream = UInt32(shape & 1)
            if shape & 128 != 0 { header.bodyCRC ^= 1 }
            stream += header.encode() + body
            sequence += 1
        }
        return stream + rest
    }
}

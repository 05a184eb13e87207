import ClusterModel
import WireFormat

/// A frame that the suite sends. What is nil is made right; a case sets what it wants wrong.
struct OutgoingFrame {
    var magic = FrameHeader.magic
    var type: UInt16
    var flags: UInt8 = 0
    var lane: UInt8
    var reserved: UInt16 = 0
    var bodyLength: UInt32?
    var stream: UInt32 = 0
    var sequence: UInt64?
    var body: [UInt8]
    var bodyCRC: UInt32?
    var headerCRC: UInt32?

    init(type: UInt16, lane: UInt8, stream: UInt32 = 0, flags: UInt8 = 0, body: [UInt8] = []) {
        self.type = type
        self.lane = lane
        self.stream = stream
        self.flags = flags
        self.body = body
    }

    init(_ message: Message, stream: UInt32 = 0) {
        self.init(message.type, body: MessageCodec.encode(message), stream: stream)
    }

    /// A registered type on its lane with any body.
    init(_ type: MessageType, body: [UInt8] = [], stream: UInt32 = 0) {
        self.init(type: type.rawValue, lane: type.lane.rawValue, stream: stream, body: body)
    }

    /// - Parameter next: the sequence unless the frame has one of its own.
    func encode(sequence next: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        func append<T: FixedWidthInteger>(_ value: T) {
            for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
            }
        }
        append(magic)
        append(type)
        append(flags)
        append(lane)
        append(reserved)
        append(bodyLength ?? UInt32(body.count))
        append(stream)
        append(sequence ?? next)
        append(bodyCRC ?? CRC32.checksum(body.span))
        append(headerCRC ?? CRC32.checksum(bytes.span))
        return bytes + body
    }

    /// The same message in several frames, cut behind each of `sizes` bytes.
    func cut(_ sizes: [Int]) -> [OutgoingFrame] {
        var frames: [OutgoingFrame] = []
        var rest = body[...]
        for size in sizes where size < rest.count {
            var frame = self
            frame.body = Array(rest.prefix(size))
            frame.flags |= FrameHeader.more
            frames.append(frame)
            rest = rest.dropFirst(size)
        }
        var last = self
        last.body = Array(rest)
        return frames + [last]
    }
}

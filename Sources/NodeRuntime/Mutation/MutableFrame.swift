import ClusterModel
import WireFormat

/// A frame on its way through a mutation. What is nil is made right when it is written.
struct MutableFrame {
    var magic = FrameHeader.magic
    var type: UInt16
    var flags: UInt8
    var lane: UInt8
    var reserved: UInt16 = 0
    var bodyLength: UInt32?
    var stream: UInt32
    var sequence: UInt64?
    var body: [UInt8]
    var bodyCRC: UInt32?
    var headerCRC: UInt32?

    init(_ message: Message, stream: UInt32 = 0) {
        type = message.type.rawValue
        flags = 0
        lane = message.type.lane.rawValue
        self.stream = stream
        body = MessageCodec.encode(message)
    }

    /// Exactly these bytes; at least a header, and as much of the body as there is.
    init(raw bytes: [UInt8]) {
        func number<Number: FixedWidthInteger>(_ offset: Int) -> Number {
            bytes[offset..<offset + Number.bitWidth / 8].reduce(0) { $0 << 8 | Number($1) }
        }
        magic = number(0)
        type = number(2)
        flags = bytes[4]
        lane = bytes[5]
        reserved = number(6)
        bodyLength = number(8)
        stream = number(12)
        sequence = number(16)
        bodyCRC = number(24)
        headerCRC = number(28)
        body = Array(bytes[FrameHeader.size...])
    }

    /// - Parameter next: the sequence unless the frame has one of its own.
    func encode(sequence next: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        func append<Number: FixedWidthInteger>(_ value: Number) {
            for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
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

    var messageType: MessageType? { MessageType(rawValue: type) }

    /// The message, when it is whole and can be read.
    var message: Message? {
        guard flags == 0, let type = messageType else { return nil }
        return try? MessageCodec.decode(type: type, body: body.span)
    }

    /// Whether the body says what its type promises. What is no whole message is taken for one that does.
    var isReadable: Bool { flags != 0 || messageType == nil || message != nil }

    /// Another message in the same place.
    mutating func replace(by message: Message) {
        type = message.type.rawValue
        lane = message.type.lane.rawValue
        body = MessageCodec.encode(message)
        renew()
    }

    /// Lets everything that depends on the rest be made anew.
    mutating func renew() {
        (bodyLength, bodyCRC, headerCRC) = (nil, nil, nil)
    }
}

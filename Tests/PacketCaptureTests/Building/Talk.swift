import PacketCapture
import Testing

/// A connection from 10.0.0.1:40000 to 10.0.0.2:7401 as packets, given to a `Reassembler`. Positions count from the first byte of
/// each direction.
struct Talk {
    enum Side {
        case client
        case server
    }

    var reassembler: Reassembler
    let heard = HeardLines()
    /// The sequence numbers of the first bytes.
    var starts: (client: UInt32, server: UInt32)
    private var packets = 0

    init(clientStart: UInt32 = 1001, serverStart: UInt32 = 5001, bounds: Reassembler.Bounds = .defaults) {
        starts = (clientStart, serverStart)
        reassembler = Reassembler(bounds: bounds)
    }

    /// The first two packets of a connection.
    mutating func open() {
        give(.client, at: -1, ack: nil, flags: PacketBytes.syn)
        give(.server, at: -1, ack: 0, flags: PacketBytes.syn | PacketBytes.ack)
    }

    mutating func client(_ text: String = "", at position: Int, ack: Int? = 0, flags: UInt8 = PacketBytes.ack, cutOff: Int = 0) {
        give(.client, text, at: position, ack: ack, flags: flags, cutOff: cutOff)
    }

    mutating func server(_ text: String = "", at position: Int, ack: Int? = 0, flags: UInt8 = PacketBytes.ack, cutOff: Int = 0) {
        give(.server, text, at: position, ack: ack, flags: flags, cutOff: cutOff)
    }

    /// - Parameter cutOff: how many more bytes the packet had than the capture.
    mutating func give(
        _ side: Side, _ text: String = "", at position: Int, ack: Int?, flags: UInt8, port: UInt16 = 40_000, cutOff: Int = 0
    ) {
        let own = side == .client ? starts.client : starts.server
        let other = side == .client ? starts.server : starts.client
        var packet = PacketBytes(
            text, sequence: own &+ UInt32(truncatingIfNeeded: position),
            acknowledgement: ack.map { other &+ UInt32(truncatingIfNeeded: $0) } ?? 0, flags: flags)
        packet.sourcePort = port
        packet.data += [UInt8](repeating: 0, count: cutOff)
        let bytes = (side == .client ? packet : packet.turned).ipv4()
        give(Array(bytes.dropLast(cutOff)), original: bytes.count)
    }

    mutating func give(_ bytes: [UInt8], link: LinkType = .raw, original: Int? = nil) {
        packets += 1
        let head = PacketHead(
            time: Timestamp(nanoseconds: Int64(packets)), linkType: link, originalLength: original ?? bytes.count, number: packets
        )
        reassembler.take(head, bytes.span, into: heard)
    }

    mutating func finish() { reassembler.finish(into: heard) }

    /// What was told since the flow began, without the ends that the capture's end brings.
    var lines: [String] { heard.lines.filter { $0 != Self.begin && !$0.hasSuffix(" captureEnded") } }

    static let begin = "1 10.0.0.1:40000 10.0.0.2:7401"
}

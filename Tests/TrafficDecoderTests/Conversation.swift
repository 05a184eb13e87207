import ClusterModel
import PacketCapture
import WireFormat

@testable import TrafficDecoder

/// Bytes of a link as a test writes them, given to the decoder as reassembly would.
struct Conversation {
    private(set) var pieces: [(direction: Direction, bytes: [UInt8])] = []
    private var sequences: [UInt64] = [0, 0]

    static let nodes = (
        a: Hello.sample(name: "n1@127.0.0.1", node: 1), b: Hello.sample(name: "n2@127.0.0.1", node: 2)
    )

    /// With prefaces, both HELLOs and both proofs: a member link that is established.
    static func established() -> Conversation {
        var conversation = Conversation()
        conversation.append(Preface().encode(), .forward)
        conversation.append(Preface().encode(), .backward)
        conversation.send(.hello(nodes.a), .forward)
        conversation.send(.hello(nodes.b), .backward)
        conversation.send(.auth(Auth(key: 1, mac: [UInt8](repeating: 7, count: 32))), .forward)
        conversation.send(.auth(Auth(key: 1, mac: [UInt8](repeating: 8, count: 32))), .backward)
        return conversation
    }

    mutating func append(_ bytes: [UInt8], _ direction: Direction) { pieces.append((direction, bytes)) }

    mutating func send(_ message: Message, stream: UInt32 = 0, _ direction: Direction) {
        let body = MessageCodec.encode(message)
        send(type: message.type.rawValue, lane: message.type.lane.rawValue, stream: stream, body: body, direction)
    }

    mutating func send(
        type: UInt16, flags: UInt8 = 0, lane: UInt8, stream: UInt32 = 0, body: [UInt8], _ direction: Direction
    ) {
        let side = Int(direction.rawValue)
        append(
            Self.frame(type: type, flags: flags, lane: lane, stream: stream, sequence: sequences[side], body: body), direction)
        sequences[side] += 1
    }

    static func frame(
        type: UInt16, flags: UInt8 = 0, lane: UInt8, stream: UInt32 = 0, sequence: UInt64, body: [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        FrameHeader(
            type: type, flags: flags, lane: lane, bodyLength: UInt32(body.count), stream: stream, sequence: sequence,
            bodyCRC: CRC32.checksum(body.span)
        ).append(to: &bytes)
        return bytes + body
    }

    // MARK: Playing it

    static let flow = Flow(
        number: 1, first: Endpoint(address: .v4(0x7F00_0001), port: 50000),
        second: Endpoint(address: .v4(0x7F00_0001), port: 7400),
        isFromStart: true)

    static func time(_ milliseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: 1_795_300_000_000_000_000 + milliseconds * 1_000_000)
    }

    /// In the order in which it was written, in pieces of at most `step` bytes.
    func play(into decoder: TrafficDecoder, step: Int = .max, flow: Flow = Self.flow) {
        decoder.began(flow, at: Self.time(0))
        var milliseconds: Int64 = 0
        for (direction, bytes) in pieces {
            var start = 0
            while start < bytes.count {
                let part = Array(bytes[start..<min(bytes.count, start + min(step, bytes.count))])
                decoder.received(part.span, direction, of: flow.number, at: Self.time(milliseconds))
                start += part.count
                milliseconds += 1
            }
        }
        for direction in Direction.allCases {
            decoder.ended(direction, of: flow.number, by: .finished, at: Self.time(milliseconds))
        }
    }
}

extension Hello {
    static func sample(name: String, node: UInt128, role: Role = .core) -> Hello {
        Hello(
            role: role, cluster: ClusterID(99), node: NodeID(node), incarnation: 5, clock: 1_795_300_000_000,
            nonce: [UInt8](repeating: UInt8(node), count: 32), heartbeatInterval: 250, heartbeatDeadline: 750,
            name: sampleName(name), address: nil)
    }
}

/// Remembers what the decoder tells.
final class Recording: TrafficObserver {
    struct Item: Equatable {
        var number: Int
        var direction: Direction
        var type: UInt16
        var sequence: UInt64
        var isWhole: Bool
        var body: [UInt8]
        var violations: [Violation]
    }

    var frames: [Item] = []
    var events: [String] = []
    var links: [Link] = []

    func began(_ link: Link, at time: Timestamp) { links.append(link) }

    func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        frames.append(
            Item(
                number: frame.number, direction: frame.direction, type: frame.header.type, sequence: frame.header.sequence,
                isWhole: frame.isWhole, body: [UInt8](copying: body), violations: frame.violations))
    }

    func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {
        events.append("\(event)")
    }
}

/// - Precondition: a right name.
private func sampleName(_ text: String) -> NodeName {
    guard let name = NodeName(text) else { preconditionFailure("\(text) is no name") }
    return name
}

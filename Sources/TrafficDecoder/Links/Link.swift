package import ClusterModel
package import PacketCapture

/// One link as the capture shows it: what both ends said of themselves, and where each direction stands.
package final class Link {
    package let flow: Flow
    /// By `Direction.rawValue`: the end that sends in that direction.
    package internal(set) var ends: [LinkEnd]
    /// Whether a preface or a frame was seen; until then it may be anybody's connection.
    package internal(set) var isOurs = false
    package internal(set) var began: Timestamp

    init(_ flow: Flow, at time: Timestamp) {
        self.flow = flow
        began = time
        ends = [LinkEnd(flow.first, flow), LinkEnd(flow.second, flow)]
    }

    package var number: Int { flow.number }

    package func end(_ direction: Direction) -> LinkEnd { ends[Int(direction.rawValue)] }

    /// Whether both proofs were seen.
    package var isEstablished: Bool { ends[0].hasProved && ends[1].hasProved }

    /// What the dialer wants, when its HELLO was seen.
    var phase: LinkPhase {
        guard let hello = ends[0].hello else { return .unknown }
        if hello.intent == .join { return .join }
        return hello.role == .client ? .client : .member
    }
}

/// Which column of the table "Messages and states" holds once both ends have proved themselves.
enum LinkPhase {
    case unknown, member, client, join
}

/// What the capture shows of one end of a link, and of the direction in which it sends.
package struct LinkEnd {
    package let endpoint: Endpoint
    package internal(set) var hello: Hello?
    package internal(set) var hasProved = false
    /// The name that its HELLO gives, or its address and port.
    package internal(set) var label: [UInt8]
    /// Address and port.
    let address: [UInt8]

    var scanner: StreamScanner
    var hasPreface = false
    /// Nothing more comes.
    var isOver = false
    var nextSequence: UInt64?
    var lanes = [CapturedLane](repeating: CapturedLane(), count: Lane.allCases.count)

    /// Whether the label comes from a HELLO.
    var isNamed: Bool { hello != nil }

    init(_ endpoint: Endpoint, _ flow: Flow) {
        self.endpoint = endpoint
        address = Array(endpoint.description.utf8)
        label = address
        scanner = StreamScanner(isFromStart: flow.isFromStart)
        if flow.isFromStart { nextSequence = 0 }
    }
}

/// One lane of one direction.
struct CapturedLane {
    /// A message whose last frame has not come (FRM-012).
    struct Unfinished {
        var type: UInt16
        var stream: UInt32
        var frames = 0
        var length = 0
        /// Empty when the beginning is missing or there was no room for it.
        var body: [UInt8] = []
        var isWhole: Bool
    }

    var unfinished: Unfinished?
    /// Body bytes since the link began; nil when its beginning is not in the capture (FRM-030).
    var used: UInt64?
    /// Body bytes that the peer allows; nil when nobody saw it say so.
    var limit: UInt64?
}

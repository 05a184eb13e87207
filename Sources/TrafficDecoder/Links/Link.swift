package import ClusterModel
package import PacketCapture

/// One link as the capture shows it: what both ends said of themselves, and where each direction stands.
package final class Link {
    package let flow: Flow
    /// Who dialled, as far as the capture shows.
    package let dialer: LinkEnd
    package let acceptor: LinkEnd
    /// Whether a preface or a frame was seen; until then it may be anybody's connection.
    package internal(set) var isOurs = false
    package let began: Timestamp
    /// When the first connection of the capture began: what relative times count from.
    let captureStart: Timestamp

    init(_ flow: Flow, at time: Timestamp, captureStart: Timestamp) {
        self.flow = flow
        self.captureStart = captureStart
        began = time
        dialer = LinkEnd(flow, .forward)
        acceptor = LinkEnd(flow, .backward)
    }

    package var number: Int { flow.number }

    /// The end that sends in a direction.
    package func end(_ direction: Direction) -> LinkEnd { direction == .forward ? dialer : acceptor }

    /// Whether both proofs were seen.
    package var isEstablished: Bool { dialer.hasProved && acceptor.hasProved }

    var isOver: Bool { dialer.isOver && acceptor.isOver }

    /// What the dialer wants, when its HELLO was seen.
    var kind: LinkKind {
        guard let hello = dialer.hello else { return .unknown }
        if hello.intent == .join { return .join }
        return hello.role == .client ? .client : .member
    }
}

/// Which column of the table "Messages and states" holds once both ends have proved themselves.
enum LinkKind {
    case unknown, member, client, join
}

/// What the capture shows of one end of a link, and of the direction in which it sends.
package final class LinkEnd {
    package let endpoint: Endpoint
    let direction: Direction
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
    /// What the table of states lets it send now, a bit for each message of the schema.
    var permitted = UInt64.max
    /// The largest frame body that it may send now.
    var largestBody = Limits.frameBodyMaximum

    init(_ flow: Flow, _ direction: Direction) {
        endpoint = flow.sender(direction)
        self.direction = direction
        address = Array(endpoint.description.utf8)
        label = address
        scanner = StreamScanner(isFromStart: flow.isFromStart)
        if flow.isFromStart { nextSequence = 0 } else { doubtBeginnings() }
    }

    func doubtBeginnings() {
        for lane in lanes.indices { lanes[lane].mayLackBeginning = true }
    }

    /// Whether the label comes from a HELLO.
    var isNamed: Bool { hello != nil }
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
    /// Bytes are missing, so the next frame may be the end of a message whose beginning nobody saw.
    var mayLackBeginning = false
    /// Body bytes since the link began; nil when its beginning is not in the capture (FRM-030).
    var used: UInt64?
    /// Body bytes that the peer allows; nil when nobody saw it say so.
    var limit: UInt64?
}

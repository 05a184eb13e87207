internal import Glibc

/// One connection through a proxy: the accepted socket, the dialled one, and what is on its way between them.
///
/// The system tells each change of a socket once, so what is possible is kept here until a read or a write finds otherwise.
struct Relay {
    /// One of the two sockets.
    struct Side {
        var socket: Socket
        var isReadable = false
        var isWritable = false
    }

    enum Outcome {
        /// Nothing more can be done until a socket changes.
        case waits
        /// There may be more to do: other connections come first.
        case goesOn
        /// The sender of a direction broke the connection off; the `errno`.
        case broken(Direction, Int32)
    }

    private struct Passage {
        /// What the other side has not taken. Nothing more is read before it has.
        var waiting: [UInt8] = []
        /// FIN was read, or the connection is over.
        var hasEnded = false
        /// FIN was passed on.
        var isShut = false
    }

    /// What it takes to pass bytes, shared by all connections.
    @safe struct Means {
        let buffer: UnsafeMutableRawBufferPointer
        let sink: any StreamSink
        var clock = RisingClock()
    }

    /// Reads in one go, before other connections have their turn.
    private static let readsInARow = 8

    private let flow: Int
    /// Client and target.
    let ends: (Endpoint, Endpoint)
    private var client: Side
    private var target: Side
    private var forward = Passage()
    private var backward = Passage()

    init(_ flow: Flow, client: Side, target: Side) {
        self.flow = flow.number
        ends = (flow.first, flow.second)
        self.client = client
        self.target = target
    }

    /// Both directions are finished, and that was passed on.
    var isOver: Bool { forward.isShut && backward.isShut }

    mutating func note(_ change: Change, of direction: Direction) {
        if change.isReadable { self[senderOf: direction].isReadable = true }
        if change.isWritable { self[senderOf: direction].isWritable = true }
    }

    /// What broke a sender off that is not being read, so that reading does not tell it; 0 for nothing.
    func failure(of direction: Direction) -> Int32 {
        let isRead = self[direction].waiting.isEmpty && !self[direction].hasEnded
        return isRead ? 0 : self[senderOf: direction].socket.error
    }

    /// Passes what can be passed in one direction.
    mutating func pass(_ direction: Direction, with means: inout Means) -> Outcome {
        for _ in 0..<Self.readsInARow {
            if let outcome = passWaiting(direction) { return outcome }
            guard self[senderOf: direction].isReadable, !self[direction].hasEnded else { return .waits }
            switch unsafe self[senderOf: direction].socket.read(into: means.buffer) {
            case .bytes(let count):
                if let outcome = passOn(count, direction, with: &means) { return outcome }
            case .finished:
                self[direction].hasEnded = true
                means.sink.ended(direction, of: flow, by: .finished, at: means.clock.now())
            case .wait:
                self[senderOf: direction].isReadable = false
                return .waits
            case .failed(let code):
                return .broken(direction, code)
            }
        }
        return .goesOn
    }

    /// The other side has it before anybody is told: that may take a moment.
    private mutating func passOn(_ count: Int, _ direction: Direction, with means: inout Means) -> Outcome? {
        let time = means.clock.now()
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: means.buffer.prefix(count))
        let outcome = unsafe write(bytes, direction)
        unsafe means.sink.received(bytes.bindMemory(to: UInt8.self).span, direction, of: flow, at: time)
        return outcome
    }

    /// - Returns: nil when nothing waits any more.
    private mutating func passWaiting(_ direction: Direction) -> Outcome? {
        if !self[direction].waiting.isEmpty {
            let bytes = self[direction].waiting
            self[direction].waiting = []
            if let outcome = unsafe bytes.withUnsafeBytes({ unsafe write($0, direction) }) { return outcome }
            if !self[direction].waiting.isEmpty { return .waits }
        }
        if self[direction].hasEnded, !self[direction].isShut {
            self[senderOf: direction.opposite].socket.finishSending()
            self[direction].isShut = true
        }
        return nil
    }

    /// Writes to the other side; what it does not take waits.
    private mutating func write(_ bytes: UnsafeRawBufferPointer, _ direction: Direction) -> Outcome? {
        var written = 0
        while written < bytes.count, self[senderOf: direction.opposite].isWritable {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
            switch unsafe self[senderOf: direction.opposite].socket.write(rest) {
            case .bytes(let count): written += count
            case .wait, .finished: self[senderOf: direction.opposite].isWritable = false
            case .failed(let code): return .broken(direction.opposite, code)
            }
        }
        if written < bytes.count { self[direction].waiting = unsafe Array(bytes[written...]) }
        return nil
    }

    /// After the sender of a direction broke off: what it had sent before still goes to the other side, as far as that takes it,
    /// and is told; then the other side sees a reset too.
    mutating func breakOff(_ direction: Direction, with means: inout Means) {
        while self[direction].waiting.isEmpty, !self[direction].hasEnded {
            guard case .bytes(let count) = unsafe self[senderOf: direction].socket.read(into: means.buffer), count > 0 else {
                break
            }
            if case .broken = passOn(count, direction, with: &means) { break }
        }
        for direction in [direction, direction.opposite] { end(direction, by: .reset, with: &means) }
        client.socket.reset()
        target.socket.reset()
    }

    /// Both directions are over, or nobody wants to know any more.
    mutating func close(with means: inout Means) {
        for direction in Direction.allCases { end(direction, by: .captureEnded, with: &means) }
        client.socket.close()
        target.socket.close()
    }

    private mutating func end(_ direction: Direction, by end: FlowEnd, with means: inout Means) {
        guard !self[direction].hasEnded else { return }
        self[direction].hasEnded = true
        means.sink.ended(direction, of: flow, by: end, at: means.clock.now())
    }

    private subscript(direction: Direction) -> Passage {
        get { direction == .forward ? forward : backward }
        _modify { if direction == .forward { yield &forward } else { yield &backward } }
    }

    private subscript(senderOf direction: Direction) -> Side {
        get { direction == .forward ? client : target }
        _modify { if direction == .forward { yield &client } else { yield &target } }
    }
}

/// The system's time, but never going back.
struct RisingClock {
    private var last = Timestamp(nanoseconds: 0)

    mutating func now() -> Timestamp {
        last = max(last, Timestamp.now())
        return last
    }
}

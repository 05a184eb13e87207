internal import Glibc

/// Accepts connections, dials a target for each, passes bytes both ways unchanged, and tells a sink what passes.
///
/// A half-close is passed as a half-close, a reset as a reset, and a side that does not read holds up the one that sends to it. To
/// the sink a connection is one from the client's own address to the target's, as if nobody were in between.
@safe public final class RecordingProxy {
    public struct Configuration: Sendable {
        public var listen: SocketName
        public var target: SocketName
        /// Connections at a time, each with two descriptors; further ones wait in the system's queue.
        public var connectionLimit = 400
        /// How long the target may take to accept.
        public var dialTime = Duration.seconds(10)

        public init(listen: SocketName, target: SocketName) {
            self.listen = listen
            self.target = target
        }
    }

    private static let listenerToken: UInt64 = 0
    private static let stopToken: UInt64 = 1
    /// Bytes read at a time. A connection keeps at most as many in each direction, while a side is slow.
    private static let bufferSize = 128 * 1024

    /// Where it listens, with the port that the system chose for port 0.
    public let address: Endpoint
    let configuration: Configuration
    let listener: Socket
    /// In the order in which they are tried.
    let targets: [SocketAddress]
    let notice: (ProxyNotice) -> Void

    var means: Relay.Means
    var changes: ChangeSet
    var dials: [Int: Dial] = [:]
    private var relays: [Int: Relay] = [:]
    /// Flows that may have more to pass.
    private var ready: [Int] = []
    var lastFlow = 0
    var mayAccept = false
    /// It was said that there is no room for another connection.
    var isFull = false

    /// Listens at once; nothing is accepted before `run`.
    /// - Parameters:
    ///   - sink: told by the thread that runs the proxy, which it must not keep waiting; where it could, put a `StreamQueue` before.
    ///   - notice: told by the same thread what people should know.
    public init(
        _ configuration: Configuration, sink: any StreamSink, notice: @escaping (ProxyNotice) -> Void
    ) throws(ProxyError) {
        self.configuration = configuration
        self.notice = notice
        targets = try configuration.target.resolve(forListening: false)
        let own = try configuration.listen.resolve(forListening: true)[0]
        changes = try ChangeSet()
        listener = try Self.listen(on: own, named: configuration.listen)
        address = listener.address?.endpoint ?? own.endpoint
        unsafe means = Relay.Means(buffer: .allocate(byteCount: Self.bufferSize, alignment: 16), sink: sink)
        let isItsOwnTarget = targets.contains { [address] in Self.reaches($0.endpoint, address) }
        if isItsOwnTarget { throw .pointsToItself(configuration.target) }
        guard changes.add(listener.descriptor, token: Self.listenerToken) else { throw .system(code: errno) }
    }

    deinit {
        listener.close()
        unsafe means.buffer.deallocate()
    }

    private static func listen(on address: SocketAddress, named name: SocketName) throws(ProxyError) -> Socket {
        switch Socket.listening(on: address) {
        case .success(let socket): return socket
        case .failure(let code):
            switch code.value {
            case EADDRINUSE: throw .addressInUse(name)
            case EACCES: throw .noPermission(name)
            default: throw .cannotListen(name, code: code.value)
            }
        }
    }

    private static func reaches(_ target: Endpoint, _ own: Endpoint) -> Bool {
        target.port == own.port && (target.address == own.address || own.address.isUnspecified && target.address.isLoopback)
    }

    /// Works until the stop is requested, then closes every connection. To be called once.
    public func run(until stop: StopRequest) throws(ProxyError) {
        guard changes.add(stop.descriptor, token: Self.stopToken) else { throw .system(code: errno) }
        while !stop.isRequested {
            for change in changes.wait(milliseconds: waitingTime()) { handle(change) }
            giveUpLateDials()
            let flows = ready
            ready.removeAll(keepingCapacity: true)
            for flow in flows { pass(flow) }
            accept()
        }
        closeAll()
    }

    /// In milliseconds; -1 for as long as it takes.
    private func waitingTime() -> Int32 {
        if !ready.isEmpty { return 0 }
        guard let deadline = dials.values.map(\.deadline).min() else { return -1 }
        let (seconds, attoseconds) = max(.zero, deadline - ContinuousClock.now).components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    private func handle(_ change: Change) {
        switch change.token {
        case Self.stopToken: break
        case Self.listenerToken: mayAccept = true
        default:
            let (flow, direction) = Self.place(change.token)
            if dials[flow] != nil { return handle(change, direction, ofDial: flow) }
            relays[flow]?.note(change, of: direction)
            let code = change.isEnd ? relays[flow]?.failure(of: direction) ?? 0 : 0
            if code == 0 { pass(flow) } else { breakOff(flow, direction, code) }
        }
    }

    /// Tokens from 2 on: two for each flow, of its client's socket and of its target's.
    static func token(_ flow: Int, _ direction: Direction) -> UInt64 { UInt64(flow) << 1 | UInt64(direction.rawValue) }

    private static func place(_ token: UInt64) -> (Int, Direction) { (Int(token >> 1), token & 1 == 0 ? .forward : .backward) }

    // MARK: Connections

    /// Connections that are open or on the way.
    var connections: Int { relays.count + dials.count }

    /// The target has accepted.
    func connect(_ flow: Flow, client: Relay.Side, target: Relay.Side) {
        means.sink.began(flow, at: means.clock.now())
        relays[flow.number] = Relay(flow, client: client, target: target)
        pass(flow.number)
    }

    private func pass(_ flow: Int) {
        var goesOn = false
        for direction in Direction.allCases {
            switch relays[flow]?.pass(direction, with: &means) {
            case nil, .waits: break
            case .goesOn: goesOn = true
            case .broken(let direction, let code): return breakOff(flow, direction, code)
            }
        }
        if goesOn { ready.append(flow) }
        if relays[flow]?.isOver == true { end(flow) { $0.close(with: &$1) } }
    }

    private func breakOff(_ flow: Int, _ direction: Direction, _ code: Int32) {
        let isReset = code == ECONNRESET || code == EPIPE
        if !isReset, let relay = relays[flow] { notice(.broken(client: relay.ends.0, target: relay.ends.1, code: code)) }
        end(flow) { $0.breakOff(direction, with: &$1) }
    }

    private func end(_ flow: Int, _ body: (inout Relay, inout Relay.Means) -> Void) {
        guard var relay = relays.removeValue(forKey: flow) else { return }
        body(&relay, &means)
        // There is room for another.
        mayAccept = true
    }

    private func closeAll() {
        for flow in dials.keys.sorted() { abandon(flow) }
        for flow in relays.keys.sorted() { end(flow) { $0.close(with: &$1) } }
    }
}

extension IPAddress {
    fileprivate var isUnspecified: Bool { high == 0 && low == 0 }
    fileprivate var isLoopback: Bool { isIPv6 ? high == 0 && low == 1 : low >> 24 == 127 }
}

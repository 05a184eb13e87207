import ClusterModel
import ClusterStateMachine

/// Several `NodeMachine`s in virtual time, joined by a network of messages: no bytes, no sockets, one thread, one seed.
/// It treats connections as a kernel does: a hung process's are still opened and acknowledged, a killed one's are reset,
/// and what a cut path holds back arrives when it heals.
struct VirtualNetwork {
    private(set) var now: Duration = .zero
    private(set) var hosts: [NodeID: Host] = [:]
    private(set) var log: [Entry] = []
    var latency: ClosedRange<Duration> = .microseconds(50)...(.microseconds(150))
    private var connections: [Int: Connection] = [:]
    private var queue: [Arrival] = []
    private var cuts: Set<Path> = []
    /// What the cuts hold back, in order.
    private var held: [Arrival] = []
    private var count = 0
    private var random: SplitMix64

    static let epoch: UInt64 = 1_800_000_000_000

    /// One process on its own address. A class only so that thousands of steps do not copy it.
    final class Host {
        var machine: NodeMachine
        var state = State.running
        var disk: [MemberRecord] = []
        var secret = "secret"
        /// Of the system clock against the others', milliseconds.
        var clockOffset: Int64 = 0
        /// What came while the process hung, in order.
        var inbox: [(Connection.End?, NodeEvent)] = []
        /// The connection and side behind each link.
        var links: [LinkID: Connection.End] = [:]
        var identity: NodeIdentity

        enum State: Hashable { case running, hung, killed }

        init(machine: NodeMachine, disk: [MemberRecord], identity: NodeIdentity) {
            self.machine = machine
            self.disk = disk
            self.identity = identity
        }
    }

    struct Connection {
        /// The dialer is side 0.
        var nodes: [NodeID]
        var links: [LinkID?]
        var isOpen = true
        var sequence: [UInt64] = [0, 0]
        var lastArrival: [Duration] = [.zero, .zero]

        struct End: Hashable {
            var connection: Int
            var side: Int
            var other: End { End(connection: connection, side: 1 - side) }
        }
    }

    struct Path: Hashable {
        var from: NodeID
        var to: NodeID
    }

    struct Entry {
        var time: Duration
        var node: NodeID
        var action: NodeAction
    }

    private struct Arrival {
        var time: Duration
        var node: NodeID
        var end: Connection.End?
        var packet: Packet
    }

    private enum Packet {
        case event(NodeEvent)
        case connect
        case wake
    }

    init(seed: UInt64 = 1) { random = SplitMix64(seed: seed) }
}

// MARK: Time

extension VirtualNetwork {
    func moment(of node: NodeID) -> Moment {
        let wall = Int64(Self.epoch) + now.wholeMilliseconds + (hosts[node]?.clockOffset ?? 0)
        return Moment(elapsed: now, wall: UInt64(wall))
    }

    /// Runs everything up to this time.
    mutating func run(for duration: Duration) { run(until: now + duration) }

    mutating func run(until end: Duration) {
        while let time = nextTime, time <= end { step(to: time) }
        now = end
    }

    /// Runs until the condition holds.
    /// - Returns: how long that took; nil when it did not within `limit`.
    mutating func run(within limit: Duration, until condition: (VirtualNetwork) -> Bool) -> Duration? {
        let start = now
        while !condition(self) {
            guard let time = nextTime, time <= start + limit else { return nil }
            step(to: time)
        }
        return now - start
    }

    private var nextTime: Duration? {
        var next = queue.first?.time
        for host in hosts.values where host.state == .running {
            if let due = host.machine.nextDeadline { next = min(next ?? due, due) }
        }
        return next.map { max($0, now) }
    }

    private mutating func step(to time: Duration) {
        now = time
        if let arrival = queue.first, arrival.time <= time {
            queue.removeFirst()
            arrive(arrival)
            return
        }
        if let node = firstDue(at: time) { hand(.timeout, to: node) }
    }

    private func firstDue(at time: Duration) -> NodeID? {
        var first: NodeID?
        for (node, host) in hosts where host.state == .running {
            if let due = host.machine.nextDeadline, due <= time { first = min(first ?? node, node) }
        }
        return first
    }

    private mutating func schedule(_ packet: Packet, to node: NodeID, end: Connection.End? = nil, at time: Duration) {
        let arrival = Arrival(time: time, node: node, end: end, packet: packet)
        let index = queue.lastIndex { $0.time <= time } ?? -1
        queue.insert(arrival, at: index + 1)
    }
}

// MARK: Faults

extension VirtualNetwork {
    /// Starts a process; a killed one starts again from its disk with the next incarnation.
    mutating func start(_ identity: NodeIdentity, members: [MemberRecord], configuration: NodeConfiguration = .defaults) {
        let moment = Moment(elapsed: now, wall: UInt64(Int64(Self.epoch) + now.wholeMilliseconds))
        let machine = NodeMachine(
            configuration: configuration, identity: identity, members: members, random: SplitMix64(seed: random.next()),
            at: moment)
        hosts[identity.node] = Host(machine: machine, disk: members, identity: identity)
        hand(.started, to: identity.node)
    }

    mutating func restart(_ node: NodeID, incarnation: Incarnation? = nil) {
        guard let host = hosts[node], host.state == .killed else { return }
        var identity = host.machine.identity
        identity.incarnation = incarnation ?? identity.incarnation + 1
        start(identity, members: host.disk, configuration: host.machine.configuration)
        hosts[node]?.clockOffset = host.clockOffset
        hosts[node]?.secret = host.secret
    }

    mutating func kill(_ node: NodeID) {
        hosts[node]?.state = .killed
        hosts[node]?.inbox = []
        for id in connections.keys.sorted() {
            guard let connection = connections[id], connection.isOpen else { continue }
            for side in 0...1 where connection.nodes[side] == node {
                deliver(.reset, from: Connection.End(connection: id, side: side))
                connections[id]?.isOpen = false
            }
        }
    }

    mutating func hang(_ node: NodeID) { hosts[node]?.state = .hung }

    mutating func wake(_ node: NodeID) {
        guard hosts[node]?.state == .hung, let inbox = hosts[node]?.inbox else { return }
        hosts[node]?.state = .running
        hosts[node]?.inbox = []
        // The worst order: its own timers first, then what had waited in its sockets.
        hand(.timeout, to: node)
        for (end, event) in inbox { receive(event, at: node, end: end) }
    }

    mutating func pause(_ node: NodeID, for duration: Duration) {
        hang(node)
        schedule(.wake, to: node, at: now + duration)
    }

    /// Nothing passes between the two, in either direction, and nobody is told.
    mutating func cut(_ a: NodeID, _ b: NodeID) {
        cuts.formUnion([Path(from: a, to: b), Path(from: b, to: a)])
    }

    mutating func cutOneWay(from a: NodeID, to b: NodeID) { cuts.insert(Path(from: a, to: b)) }

    mutating func heal() {
        cuts = []
        let time = now + latency.upperBound
        for arrival in held {
            schedule(arrival.packet, to: arrival.node, end: arrival.end, at: time)
            // A connection keeps its order: what is sent from now on comes after.
            if let end = arrival.end { connections[end.connection]?.lastArrival[end.other.side] = time }
        }
        held = []
    }

    mutating func setClock(of node: NodeID, offset: Int64) { hosts[node]?.clockOffset = offset }

    mutating func setSecret(of node: NodeID, _ secret: String) { hosts[node]?.secret = secret }
}

// MARK: The shell of a joiner

extension VirtualNetwork {
    mutating func makeJoinLink(for number: Int) -> LinkID? {
        hosts[NodeID(UInt128(number))]?.machine.makeLinkID()
    }

    /// Sends a message that is the shell's to send.
    mutating func say(_ message: Message, on link: LinkID, by number: Int) {
        send(on: link, of: NodeID(UInt128(number))) { id, sequence in .message(id, message, sequence: sequence) }
    }
}

// MARK: The wire

extension VirtualNetwork {
    private enum Content {
        case event((LinkID, UInt64) -> NodeEvent)
        case reset
    }

    private mutating func deliver(_ content: Content, from end: Connection.End) {
        guard let connection = connections[end.connection], connection.isOpen else { return }
        let receiver = connection.nodes[1 - end.side]
        let time = max(now + .random(in: latency, using: &random), connection.lastArrival[end.side])
        let sequence = connection.sequence[end.side]
        connections[end.connection]?.lastArrival[end.side] = time
        connections[end.connection]?.sequence[end.side] += 1
        // The link id of the receiver may not exist yet: it is filled in on arrival.
        switch content {
        case .event(let make): schedule(.event(make(LinkID(0), sequence)), to: receiver, end: end.other, at: time)
        case .reset: schedule(.event(.closed(LinkID(0), .reset)), to: receiver, end: end.other, at: time)
        }
    }

    private mutating func arrive(_ arrival: Arrival) {
        let node = arrival.node
        if case .wake = arrival.packet {
            wake(node)
            return
        }
        if let end = arrival.end, let connection = connections[end.connection] {
            let path = Path(from: connection.nodes[1 - end.side], to: connection.nodes[end.side])
            if cuts.contains(path) || (isConnect(arrival) && cuts.contains(path.reversed)) {
                held.append(arrival)  // the sender's kernel tries again until it gets through
                return
            }
        }
        switch arrival.packet {
        case .connect: connect(arrival)
        case .event(let event):
            switch hosts[node]?.state {
            case .running: receive(event, at: node, end: arrival.end)
            case .hung: hosts[node]?.inbox.append((arrival.end, event))
            case .killed, nil: break
            }
        case .wake: break
        }
    }

    private func isConnect(_ arrival: Arrival) -> Bool {
        if case .connect = arrival.packet { true } else { false }
    }

    /// A connection request reaches the host: its kernel answers, whatever the process does.
    private mutating func connect(_ arrival: Arrival) {
        guard let end = arrival.end, let connection = connections[end.connection], connection.isOpen else { return }
        let dialer = connection.nodes[0]
        guard hosts[arrival.node]?.state != .killed, hosts[arrival.node] != nil else {
            schedule(.event(.dialFailed(LinkID(0), .refused)), to: dialer, end: end.other, at: now + latency.lowerBound)
            return
        }
        schedule(.event(.dialed(LinkID(0))), to: dialer, end: end.other, at: now + latency.lowerBound)
        let accepted = NodeEvent.accepted(LinkID(0), from: "\(dialer)")
        schedule(.event(accepted), to: arrival.node, end: end, at: now)
    }

    private mutating func receive(_ event: NodeEvent, at node: NodeID, end: Connection.End?) {
        guard let end else {
            hand(event, to: node)
            return
        }
        if case .accepted = event, connections[end.connection]?.links[end.side] == nil {
            guard let link = hosts[node]?.machine.makeLinkID() else { return }
            connections[end.connection]?.links[end.side] = link
            hosts[node]?.links[link] = end
        }
        guard let link = connections[end.connection]?.links[end.side], hosts[node]?.links[link] == end else { return }
        hand(event.on(link), to: node)
    }

    /// Hands one event in and performs what comes back.
    mutating func hand(_ event: NodeEvent, to node: NodeID) {
        let moment = moment(of: node)
        guard hosts[node]?.state == .running, let actions = hosts[node]?.machine.handle(event, at: moment) else { return }
        for action in actions { perform(action, of: node) }
    }

    private mutating func perform(_ action: NodeAction, of node: NodeID) {
        log.append(Entry(time: now, node: node, action: action))
        switch action {
        case .dial(let link, let address): dial(link, address, from: node)
        case .sendPreface(let link, let preface): send(on: link, of: node) { id, _ in .preface(id, preface) }
        case .sendHello(let link, var hello):
            hello.nonce = [UInt8](repeating: 7, count: 32)
            send(on: link, of: node) { id, sequence in .message(id, .hello(hello), sequence: sequence) }
        case .sendProof(let link, _):
            let secret = hosts[node]?.secret
            guard let end = hosts[node]?.links[link], let connection = connections[end.connection] else { return }
            let isValid = hosts[connection.nodes[1 - end.side]]?.secret == secret
            send(on: link, of: node) { id, sequence in .proof(id, isValid: isValid, sequence: sequence) }
        case .sendPing(let link, let number):
            guard let machine = hosts[node]?.machine else { return }
            let ping = Ping(number: number, clock: moment(of: node).wall, viewHash: hash(of: machine.members))
            send(on: link, of: node) { id, sequence in .message(id, .ping(ping), sequence: sequence) }
        case .send(let link, let message):
            send(on: link, of: node) { id, sequence in .message(id, message, sequence: sequence) }
        case .close(let link, let close):
            send(on: link, of: node) { id, sequence in .message(id, .close(close), sequence: sequence) }
            end(link, of: node)
        case .drop(let link): end(link, of: node)
        case .persistMembers(let members): hosts[node]?.disk = members
        case .memberChanged:
            guard let machine = hosts[node]?.machine else { return }
            hand(.viewChanged(hash: hash(of: machine.members)), to: node)
        case .raiseIncarnation(let seen): hand(.incarnationRaised(seen + 1), to: node)
        case .authenticated, .linkUp, .linkDown, .joinLinkUp, .joinFailed, .joinRequested, .resendDefinitions, .selfRemoved,
            .left, .report:
            break
        }
    }

    private mutating func dial(_ link: LinkID, _ address: Address, from node: NodeID) {
        let target = hosts.values.first { $0.machine.identity.address == address }?.machine.identity.node ?? NodeID(0)
        count += 1
        let end = Connection.End(connection: count, side: 0)
        connections[count] = Connection(nodes: [node, target], links: [link, nil])
        hosts[node]?.links[link] = end
        schedule(.connect, to: target, end: end.other, at: now + latency.lowerBound)
    }

    private mutating func send(on link: LinkID, of node: NodeID, _ make: @escaping (LinkID, UInt64) -> NodeEvent) {
        guard let end = hosts[node]?.links[link] else { return }
        deliver(.event(make), from: end)
    }

    /// Closes our side; the other sees the end of the stream.
    private mutating func end(_ link: LinkID, of node: NodeID) {
        guard let end = hosts[node]?.links.removeValue(forKey: link) else { return }
        deliver(.event { id, _ in .closed(id, .eof) }, from: end)
        connections[end.connection]?.isOpen = false
    }

    private func hash(of members: [MemberRecord]) -> UInt64 {
        var hash: UInt64 = 0
        for member in members {
            let fields = [
                UInt64(truncatingIfNeeded: member.node.value), member.joined.value, member.incarnation, UInt64(member.refutation),
                UInt64(member.state.rawValue), member.downSince, UInt64(member.address.port),
            ]
            for field in fields { hash = (hash ^ field) &* 0x9E37_79B9_7F4A_7C15 ^ (hash >> 29) }
            for byte in member.name.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        return hash
    }
}

extension VirtualNetwork.Path {
    var reversed: Self { Self(from: to, to: from) }
}

import ClusterModel
import ClusterStateMachine

/// Names for tests: node 1 is `n1@host`, listens on `host:7001` and has NodeID 1.
enum Sample {
    static let cluster = ClusterID(77)

    static func node(_ number: Int) -> NodeID { NodeID(UInt128(number)) }
    static func name(_ number: Int) -> NodeName { NodeName("n\(number)@host") ?? fallbackName }
    static func address(_ number: Int) -> Address { Address(host: "host", port: UInt16(7000 + number)) }

    static func identity(_ number: Int, incarnation: Incarnation = 1) -> NodeIdentity {
        NodeIdentity(
            cluster: cluster, node: node(number), incarnation: incarnation, name: name(number), address: address(number))
    }

    static func record(
        _ number: Int, _ state: MemberState = .up, incarnation: Incarnation = 1, refutation: UInt32 = 0, joined: UInt64? = nil
    ) -> MemberRecord {
        MemberRecord(
            node: node(number), joined: Stamp(joined ?? UInt64(number)), incarnation: incarnation, refutation: refutation,
            state: state, name: name(number), address: address(number))
    }

    static func hello(_ number: Int, incarnation: Incarnation = 1, role: Role = .core, intent: Hello.Intent = .member) -> Hello {
        Hello(
            role: role, intent: intent, cluster: cluster, node: node(number), incarnation: incarnation,
            clock: VirtualNetwork.epoch, nonce: [UInt8](repeating: 7, count: 32), heartbeatInterval: 250,
            heartbeatDeadline: 750, name: name(number), address: address(number))
    }

    /// `name@host` is always valid; a test may still not force it.
    private static let fallbackName: NodeName = {
        guard let name = NodeName("x@y") else { preconditionFailure("x@y is a node name") }
        return name
    }()
}

extension VirtualNetwork {
    /// A cluster of nodes 1 ... `size` that all know each other, with every link up.
    static func cluster(_ size: Int, seed: UInt64 = 1, configuration: NodeConfiguration = .defaults) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed)
        let members = (1...size).map { Sample.record($0) }
        for number in 1...size {
            network.start(Sample.identity(number, incarnation: 2), members: members, configuration: configuration)
        }
        network.run(for: .seconds(3))
        return network
    }

    func machine(_ number: Int) -> NodeMachine? { hosts[Sample.node(number)]?.machine }

    /// The state of `member` as `observer` sees it.
    func state(of member: Int, at observer: Int) -> MemberState? {
        machine(observer)?.record(of: Sample.node(member))?.state
    }

    func isReachable(_ member: Int, from observer: Int) -> Bool {
        machine(observer)?.isReachable(Sample.node(member)) ?? false
    }

    /// Whether each observer sees the member in this state.
    func all(_ observers: [Int], see member: Int, _ state: MemberState) -> Bool {
        observers.allSatisfy { self.state(of: member, at: $0) == state }
    }

    /// Whether every node of these is linked with every other, by one and the same connection at both ends.
    func isMesh(_ numbers: [Int]) -> Bool {
        for a in numbers {
            for b in numbers where a < b {
                guard let one = end(of: a, to: b), let two = end(of: b, to: a), one == two.other else { return false }
            }
        }
        return true
    }

    private func end(of a: Int, to b: Int) -> Connection.End? {
        machine(a)?.link(to: Sample.node(b)).flatMap { hosts[Sample.node(a)]?.links[$0] }
    }

    /// Whether these nodes have equal member lists.
    func agree(_ numbers: [Int]) -> Bool {
        let views = numbers.map { machine($0)?.members }
        return views.allSatisfy { $0 == views.first }
    }

    /// Every state that `observer` went through for `member`, in order, since a time.
    func history(of member: Int, at observer: Int, since time: Duration = .zero) -> [MemberState] {
        log.compactMap { entry in
            guard entry.node == Sample.node(observer), entry.time >= time, case .memberChanged(let old, let new, _) = entry.action
            else { return nil }
            return new.node == Sample.node(member) && old?.state != new.state ? new.state : nil
        }
    }

    /// The codes of the CLOSEs that a node sent.
    func closes(by number: Int, since time: Duration = .zero) -> [ErrorCode] {
        log.compactMap { entry in
            guard entry.node == Sample.node(number), entry.time >= time, case .close(_, let close) = entry.action else {
                return nil
            }
            return ErrorCode(rawValue: close.code)
        }
    }

    func reports(by number: Int, since time: Duration = .zero) -> [Report] {
        log.compactMap { entry in
            guard entry.node == Sample.node(number), entry.time >= time, case .report(let report) = entry.action else {
                return nil
            }
            return report
        }
    }

    func count(_ number: Int, since time: Duration = .zero, where matches: (NodeAction) -> Bool) -> Int {
        log.count { $0.node == Sample.node(number) && $0.time >= time && matches($0.action) }
    }
}

extension NodeEvent {
    /// The same event on this link.
    func on(_ link: LinkID) -> NodeEvent {
        switch self {
        case .accepted(_, let from): .accepted(link, from: from)
        case .dialed: .dialed(link)
        case .dialFailed(_, let failure): .dialFailed(link, failure)
        case .preface(_, let preface): .preface(link, preface)
        case .closed(_, let end): .closed(link, end)
        case .wireError(_, let code, let type, let sequence, let text):
            .wireError(link, code, offendingType: type, offendingSequence: sequence, text: text)
        case .message(_, let message, let sequence): .message(link, message, sequence: sequence)
        case .proof(_, let isValid, let sequence): .proof(link, isValid: isValid, sequence: sequence)
        case .frameHeard(_, let type, let sequence): .frameHeard(link, type, sequence: sequence)
        case .dialJoin(_, let address): .dialJoin(link, address)
        case .started, .timeout, .admit, .becomeMember, .leave, .drained, .remove, .block, .identityChanged, .incarnationRaised,
            .viewChanged, .shutDown:
            self
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    static func random(in range: ClosedRange<Duration>, using generator: inout SplitMix64) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double.random(in: 0...1, using: &generator)
    }
}

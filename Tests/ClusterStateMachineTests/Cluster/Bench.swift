import ClusterModel
import ClusterStateMachine

/// One machine, node 1, on the bench: the test plays its peers and looks at every action.
struct Bench {
    var machine: NodeMachine
    var now: Duration = .zero
    /// Whether the peers answer every PING while time passes.
    var answersPings = false

    init(
        members: [MemberRecord] = [Sample.record(1), Sample.record(2), Sample.record(3)],
        configuration: NodeConfiguration = .defaults
    ) {
        machine = NodeMachine(
            configuration: configuration, identity: Sample.identity(1), members: members, random: SplitMix64(seed: 1),
            at: Moment(elapsed: .zero, wall: VirtualNetwork.epoch))
    }

    mutating func hand(_ event: NodeEvent) -> [NodeAction] {
        machine.handle(event, at: Moment(elapsed: now, wall: VirtualNetwork.epoch + UInt64(now.wholeMilliseconds)))
    }

    /// Starts and lets every dial fail, so that only what the test does happens.
    mutating func start() {
        for action in hand(.started) {
            if case .dial(let link, _) = action { _ = hand(.dialFailed(link, .timedOut)) }
        }
    }

    /// Lets time pass, handing in the timeouts on the way.
    mutating func pass(_ duration: Duration) -> [NodeAction] {
        let end = now + duration
        var actions: [NodeAction] = []
        while let due = machine.nextDeadline, due <= end {
            now = max(now, due)
            let step = hand(.timeout)
            actions += step
            guard answersPings else { continue }
            for case .sendPing(let link, let number) in step {
                actions += hand(.message(link, .pong(Pong(number: number, echo: 0, clock: 0)), sequence: 9))
            }
        }
        now = end
        return actions
    }

    mutating func accept() -> LinkID {
        let link = machine.makeLinkID()
        _ = hand(.accepted(link, from: "192.0.2.1:1234"))
        return link
    }

    /// A peer dials in, says this HELLO and proves the secret.
    /// - Returns: the link, what came before the proof and what the proof brought.
    mutating func dialIn(_ hello: Hello, isProofValid: Bool = true) -> (link: LinkID, before: [NodeAction], after: [NodeAction]) {
        let link = accept()
        let before = hand(.preface(link, Preface())) + hand(.message(link, .hello(hello), sequence: 0))
        return (link, before, hand(.proof(link, isValid: isProofValid, sequence: 1)))
    }

    /// Runs the machine's own dial through to the peer's proof.
    mutating func dialOut(_ link: LinkID, answering hello: Hello) -> [NodeAction] {
        var actions = hand(.dialed(link)) + hand(.preface(link, Preface()))
        actions += hand(.message(link, .hello(hello), sequence: 0))
        actions += hand(.proof(link, isValid: true, sequence: 1))
        return actions
    }

    /// The first frame after AUTH: what an acceptor sends when it accepts.
    mutating func confirm(_ link: LinkID, _ records: [MemberRecord] = []) -> [NodeAction] {
        hand(.message(link, .members(Members(records)), sequence: 2))
    }
}

extension [NodeAction] {
    /// The CLOSEs among the actions.
    var closes: [ErrorCode] {
        compactMap { if case .close(_, let close) = $0 { ErrorCode(rawValue: close.code) } else { nil } }
    }

    var firstClose: Close? {
        lazy.compactMap { if case .close(_, let close) = $0 { close } else { nil } }.first
    }

    var dials: [LinkID] {
        compactMap { if case .dial(let link, _) = $0 { link } else { nil } }
    }

    func dial(to number: Int) -> LinkID? {
        lazy.compactMap { action in
            if case .dial(let link, Sample.address(number)) = action { link } else { nil }
        }.first
    }

    var linksUp: [LinkID] {
        compactMap { if case .linkUp(let link, _, _) = $0 { link } else { nil } }
    }

    var linksDown: [LinkID] {
        compactMap { if case .linkDown(let link, _, _) = $0 { link } else { nil } }
    }

    var proofs: Int { count { if case .sendProof = $0 { true } else { false } } }

    /// Records sent in MEMBERS on this link, in order.
    func records(on link: LinkID) -> [MemberRecord] {
        flatMap { action -> [MemberRecord] in
            if case .send(link, .members(let members)) = action { members.records } else { [] }
        }
    }
}

func ~= (pattern: Address, value: Address) -> Bool { pattern == value }

public import ClusterModel

/// Decides for one node: links, heartbeats, membership, failure detection. Input, state and time in; state and actions out.
///
/// The shell hands in `.started`, then every event as it happens, performs the actions in order, and hands in `.timeout` when
/// `nextDeadline` is reached. Equal seeds, events and moments give equal actions.
public struct NodeMachine: Sendable {
    public let configuration: NodeConfiguration
    public internal(set) var identity: NodeIdentity
    /// The elapsed time at which `.timeout` must be handed in; nil when nothing is waited for.
    public internal(set) var nextDeadline: Duration?

    var mode = Mode.idle
    var links: [LinkID: Link] = [:]
    var peers: [NodeID: Peer] = [:]
    var membership: Membership
    var blocked: Set<NodeID> = []
    /// When a `joining` record was last new.
    var joiningSince: [NodeID: Duration] = [:]
    /// PROBE_REQUESTs of others that wait for a sign of the target.
    var probes: [HelperProbe] = []
    var awareness = Awareness()
    var random: SplitMix64
    var viewHash: UInt64?
    /// The incarnation that a raise was last asked for, so that it is asked for once.
    var raisedAbove: Incarnation?
    var lastLinkID: UInt64 = 0
    var lastProbe: UInt64 = 0

    /// The moment of the event that is being handled.
    var now: Moment
    var actions: [NodeAction] = []
    var touched: [NodeID: Touched] = [:]

    /// What this node is to its cluster.
    enum Mode: Hashable, Sendable {
        /// Not started, or between two clusters. To member.
        case idle
        /// Dials and accepts members. To left, stopped.
        case member
        /// Left or removed: no member links; waits for `becomeMember`. To member, stopped.
        case left
        /// Final.
        case stopped
    }

    /// - Parameters:
    ///   - identity: with the incarnation of this start, already persisted.
    ///   - members: the list from disk; without a record of this node it becomes a cluster of one, joined now.
    ///   - random: seeds jitter and the choice of helpers.
    public init(
        configuration: NodeConfiguration = .defaults, identity: NodeIdentity, members: [MemberRecord], random: SplitMix64,
        at now: Moment
    ) {
        self.configuration = configuration
        self.identity = identity
        self.random = random
        self.now = now
        membership = Membership(members)
    }

    /// An id for a connection that came in or for `dialJoin`.
    public mutating func makeLinkID() -> LinkID {
        lastLinkID += 1
        return LinkID(lastLinkID)
    }

    /// The short way for a frame that asks nothing of the machine: takes note of it, which costs a dictionary lookup.
    /// - Returns: false when the machine has to look at it: then `frameHeard` is handed in.
    public mutating func hears(_ type: MessageType, on id: LinkID, at elapsed: Duration) -> Bool {
        guard probes.isEmpty, let index = links.index(forKey: id) else { return false }
        return links.values[index].hear(type, at: elapsed)
    }

    /// Takes one event at its time.
    /// - Returns: what to do, in this order.
    public mutating func handle(_ event: NodeEvent, at now: Moment) -> [NodeAction] {
        self.now = now
        noticeLateness()
        perform(event)
        flush()
        runDials()
        nextDeadline = earliestDeadline()
        defer { actions = [] }
        return actions
    }

    private mutating func perform(_ event: NodeEvent) {
        switch event {
        case .started: start()
        case .timeout: runTimers()
        case .accepted(let id, let from): accept(id, from)
        case .dialed(let id):
            links[id]?.deadline = now.elapsed + Limits.handshakeTime
            feed(id, .connected)
        case .dialFailed(let id, let failure): feed(id, .dialFailed(failure))
        case .preface(let id, let preface): feed(id, .preface(preface))
        case .closed(let id, let end): feed(id, .ended(end))
        case .wireError(let id, let code, let type, let sequence, let text):
            feed(id, .wireError(Close(code, offendingType: type, offendingSequence: sequence, text: text)))
        case .message(let id, let message, let sequence): receive(message, sequence, on: id)
        case .proof(let id, let isValid, let sequence):
            feed(id, .proof(isValid: isValid, verdict: isValid ? verdict(on: id) : .accept, sequence: sequence))
        case .frameHeard(let id, let type, let sequence): _ = heard(type, sequence, on: id)
        case .dialJoin(let id, let address): dialJoin(id, address)
        case .admit(let record): put(record, from: nil)
        case .becomeMember(let cluster, let members, let joined): becomeMember(cluster, members, joined)
        case .leave: leave()
        case .drained: finishLeaving()
        case .remove(let node): remove(node)
        case .block(let nodes): block(Set(nodes))
        case .identityChanged(let name, let address): changeIdentity(name, address)
        case .incarnationRaised(let incarnation): incarnationRaised(incarnation)
        case .viewChanged(let hash): viewHash = hash
        case .shutDown: shutDown()
        }
    }
}

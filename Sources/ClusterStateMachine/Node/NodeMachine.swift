public import ClusterModel

/// Decides for one node: links, heartbeats, membership, failure detection. Input, state and time in; state and actions out.
///
/// The shell hands in `.started`, then every event as it happens, performs the actions in order, and hands in `.timeout` when
/// `nextDeadline` is reached. Equal seeds, events and moments give equal actions.
public struct NodeMachine: Sendable {
    public let configuration: NodeConfiguration
    public private(set) var identity: NodeIdentity
    /// The elapsed time at which `.timeout` must be handed in; nil when nothing is waited for.
    public private(set) var nextDeadline: Duration?

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
    }

    /// An id for a connection that came in or for `dialJoin`.
    public mutating func makeLinkID() -> LinkID { LinkID(0) }

    /// Takes one event at its time.
    /// - Returns: what to do, in this order.
    public mutating func handle(_ event: NodeEvent, at now: Moment) -> [NodeAction] { [] }

    /// Every record, gone ones included, ascending by node.
    public var members: [MemberRecord] { [] }
    public func record(of node: NodeID) -> MemberRecord? { nil }
    /// The member of this name that is not gone.
    public func record(named name: NodeName) -> MemberRecord? { nil }
    public var ownRecord: MemberRecord? { nil }
    /// The longest-standing `up` member (MBR-030).
    public var coordinator: NodeID { identity.node }
    /// The usable link to a member.
    public func link(to node: NodeID) -> LinkID? { nil }
    public func isReachable(_ node: NodeID) -> Bool { false }
    /// A member as `clusterStatus` shows it; `behind` is the shell's to fill.
    public func status(of node: NodeID) -> MemberStatus? { nil }
    /// Links in any state.
    public var linkCount: Int { 0 }
}

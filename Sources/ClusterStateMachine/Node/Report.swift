public import ClusterModel

/// Worth a line in the log. Nothing in the protocol depends on it.
public enum Report: Hashable, Sendable {
    /// We ended a handshake; the peer's HELLO if it came.
    case handshakeRefused(LinkID, peer: Hello?, from: String, Close)
    /// A connection that was not accepted further without a word: not the protocol, blocked, or too slow.
    case handshakeDropped(LinkID, from: String, reason: String)
    /// The peer ended a handshake or a link with an error.
    case refusedByPeer(LinkID, NodeID?, Close, isAuthenticated: Bool)
    /// Opening a link to a member failed; `attempt` counts from 1 since the last link.
    case dialFailed(NodeID, Address, LinkDownReason, attempt: Int)
    /// We closed an established link with an error of the peer's.
    case linkRefused(LinkID, NodeID, Close)
    case suspected(NodeID, SuspicionCause, helpers: [NodeID])
    /// A suspicion ended: this helper reaches the member, we do not.
    case unreachableFromHere(NodeID, reachedBy: NodeID)
    /// Declared down; `by` is this node or the one that told us.
    case declaredDown(NodeID, by: NodeID)
    /// A suspicion ended well: the member is `up` again.
    case recovered(NodeID)
    /// Someone had this node in this state; its refutation is now this.
    case refuted(MemberState, by: NodeID, refutation: UInt32)
    /// Two members that are not gone have one name; the later joined is refused.
    case nameConflict(NodeName, NodeID, NodeID)
    /// This node was not run for that long beyond a deadline: suspicions are put off.
    case late(by: Duration)
    /// A record that does not fit under `Limits.members` was ignored.
    case tooManyMembers(NodeID)
    case joiningExpired(NodeID)
    case autocleaned(NodeID)
    /// The system clocks of this node and of a member differ by more than `Limits.clockSkew` on an open link, milliseconds.
    case clockOffset(NodeID, Int64)
}

/// What made this node suspect a member (FDT-001).
public enum SuspicionCause: Hashable, Sendable {
    /// The link ended without a CLOSE, or with one that names no fault of the member's life.
    case linkLost(LinkDownReason)
    /// Nothing was heard for a whole deadline.
    case silent(Duration)
    /// Frames came, but no PONG: its control loop does not run.
    case unanswered(UInt64)
    /// No link could be opened and no one has vouched for it lately.
    case unreachable(LinkDownReason)
}

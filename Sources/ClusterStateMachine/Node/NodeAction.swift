public import ClusterModel

/// What the shell does, in the order of the list: "persist before send" is the order of two elements.
public enum NodeAction: Hashable, Sendable {
    // The connection.
    /// Open a connection; answer with `dialed` or `dialFailed`.
    case dial(LinkID, Address)
    case sendPreface(LinkID, Preface)
    /// Send HELLO. The shell fills `nonce` with 32 fresh random bytes (it is empty here) and adds GREASE (EXT-010).
    case sendHello(LinkID, Hello)
    /// Send AUTH: the shell computes the MAC over the transcript with the key of this role (LNK-030).
    case sendProof(LinkID, asDialer: Bool)
    /// Send a PING with this number; the shell fills clock, received, viewHash and tables.
    case sendPing(LinkID, number: UInt64)
    case send(LinkID, Message)
    /// Send CLOSE, half-close, drain up to `Limits.drainTime`, end. The machine has forgotten the link.
    case close(LinkID, Close)
    /// End the connection, or the attempt to open it, without a CLOSE. The machine has forgotten the link.
    case drop(LinkID)

    // Links.
    /// Both sides have proved the secret: the limits for strangers are lifted. Comes for every role and intent.
    case authenticated(LinkID, Hello)
    /// The one link to this member is usable: replication may start. DEFINITIONS are the shell's to send now.
    case linkUp(LinkID, NodeID, Hello)
    /// It is gone. Comes once for each `linkUp`, before a `linkUp` of the link that replaces it.
    case linkDown(LinkID, NodeID, LinkDownReason)
    /// The join link asked for by `dialJoin` is usable; send JOIN_REQUEST.
    case joinLinkUp(LinkID, Hello)
    /// It could not be opened, or ended before `becomeMember`.
    case joinFailed(LinkID, LinkDownReason)
    /// A joiner asks, and nothing that the machine knows speaks against it: answer JOIN_ACCEPT (after `admit`) or JOIN_REJECT.
    case joinRequested(LinkID, JoinRequest, Hello)
    /// The peer's view differs although nothing was on its way: send all DEFINITIONS again.
    case resendDefinitions(LinkID)

    // Membership.
    /// Make this the member list on disk before the next action. Ascending by node.
    case persistMembers([MemberRecord])
    /// A record changed, or whether this node has a link to the member. `old` is nil for a new member.
    case memberChanged(old: MemberRecord?, new: MemberRecord, isReachable: Bool)
    /// A higher incarnation of this node was seen: persist one above it, dot the rows of this life anew, then hand in
    /// `incarnationRaised`.
    case raiseIncarnation(above: Incarnation)
    /// This node was removed from the cluster (or had left it): archive and become a cluster of one.
    case selfRemoved
    /// `drained` is done: every link to a member is closed.
    case left
    case report(Report)
}

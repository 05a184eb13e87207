public import ClusterModel

/// What the shell hands in, one at a time, in the order in which it happened.
///
/// Events for a link that the machine has already closed, dropped or never had are ignored: they were on their way.
public enum NodeEvent: Hashable, Sendable {
    /// Once, first: the node begins to dial its members.
    case started
    /// The elapsed time has reached `NodeMachine.nextDeadline`. Early and repeated ones do no harm.
    case timeout

    // The connection.
    /// A connection came in. The id is from `makeLinkID()`; `from` is the remote address for reports.
    case accepted(LinkID, from: String)
    /// The connection that `dial` asked for is open.
    case dialed(LinkID)
    case dialFailed(LinkID, DialFailure)
    /// The peer's 16 bytes, decoded. (Anything else in their place: `wireError`.)
    case preface(LinkID, Preface)
    /// The connection ended, whatever had been read before it. Not needed for links that the machine ended.
    case closed(LinkID, LinkEnd)
    /// The bytes were wrong: the decoder's code, and type and sequence of the frame (0 when there is none).
    case wireError(LinkID, ErrorCode, offendingType: UInt16, offendingSequence: UInt64, text: String)

    // Messages.
    /// HELLO, CLOSE, PING, PONG, MEMBERS, PROBE_REQUEST, PROBE_REPLY, JOIN_REQUEST, whole, with the header's sequence.
    /// The shell itself also reads PING: `received`, `tables` and so on are for replication and credit.
    case message(LinkID, Message, sequence: UInt64)
    /// AUTH came; the shell has computed the MAC over the transcript and compared (LNK-030).
    case proof(LinkID, isValid: Bool, sequence: UInt64)
    /// A frame of any other type came: it proves the link, and its type may not belong on this link. After several frames of one
    /// type in a row one event for the last of them is enough.
    case frameHeard(LinkID, MessageType, sequence: UInt64)

    // Commands.
    /// Opens a link with intent `join` to a node of another cluster; the id is from `makeLinkID()`. Ends in `joinLinkUp` or
    /// `joinFailed`.
    case dialJoin(LinkID, Address)
    /// The shell has accepted a JOIN_REQUEST: the joiner's record, state `joining`, with its new `joined` stamp.
    case admit(MemberRecord)
    /// The node has switched to the generation of this cluster (after a join, or of its own new cluster after leaving). Member
    /// and join links are closed; client links stay. `members` may lack the own record; it becomes `up` with this `joined`.
    case becomeMember(ClusterID, [MemberRecord], joined: Stamp)
    /// The operator wants this node to leave: its record becomes `leaving`. The shell drains, then says `drained`.
    case leave
    /// Everything that the peers must have is with them: the record becomes `left` and the links are closed with LEAVING.
    case drained
    /// Removes a member in any state. Removing an unknown, gone or the own node does nothing.
    case remove(NodeID)
    /// From now on exactly these members are cut off as by a partition, without a CLOSE; empty heals (CAL: `nodeBlock`).
    case block([NodeID])
    /// Name or address of this node changed while it runs.
    case identityChanged(NodeName, Address)
    /// After `raiseIncarnation`: the new incarnation is on disk. Links are closed and opened again under it.
    case incarnationRaised(Incarnation)
    /// The view hash (HRT-012) of what this node has now; handed in whenever records or definitions changed.
    case viewChanged(hash: UInt64)
    /// The node stops cleanly: every link is closed with SHUTTING_DOWN. Nothing is dialed or accepted any more.
    case shutDown
}

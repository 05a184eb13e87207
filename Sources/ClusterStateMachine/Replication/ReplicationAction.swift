public import ClusterModel

/// What the shell does, in the order given. Contents that a message needs from the tables are read when the action is performed.
public enum ReplicationAction: Hashable, Sendable {
    /// Send TABLE_STATE with the facts of this moment (REP-020). `streamable` and `origin` come from the own table.
    case sendState(to: NodeID, table: TableName, wantsReply: Bool)
    /// Read operations from the recent ones beginning at `from` (or at the first that is left, if later), up to a byte limit of
    /// the shell's choice, queue them on lane 2 and report them by `streamed`.
    case stream(to: NodeID, table: TableName, from: UInt64)
    /// Send DIGESTS of this moment (DIG-011).
    case sendDigests(to: NodeID, table: TableName)
    /// Send this message. `stream` goes into the frame header; 0 when the message has none.
    case send(Message, to: NodeID, stream: UInt32)
    /// Answer a SNAP_REQUEST: send BEGIN, chunks, END on lane 3; report `served` when END was queued or the scan failed.
    case serve(to: NodeID, stream: UInt32, SnapRequest)
    /// Stop sending this snapshot: cancelled by the receiver or the link is gone. No `served` is expected.
    case stopServing(to: NodeID, stream: UInt32)
    /// The rows of a bucket range have come whole: forget what was noted about the stream, and if it was complete first remove
    /// the rows of the range that were not sent and whose dot `vector` covers (SNP-010).
    case settle(Settlement)
    /// Merge this vector into the table's own: every bucket has come (SNP-014). Intervals that become contiguous are closed.
    case adopt(table: TableName, vector: VersionVector)
    /// Answer a waiting write (REP-030).
    case complete(WaitOutcome)
    /// Close the link with this error: the peer broke the protocol.
    case close(NodeID, ErrorCode, text: String)
}

/// What became of one incoming snapshot. See `ReplicationAction.settle`.
public struct Settlement: Hashable, Sendable {
    public var table: TableName
    public var peer: NodeID
    public var stream: UInt32
    /// The buckets that came whole, nil when none did: then only the notes about the stream are forgotten.
    public var buckets: ClosedRange<UInt16>?
    /// SNAP_BEGIN's vector.
    public var vector: VersionVector
    /// SNAP_BEGIN's isComplete.
    public var isComplete: Bool

    public init(
        table: TableName, peer: NodeID, stream: UInt32, buckets: ClosedRange<UInt16>?, vector: VersionVector, isComplete: Bool
    ) {
        self.table = table
        self.peer = peer
        self.stream = stream
        self.buckets = buckets
        self.vector = vector
        self.isComplete = isComplete
    }
}

/// How a waiting write ended (REP-030).
public struct WaitOutcome: Hashable, Sendable {
    public var id: UInt64
    /// Replicas that have the write, this node included once it counts itself.
    public var replicas: Int
    /// How many the level asked for when the wait ended.
    public var wanted: Int
    /// The deadline passed (or the table or the origin went away) first.
    public var isTimedOut: Bool

    public init(id: UInt64, replicas: Int, wanted: Int, isTimedOut: Bool) {
        self.id = id
        self.replicas = replicas
        self.wanted = wanted
        self.isTimedOut = isTimedOut
    }
}

/// What to do with received OPERATIONS.
public enum OperationsVerdict: Hashable, Sendable {
    case apply
    /// Not a replica here, or the table is not known (yet): a listed race, the operations come again by snapshot.
    case ignore
    case violation(ErrorCode, text: String)
}

/// What a peer is known to know of a table: decides whether two writes were concurrent (MRG-020).
public struct PeerKnowledge: Hashable, Sendable {
    /// The vector in the TABLE_STATE that the peer sent first on this link.
    public var vector: VersionVector
    /// That vector's entry for the peer's own origin: what the peer writes beyond it was written knowing at least `vector`.
    public var through: UInt64
    /// How much of this node's origin the peer has acknowledged by now, at least `vector`'s entry.
    public var ownAcked: UInt64

    public init(vector: VersionVector, through: UInt64, ownAcked: UInt64) {
        self.vector = vector
        self.through = through
        self.ownAcked = ownAcked
    }
}

/// How far the operations in memory have come when a sync of the disk begins. See `Replication.syncBegins`.
public struct SyncMark: Hashable, Sendable {
    var table: TableName
    var own: UInt64
    var peers: [NodeID: Dot]
}

/// Where a table replica stands and why, in plain words (CAL-030).
public struct ReadinessReport: Hashable, Sendable {
    public var readiness: TableReadiness
    /// Empty when ready.
    public var reason: String
    /// The member from which the table catches up.
    public var peer: NodeID?
    /// Rows received and to receive, of the snapshot under way.
    public var rowsCopied: UInt64
    public var rowsTotal: UInt64
    /// Operations known to exist elsewhere and not here, as far as they can be counted.
    public var operationsBehind: UInt64

    public init(
        readiness: TableReadiness, reason: String = "", peer: NodeID? = nil, rowsCopied: UInt64 = 0, rowsTotal: UInt64 = 0,
        operationsBehind: UInt64 = 0
    ) {
        self.readiness = readiness
        self.reason = reason
        self.peer = peer
        self.rowsCopied = rowsCopied
        self.rowsTotal = rowsTotal
        self.operationsBehind = operationsBehind
    }
}

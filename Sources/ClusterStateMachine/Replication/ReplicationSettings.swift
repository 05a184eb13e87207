public import ClusterModel

/// Times and budgets of replication. The defaults are those of spec chapter "Replication".
public struct ReplicationSettings: Hashable, Sendable {
    /// Encoded bytes that may wait in one peer's queue (LIM-016).
    public var peerQueue: Int
    /// A peer taken off the stream comes back when no more than this is left in its queue.
    public var peerQueueResume: Int
    /// How long a snapshot request waits for the TABLE_STATE of peers that have not sent it yet.
    public var settleTime: Duration
    /// Silence after which an incoming snapshot is given up and asked of another peer.
    public var snapshotStall: Duration
    /// First and longest pause before a peer that failed to deliver a snapshot is asked again.
    public var retryFirst: Duration
    public var retryLongest: Duration
    /// Least time between two TABLE_STATEs to one peer that anti-entropy asks for (REP-024).
    public var stateInterval: Duration
    /// How long a changed table is quiet before its digest is compared again (DIG-015).
    public var verifyInterval: Duration
    /// How long a newer life of a node has been known before the end of its earlier one counts as final (VER-008).
    public var deadOriginAge: Duration

    public static let defaults = ReplicationSettings()

    public init(
        peerQueue: Int = Limits.peerQueue, peerQueueResume: Int = 4 * 1024 * 1024, settleTime: Duration = .milliseconds(50),
        snapshotStall: Duration = .seconds(30), retryFirst: Duration = .milliseconds(500), retryLongest: Duration = .seconds(30),
        stateInterval: Duration = .seconds(1), verifyInterval: Duration = .seconds(10), deadOriginAge: Duration = .seconds(60)
    ) {
        self.peerQueue = peerQueue
        self.peerQueueResume = peerQueueResume
        self.settleTime = settleTime
        self.snapshotStall = snapshotStall
        self.retryFirst = retryFirst
        self.retryLongest = retryLongest
        self.stateInterval = stateInterval
        self.verifyInterval = verifyInterval
        self.deadOriginAge = deadOriginAge
    }
}

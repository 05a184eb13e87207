public import ClusterModel

/// Decides, for every peer and table, who streams what to whom, who needs a snapshot from whom, which acknowledgements are due,
/// and when a waiting write is answered (spec REP, SNP, DIG). It never touches a row: the shell passes facts in and performs
/// the returned actions in order.
///
/// Rules for the shell:
/// - Messages of one link are reported in the order in which they came, and what they carry has been applied by then:
///   when a TABLE_STATE is reported, every OPERATIONS before it is in the facts.
/// - Before OPERATIONS are put into a peer's queue, `takeAcks` of that peer is put there; again when the queue is flushed.
///   So "the peer wrote before it knew our write" can be told from the order (MRG-020).
/// - After every call `nextTick` may have changed: `tick` is called when that time has come.
public struct Replication: Sendable {
    /// The own origin: this life of this node.
    public private(set) var origin: Origin
    let settings: ReplicationSettings

    public init(origin: Origin, settings: ReplicationSettings = .defaults) {
        self.origin = origin
        self.settings = settings
    }

    // MARK: Tables, members, links

    /// A table was loaded, created, changed or dropped (`definition.exists` false). At the start: once for each table.
    public mutating func define(_ table: LocalTable, elapsed: Duration) -> [ReplicationAction] { [] }

    /// The member list changed: all records, gone ones and the own included. At the start: once, before the first link.
    public mutating func members(_ records: [MemberRecord], elapsed: Duration) -> [ReplicationAction] { [] }

    /// This node took a higher incarnation and has re-dotted its rows (MBR-021): all links are down by now, waiting writes end.
    public mutating func renewed(_ origin: Origin, tables: [LocalTable], elapsed: Duration) -> [ReplicationAction] { [] }

    /// A link to a member is established.
    public mutating func linkUp(_ peer: Origin, elapsed: Duration) -> [ReplicationAction] { [] }

    /// The link is gone, with everything queued on it.
    public mutating func linkDown(_ peer: NodeID, elapsed: Duration) -> [ReplicationAction] { [] }

    // MARK: Time

    /// When `tick` wants to be called; nil for "not before something happens".
    public var nextTick: Duration? { nil }

    /// Time has passed: deadlines of writes, snapshots to ask for, comparisons that are due.
    public mutating func tick(elapsed: Duration, local: LocalTables) -> [ReplicationAction] { [] }

    // MARK: Own writes

    /// Own operations `first...last` were applied here; `bytes` is the size of their encoded OPERATIONS.
    /// - Returns: the peers into whose queues the shell puts them now (after `takeAcks`), ascending. Their queues are counted here.
    public mutating func wrote(_ table: TableName, first: UInt64, last: UInt64, bytes: Int) -> [NodeID] { [] }

    /// The shell performed `.stream`: operations `first...last` went into the peer's queue. `last` < `first`: there were none.
    public mutating func streamed(
        _ table: TableName, first: UInt64, last: UInt64, bytes: Int, to peer: NodeID
    ) -> [ReplicationAction] { [] }

    /// The link took bytes of the peer's replication queue; `queued` are left.
    public mutating func drained(_ peer: NodeID, queued: Int) -> [ReplicationAction] { [] }

    /// Bytes of OPERATIONS counted in the peer's queue.
    public func queued(_ peer: NodeID) -> Int { 0 }

    /// Asks to be told when `level` replicas have the own operations up to `last`: at once if they have, else by `.complete`.
    /// Called right after `wrote`, ids are the shell's choice and come back.
    /// - Returns: the outcome when nothing has to be waited for, else nil.
    public mutating func wait(
        id: UInt64, table: TableName, last: UInt64, level: AckLevel, deadline: Duration
    ) -> WaitOutcome? { nil }

    /// An ACK came.
    public mutating func received(_ ack: Ack, from peer: NodeID) -> [ReplicationAction] { [] }

    // MARK: Peers' writes

    /// The header of OPERATIONS that came.
    /// - Parameter have: the own vector's entry for `origin`; nil when this node has no such table.
    public mutating func receivedOperations(
        _ table: TableName, origin: Origin, first: UInt64, last: UInt64, from peer: NodeID, have: UInt64?, elapsed: Duration
    ) -> OperationsVerdict { .ignore }

    /// OPERATIONS with the verdict `apply` have been applied in memory.
    public mutating func applied(_ table: TableName, last: UInt64, from peer: NodeID) {}

    /// The ACKs that are due to the peer, ascending by table. They count as sent.
    public mutating func takeAcks(_ peer: NodeID) -> [Ack] { [] }

    /// Peers to whom ACKs are due, ascending.
    public var peersToAcknowledge: [NodeID] { [] }

    /// A sync of the table's log begins: covers all that was applied and written in memory until now.
    public func syncBegins(_ table: TableName) -> SyncMark { SyncMark(table: table, own: 0, peers: [:]) }

    /// That sync has succeeded: durable ACKs become due, own writes count here.
    public mutating func syncEnded(_ mark: SyncMark) -> [ReplicationAction] { [] }

    // MARK: Comparing

    /// - Parameter local: the facts, all earlier messages of the link applied; nil when this node has no such table.
    public mutating func received(
        _ state: TableState, from peer: NodeID, local: LocalTable?, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    /// The table hashes of a PING (HRT-011).
    public mutating func ping(
        _ hashes: [Ping.TableHash], from peer: NodeID, local: LocalTables, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    public mutating func received(_ request: DigestRequest, from peer: NodeID) -> [ReplicationAction] { [] }

    /// - Parameter buckets: the own bucket digests of this moment.
    public mutating func received(
        _ digests: Digests, from peer: NodeID, local: LocalTable?, buckets: [UInt64], elapsed: Duration
    ) -> [ReplicationAction] { [] }

    // MARK: Incoming snapshots

    /// Whether chunks of this stream are still wanted. False: cancelled here while they were on their way; drop them unread.
    public func wants(stream: UInt32, from peer: NodeID) -> Bool { false }

    /// SNAP_BEGIN came.
    public mutating func received(
        _ begin: SnapBegin, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    /// A SNAP_CHUNK came and its rows were merged. `rows` and `digest` (wrapping sum of the row digests) are counted by the shell.
    public mutating func receivedChunk(
        number: UInt32, nextBucket: UInt16, rows: Int, digest: UInt64, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    /// SNAP_END came. `local`: the facts of the snapshot's table.
    public mutating func received(
        _ end: SnapEnd, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    /// SNAP_CANCEL came, for a snapshot in either direction.
    public mutating func received(
        _ cancel: SnapCancel, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    /// A chunk could not be unpacked or merged: the snapshot is given up and asked of somebody else.
    public mutating func snapshotFailed(
        stream: UInt32, from peer: NodeID, _ code: ErrorCode, text: String, elapsed: Duration
    ) -> [ReplicationAction] { [] }

    // MARK: Outgoing snapshots

    /// SNAP_REQUEST came.
    public mutating func received(_ request: SnapRequest, stream: UInt32, from peer: NodeID) -> [ReplicationAction] { [] }

    /// The snapshot was sent whole (or given up by the shell, which then sent SNAP_CANCEL).
    public mutating func served(to peer: NodeID, stream: UInt32) {}

    // MARK: What is known

    /// What every member that replicates the table and is not gone covers, this node included; nil while one is unknown.
    /// Tombstones whose dot it covers can be collected (TAB-013).
    public func coveredByAll(_ local: LocalTable) -> VersionVector? { nil }

    /// Dead origins whose entries in the vector can become floors (VER-008); at most one a node, the highest.
    public func compactable(_ local: LocalTable, elapsed: Duration) -> [Origin] { [] }

    public func readiness(_ local: LocalTable) -> ReadinessReport { ReadinessReport(readiness: .ready) }

    /// Operations of ours that the peer has not acknowledged, over all tables.
    public func behind(_ peer: NodeID) -> UInt64 { 0 }

    /// - Returns: nil without a link or before the peer's first TABLE_STATE on it.
    public func knowledge(of peer: NodeID, table: TableName) -> PeerKnowledge? { nil }

    /// The tables whose hash goes into a PING to this peer: those that both replicate, ascending.
    public func sharedTables(_ peer: NodeID) -> [TableName] { [] }
}

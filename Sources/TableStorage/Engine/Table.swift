public import ClusterModel

/// One replica of one table in memory: rows, versions, digests, recent operations (chapters TAB, MRG, DIG).
///
/// Belongs to one thread at a time. Nothing here touches a disk, a socket or a clock.
public final class Table {
    public private(set) var definition: TableDefinition

    /// - Parameter definition: `type` and `merge` stay for the table's life; see `update(_:)` for the rest.
    public init(definition: TableDefinition) {
        self.definition = definition
    }

    // MARK: Facts

    /// What has been incorporated without gap (VER-006).
    public private(set) var vector = VersionVector()
    /// What has been applied beyond gaps, ascending by (origin, first).
    public private(set) var pending: [PendingInterval] = []
    /// The dots of tombstones that were collected here: who does not cover this needs a complete snapshot (SNP-010).
    public private(set) var collected = VersionVector()
    /// Sum of the bucket digests (DIG-003).
    public var digest: UInt64 { 0 }
    /// 1024 sums of the row digests of live rows (DIG-002).
    public var bucketDigests: [UInt64] { [] }
    /// Live rows, those of hidden owners included.
    public var rowCount: Int { 0 }
    public var tombstoneCount: Int { 0 }
    /// Bytes that rows, versions, indexes and recent operations take.
    public var memory: Int { 0 }
    /// True shortly before the table can address no more: writes must then be refused. `apply` and `merge` throw by themselves.
    public var isFull: Bool { false }

    /// Takes over everything but name, type and merge from a newer definition; a higher floor drops the rows below it (TAB-011).
    public func update(_ definition: TableDefinition) {}
    /// Sets what a checkpoint recorded beside the rows; the rows come through `merge` without a tracker and knowledge.
    public func restore(vector: VersionVector, collected: VersionVector, pending: [PendingInterval]) {}
    /// Makes room for this many rows at once, so that indexes do not grow step by step.
    public func reserve(rows: Int) {}

    // MARK: Writing

    /// Applies an atomic group of this node's own operations (REP-003): the sequences after the vector's entry of `origin`, one
    /// `stamp` newer than any seen. The encoded group also goes to the recent operations.
    /// - Parameter operations: 1 to `Limits.batchOperations`, keys and values within their limits.
    public func write(_ operations: [Operation], stamp: Stamp, origin: Origin) -> Written {
        Written(origin: origin, first: 1, last: 0, stamp: stamp, groups: [])
    }

    /// Applies operations of one origin: from a peer, or from the log (`knowledge` nil: no conflicts are looked for).
    /// Sequences that are covered already are skipped. What lies beyond a gap becomes a pending interval.
    /// - Parameters:
    ///   - groups: encoded operation groups (REP-004).
    ///   - first: sequence of the first operation.
    ///   - ownOrigin: this node's current origin.
    public func apply(
        groups: Span<UInt8>, origin: Origin, first: UInt64, knowledge: WriterKnowledge? = nil, ownOrigin: Origin? = nil
    ) throws(TableError) -> Applied { Applied() }

    /// Merges a raw row block (SNP-022) of a snapshot or a checkpoint. Does not change the vector.
    /// - Parameter tracker: given for a complete snapshot; remembers what came, for `prune`.
    public func merge(
        block: Span<UInt8>, knowledge: WriterKnowledge? = nil, ownOrigin: Origin? = nil, tracker: inout SnapshotTracker?
    ) throws(TableError) -> Applied { Applied() }

    /// The end of a complete snapshot of `buckets`: removes each row there that did not come and whose dot the sender's vector
    /// covers, because it was deleted at the sender (SNP-010). Call before `adopt`. May be called piecewise for parts of the range.
    /// - Parameter vector: of SNAP_BEGIN.
    /// - Returns: ids of the live rows removed.
    public func prune(buckets: ClosedRange<Int>, vector: VersionVector, tracker: SnapshotTracker) -> [RowID] { [] }

    /// Merges a vector whose operations are all incorporated now, and closes the gaps that it fills (SNP-014).
    public func adopt(_ vector: VersionVector) {}

    /// Re-dots the rows of `old`, whose sequences turned out to have been issued twice, as operations of `new` with the same
    /// stamps (MBR-021); forgets `old`. The result is to be logged and streamed, in order.
    public func rebase(from old: Origin, to new: Origin) -> [Written] { [] }

    // MARK: Reading

    /// The live rows of a key, without those of hidden owners, ascending by (owner, value).
    public func get(_ key: Span<UInt8>) -> [Row] { [] }
    /// All live rows of a key, ascending by (owner, value).
    public func rows(_ key: Span<UInt8>) -> [Row] { [] }
    /// The value of a key without copying, in a table with one row a key; nil when there is none.
    public func withValue<R>(_ key: Span<UInt8>, _ body: (Span<UInt8>) -> R) -> R? { nil }
    /// A page of visible rows whose keys begin with `prefix`: in key order, in a plain `set` in the order (bucket, key).
    /// A page may be short or even empty and still have a next one.
    /// - Parameters:
    ///   - cursor: `next` of the page before, empty for the first. It stays valid while rows change.
    ///   - byteLimit: of keys and values, unless the page holds a single row.
    public func scan(
        prefix: Span<UInt8>, cursor: Span<UInt8>, byteLimit: Int = Limits.scanReply
    ) throws(TableError) -> RowPage { RowPage(rows: []) }

    /// Owners whose rows `get` and `scan` leave out: nodes that are down (MRG-012).
    public var hiddenOwners: Set<NodeID> = []

    /// Whether changes of live rows are kept for `takeChanges`.
    public var recordsChanges = false
    /// The changes of live rows since the last call: rows as they are now, tombstones for what is gone.
    public func takeChanges() -> [Row] { [] }

    // MARK: Snapshots and streams

    /// Scans the rows that `have` does not cover, tombstones included; all rows when `complete` (SNP-010).
    public func deltaScan(buckets: ClosedRange<Int>, have: VersionVector, complete: Bool) -> DeltaScanner {
        DeltaScanner()
    }

    /// Whether a snapshot for a receiver with this vector must be complete (SNP-010).
    public func needsCompleteSnapshot(have: VersionVector) -> Bool { have.isEmpty || !have.covers(collected) }

    /// The first own operation that `operations(from:)` can still give: last + 1 when there is none (REP-021).
    public var streamable: UInt64 { 1 }
    /// Recent operations of the origin last written, whole groups from the one that holds `sequence` on.
    /// - Returns: nil when `sequence` is beyond the last or no longer kept.
    public func operations(from sequence: UInt64, byteLimit: Int) -> Written? { nil }

    // MARK: Maintenance

    /// Removes tombstones whose dot `vector` covers, in the next buckets of a round through the table.
    /// - Returns: how many.
    public func collectTombstones(coveredBy vector: VersionVector, buckets: Int = 64) -> Int { 0 }
    /// Removes for good the rows of `owner` written by incarnations before `incarnation`, and ignores such rows from now on (MRG-013).
    /// - Returns: how many live rows went.
    public func purge(owner: NodeID, below incarnation: Incarnation) -> Int { 0 }
    /// Turns the vector's entries of a dead incarnation, and of those before it, into a floor (VER-007).
    public func compact(_ origin: Origin) {}
    /// Removes all rows and tombstones stamped at or below `floor` and ignores such from now on (TAB-011).
    public func drop(rowsUpTo floor: Stamp) {}
    /// Back to the state of a new table of this definition: no rows, empty vector.
    public func removeAll() {}
}

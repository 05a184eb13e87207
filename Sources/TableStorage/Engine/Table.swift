public import ClusterModel

/// One replica of one table in memory: rows, versions, digests, recent operations (chapters TAB, MRG, DIG).
///
/// Belongs to one thread at a time. Nothing here touches a disk, a socket or a clock.
public final class Table {
    public internal(set) var definition: TableDefinition
    /// What has been incorporated without gap (VER-006).
    public internal(set) var vector = VersionVector()
    /// What has been applied beyond gaps, ascending by (origin, first), disjoint and never adjacent.
    public internal(set) var pending: [PendingInterval] = []
    /// The dots of tombstones that were collected: who does not cover this needs a complete snapshot (SNP-010).
    public internal(set) var collected = VersionVector()

    private let rows: Unchecked<RowStore>
    var store: RowStore {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(rows.address) }
        @inline(__always) unsafeMutableAddress { unsafe rows.address }
    }
    var recent = RecentOperations()
    /// Where the next round of `collectTombstones` goes on.
    var collectionBucket = 0

    public init(definition: TableDefinition) {
        self.definition = definition
        rows = Unchecked(RowStore(shape: RowShape(type: definition.type, merge: definition.merge)))
        store.floor = definition.floor
    }

    // MARK: Facts

    /// Sum of the bucket digests (DIG-003).
    public var digest: UInt64 { store.digest }
    /// 1024 sums of the row digests of live rows (DIG-002).
    public var bucketDigests: [UInt64] { (0..<Limits.buckets).map { store.index.digest($0) } }
    /// Live rows, those of hidden owners included.
    public var rowCount: Int { store.liveCount }
    /// The highest stamp that any row here ever had (VER-004).
    public var latestStamp: Stamp { store.latestStamp }
    public var tombstoneCount: Int { store.tombstoneCount }
    /// Bytes that rows, versions, indexes and recent operations take.
    public var memory: Int { store.memory + recent.memory }
    /// True shortly before the table can address no more: no write may be made then. `apply` and `merge` throw by themselves.
    public var isFull: Bool { store.isFull }

    // MARK: Reading

    /// The rows of a key, without those of hidden owners, ascending by (owner, value).
    public func get(_ key: Span<UInt8>) -> [Row] { rows(key) { !store.isHidden($0) } }

    /// All live rows of a key, ascending by (owner, value).
    public func rows(_ key: Span<UInt8>) -> [Row] { rows(key) { _ in true } }

    private func rows(_ key: Span<UInt8>, where isWanted: (Record) -> Bool) -> [Row] {
        Bytes.of(key) { key in
            var rows: [Row] = []
            if store.shape.isUniqueByKey {
                if let record = store.record(key) { rows.append(store.records.row(record)) }
            } else {
                store.forEachRow(of: key) { record in
                    if isWanted(record) { rows.append(store.records.row(record)) }
                }
            }
            return rows
        }
    }

    /// The value of a key without copying it; nil when there is no row.
    /// - Precondition: the table has one row a key: neither a `bag` nor an `owner` table.
    @inlinable
    public func withValue<R>(_ key: Span<UInt8>, _ body: (Span<UInt8>) -> R) -> R? {
        guard let value = value(key) else { return nil }
        return value.withSpan(body)
    }

    @usableFromInline
    func value(_ key: Span<UInt8>) -> Bytes? {
        Bytes.of(key) { key in
            precondition(store.shape.isUniqueByKey, "a key may have several rows")
            return store.record(key)?.value
        }
    }

    /// A page of the visible rows whose keys begin with `prefix`: in row id order, in a plain `set` in the order (bucket, key).
    /// A page may be short or even empty and still have a next one.
    /// - Parameters:
    ///   - cursor: `next` of the page before, empty for the first. It stays valid while rows change.
    ///   - byteLimit: of keys, values and record headers, unless the page holds a single row.
    public func scan(
        prefix: Span<UInt8>, cursor: Span<UInt8>, byteLimit: Int = Limits.scanReply
    ) throws(TableError) -> RowPage {
        let cursor = try ScanCursor(decoding: cursor, store.shape)
        return Bytes.of(prefix) { store.scan(prefix: $0, cursor: cursor, byteLimit: byteLimit) }
    }

    /// Owners whose rows `get`, `scan` and `takeChanges` leave out: nodes that are down (MRG-012). Rows that are hidden or shown
    /// by a change of this are changes, too (CAL-041).
    public var hiddenOwners: Set<NodeID> {
        get { store.records.origins.hidden }
        set { store.hide(newValue) }
    }

    /// Whether changes of live rows are kept for `takeChanges`.
    public var recordsChanges: Bool {
        get { store.recordsChanges }
        set {
            store.recordsChanges = newValue
            if !newValue { store.changes = [] }
        }
    }

    /// The changes of live rows since the last call: rows as they became, tombstones for what went, also without a tombstone.
    public func takeChanges() -> [Row] {
        defer { store.changes = [] }
        return store.changes
    }

    // MARK: Snapshots and streams

    /// A scan of the rows that `have` does not cover, tombstones included; of all rows when `complete` (SNP-010).
    public func deltaScan(buckets: ClosedRange<Int>, have: VersionVector, complete: Bool) -> DeltaScanner {
        DeltaScanner(buckets: buckets, have: have, isComplete: complete)
    }

    /// Whether a snapshot for a receiver with this vector must be complete (SNP-010).
    public func needsCompleteSnapshot(have: VersionVector) -> Bool { have.isEmpty || !have.covers(collected) }

    /// The first own operation that `operations(from:byteLimit:)` can still give: last + 1 when there is none (REP-021).
    /// - Parameter origin: this node's current origin.
    public func streamable(_ origin: Origin) -> UInt64 {
        let last = vector.sequence(of: origin)
        return recent.origin == origin && recent.last == last ? recent.first : last + 1
    }

    /// Recent operations of the origin that was written last: whole groups from the one that holds `sequence` on, at most about
    /// 64 KiB and `byteLimit` unless the first group is larger.
    /// - Returns: nil when `sequence` lies beyond the last or is no longer kept.
    public func operations(from sequence: UInt64, byteLimit: Int) -> OperationRun? {
        recent.run(from: sequence, byteLimit: byteLimit)
    }
}

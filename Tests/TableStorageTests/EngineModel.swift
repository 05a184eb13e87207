import ClusterModel
import TableStorage
import WireFormat

/// What a table knows besides its rows, said in the plainest way: every operation by itself.
struct EngineModel {
    var content: TableModel
    var vector = VersionVector()
    /// Applied, but not covered by the vector.
    var beyond: [Origin: Set<UInt64>] = [:]
    var floor = Stamp.zero
    /// Below these an owner's rows are ignored.
    var incarnations: [NodeID: Incarnation] = [:]
    var hidden: Set<NodeID> = []
    var collectionBucket = 0

    init(_ kind: TableKind) { content = TableModel(kind: kind) }

    var kind: TableKind { content.kind }
    var tombstones: Int { content.rows.values.count(where: \.isTombstone) }

    func isKnown(_ dot: Dot) -> Bool { vector.covers(dot) || beyond[dot.origin]?.contains(dot.sequence) ?? false }

    private func admits(_ version: RowVersion) -> Bool {
        if kind.merge == .owner, version.dot.origin.incarnation < incarnations[version.dot.origin.node] ?? 0 { return false }
        return version.stamp > floor
    }

    func bucket(_ row: Row) -> Int { RowHash.bucket(content.hash(row)) }

    // MARK: Changes

    mutating func write(_ run: OperationRun, _ operations: [ClusterModel.Operation], stamp: Stamp) {
        content.apply(operations, stamp: stamp, origin: run.origin, first: run.first)
        incorporate(run.origin, run.first...run.last)
    }

    /// Operations as they are streamed.
    mutating func apply(_ operations: [ClusterModel.Operation], stamp: Stamp, origin: Origin, first: UInt64) {
        for (index, operation) in operations.enumerated() {
            let version = RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: first + UInt64(index)))
            guard admits(version), !isKnown(version.dot) else { continue }
            content.apply([operation], stamp: stamp, origin: origin, first: version.dot.sequence)
        }
        incorporate(origin, first...(first + UInt64(operations.count) - 1))
    }

    mutating func incorporate(_ origin: Origin, _ sequences: ClosedRange<UInt64>) {
        beyond[origin, default: []].formUnion(sequences)
        close()
    }

    mutating func adopt(_ other: VersionVector) {
        vector.merge(other)
        close()
    }

    /// Moves into the vector what has no gap before it any more.
    private mutating func close() {
        for origin in Array(beyond.keys) {
            while let open = beyond[origin], open.contains(vector.sequence(of: origin) &+ 1) {
                vector.raise(origin, to: vector.sequence(of: origin) + 1)
            }
            let through = vector.sequence(of: origin)
            beyond[origin] = beyond[origin]?.filter { $0 > through }
            if beyond[origin]?.isEmpty ?? false { beyond[origin] = nil }
        }
    }

    /// A row of a snapshot: one that was applied here and is gone was deleted (MRG-005).
    mutating func mergeSnapshot(_ row: Row) {
        guard admits(row.version) else { return }
        guard content.rows[content.kind.id(row)] != nil || !isKnown(row.version.dot) else { return }
        content.merge(row)
    }

    mutating func prune(_ buckets: ClosedRange<Int>, _ begin: VersionVector, received: Set<RowID>) {
        remove { model, row in
            !row.isTombstone && buckets.contains(model.bucket(row)) && begin.covers(row.version.dot)
                && !received.contains(model.kind.id(row))
        }
    }

    mutating func collect(_ covered: VersionVector, buckets: Int) {
        guard tombstones > 0 else { return }
        let end = min(collectionBucket + buckets, Limits.buckets)
        let range = collectionBucket..<end
        remove { model, row in row.isTombstone && range.contains(model.bucket(row)) && covered.covers(row.version.dot) }
        collectionBucket = end % Limits.buckets
    }

    mutating func drop(_ floor: Stamp) {
        self.floor = max(self.floor, floor)
        remove { model, row in row.version.stamp <= model.floor }
    }

    mutating func purge(_ owner: NodeID, below incarnation: Incarnation) {
        guard kind.merge == .owner else { return }
        incarnations[owner] = max(incarnation, incarnations[owner] ?? 0)
        remove { _, row in row.version.dot.origin.node == owner && row.version.dot.origin.incarnation < incarnation }
    }

    mutating func compact(_ origin: Origin) {
        vector.raise(origin, to: VersionVector.whole)
        beyond = beyond.filter { vector.sequence(of: $0.key) != VersionVector.whole }
    }

    mutating func rebase(from old: Origin, to new: Origin) {
        var next = vector.sequence(of: new)
        let moved = content.rows.values.filter { $0.version.dot.origin == old }.sorted { $0.version.dot < $1.version.dot }
        for var row in moved {
            let id = kind.id(row)
            next += 1
            row.version.dot = Dot(origin: new, sequence: next)
            content.rows[id] = row
        }
        vector.forget(old)
        beyond[old] = nil
        vector.raise(new, to: next)
    }

    /// The rows under another type or merge rule.
    mutating func reshape(_ kind: TableKind) {
        var reshaped = TableModel(kind: kind)
        for var row in content.rows.values.sorted(by: { $0.version < $1.version }) {
            row.owner = kind.merge == .owner ? row.version.dot.origin.node : nil
            if row.isTombstone, kind.type != .bag { row.value = [] }
            reshaped.merge(row)
        }
        content = reshaped
    }

    private mutating func remove(where isDoomed: (EngineModel, Row) -> Bool) {
        content.rows = content.rows.filter { !isDoomed(self, $0.value) }
    }

    // MARK: What is to be seen

    func isVisible(_ row: Row) -> Bool { row.owner.map { !hidden.contains($0) } ?? true }

    var pending: [PendingInterval] {
        var intervals: [PendingInterval] = []
        for (origin, sequences) in beyond.sorted(by: { $0.key < $1.key }) {
            for sequence in sequences.sorted() {
                if let last = intervals.last, last.origin == origin, last.last + 1 == sequence {
                    intervals[intervals.count - 1].last = sequence
                } else {
                    intervals.append(PendingInterval(origin: origin, first: sequence, last: sequence))
                }
            }
        }
        return intervals
    }

    /// What a scan for a snapshot has to bring.
    func missing(_ have: VersionVector, _ buckets: ClosedRange<Int>, complete: Bool) -> Set<Row> {
        Set(
            content.rows.values.filter {
                buckets.contains(bucket($0)) && (complete || !have.covers($0.version.dot))
            })
    }
}

internal import ClusterModel
internal import WireFormat

extension RowStore {
    /// Applies this node's own operations, which nothing here can be newer than.
    mutating func write(_ operations: [Operation], stamp: Stamp, origin: Origin, first: UInt64) {
        var sequence = first
        var applied = Applied()
        for operation in operations {
            let version = RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: sequence))
            Bytes.of(operation.key.span) { key in
                Bytes.of(operation.value.span) { value in
                    let row = incoming(operation.kind, key, value, version)
                    merge(row, hash(row), nil, &applied)
                }
            }
            sequence += 1
        }
    }

    /// Applies encoded operations of one origin but for those that are covered.
    ///
    /// Rows are merged sixteen at a time: while one is merged, the memory that the next ones need is on its way.
    mutating func apply(
        _ groups: Span<UInt8>, origin: Origin, first: UInt64, covered: CoveredSequences, judge: ConflictJudge?
    ) throws(DecodingError) -> Applied {
        var applied = Applied()
        var sequence = first
        let isAdmitted = admits(origin)
        // The bytes of a batch's rows lie in `groups` and stay there.
        var batch = Batch()
        try OperationGroups.forEach(groups) { (stamp, kind, key, value, _) throws(DecodingError) in
            let version = RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: sequence))
            sequence += 1
            guard isAdmitted, stamp > floor, !covered.contains(version.dot.sequence) else {
                applied.ignored += 1
                return
            }
            let row = Bytes.of(key) { key in Bytes.of(value) { value in incoming(kind, key, value, version) } }
            let hash = hash(row)
            index.prefetch(hash)
            batch.append(Batch.Item(row: row, hash: hash))
            if batch.count == Batch.size { merge(&batch, judge, &applied) }
        }
        merge(&batch, judge, &applied)
        return applied
    }

    private mutating func merge(_ batch: inout Batch, _ judge: ConflictJudge?, _ applied: inout Applied) {
        for index in 0..<batch.count { prefetchRecord(batch.items[index].hash) }
        for index in 0..<batch.count { merge(batch.items[index].row, batch.items[index].hash, judge, &applied) }
        batch.count = 0
    }

    /// Rows that wait for their memory.
    private struct Batch {
        static let size = 16

        struct Item {
            var row: IncomingRow
            var hash: UInt64
        }

        var items = InlineArray<16, Item>(repeating: Item(row: .none, hash: 0))
        var count = 0

        @inline(__always)
        mutating func append(_ item: Item) {
            items[count] = item
            count &+= 1
        }
    }

    func incoming(_ kind: Operation.Kind, _ key: Bytes, _ value: Bytes, _ version: RowVersion) -> IncomingRow {
        incoming(key, value, isTombstone: kind == .delete, version)
    }

    /// A tombstone keeps the value only where it belongs to the row id.
    private func incoming(_ key: Bytes, _ value: Bytes, isTombstone: Bool, _ version: RowVersion) -> IncomingRow {
        IncomingRow(key: key, value: isTombstone && !shape.hasValue ? .empty : value, isTombstone: isTombstone, version: version)
    }

    private func id(_ row: IncomingRow) -> RowKey {
        RowKey(key: row.key, owner: row.version.dot.origin.node, value: row.value)
    }

    func hash(_ row: IncomingRow) -> UInt64 { records.hash(id(row)) }

    mutating func merge(_ row: IncomingRow, _ hash: UInt64, _ judge: ConflictJudge?, _ applied: inout Applied) {
        let digest = row.isTombstone ? 0 : RowHash.digest(hash, version: row.version)
        if let place = find(id(row), hash) {
            update(place, to: row, hash, digest, judge, &applied)
        } else {
            insert(row, hash, digest)
            applied.changed += 1
        }
    }

    /// Merges the rows of a block.
    /// - Parameters:
    ///   - covered: what has been applied here, by origin; nil when the block restores this table itself. A row that is covered
    ///     and yet not here was deleted, and its tombstone collected: it stays deleted (MRG-005).
    ///   - tracker: learns the hash of each row.
    mutating func merge(
        block: Span<UInt8>, covered: ((Origin) -> CoveredSequences)?, judge: ConflictJudge?, tracker: inout SnapshotTracker?
    ) throws(DecodingError) -> Applied {
        var applied = Applied()
        var origin = Origin(node: NodeID(0), incarnation: 0)
        var known = CoveredSequences(through: 0, intervals: [])
        var isAdmitted = admits(origin)
        let hasOwner = shape.hasOwner
        try RowBlock.forEach(block) { (key, value, isTombstone, isOwned, version) throws(DecodingError) in
            guard isOwned == hasOwner else { throw DecodingError(.contradiction, offset: 0, field: "rowBlock.flags") }
            if version.dot.origin != origin {
                origin = version.dot.origin
                isAdmitted = admits(origin)
                if let covered { known = covered(origin) }
            }
            let row = Bytes.of(key) { key in
                Bytes.of(value) { value in incoming(key, value, isTombstone: isTombstone, version) }
            }
            let hash = hash(row)
            let digest = RowHash.digest(hash, version: version)
            applied.rows &+= 1
            applied.digest &+= digest
            if !isAdmitted || version.stamp <= floor {
                tracker?.insertAbsent(hash)
                applied.ignored &+= 1
            } else if let place = find(id(row), hash) {
                tracker?.insert(hash)
                update(place, to: row, hash, digest, judge, &applied)
            } else if covered != nil, known.contains(version.dot.sequence) {
                tracker?.insertAbsent(hash)
                applied.ignored &+= 1
            } else {
                tracker?.insert(hash)
                insert(row, hash, digest)
                applied.changed &+= 1
            }
        }
        return applied
    }

    /// The higher version stays (VER-005, MRG-001).
    private mutating func update(
        _ place: Place, to row: IncomingRow, _ hash: UInt64, _ digest: UInt64, _ judge: ConflictJudge?,
        _ applied: inout Applied
    ) {
        let record = records[place.reference]
        let version = records.version(of: record)
        if let judge, let conflict = conflict(record, version, row, judge) { applied.conflicts.append(conflict) }
        if version < row.version {
            replace(place, by: row, hash, digest)
            applied.changed += 1
        } else {
            applied.ignored += 1
        }
    }

    private func conflict(
        _ record: Record, _ version: RowVersion, _ incoming: IncomingRow, _ judge: ConflictJudge
    ) -> RowConflict? {
        guard !shape.hasOwner, version.dot != incoming.version.dot else { return nil }
        let isSame = record.isTombstone == incoming.isTombstone && record.value.isEqual(to: incoming.value)
        guard !isSame, judge.isConflict(incoming.version, version) else { return nil }
        let here = records.row(record)
        let there = Row(
            key: incoming.key.array, value: incoming.value.array, isTombstone: incoming.isTombstone, version: incoming.version)
        return version < incoming.version ? RowConflict(winner: there, loser: here) : RowConflict(winner: here, loser: there)
    }
}

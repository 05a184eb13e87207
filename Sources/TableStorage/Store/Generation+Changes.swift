public import ClusterModel
internal import WireFormat

extension Generation {
    /// The most that an encoded group of one write takes: the largest row and some more fit (LIM-003).
    static let groupLimit = Limits.message - 64 * 1024

    /// Applies this node's own operations as one atomic group (REP-003).
    /// - Parameters:
    ///   - operations: 1 to `Limits.batchOperations`; keys and values within their limits.
    ///   - stamp: newly issued.
    public func write(
        _ name: TableName, _ operations: [Operation], stamp: Stamp
    ) throws(StorageError) -> (run: OperationRun, position: LSN) {
        let table = try instance(name)
        guard table.definition.exists else { throw .noSuchTable(name) }
        guard operations.reduce(0, { $0 + 9 + $1.key.count + $1.value.count }) <= Self.groupLimit else { throw .batchTooLarge }
        if table.isFull { throw .table(.full) }
        let clock = state.cover(stamp)
        let run = table.write(operations, stamp: stamp, origin: state.ownOrigin)
        return (run, max(clock, log(run, of: table)))
    }

    /// Applies operations of another origin (REP-011); conflicts go to the journal.
    /// - Parameters:
    ///   - operations: validated, as `MessageCodec` leaves them.
    ///   - knowledge: nil: no conflicts are looked for.
    @discardableResult
    public func apply(
        _ operations: Operations, knowledge: WriterKnowledge? = nil
    ) throws(StorageError) -> (applied: Applied, position: LSN) {
        let table = try instance(operations.table)
        let isKnown = table.vector.sequence(of: operations.origin) >= operations.last
        let applied: Applied
        do throws(TableError) {
            applied = try table.apply(
                groups: operations.groups.span, origin: operations.origin, first: operations.first, knowledge: knowledge,
                ownOrigin: state.ownOrigin)
        } catch {
            throw .table(error)
        }
        if isKnown { return (applied, known(table)) }
        let conflicts = journal(applied, of: operations.table)
        let position = logged(table) { name, log in
            LogRecord.operations(
                name, origin: operations.origin, first: operations.first, count: operations.count, groups: operations.groups,
                to: &log)
        }
        return (applied, max(conflicts, position))
    }

    /// Merges the raw row block of a snapshot chunk (SNP-003); conflicts go to the journal.
    /// - Parameter tracker: of a complete snapshot; to be handed to `finishSnapshot`.
    @discardableResult
    public func merge(
        _ name: TableName, block: [UInt8], knowledge: WriterKnowledge? = nil, tracker: inout SnapshotTracker?
    ) throws(StorageError) -> (applied: Applied, position: LSN) {
        let table = try instance(name)
        let applied: Applied
        do throws(TableError) {
            applied = try table.merge(block: block.span, knowledge: knowledge, ownOrigin: state.ownOrigin, tracker: &tracker)
        } catch {
            throw .table(error)
        }
        let conflicts = journal(applied, of: name)
        // A block that brought nothing new (a second copy from another member) needs no place in the log.
        guard applied.changed > 0 else { return (applied, max(conflicts, known(table))) }
        return (applied, max(conflicts, logged(table) { LogRecord.rows($0, block: block, to: &$1) }))
    }

    /// The end of a complete snapshot of some buckets (SNP-010): removes what did not come and the sender had known of.
    /// - Parameter tracker: nil when `Table.privateTracker` gave none.
    /// - Returns: ids of the live rows removed.
    public func prune(
        _ name: TableName, buckets: ClosedRange<Int>, vector: VersionVector, collected: VersionVector,
        tracker: SnapshotTracker?
    ) throws(StorageError) -> (removed: [RowID], position: LSN) {
        let table = try instance(name)
        let isKnown = table.collected.covers(collected)
        let removed = table.prune(buckets: buckets, vector: vector, collected: collected, tracker: tracker)
        if !removed.isEmpty { scanBreaks += 1 }
        if isKnown, removed.isEmpty { return (removed, known(table)) }
        return (removed, logged(table) { LogRecord.removals($0, removed, vector: vector, collected: collected, to: &$1) })
    }

    /// Merges a vector whose operations are all incorporated now (SNP-014).
    @discardableResult
    public func adopt(_ name: TableName, _ vector: VersionVector) throws(StorageError) -> LSN {
        let table = try instance(name)
        guard !table.vector.covers(vector) else { return known(table) }
        table.adopt(vector)
        return logged(table) { LogRecord.vector($0, vector, to: &$1) }
    }

    /// The end of a snapshot: `prune` over the whole range when it was complete, then `adopt` when all buckets have come.
    /// - Parameter tracker: nil when the snapshot was not complete.
    public func finishSnapshot(
        _ name: TableName, buckets: ClosedRange<Int>, vector: VersionVector, collected: VersionVector, tracker: SnapshotTracker?,
        adopting: VersionVector?
    ) throws(StorageError) -> (removed: [RowID], position: LSN) {
        var removed: [RowID] = []
        var position: LSN = 0
        if let tracker {
            (removed, position) = try prune(name, buckets: buckets, vector: vector, collected: collected, tracker: tracker)
        }
        if let adopting { position = max(position, try adopt(name, adopting)) }
        return (removed, position)
    }

    /// Removes for good the rows of `owner` from before `incarnation` in all `owner` tables (MRG-013).
    /// - Returns: live rows removed.
    @discardableResult
    public func purge(owner: NodeID, below incarnation: Incarnation) throws(StorageError) -> (removed: Int, position: LSN) {
        try checkWritable()
        var removed = 0
        var position: LSN = 0
        for table in allTables where table.definition.merge == .owner {
            guard table.store.minimumIncarnations[owner] ?? 0 < incarnation else { continue }
            removed += table.purge(owner: owner, below: incarnation)
            position = max(position, logged(table) { LogRecord.purge($0, owner: owner, below: incarnation, to: &$1) })
        }
        return (removed, position)
    }

    /// Turns the vector's entries of a dead incarnation, and of those before it, into a floor (VER-008).
    @discardableResult
    public func compact(_ name: TableName, _ origin: Origin) throws(StorageError) -> LSN {
        let table = try instance(name)
        table.compact(origin)
        var floor = VersionVector()
        floor.raise(origin, to: VersionVector.whole)
        return logged(table) { LogRecord.vector($0, floor, to: &$1) }
    }

    /// Removes tombstones that every member covers, in the next buckets of a round through the table.
    /// - Returns: how many; none while a checkpoint is being written.
    @discardableResult
    public func collectTombstones(
        _ name: TableName, coveredBy vector: VersionVector, buckets: Int = 64
    ) throws(StorageError) -> Int {
        let table = try instance(name)
        guard !isScanned else { return 0 }
        let first = table.collectionBucket
        let count = table.collectTombstones(coveredBy: vector, buckets: buckets)
        guard count > 0 else { return 0 }
        _ = logged(table) { LogRecord.collection($0, first: first, buckets: buckets, vector: vector, to: &$1) }
        return count
    }

    /// Re-dots this node's rows of a life whose sequences were issued twice (MBR-021).
    /// - Returns: what is to be streamed, for each table that had such rows.
    func rebase(from old: Origin, to new: Origin) -> [(table: TableName, runs: [OperationRun])] {
        var result: [(table: TableName, runs: [OperationRun])] = []
        for table in allTables {
            let runs = table.rebase(from: old, to: new)
            _ = logged(table) { LogRecord.forget($0, old, to: &$1) }
            for run in runs { _ = log(run, of: table) }
            if !runs.isEmpty { result.append((table.definition.name, runs)) }
        }
        return result
    }

    private func log(_ run: OperationRun, of table: Table) -> LSN {
        logged(table) { name, log in
            LogRecord.operations(name, origin: run.origin, first: run.first, count: run.count, groups: run.groups, to: &log)
        }
    }

    private func journal(_ applied: Applied, of name: TableName) -> LSN {
        guard !applied.conflicts.isEmpty else { return 0 }
        return state.advance(by: applied.conflicts.reduce(0) { $0 + journal.append(name, $1) })
    }
}

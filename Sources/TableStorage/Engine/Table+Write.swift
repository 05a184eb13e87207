public import ClusterModel
internal import WireFormat

extension Table {
    /// Applies an atomic group of this node's own operations (REP-003) under the sequences after the vector's entry of `origin`.
    /// The encoded group also goes to the recent operations.
    /// - Parameters:
    ///   - operations: 1 to `Limits.batchOperations`, keys and values within their limits. A key of a `bag` is deleted row by row:
    ///     see `rows(_:)`.
    ///   - stamp: newer than any that this node has issued or seen.
    public func write(_ operations: [Operation], stamp: Stamp, origin: Origin) -> OperationRun {
        let first = vector.sequence(of: origin) + 1
        let last = first + UInt64(operations.count) - 1
        store.write(operations, stamp: stamp, origin: origin, first: first)
        vector.raise(origin, to: last)
        var groups: [UInt8] = []
        OperationGroups.append(OperationGroup(stamp: stamp, operations: operations), to: &groups)
        recent.append(groups, origin: origin, first: first, last: last)
        return OperationRun(origin: origin, first: first, last: last, groups: groups)
    }

    /// Applies operations of one origin: a peer's, or from the log (no `knowledge`: then no conflicts are looked for). What is
    /// covered already is skipped; what lies beyond a gap becomes a pending interval.
    /// - Parameters:
    ///   - groups: encoded operation groups (REP-004).
    ///   - first: sequence of the first operation.
    ///   - ownOrigin: this node's current origin.
    /// - Throws: `malformed` or `full`; nothing was applied.
    public func apply(
        groups: Span<UInt8>, origin: Origin, first: UInt64, knowledge: WriterKnowledge? = nil, ownOrigin: Origin? = nil
    ) throws(TableError) -> Applied {
        guard !isFull else { throw .full }
        do throws(DecodingError) {
            let count = try OperationGroups.validate(groups)
            guard count > 0 else { return Applied() }
            let (last, overflow) = first.addingReportingOverflow(UInt64(count) - 1)
            guard first > 0, !overflow, last < VersionVector.whole else {
                throw DecodingError(.outOfRange, offset: 0, field: "operations.first")
            }
            let judge = knowledge.map { ConflictJudge(knowledge: $0, ownOrigin: ownOrigin) }
            let applied = try store.apply(groups, origin: origin, first: first, covered: covered(origin), judge: judge)
            incorporate(PendingInterval(origin: origin, first: first, last: last))
            return applied
        } catch {
            throw .malformed(error)
        }
    }

    /// Merges a raw row block (SNP-022) that a snapshot brought. Does not change the vector.
    /// - Parameters:
    ///   - knowledge: its vector is the sender's at SNAP_BEGIN.
    ///   - tracker: given for a complete snapshot; remembers what came, for `prune`.
    /// - Throws: `full`, nothing was merged; `malformed`, rows before the fault may have been merged, which does no harm.
    public func merge(
        block: Span<UInt8>, knowledge: WriterKnowledge? = nil, ownOrigin: Origin? = nil, tracker: inout SnapshotTracker?
    ) throws(TableError) -> Applied {
        guard !isFull else { throw .full }
        let judge = knowledge.map { knowledge in
            ConflictJudge(knowledge: knowledge, ownOrigin: ownOrigin) { dot in self.covered(dot.origin).contains(dot.sequence) }
        }
        do throws(DecodingError) {
            return try store.merge(block: block, covered: { self.covered($0) }, judge: judge, tracker: &tracker)
        } catch {
            throw .malformed(error)
        }
    }

    /// Takes back a raw row block of a checkpoint of this table.
    /// - Throws: as `merge`.
    public func load(block: Span<UInt8>) throws(TableError) {
        guard !isFull else { throw .full }
        var tracker: SnapshotTracker?
        do throws(DecodingError) {
            _ = try store.merge(block: block, covered: nil, judge: nil, tracker: &tracker)
        } catch {
            throw .malformed(error)
        }
    }

    /// Sets what a checkpoint recorded beside the rows.
    public func restore(vector: VersionVector, collected: VersionVector, pending: [PendingInterval]) {
        self.vector = vector
        self.collected = collected
        self.pending = []
        for interval in pending where interval.first > 0 && interval.first <= interval.last && interval.last < VersionVector.whole
        {
            incorporate(interval)
        }
    }

    /// Makes room in the hash index for this many rows at once.
    public func reserve(rows: Int) { store.reserve(rows: rows) }

    /// The end of a complete snapshot of `buckets`: removes each row there that did not come and whose dot the sender's vector
    /// covers, because it was deleted at the sender (SNP-010). May be called for one part of the range after the other; then
    /// comes `adopt`. Tombstones stay until they are collected.
    /// - Parameters:
    ///   - vector: of SNAP_BEGIN.
    ///   - collected: of SNAP_BEGIN: who lacks the tombstones that the sender collected cannot get them from here either (SNP-031).
    ///   - tracker: nil when nothing can be missing, because all rows here came by this snapshot: see `privateTracker`.
    /// - Returns: ids of the rows removed.
    public func prune(
        buckets: ClosedRange<Int>, vector: VersionVector, collected: VersionVector, tracker: SnapshotTracker?
    ) -> [RowID] {
        self.collected.merge(collected)
        guard let tracker else { return [] }
        return store.prune(buckets, Coverage(vector), tracker)
    }

    /// The tracker for a complete snapshot that begins now, into a table that nothing else is merged into until `prune`: no
    /// operations and no other snapshot, as in a generation that a join fills. A table that is empty then needs none.
    public func privateTracker() -> SnapshotTracker? { rowCount + tombstoneCount == 0 ? nil : SnapshotTracker() }

    /// Merges a vector whose operations are all incorporated now, and closes the gaps that it fills (SNP-014).
    public func adopt(_ vector: VersionVector) {
        self.vector.merge(vector)
        let open = pending
        pending = []
        for interval in open { incorporate(interval) }
    }

    /// Re-dots the rows of `old`, whose sequences turned out to have been issued twice, as operations of `new` with the same
    /// stamps, and forgets `old` (MBR-021). The recent operations are these from now on.
    /// - Returns: what is to be logged and streamed, in order.
    public func rebase(from old: Origin, to new: Origin) -> [OperationRun] {
        let first = vector.sequence(of: new) + 1
        let groups = store.rebase(from: old, to: new, first: first)
        vector.forget(old)
        collected.forget(old)
        pending.removeAll { $0.origin == old }
        recent.removeAll()
        var runs: [OperationRun] = []
        var next = first
        for group in groups {
            let last = next + UInt64(group.count) - 1
            recent.append(group.bytes, origin: new, first: next, last: last)
            runs.append(OperationRun(origin: new, first: next, last: last, groups: group.bytes))
            next = last + 1
        }
        vector.raise(new, to: next - 1)
        return runs
    }

    // MARK: Progress

    /// Intervals that are remembered; streams begin anew far less often than snapshots fill the gaps.
    private static let pendingLimit = 1024

    private func covered(_ origin: Origin) -> CoveredSequences {
        let intervals = pending.isEmpty ? [] : pending.filter { $0.origin == origin }.map { $0.first...$0.last }
        return CoveredSequences(through: vector.sequence(of: origin), intervals: intervals)
    }

    /// Raises the vector over operations that were applied, or remembers them as pending.
    private func incorporate(_ interval: PendingInterval) {
        var whole = interval
        pending.removeAll { other in
            guard other.origin == whole.origin, other.first <= whole.last + 1, whole.first <= other.last + 1 else { return false }
            whole.first = min(whole.first, other.first)
            whole.last = max(whole.last, other.last)
            return true
        }
        let through = vector.sequence(of: whole.origin)
        if whole.last <= through { return }
        if whole.first <= through + 1 {
            vector.raise(whole.origin, to: whole.last)
        } else {
            let place = pending.firstIndex { ($0.origin, $0.first) > (whole.origin, whole.first) } ?? pending.count
            pending.insert(whole, at: place)
            // To forget one is harmless: its operations will be merged once more.
            if pending.count > Self.pendingLimit { pending.removeFirst() }
        }
    }
}

internal import ClusterModel
internal import WireFormat

extension RowStore {
    mutating func reserve(rows: Int) { index.reserve(rows: rows) }

    /// Removes the live rows that a complete snapshot did not bring although the sender's vector covers them.
    mutating func prune(_ buckets: ClosedRange<Int>, _ coverage: Coverage, _ tracker: SnapshotTracker) -> [RowID] {
        var coverage = coverage
        coverage.refresh(records.origins)
        let received = tracker.received(buckets)
        var removed: [RowID] = []
        for bucket in buckets where index.count(bucket) > 0 {
            for reference in missing(in: bucket, coverage, received) {
                let record = records[reference]
                guard let place = find(records.id(of: record), records.hash(of: record)) else { continue }
                removed.append(records.rowID(of: record))
                remove(place)
            }
            index.shrink(bucket)
        }
        return removed
    }

    /// Looks at the slots of what came and leaves the records alone; only of what did not come the record is looked at.
    private func missing(
        in bucket: Int, _ coverage: Coverage, _ received: SnapshotTracker.Received
    ) -> [UInt32] {
        var isReceived = [Bool](repeating: false, count: index.slotCount(bucket))
        for hash in received.present(bucket) {
            let fingerprint = HashIndex.fingerprint(hash)
            var place = index.home(bucket, fingerprint)
            while index[bucket, place] != 0, index[bucket, place] &>> 32 < UInt64(fingerprint) { place &+= 1 }
            let first = place
            while index[bucket, place] != 0, index[bucket, place] &>> 32 == UInt64(fingerprint) { place &+= 1 }
            for same in first..<place where place == first + 1 || hash == self.hash(bucket, same) { isReceived[same] = true }
        }
        var missing: [UInt32] = []
        for place in isReceived.indices where !isReceived[place] {
            let reference = UInt32(truncatingIfNeeded: index[bucket, place])
            guard reference != 0 else { continue }
            let record = records[reference]
            guard !record.isTombstone, coverage.covers(record), !received.isAbsent(records.hash(of: record)) else { continue }
            missing.append(reference)
        }
        return missing
    }

    private func hash(_ bucket: Int, _ place: Int) -> UInt64 {
        records.hash(of: records[UInt32(truncatingIfNeeded: index[bucket, place])])
    }

    /// - Returns: the dots of the tombstones removed.
    mutating func collectTombstones(_ buckets: ClosedRange<Int>, _ coverage: Coverage) -> VersionVector {
        var coverage = coverage
        coverage.refresh(records.origins)
        var dots = VersionVector()
        for bucket in buckets where index.tombstones(bucket) > 0 {
            removeAll(in: bucket...bucket) { (records, record) in
                guard record.isTombstone, coverage.covers(record) else { return false }
                dots.raise(records.origins[record.origin], to: record.sequence)
                return true
            }
        }
        return dots
    }

    /// Shows the rows of all owners but these.
    mutating func hide(_ owners: Set<NodeID>) {
        let changed = owners.symmetricDifference(records.origins.hidden)
        records.origins.hidden = owners
        guard recordsChanges, shape.hasOwner, !changed.isEmpty else { return }
        var seen: [Row] = []
        for bucket in 0..<Limits.buckets {
            forEachReference(bucket) { reference in
                let record = records[reference]
                guard !record.isTombstone, changed.contains(records.origins[record.origin].node) else { return }
                seen.append(isHidden(record) ? removal(record) : records.row(record))
            }
        }
        changes += seen
    }

    mutating func purge(_ owner: NodeID, below incarnation: Incarnation) -> Int {
        minimumIncarnations[owner] = max(incarnation, minimumIncarnations[owner] ?? 0)
        let isStale: (Origin) -> Bool = { $0.node == owner && $0.incarnation < incarnation }
        guard records.origins.entries.contains(where: { $0.uses > 0 && isStale($0.origin) }) else { return 0 }
        return removeAll(in: 0...(Limits.buckets - 1)) { (records, record) in isStale(records.origins[record.origin]) }
    }

    mutating func drop(upTo floor: Stamp) {
        self.floor = floor
        removeAll(in: 0...(Limits.buckets - 1)) { (_, record) in record.stamp <= floor }
    }

    mutating func removeAll() {
        if recordsChanges {
            removeAll(in: 0...(Limits.buckets - 1)) { (_, _) in true }
        }
        var empty = RowStore(shape: shape)
        empty.takeSettings(from: self)
        self = empty
    }

    /// Merges all rows anew under the row ids of another shape.
    mutating func reshape(_ shape: RowShape) {
        var reshaped = RowStore(shape: shape)
        for bucket in 0..<Limits.buckets {
            forEachReference(bucket) { reference in
                let record = records[reference]
                var applied = Applied()
                let row = reshaped.incoming(
                    record.isTombstone ? .delete : .put, record.key, record.value, records.version(of: record))
                reshaped.merge(row, reshaped.hash(row), nil, &applied)
            }
        }
        reshaped.takeSettings(from: self)
        self = reshaped
    }

    private mutating func takeSettings(from old: borrowing RowStore) {
        floor = old.floor
        minimumIncarnations = old.minimumIncarnations
        records.origins.succeed(old.records.origins)
        recordsChanges = old.recordsChanges
        changes = old.changes
    }

    // MARK: Rebase

    /// An encoded group and how many operations are in it.
    struct EncodedGroup {
        var count: Int
        var bytes: [UInt8]
    }

    /// Gives the records of `old` dots of `new` in the order in which they were written.
    mutating func rebase(from old: Origin, to new: Origin, first: UInt64) -> [EncodedGroup] {
        var found: [(sequence: UInt64, reference: UInt32)] = []
        for bucket in 0..<Limits.buckets {
            forEachReference(bucket) { reference in
                let record = records[reference]
                if records.origins[record.origin] == old { found.append((record.sequence, reference)) }
            }
        }
        found.sort { $0.sequence < $1.sequence }
        var groups: [EncodedGroup] = []
        var group = OperationGroup(stamp: .zero, operations: [])
        for (offset, item) in found.enumerated() {
            let record = records[item.reference]
            if record.stamp != group.stamp || group.operations.count == Limits.batchOperations {
                Self.finish(&group, &groups)
                group.stamp = record.stamp
            }
            group.operations.append(
                Operation(record.isTombstone ? .delete : .put, key: record.key.array, value: record.value.array))
            redot(item.reference, Dot(origin: new, sequence: first + UInt64(offset)))
        }
        Self.finish(&group, &groups)
        return groups
    }

    private static func finish(_ group: inout OperationGroup, _ groups: inout [EncodedGroup]) {
        guard !group.operations.isEmpty else { return }
        groups.append(EncodedGroup(count: group.operations.count, bytes: OperationGroups.encode([group])))
        group.operations = []
    }
}

public import ClusterModel

extension Table {
    /// Takes over a newer definition of the same name; a higher floor drops the rows at or below it (TAB-011). Rows that remain
    /// under another type or merge rule are merged anew under their new row ids.
    public func update(_ definition: TableDefinition) {
        self.definition = definition
        if definition.floor > store.floor { drop(rowsUpTo: definition.floor) }
        let shape = RowShape(type: definition.type, merge: definition.merge)
        if shape != store.shape { store.reshape(shape) }
    }

    /// Removes tombstones whose dot `vector` covers, in the next buckets of a round through the table.
    /// - Returns: how many.
    public func collectTombstones(coveredBy vector: VersionVector, buckets: Int = 64) -> Int {
        guard tombstoneCount > 0 else { return 0 }
        let before = tombstoneCount
        let end = min(collectionBucket + buckets, Limits.buckets)
        collected.merge(store.collectTombstones(collectionBucket...(end - 1), Coverage(vector)))
        collectionBucket = end % Limits.buckets
        return before - tombstoneCount
    }

    /// Removes for good the rows and tombstones of `owner` that incarnations before `incarnation` wrote, and ignores such from
    /// now on (MRG-013). Only for an `owner` table; elsewhere nothing happens.
    /// - Returns: how many live rows went.
    public func purge(owner: NodeID, below incarnation: Incarnation) -> Int {
        guard store.shape.hasOwner else { return 0 }
        return store.purge(owner, below: incarnation)
    }

    /// Turns the vector's entries of a dead incarnation, and of those before it, into a floor (VER-008).
    public func compact(_ origin: Origin) {
        vector.raise(origin, to: VersionVector.whole)
        pending.removeAll { vector.sequence(of: $0.origin) == VersionVector.whole }
        // Exact entries spare peers a complete snapshot; they are given up when restarts have left too many.
        if collected.entries.count > Limits.vectorEntries / 4, collected.sequence(of: origin) > 0 {
            collected.raise(origin, to: VersionVector.whole)
        }
    }

    /// Removes all rows and tombstones stamped at or below `floor` and ignores such from now on (TAB-011).
    public func drop(rowsUpTo floor: Stamp) {
        definition.floor = max(definition.floor, floor)
        store.drop(upTo: definition.floor)
    }

    /// Back to the state of a new table of this definition: no rows, empty vector, nothing to stream.
    public func removeAll() {
        store.removeAll()
        vector = VersionVector()
        collected = VersionVector()
        pending = []
        recent.removeAll()
        collectionBucket = 0
    }
}

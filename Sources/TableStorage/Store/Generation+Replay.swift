internal import ClusterModel

extension Generation {
    /// Does again what a record of the log says (DSK-024). Idempotent: a checkpoint may hold the effect already.
    /// - Returns: whether the record is not covered by the table's checkpoint.
    func replay(
        _ type: RecordType, _ body: Span<UInt8>, in segment: UInt64, from first: [TableName: UInt64]
    ) throws(BodyError) -> Bool {
        var body = body
        let name = try body.takeTableName()
        guard let known = catalogue[name] else { throw BodyError("table") }
        // A table that is in memory now was on the disk in an earlier life: its rows of that time are gone.
        guard known.storage == .disc, segment >= first[name] ?? 0 else { return false }
        if type == .definition {
            replay(try body.takeDefinition())
            try body.finish("definition")
            return true
        }
        guard let table = instances[name] else { throw BodyError("table") }
        switch type {
        case .operations: try replayOperations(table, body)
        case .rows: try table.replay(block: body)
        case .vector: table.adopt(try body.takeVector("vector"))
        case .removals: try replayRemovals(table, body)
        case .purge:
            let origin = try body.takeOrigin("owner")
            _ = table.purge(owner: origin.node, below: origin.incarnation)
        case .collection: try replayCollection(table, body)
        case .forget: table.forget(try body.takeOrigin("origin"))
        case .reset: table.removeAll()
        case .progress:
            let vector = try body.takeVector("vector")
            let collected = try body.takeVector("collected")
            table.restore(vector: vector, collected: collected, pending: try body.takeIntervals("pending"))
        case .manifest, .node, .clock, .members, .catalogue, .logStart, .barrier, .definition, .checkpointBegin, .checkpointEnd,
            .conflict:
            throw BodyError("type")
        }
        return true
    }

    private func replay(_ definition: TableDefinition) {
        if let table = instances[definition.name] {
            table.update(definition)
        } else {
            instances[definition.name] = Table(definition: definition)
        }
    }

    private func replayOperations(_ table: Table, _ body: Span<UInt8>) throws(BodyError) {
        var body = body
        let origin = try body.takeOrigin("origin")
        let first = try body.take(UInt64.self, "first")
        let count = try body.take(UInt32.self, "count")
        guard Int(try body.take(UInt32.self, "groups")) == body.count, count > 0, first > 0 else { throw BodyError("groups") }
        do throws(TableError) {
            _ = try table.apply(groups: body, origin: origin, first: first)
        } catch {
            throw BodyError(error)
        }
    }

    private func replayCollection(_ table: Table, _ body: Span<UInt8>) throws(BodyError) {
        var body = body
        let first = Int(try body.take(UInt16.self, "first"))
        let buckets = Int(try body.take(UInt16.self, "buckets"))
        guard first < Limits.buckets, buckets > 0 else { throw BodyError("buckets") }
        let vector = try body.takeVector("vector")
        try body.finish("collection")
        table.collectionBucket = first
        _ = table.collectTombstones(coveredBy: vector, buckets: buckets)
    }

    private func replayRemovals(_ table: Table, _ body: Span<UInt8>) throws(BodyError) {
        var body = body
        let vector = try body.takeVector("vector")
        let collected = try body.takeVector("collected")
        let count = try body.take(UInt32.self, "count")
        table.restore(vector: table.vector, collected: table.collected.merged(with: collected), pending: table.pending)
        for _ in 0..<count { table.remove(try body.takeRowID(), coveredBy: vector) }
        try body.finish("removals")
    }
}

extension VersionVector {
    fileprivate func merged(with other: VersionVector) -> VersionVector {
        var result = self
        result.merge(other)
        return result
    }
}

extension BodyError {
    init(_ error: TableError) {
        switch error {
        case .malformed(let error): self.init(error)
        case .full: self.init("full")
        case .invalidCursor: self.init("cursor")
        }
    }
}

extension Table {
    /// Takes back a row block of a checkpoint.
    /// - Returns: rows in it.
    func load(checkpoint block: Span<UInt8>) throws(BodyError) -> UInt64 {
        do throws(TableError) {
            try load(block: block)
        } catch {
            throw BodyError(error)
        }
        return UInt64(block.bigEndian(UInt32.self, at: 0))
    }

    /// Merges a row block of the log: with the vector of that moment, as then.
    fileprivate func replay(block: Span<UInt8>) throws(BodyError) {
        var tracker: SnapshotTracker?
        do throws(TableError) {
            _ = try merge(block: block, tracker: &tracker)
        } catch {
            throw BodyError(error)
        }
    }

    /// Forgets what is known of an origin (MBR-021).
    fileprivate func forget(_ origin: Origin) {
        var vector = vector
        var collected = collected
        vector.forget(origin)
        collected.forget(origin)
        restore(vector: vector, collected: collected, pending: pending.filter { $0.origin != origin })
    }
}

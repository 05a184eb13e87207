internal import ClusterModel

extension Generation {
    /// Does again what a record of the log says (DSK-024). Idempotent: a checkpoint may hold the effect already.
    /// - Returns: whether the record was for a table that is kept on the disk and is not covered by its checkpoint.
    func replay(
        _ type: RecordType, _ body: Span<UInt8>, in segment: UInt64, from first: [TableName: UInt64]
    ) throws(BodyError) -> Bool {
        var body = body
        let name = try body.takeTableName()
        guard let table = instances[name] else { throw BodyError("table") }
        // A table that is in memory now was on the disk in an earlier life: its rows of that time are gone.
        guard table.definition.storage == .disc, segment >= first[name] ?? 0 else { return false }
        switch type {
        case .operations: try replayOperations(table, body)
        case .rows: _ = try table.replay(block: body)
        case .vector: table.adopt(try body.takeVector("vector"))
        case .removals: try replayRemovals(table, body)
        case .purge:
            let origin = try body.takeOrigin("owner")
            _ = table.purge(owner: origin.node, below: origin.incarnation)
        case .forget: table.forget(try body.takeOrigin("origin"))
        case .reset:
            let vector = try body.takeVector("vector")
            table.removeAll()
            table.restore(vector: vector, collected: VersionVector(), pending: [])
        case .manifest, .node, .clock, .members, .catalogue, .logStart, .barrier, .checkpointBegin, .checkpointEnd, .conflict:
            throw BodyError("type")
        }
        return true
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

    private func replayRemovals(_ table: Table, _ body: Span<UInt8>) throws(BodyError) {
        var body = body
        let vector = try body.takeVector("vector")
        let count = try body.take(UInt32.self, "count")
        for _ in 0..<count { table.remove(try body.takeRowID(), coveredBy: vector) }
        try body.finish("removals")
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
    /// Merges the row block of a record.
    /// - Returns: rows in the block.
    func replay(block: Span<UInt8>) throws(BodyError) -> Int {
        do throws(TableError) {
            try load(block: block)
            return Int(block.bigEndian(UInt32.self, at: 0))
        } catch {
            throw BodyError(error)
        }
    }

    /// Forgets what is known of an origin (MBR-021).
    func forget(_ origin: Origin) {
        var vector = vector
        vector.forget(origin)
        restore(vector: vector, collected: collected, pending: pending.filter { $0.origin != origin })
    }
}

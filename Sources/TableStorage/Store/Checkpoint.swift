internal import ClusterModel
internal import WireFormat

/// What a checkpoint says before its rows (DSK-040).
struct CheckpointBegin {
    /// As it was when the checkpoint was begun: rows are read under it, the log says how it changed.
    var definition: TableDefinition
    /// Live rows and tombstones when it was begun: how much room a loader makes.
    var rows: UInt64
    /// The log from the beginning of this segment on says what happened since.
    var segment: UInt64
    /// The table's vector at that moment. Rows may be newer; merging them is idempotent.
    var vector: VersionVector
    /// What was applied beyond gaps at that moment.
    var pending: [PendingInterval]

    func write(to body: inout [UInt8]) {
        body.appendDefinition(definition)
        body.appendBigEndian(rows)
        body.appendBigEndian(segment)
        body.appendVector(vector)
        body.appendIntervals(pending)
    }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> CheckpointBegin {
        var body = body
        let definition = try body.takeDefinition()
        let rows = try body.take(UInt64.self, "rows")
        let segment = try body.take(UInt64.self, "segment")
        let vector = try body.takeVector("vector")
        let pending = try body.takeIntervals("pending")
        try body.finish("checkpointBegin")
        return CheckpointBegin(
            definition: definition, rows: rows, segment: segment, vector: vector, pending: pending)
    }
}

/// What a checkpoint says after its rows: without it the file is not whole (DSK-041).
struct CheckpointEnd {
    /// Rows and tombstones written.
    var rows: UInt64
    /// Dots of collected tombstones, when the last row was written: later than the rows, so that it covers every gap in them.
    var collected: VersionVector

    func write(to body: inout [UInt8]) {
        body.appendBigEndian(rows)
        body.appendVector(collected)
    }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> CheckpointEnd {
        var body = body
        let end = CheckpointEnd(rows: try body.take(UInt64.self, "rows"), collected: try body.takeVector("collected"))
        try body.finish("checkpointEnd")
        return end
    }
}

/// A checkpoint of all disc tables in progress (DSK-042): the log was rotated, and one table after another is written beside
/// its old checkpoint, a slice of rows at a time, while the tables go on changing.
struct Checkpoint {
    /// Bytes of a table file after which it is synced, so that no single sync holds up the log for long.
    private static let syncSize = 2 * 1024 * 1024

    private let generation: UInt64
    /// The log from here on is not covered by the checkpoint.
    let segment: UInt64
    /// `Generation.scanBreaks` when the log was rotated.
    let scanBreaks: Int
    /// Tables still to be written, the next one last, with their beginnings as they were when the log was rotated.
    private var waiting: [(begin: CheckpointBegin, table: Table)]
    private var current: Writing?

    private struct Writing {
        var name: String
        var table: Table
        var scanner: DeltaScanner
        var rows: UInt64 = 0
        var unsynced = 0

        var temporary: String { name + DiskName.temporarySuffix }

        mutating func append(_ chunk: DeltaScanner.Chunk) -> [DiskBatch.Step] {
            guard !chunk.block.isEmpty else { return [] }
            rows += UInt64(chunk.rows)
            var record: [UInt8] = []
            record.reserveCapacity(chunk.block.count + RecordFormat.frameSize)
            record.appendRecord(.rows) { $0 += chunk.block }
            unsynced += record.count
            guard unsynced > Checkpoint.syncSize else { return [.append(temporary, record)] }
            unsynced = 0
            return [.append(temporary, record), .sync(temporary)]
        }
    }

    /// - Parameter tables: the disc tables, ascending by name.
    init(generation: UInt64, segment: UInt64, scanBreaks: Int, tables: [Table]) {
        self.generation = generation
        self.scanBreaks = scanBreaks
        self.segment = segment
        waiting = tables.reversed().map { table in
            let begin = CheckpointBegin(
                definition: table.definition, rows: UInt64(table.rowCount + table.tombstoneCount), segment: segment,
                vector: table.vector, pending: table.pending)
            return (begin, table)
        }
    }

    /// One slice: work for about `Limits.chunkRaw` bytes of rows.
    /// - Returns: nil when every table is written; `finish` follows then.
    mutating func next() -> [DiskBatch.Step]? {
        guard var writing = current else { return beginTable() }
        guard let chunk = writing.scanner.next(writing.table) else {
            current = nil
            return endTable(writing) + (beginTable() ?? [])
        }
        let steps = writing.append(chunk)
        current = writing
        return steps
    }

    private mutating func beginTable() -> [DiskBatch.Step]? {
        guard let (begin, table) = waiting.popLast() else { return nil }
        let name = DiskName.checkpoint(generation, table: begin.definition.name)
        current = Writing(
            name: name, table: table,
            scanner: table.deltaScan(buckets: 0...(Limits.buckets - 1), have: VersionVector(), complete: true))
        var bytes = RecordFormat.header(.checkpoint)
        bytes.appendRecord(.checkpointBegin) { begin.write(to: &$0) }
        return [.create(name + DiskName.temporarySuffix, bytes)]
    }

    private func endTable(_ writing: Writing) -> [DiskBatch.Step] {
        var record: [UInt8] = []
        let end = CheckpointEnd(rows: writing.rows, collected: writing.table.collected)
        record.appendRecord(.checkpointEnd) { end.write(to: &$0) }
        let temporary = writing.temporary
        return [
            .append(temporary, record), .sync(temporary), .close(temporary), .rename(temporary, to: writing.name),
        ]
    }

    /// The steps after the last table: only when the new files are durable does the log start later, and only then do old
    /// segments go.
    func finish(_ removals: [DiskBatch.Step]) -> [DiskBatch.Step] {
        let directory = DiskName.generation(generation)
        var steps: [DiskBatch.Step] = [.syncDirectory(directory)]
        steps.append(.replace(DiskName.logStart(generation), LogStart(segment: segment).fileBytes))
        return steps + removals + [.syncDirectory(directory)]
    }

    /// Gives up: the half-written file is closed and removed.
    func abandon() -> [DiskBatch.Step] {
        guard let writing = current else { return [] }
        let temporary = writing.temporary
        return [.close(temporary), .remove(temporary)]
    }
}

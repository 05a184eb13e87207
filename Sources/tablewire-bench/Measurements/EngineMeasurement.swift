import ClusterModel
import TableStorage

/// What one table in memory does in a second, each operation over all rows, one thread.
struct EngineMeasurement: Sendable {
    var rows: Int
    var workload: Workload
    var type: TypeOption

    func run() throws -> (line: ResultLine, text: String) {
        var steps = StepTable()
        let source = EngineTable(type: type.type, workload: workload)
        let before = ProcessFigures.own.memory
        let operations = makeOperations()
        let prepared = ProcessFigures.own.memory
        steps.measure("insert", rows: rows) { for group in operations { source.write(group) } }
        let grown = ProcessFigures.own.memory - prepared
        let memory = source.table.memory
        guard source.table.rowCount == rows else { throw MeasurementError("\(source.table.rowCount) of \(rows) rows are there") }
        try measureReads(source, &steps)
        steps.measure("overwrite", rows: rows) { for group in operations { source.write(group) } }
        try measureCopies(source, operations, &steps)
        steps.measure("delete", rows: rows) { delete(operations, from: source) }
        guard source.table.rowCount == 0 else { throw MeasurementError("rows are left after deleting all") }
        var line = ResultLine(
            "engine", rows: rows, valueBytes: workload.valueBytes, seconds: steps.seconds,
            rate: Double(rows) / (steps.steps.first?.seconds ?? 1), peakMemory: ProcessFigures.own.peakMemory)
        line["shape"] = .text(type.rawValue)
        line["table_bytes_per_row"] = .number(Double(memory) / Double(rows))
        line["rss_bytes_per_row"] = .number(grown * 1_048_576 / Double(rows))
        line["prepared_mb"] = .number(prepared - before)
        steps.add(to: &line)
        steps.note("bytes a row, by the table's own count", Double(memory) / Double(rows))
        steps.note("bytes a row, resident", grown * 1_048_576 / Double(rows))
        return (line, steps.text)
    }

    /// Groups of a thousand, in the order of their numbers.
    private func makeOperations() -> [[Operation]] {
        stride(from: 0, to: rows, by: 1000).map { start in
            (start..<min(start + 1000, rows)).map {
                Operation(.put, key: workload.key($0), value: workload.value($0))
            }
        }
    }

    private func measureReads(_ source: EngineTable, _ steps: inout StepTable) throws {
        var random = SplitMix64(seed: 1)
        let count = min(rows, 1_000_000)
        let keys = (0..<count).map { _ in workload.key(Int.random(in: 0..<rows, using: &random)) }
        let missing = (0..<count).map { workload.key(rows + $0) }
        var found = 0
        if type != .bag {
            steps.measure("get", rows: count) { for key in keys { found += source.valueSize(key) } }
            guard found == count * workload.valueBytes else { throw MeasurementError("a read gave a wrong value") }
            steps.measure("get missing", rows: count) { for key in missing { found += source.valueSize(key) } }
            guard found == count * workload.valueBytes else { throw MeasurementError("a missing key was found") }
        }
        found = 0
        steps.measure("get as rows", rows: count) { for key in keys { found += source.table.get(key.span).count } }
        guard found == count else { throw MeasurementError("a read found no row") }
        found = 0
        try steps.measure(type == .orderedSet ? "ordered scan" : "scan", rows: rows) {
            var cursor: [UInt8] = []
            repeat {
                let page = try source.table.scan(prefix: Span<UInt8>(), cursor: cursor.span)
                found += page.rows.count
                cursor = page.next
            } while !cursor.isEmpty
        }
        guard found == rows else { throw MeasurementError("a scan found \(found) of \(rows) rows") }
        steps.measure("digests", rows: rows) { found &+= Int(truncatingIfNeeded: source.table.bucketDigests.reduce(0, &+)) }
    }

    /// What replication does: operations applied, rows scanned for a snapshot, and merged from one.
    private func measureCopies(_ source: EngineTable, _ operations: [[Operation]], _ steps: inout StepTable) throws {
        let follower = EngineTable(type: type.type, workload: workload)
        let runs = encode(operations)
        try steps.measure("apply", rows: rows) {
            for run in runs {
                _ = try follower.table.apply(groups: run.groups.span, origin: run.origin, first: run.first)
            }
        }
        guard follower.table.rowCount == rows else { throw MeasurementError("applied \(follower.table.rowCount) rows") }
        var blocks: [[UInt8]] = []
        steps.measure("delta scan", rows: rows) {
            var scanner = source.table.deltaScan(buckets: 0...Limits.buckets - 1, have: VersionVector(), complete: true)
            while let chunk = scanner.next(source.table) {
                if !chunk.block.isEmpty { blocks.append(chunk.block) }
            }
        }
        steps.measure("delta scan of nothing", rows: rows) {
            let have = source.table.vector
            var scanner = source.table.deltaScan(buckets: 0...Limits.buckets - 1, have: have, complete: false)
            while scanner.next(source.table) != nil {}
        }
        let joiner = EngineTable(type: type.type, workload: workload)
        joiner.table.reserve(rows: rows)
        try steps.measure("merge", rows: rows, bytes: blocks.reduce(0) { $0 + $1.count }) {
            var tracker: SnapshotTracker?
            for block in blocks { _ = try joiner.table.merge(block: block.span, tracker: &tracker) }
        }
        guard joiner.table.digest == source.table.digest else { throw MeasurementError("the copy differs") }
    }

    private func encode(_ operations: [[Operation]]) -> [OperationRun] {
        let origin = Origin(node: NodeID(2), incarnation: 1)
        let writer = Table(definition: EngineTable.definition(type.type))
        return operations.map { writer.write($0, stamp: Stamp(writer.latestStamp.value + 1), origin: origin) }
    }

    private func delete(_ operations: [[Operation]], from source: EngineTable) {
        for group in operations {
            source.write(group.map { Operation(.delete, key: $0.key, value: type == .bag ? $0.value : []) })
        }
    }
}

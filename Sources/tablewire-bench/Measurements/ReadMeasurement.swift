import ClusterModel
import TableStorage

/// Random reads in process, on one thread, of keys that were drawn beforehand.
struct ReadMeasurement: Sendable {
    private static let keysDrawn = 100_000

    var rows: Int
    var workload: Workload
    var type: TypeOption
    var seconds: Double

    func run() throws -> ResultLine {
        let table = EngineTable(type: type.type, workload: workload)
        let before = ProcessFigures.own.memory
        table.fill(0..<rows)
        let grown = ProcessFigures.own.memory - before
        var random = SplitMix64(seed: 1)
        let keys = (0..<Self.keysDrawn).map { _ in workload.key(Int.random(in: 0..<rows, using: &random)) }
        let watch = Stopwatch()
        var (reads, bytes) = (0, 0)
        repeat {
            for index in 0..<1000 { bytes += table.valueSize(keys[(reads + index) % keys.count]) }
            reads += 1000
        } while watch.seconds < seconds
        let elapsed = watch.seconds
        guard bytes == reads * workload.valueBytes else { throw MeasurementError("a read gave a wrong value") }
        var line = ResultLine(
            "read", rows: rows, valueBytes: workload.valueBytes, seconds: elapsed, rate: Double(reads) / elapsed,
            peakMemory: ProcessFigures.own.peakMemory)
        line["shape"] = .text(type.rawValue)
        line["readers"] = .integer(1)
        line["operations"] = .integer(reads)
        line["ns_per_read"] = .number(elapsed * 1e9 / Double(reads))
        line["rss_bytes_per_row"] = .number(grown * 1_048_576 / Double(rows))
        line["table_bytes_per_row"] = .number(Double(table.table.memory) / Double(rows))
        return line
    }
}

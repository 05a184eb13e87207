import ClusterModel
import ProgramTerminal
import TablewireClient

/// An empty node joins one that holds the rows: from the call until every row can be read from the joiner's own copy.
struct JoinMeasurement: Sendable {
    var rows: Int
    var workload: Workload
    var storage: StorageOption
    var type: TypeOption

    func run() async throws -> ResultLine {
        let stage = try Stage()
        let nodes = try await stage.startNodes(2)
        let (seed, joiner) = (nodes[0], nodes[1])
        try await seed.client().create(stage.definition(type.type, storage.kind))
        try await RowLoader.load(0..<rows, of: workload, into: stage.table, over: seed.client())
        try await Waiting.until("the seed to hold the rows") { try await seed.holds(rows, of: workload, in: stage.table) }
        Progress.show("copying")
        let before = try await Moment(seed, joiner)
        for node in nodes { node.figures.resetPeak() }
        let watch = Stopwatch()
        let answer = try await joiner.client().join(seed.address)
        let answered = watch.seconds
        try await Waiting.until("every row to be in the joiner", step: .milliseconds(1)) {
            try await joiner.holds(rows, of: workload, in: stage.table)
        }
        let seconds = watch.seconds
        guard answer.copied == UInt64(rows) else {
            throw MeasurementError("the joiner copied \(answer.copied) of \(rows) rows")
        }
        let after = try await Moment(seed, joiner)
        _ = try await stage.waitForEqualRows(on: nodes)
        return line(seconds: seconds, answered: answered, from: before, to: after)
    }

    private func line(seconds: Double, answered: Double, from before: Moment, to after: Moment) -> ResultLine {
        let loopback = after.loopback - before.loopback
        let wire = after.links.flatMap { end in before.links.map { end - $0 } } ?? loopback
        var line = ResultLine(
            "join", rows: rows, valueBytes: workload.valueBytes, seconds: seconds, peakMemory: after.peaks.joiner,
            bytesOnWire: wire)
        line["table"] = .text(storage.rawValue)
        line["shape"] = .text(type.rawValue)
        line["answer_seconds"] = .number(answered)
        line["rss_seed_mb"] = .number(after.peaks.seed)
        line["rss_bytes_per_row"] = .number((after.peaks.joiner - before.idle) * 1_048_576 / Double(rows))
        line["table_bytes_per_row"] = .number(Double(after.tableMemory) / Double(rows))
        line["wire_bytes_per_row"] = .number(Double(wire) / Double(rows))
        line["cpu_seed_s"] = .number(after.cpu.seed - before.cpu.seed)
        line["cpu_joiner_s"] = .number(after.cpu.joiner - before.cpu.joiner)
        line["lo_bytes"] = .integer(loopback)
        return line
    }

    /// What is counted, at one moment.
    private struct Moment {
        var loopback: Int
        var links: Int?
        var cpu: (seed: Double, joiner: Double)
        var peaks: (seed: Double, joiner: Double)
        /// The joiner's resident size now, MiB.
        var idle: Double
        var tableMemory = 0

        init(_ seed: BenchNode, _ joiner: BenchNode) async throws {
            links = try await joiner.counters().linkBytes
            tableMemory = try await joiner.client().tables().first.map { Int($0.memory) } ?? 0
            cpu = (seed.figures.cpuSeconds, joiner.figures.cpuSeconds)
            peaks = (seed.figures.peakMemory, joiner.figures.peakMemory)
            idle = joiner.figures.memory
            loopback = Machine.loopbackBytes
        }
    }
}

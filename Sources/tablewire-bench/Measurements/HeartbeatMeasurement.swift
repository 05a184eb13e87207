import ClusterModel
import Histogram
import NIOCore
import ProgramTerminal
import Synchronization
import TablewireClient

/// Heartbeats while first copies run one after the other: round trips as the nodes measured them, and what a call takes meanwhile.
struct HeartbeatMeasurement: Sendable {
    var rows: Int
    var workload: Workload
    var seconds: Double
    var preset: String

    func run() async throws -> ResultLine {
        let stage = try Stage()
        let nodes = try await stage.startNodes(2, options: ["--preset", preset])
        let (seed, joiner) = (nodes[0], nodes[1])
        try await seed.client().create(stage.definition())
        try await RowLoader.load(0..<rows, of: workload, into: stage.table, over: seed.client())
        let samples = Samples()
        let watch = Stopwatch()
        let copies = try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await Self.sample(node, into: samples) } }
            defer { group.cancelAll() }
            return try await copy(seed, joiner, until: watch)
        }
        let elapsed = watch.seconds
        var line = ResultLine(
            "heartbeat", rows: rows, valueBytes: workload.valueBytes, seconds: elapsed, rate: Double(copies * rows) / elapsed,
            peakMemory: nodes.map(\.figures.peakMemory).max() ?? 0)
        line["preset"] = .text(preset)
        line["copies"] = .integer(copies)
        try await add(samples, nodes, to: &line)
        return line
    }

    /// Copies again and again.
    private func copy(_ seed: BenchNode, _ joiner: BenchNode, until watch: Stopwatch) async throws -> Int {
        var copies = 0
        while watch.seconds < seconds {
            Progress.show("copy \(copies + 1)")
            let result = try await joiner.client().join(seed.address, mode: .replace)
            guard result.copied == UInt64(rows) else { throw MeasurementError("copied \(result.copied) of \(rows) rows") }
            copies += 1
            try await joiner.client().leave()
        }
        return copies
    }

    /// Asks a node often enough to see each of its heartbeats, and times the asking.
    private static func sample(_ node: BenchNode, into samples: Samples) async throws {
        let client = try await node.connect()
        var known: UInt64 = 0
        while !Task.isCancelled {
            let asked = NIODeadline.now()
            guard let info = try? await client.nodeInfo() else { return }
            let answered = NIODeadline.now()
            let counters = NodeCounters(info)
            let pongs = counters["heartbeat.pongs_under_snapshot"] ?? 0
            samples.add(
                call: UInt64((answered - asked).nanoseconds),
                heartbeat: pongs > known ? counters["heartbeat.round_trip_latest_us"] : nil)
            known = pongs
            try? await Waiting.pause(.milliseconds(5))
        }
    }

    private func add(_ samples: Samples, _ nodes: [BenchNode], to line: inout ResultLine) async throws {
        let (heartbeats, calls) = samples.all
        guard heartbeats.totalCount > 0 else {
            throw MeasurementError("no heartbeat came while rows were copied: take more --rows or --seconds")
        }
        var highest: UInt64 = 0
        var suspicions: UInt64 = 0
        for node in nodes {
            let counters = try await node.counters()
            highest = max(highest, counters["heartbeat.round_trip_highest_under_snapshot_us"] ?? 0)
            suspicions += counters["cluster.suspicions"] ?? 0
        }
        line["heartbeats"] = .integer(Int(heartbeats.totalCount))
        line["p50_us"] = .number(Double(heartbeats.valueAtPercentile(50)))
        line["p99_us"] = .number(Double(heartbeats.valueAtPercentile(99)))
        line["max_us"] = .number(Double(highest))
        line["calls"] = .integer(Int(calls.totalCount))
        line["call_p50_us"] = .number(Double(calls.valueAtPercentile(50)) / 1000)
        line["call_p99_us"] = .number(Double(calls.valueAtPercentile(99)) / 1000)
        line["call_max_us"] = .number(Double(calls.maxRecorded) / 1000)
        line["suspicions"] = .integer(Int(suspicions))
    }

    /// Heartbeats in microseconds, calls in nanoseconds.
    private final class Samples: Sendable {
        private struct State {
            var heartbeats = Histogram<UInt64>(highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: .three)
            var calls = Histogram<UInt64>(highestTrackableValue: 120_000_000_000, numberOfSignificantValueDigits: .three)
        }

        private let state = Mutex(State())

        func add(call: UInt64, heartbeat: UInt64?) {
            state.withLock { state in
                state.calls.record(call)
                if let heartbeat { state.heartbeats.record(heartbeat) }
            }
        }

        var all: (heartbeats: Histogram<UInt64>, calls: Histogram<UInt64>) {
            state.withLock { ($0.heartbeats, $0.calls) }
        }
    }
}

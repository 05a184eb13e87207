import ClusterModel
import Histogram
import NIOCore
import TablewireClient

/// Writers that each have one write in flight, on the one event loop of all their links: no task and no thread a writer.
///
/// Belongs to that loop.
final class WriteLoad {
    struct Shape: Sendable {
        var table: TableName
        var workload: Workload
        var level = AckLevel.all
        var writers = 1
        /// Operations in one write.
        var batch = 1
        /// Writers take turns over disjoint slices of so many keys.
        var keys = 100_000
        var seconds = 4.0
    }

    struct Outcome: Sendable {
        var operations = 0
        var writes = 0
        /// When the first write was sent; before it all keys and values were made.
        var start = NIODeadline.uptimeNanoseconds(0)
        /// Until the last writer had its last answer.
        var seconds = 0.0
        /// Nanoseconds of one write.
        var latencies: Histogram<UInt64>
        /// The first thing that went wrong.
        var failure: String?
    }

    private struct Writer {
        let client: TablewireClient
        /// The writes over this writer's keys, made beforehand.
        let calls: [Call]
        var next = 0
        var sent = NIODeadline.uptimeNanoseconds(0)
    }

    private let shape: Shape
    private var writers: [Writer]
    private var outcome = Outcome(latencies: WriteLoad.emptyHistogram())
    private var running = 0
    private var end = NIODeadline.now()
    private let done: EventLoopPromise<Outcome>

    /// Runs the load.
    /// - Parameter clients: on one event loop; writers are spread over them.
    static func run(_ shape: Shape, over clients: [TablewireClient], on loop: any EventLoop) async throws -> Outcome {
        let calls = (0..<shape.writers).map { prepare(shape, writer: $0) }
        let outcome = try await loop.flatSubmit {
            let done = loop.makePromise(of: Outcome.self)
            let writers = calls.enumerated().map { Writer(client: clients[$0 % clients.count], calls: $1) }
            WriteLoad(shape, writers, done).begin()
            return done.futureResult
        }.get()
        if let failure = outcome.failure { throw MeasurementError("a write failed: \(failure)") }
        return outcome
    }

    private init(_ shape: Shape, _ writers: [Writer], _ done: EventLoopPromise<Outcome>) {
        self.shape = shape
        self.writers = writers
        self.done = done
    }

    private static func prepare(_ shape: Shape, writer: Int) -> [Call] {
        let slice = max(shape.keys / shape.writers, shape.batch)
        let first = writer * slice
        return stride(from: first, to: first + slice - shape.batch + 1, by: shape.batch).map { start in
            let operations = (start..<start + shape.batch).map { number in
                Operation(.put, key: shape.workload.key(number), value: shape.workload.value(number))
            }
            return .rowWrite(RowWrite(table: shape.table, level: shape.level, timeout: 30_000, operations: operations))
        }
    }

    private static func emptyHistogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: 120_000_000_000, numberOfSignificantValueDigits: .three)
    }

    private func begin() {
        let start = NIODeadline.now()
        outcome.start = start
        end = start + .nanoseconds(Int64(shape.seconds * 1e9))
        running = writers.count
        for index in writers.indices { write(index, at: start) }
    }

    private func write(_ index: Int, at now: NIODeadline) {
        guard now < end, outcome.failure == nil else { return retire(at: now) }
        writers[index].sent = now
        let calls = writers[index].calls
        let call = calls[writers[index].next % calls.count]
        writers[index].next += 1
        // The load keeps itself alive through the callbacks of its writers, which run on its loop.
        let load = NIOLoopBound(self, eventLoop: done.futureResult.eventLoop)
        writers[index].client.call(call) { load.value.answered(index, $0) }
    }

    private func answered(_ index: Int, _ result: Result<Reply.Result, ClientError>) {
        let now = NIODeadline.now()
        switch result {
        case .success(.written(let written)) where written.replicas >= written.wanted:
            outcome.latencies.record(UInt64(max((now - writers[index].sent).nanoseconds, 1)))
            outcome.writes += 1
            outcome.operations += shape.batch
        case .success(let other): fail("\(other)")
        case .failure(let error): fail("\(error)")
        }
        write(index, at: now)
    }

    private func fail(_ text: String) { outcome.failure = outcome.failure ?? text }

    private func retire(at now: NIODeadline) {
        running -= 1
        guard running == 0 else { return }
        outcome.seconds = Double((now - outcome.start).nanoseconds) / 1e9
        done.succeed(outcome)
    }
}

extension ResultLine {
    /// Latencies of single writes, microseconds.
    mutating func add(_ latencies: Histogram<UInt64>) {
        for (name, percentile) in [("p50_us", 50.0), ("p99_us", 99.0), ("p999_us", 99.9)] {
            self[name] = .number(Double(latencies.valueAtPercentile(percentile)) / 1000)
        }
        self["max_us"] = .number(Double(latencies.maxRecorded) / 1000)
    }
}

import ClusterModel
import Foundation
import Histogram
import LinkTransport
import Logging
import NIOCore
import NodeRuntime
import ProgramTerminal
import TablewireClient

/// One writer in the process of the node itself, local acknowledgement; the rate counts the time until the replicas, which are
/// processes of their own, have taken the last write.
struct EmbeddedWriteMeasurement: Sendable {
    var shape: WriteLoad.Shape
    var storage: StorageOption
    var nodes: Int

    func run(on stage: Stage) async throws -> ResultLine {
        guard let name = NodeName("n0@127.0.0.1"), let port = try FreePorts.find(1).first else {
            throw MeasurementError("no port for the embedded node")
        }
        let address = Address(host: "127.0.0.1", port: port)
        let configuration = NodeConfiguration(
            name: name, listen: address, dataDirectory: stage.directory.appending(path: "n0").path, keys: stage.keys)
        let node = Node(configuration: configuration, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await node.run() }
        defer { running.cancel() }
        try await node.waitUntilStarted()
        let replicas = try await stage.startNodes(nodes - 1)
        for replica in replicas { _ = try await replica.client().join(address) }
        try await call(node, .tableCreate(stage.definition(.set, storage.kind)))
        try await stage.waitForTable(on: replicas)
        return try await measure(node, replicas, stage)
    }

    private func measure(_ node: Node, _ replicas: [BenchNode], _ stage: Stage) async throws -> ResultLine {
        let workload = shape.workload
        let writes = (0..<shape.keys).map { number in
            RowWrite(
                table: stage.table, level: .local,
                operations: [Operation(.put, key: workload.key(number), value: workload.value(number))])
        }
        try await fill(node, writes)
        _ = try await stage.waitForEqualRows(on: replicas)
        Progress.show("writing")
        let loopback = Machine.loopbackBytes
        let cpu = (own: ProcessorClock.seconds, others: replicas.map(\.figures.cpuSeconds).reduce(0, +))
        let watch = Stopwatch()
        var latencies = Histogram<UInt64>(highestTrackableValue: 120_000_000_000, numberOfSignificantValueDigits: .three)
        var operations = 0
        let calls = writes.map(Call.rowWrite)
        while watch.seconds < shape.seconds {
            let slice =
                try await storage == .ram
                ? slice(node, calls, from: operations) : single(node, calls, operations)
            operations += slice.count
            for latency in slice { latencies.record(max(latency, 1)) }
        }
        let issued = watch.seconds
        try await call(node, .rowWrite(last(of: writes)))
        let seconds = watch.seconds
        _ = try await stage.waitForEqualRows(on: replicas)
        let wire = Machine.loopbackBytes - loopback
        var line = ResultLine(
            "write", rows: operations, valueBytes: workload.valueBytes, seconds: seconds,
            peakMemory: ProcessFigures.own.peakMemory, bytesOnWire: wire)
        line["table"] = .text(storage.rawValue)
        line["nodes"] = .integer(nodes)
        line["writers"] = .integer(1)
        line["batch"] = .integer(1)
        line["ack"] = .text("local")
        line["in_process"] = .flag(true)
        line["issue_rate"] = .number(Double(operations) / issued)
        line.add(latencies)
        line["wire_bytes_per_write"] = .number(Double(wire) / Double(max(operations, 1)))
        line["cpu_writer_node_s"] = .number(ProcessorClock.seconds - cpu.own)
        line["cpu_other_nodes_s"] = .number(replicas.map(\.figures.cpuSeconds).reduce(0, +) - cpu.others)
        line["lo_bytes"] = .integer(wire)
        return line
    }

    /// Every key once, in batches; the last is on every replica when this returns.
    private func fill(_ node: Node, _ writes: [RowWrite]) async throws {
        for start in stride(from: 0, to: writes.count, by: 500) {
            var batch = writes[start]
            batch.operations = writes[start..<min(start + 500, writes.count)].flatMap(\.operations)
            batch.level = .all
            batch.timeout = 60_000
            try await call(node, .rowWrite(batch))
        }
    }

    /// Cumulative acknowledgements: when this one is everywhere, every write before it is.
    private func last(of writes: [RowWrite]) -> RowWrite {
        var last = writes[0]
        last.level = .all
        last.timeout = 60_000
        return last
    }

    // MARK: Writing

    /// Nanoseconds of writes made one after the other, each when the one before was answered.
    private typealias Slice = [UInt64]

    /// What came back during one slice.
    private final class Answers {
        var count = 0
        var failure: String?
    }

    /// Two milliseconds of writes on the node's own event loop; then the node gets it back for its links.
    private func slice(_ node: Node, _ calls: [Call], from first: Int) async throws -> Slice {
        try await node.perform { local in
            var slice: Slice = []
            slice.reserveCapacity(8192)
            let answers = Answers()
            let end = NIODeadline.now() + .milliseconds(2)
            var now = NIODeadline.now()
            while now < end {
                local.call(calls[(first + slice.count) % calls.count]) { reply in
                    answers.count += 1
                    if case .failure(let text) = reply.result { answers.failure = text }
                }
                guard answers.count == slice.count + 1, answers.failure == nil else {
                    throw MeasurementError("a write in process failed: \(answers.failure ?? "it was not answered at once")")
                }
                let answered = NIODeadline.now()
                slice.append(UInt64((answered - now).nanoseconds))
                now = answered
            }
            return slice
        }
    }

    /// One write that waits for the disk.
    private func single(_ node: Node, _ calls: [Call], _ number: Int) async throws -> Slice {
        let start = NIODeadline.now()
        try await call(node, calls[number % calls.count])
        return [UInt64((NIODeadline.now() - start).nanoseconds)]
    }

    private func call(_ node: Node, _ call: Call) async throws {
        let reply = try await node.call(call)
        if case .failure(let text) = reply.result { throw MeasurementError("the embedded node refused a call: \(text)") }
    }
}

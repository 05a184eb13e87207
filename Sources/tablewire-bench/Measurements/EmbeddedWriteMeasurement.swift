import ClusterModel
import Foundation
import LinkTransport
import Logging
import NodeRuntime
import TablewireClient

/// One writer in the process of the node itself, on its event loop, one operation a write, local acknowledgement. The rate
/// counts the time until the replicas, which are processes of their own, have taken the last write.
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
        _ = try await call(node, .tableCreate(stage.definition(.set, storage.kind)))
        try await stage.waitForTable(on: replicas)
        return try await measure(node, replicas, stage)
    }

    /// After so many writes, about a millisecond, the loop is given back: to heartbeats, and to what goes to the replicas.
    private static let writesAtOnce = 500

    private func measure(_ node: Node, _ replicas: [BenchNode], _ stage: Stage) async throws -> ResultLine {
        let workload = shape.workload
        let writes = (0..<shape.keys).map { number in
            RowWrite(
                table: stage.table, level: .local,
                operations: [Operation(.put, key: workload.key(number), value: workload.value(number))])
        }
        for write in writes { _ = try await call(node, .rowWrite(write)) }
        _ = try await stage.waitForEqualRows(on: replicas)
        Progress.show("writing")
        let loopback = Machine.loopbackBytes
        let cpu = (own: ProcessorClock.seconds, others: replicas.map(\.figures.cpuSeconds).reduce(0, +))
        let watch = Stopwatch()
        var operations = 0
        while watch.seconds < shape.seconds {
            let first = operations
            try await node.perform { node in
                var refusal: String?
                for number in first..<first + Self.writesAtOnce {
                    node.call(.rowWrite(writes[number % writes.count])) { reply in
                        if case .failure(let text) = reply.result { refusal = text }
                    }
                }
                if let refusal { throw MeasurementError("the embedded node refused a write: \(refusal)") }
            }
            operations += Self.writesAtOnce
        }
        let issued = watch.seconds
        var last = writes[0]
        last.level = .all
        last.timeout = 60_000
        _ = try await call(node, .rowWrite(last))
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
        line["wire_bytes_per_write"] = .number(Double(wire) / Double(max(operations, 1)))
        line["cpu_writer_node_s"] = .number(ProcessorClock.seconds - cpu.own)
        line["cpu_other_nodes_s"] = .number(replicas.map(\.figures.cpuSeconds).reduce(0, +) - cpu.others)
        line["lo_bytes"] = .integer(wire)
        return line
    }

    private func call(_ node: Node, _ call: Call) async throws -> Reply.Result {
        let reply = try await node.call(call)
        if case .failure(let text) = reply.result { throw MeasurementError("the embedded node refused a call: \(text)") }
        return reply.result
    }
}

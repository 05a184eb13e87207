import ClusterModel
import NIOCore
import NIOPosix
import ProgramTerminal
import TablewireClient

/// Writers on one node of a cluster; the rate counts the time until every replica has taken the last write.
struct WriteMeasurement: Sendable {
    var shape: WriteLoad.Shape
    var storage: StorageOption
    var nodes: Int
    var connections: Int

    func run(on stage: Stage) async throws -> ResultLine {
        let members = try await stage.startCluster(nodes)
        let writer = members[0]
        try await writer.client().create(stage.definition(.set, storage.kind))
        try await stage.waitForTable(on: members)
        // The keys are there before: what is measured is overwriting, as with the peers.
        try await RowLoader.load(0..<shape.keys, of: shape.workload, into: stage.table, over: writer.client(), level: .all)
        _ = try await stage.waitForEqualRows(on: members)
        var clients: [TablewireClient] = []
        for _ in 0..<connections { clients.append(try await writer.connect()) }
        Progress.show("writing")
        for member in members { member.figures.resetPeak() }
        let before = try await Moment(members)
        let outcome = try await WriteLoad.run(shape, over: clients, on: stage.loops.next())
        try await lastWrite(over: clients[0], to: stage.table)
        let seconds = Double((NIODeadline.now() - outcome.start).nanoseconds) / 1e9
        let after = try await Moment(members)
        let rows = try await stage.waitForEqualRows(on: members)
        guard rows == shape.keys else { throw MeasurementError("there are \(rows) rows after writing \(shape.keys) keys") }
        return line(outcome, seconds: seconds, peak: members.map(\.figures.peakMemory).max() ?? 0, from: before, to: after)
    }

    /// Cumulative acknowledgements: when this one is everywhere, every write before it is.
    private func lastWrite(over client: TablewireClient, to table: TableName) async throws {
        let operation = Operation(.put, key: shape.workload.key(0), value: shape.workload.value(0))
        _ = try await client.write(RowWrite(table: table, level: .all, timeout: 60_000, operations: [operation]))
    }

    private func line(
        _ outcome: WriteLoad.Outcome, seconds: Double, peak: Double, from before: Moment, to after: Moment
    ) -> ResultLine {
        let loopback = after.loopback - before.loopback
        let wire = after.links.flatMap { end in before.links.map { end - $0 } } ?? loopback
        var line = ResultLine(
            "write", rows: outcome.operations, valueBytes: shape.workload.valueBytes, seconds: seconds, peakMemory: peak,
            bytesOnWire: wire)
        line["table"] = .text(storage.rawValue)
        line["nodes"] = .integer(nodes)
        line["writers"] = .integer(shape.writers)
        line["batch"] = .integer(shape.batch)
        line["ack"] = .text("\(shape.level)")
        line["connections"] = .integer(connections)
        line["issue_rate"] = .number(Double(outcome.operations) / max(outcome.seconds, 1e-9))
        line.add(outcome.latencies)
        line["wire_bytes_per_write"] = .number(Double(wire) / Double(max(outcome.operations, 1)))
        line["cpu_writer_node_s"] = .number(after.cpu[0] - before.cpu[0])
        line["cpu_other_nodes_s"] = .number(after.cpu.dropFirst().reduce(0, +) - before.cpu.dropFirst().reduce(0, +))
        line["cpu_client_s"] = .number(after.client - before.client)
        line["lo_bytes"] = .integer(loopback)
        return line
    }

    /// What is counted, at one moment.
    private struct Moment {
        /// Of the writers' node.
        var links: Int?
        var loopback: Int
        var cpu: [Double]
        var client: Double

        init(_ members: [BenchNode]) async throws {
            links = try await members[0].counters().linkBytes
            cpu = members.map(\.figures.cpuSeconds)
            client = ProcessorClock.seconds
            loopback = Machine.loopbackBytes
        }
    }
}

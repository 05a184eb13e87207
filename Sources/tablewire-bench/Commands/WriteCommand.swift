import ArgumentParser
import ClusterModel

struct WriteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Replicated writes: rate and latencies.",
        discussion: """
            Starts a cluster, loads the keys, and lets writers overwrite them over one link to one node. Each writer has one \
            write in flight, of --batch rows that are applied all or none. The rate counts rows, and the time until every \
            replica has taken the last write; afterwards all nodes are checked to hold equal rows.

            With --in-process the written node lives in this process, and one writer calls it there with local \
            acknowledgement; the other nodes are processes.

            The JSON line adds: p50_us, p99_us, p999_us and max_us of one write, issue_rate (until the last answer), \
            wire_bytes_per_write, cpu_writer_node_s, cpu_other_nodes_s and cpu_client_s (processor seconds).

            EXAMPLES
              tablewire-bench write --writers 16
              tablewire-bench write --writers 16 --batch 100 --storage disc
              tablewire-bench write --ack local --nodes 5
            """)

    @Option(help: "How many writers, each with one write in flight.")
    var writers = 1
    @Option(help: "Rows in one write.")
    var batch = 1
    @Option(help: "Who must have a write before it is answered: local, majority or all.")
    var ack = AckOption.all
    @Option(help: "Where the rows live: ram or disc.")
    var storage = StorageOption.ram
    @Option(help: "How long to write.")
    var seconds = 4.0
    @Option(help: "How many keys, in disjoint slices for the writers.")
    var keys = 100_000
    @Option(help: "Bytes of each value.")
    var value = 64
    @Option(help: "Links that the writers share.")
    var connections = 1
    @Option(help: "Members of the cluster, 1 to 9.")
    var nodes = 3
    @Flag(help: "Write inside the process of the node.")
    var inProcess = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1000).contains(writers) else { throw ValidationError("--writers must be from 1 to 1000") }
        guard (1...Limits.batchOperations).contains(batch) else {
            throw ValidationError("--batch must be from 1 to \(Limits.batchOperations)")
        }
        guard (1...9).contains(nodes) else { throw ValidationError("--nodes must be from 1 to 9") }
        guard (1...64).contains(connections) else { throw ValidationError("--connections must be from 1 to 64") }
        guard keys >= writers * batch else { throw ValidationError("--keys must be at least writers times batch") }
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0") }
        guard (0...Limits.value).contains(value) else { throw ValidationError("--value must be from 0 to \(Limits.value)") }
        guard !inProcess || (writers == 1 && batch == 1 && nodes > 1) else {
            throw ValidationError("--in-process is one writer, one row a write, and at least two nodes")
        }
    }

    func run() async throws {
        let stage = try Stage()
        let shape = WriteLoad.Shape(
            table: stage.table, workload: Workload(valueBytes: value), level: ack.level, writers: writers, batch: batch,
            keys: keys, seconds: seconds)
        if inProcess {
            output.print(try await EmbeddedWriteMeasurement(shape: shape, storage: storage, nodes: nodes).run(on: stage))
        } else {
            let measurement = WriteMeasurement(shape: shape, storage: storage, nodes: nodes, connections: connections)
            output.print(try await measurement.run(on: stage))
        }
    }
}

enum AckOption: String, ExpressibleByArgument, CaseIterable {
    case local, majority, all

    var level: AckLevel {
        switch self {
        case .local: .local
        case .majority: .majority
        case .all: .all
        }
    }
}

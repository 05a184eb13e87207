import ArgumentParser

struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "One table in memory: every operation over all rows.",
        discussion: """
            In this process, on one thread, without a node. 'apply' takes operations as they come from a peer, 'delta scan' \
            makes the blocks of a snapshot (of nothing: when the peer has everything), 'merge' takes them. 'delete' leaves \
            tombstones. Each step has its <step>_rate in rows a second in the JSON line; rate is that of insert.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "The type of the table: set, ordered_set or bag.")
    var type = TypeOption.set
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (line, text) = try EngineMeasurement(rows: rows.rows, workload: rows.workload, type: type).run()
        output.print(line, text)
    }
}

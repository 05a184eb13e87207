import ArgumentParser

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Durable writes and recovery on the real disk.",
        discussion: """
            In this process, without a node, in a temporary directory: TMPDIR says on which disk. Single writes with one sync \
            for 1, 16 and 256 of them; all rows in batches; recovery from the log, a checkpoint, and recovery from that. \
            sync_16_us is the time of sixteen writes and their sync. rate is that of single writes with a sync each.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "How long to write with each number of writes a sync.")
    var seconds = 2.0
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0") }
    }

    func run() async throws {
        let (line, text) = try LogMeasurement(rows: rows.rows, workload: rows.workload, seconds: seconds).run()
        output.print(line, text)
    }
}

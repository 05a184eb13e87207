import ArgumentParser

struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "A node starts again alone on its own disk.",
        discussion: """
            Loads the rows into a durable table, ends the node, and starts it again with what is in the page cache. The time \
            runs from the start of the process until it counts every row and the first and the last can be read.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "How the node ends before: clean (SIGTERM) or kill (SIGKILL).")
    var stop = StopOption.clean
    @Option(help: "The type of the table: set, ordered_set or bag.")
    var type = TypeOption.set
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let measurement = RestartMeasurement(rows: rows.rows, workload: rows.workload, type: type, stop: stop)
        output.print(try await measurement.run())
    }
}

enum StopOption: String, ExpressibleByArgument, CaseIterable {
    case clean, kill
}

import ArgumentParser

struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Random reads in process, one thread.",
        discussion: """
            Fills a table in this process and reads keys that were drawn at random beforehand; a read finds the row and looks \
            at its value without copying it.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "How long to read.")
    var seconds = 3.0
    @Option(help: "The type of the table: set or ordered_set.")
    var type = TypeOption.set
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard type != .bag else { throw ValidationError("--type must be set or ordered_set: a key of a bag has many values") }
    }

    func run() async throws {
        let measurement = ReadMeasurement(rows: rows.rows, workload: rows.workload, type: type, seconds: seconds)
        output.print(try measurement.run())
    }
}

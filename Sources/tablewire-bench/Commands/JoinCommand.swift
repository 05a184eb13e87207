import ArgumentParser

struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "The first copy: an empty node joins one that holds the rows.",
        discussion: """
            Starts two nodes, loads the rows into one, and makes the other join it. The time runs from the call until it was \
            answered, the joiner counts every row, and the first and the last can be read from its own copy; with \
            --storage disc everything is durable there by then.

            The JSON line adds: answer_seconds (until the call was answered), rss_seed_mb, rss_bytes_per_row (what the joiner \
            grew), table_bytes_per_row (what it says of itself), wire_bytes_per_row, cpu_seed_s and cpu_joiner_s (processor \
            seconds of each side), lo_bytes.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "Where the rows live: ram or disc.")
    var storage = StorageOption.ram
    @Option(help: "The type of the table: set, ordered_set or bag.")
    var type = TypeOption.set
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let measurement = JoinMeasurement(rows: rows.rows, workload: rows.workload, storage: storage, type: type)
        output.print(try await measurement.run())
    }
}

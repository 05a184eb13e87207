import ArgumentParser

struct HeartbeatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heartbeat", abstract: "The delay of heartbeats while rows are copied in bulk.",
        discussion: """
            A node joins another that holds the rows, leaves, and joins again, for as long as --seconds says. p50_us, p99_us \
            and max_us are round trips of heartbeats between the two while a snapshot was under way, as the nodes measured \
            them; call_p50_us and so on what a call to one of them took meanwhile over another link. rate is rows copied a \
            second, suspicions must be 0 and is left out of the table then.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "How long to go on copying.")
    var seconds = 20.0
    @Option(help: "Heartbeats for: local, lan or wan.")
    var preset = "local"
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard ["local", "lan", "wan"].contains(preset) else { throw ValidationError("--preset must be local, lan or wan") }
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0") }
    }

    func run() async throws {
        let measurement = HeartbeatMeasurement(
            rows: rows.rows, workload: rows.workload, seconds: seconds, preset: preset)
        output.print(try await measurement.run())
    }
}

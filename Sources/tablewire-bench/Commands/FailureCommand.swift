import ArgumentParser

struct FailureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failure", abstract: "A member dies or hangs: until all others call it down.",
        discussion: """
            KILL ends the process, so its connections close. STOP freezes it: the connections stay and are silent. The time is \
            that of the last of the others; first_seconds that of the first, suspect_seconds when the first suspected it.
            """)

    @Option(help: "What the member gets: KILL or STOP.")
    var signal = SignalOption.kill
    @Option(help: "Members of the cluster, 2 to 9.")
    var nodes = 3
    @Option(help: "Heartbeats for: local, lan or wan.")
    var preset = "lan"
    @Option(help: "Seconds of quiet before.")
    var settle = 1.5
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (2...9).contains(nodes) else { throw ValidationError("--nodes must be from 2 to 9") }
        guard ["local", "lan", "wan"].contains(preset) else { throw ValidationError("--preset must be local, lan or wan") }
        guard settle >= 0 else { throw ValidationError("--settle must be at least 0") }
    }

    func run() async throws {
        let measurement = FailureMeasurement(signal: signal, nodes: nodes, preset: preset, settle: settle)
        output.print(try await measurement.run())
    }
}

enum SignalOption: String, ExpressibleByArgument, CaseIterable {
    case kill = "KILL"
    case stop = "STOP"
}

import Glibc
import ProgramEntry

/// The program: parses the command line, runs one measurement, and turns what it throws into one line and an exit code.
@main
enum Program {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let signals = Leftovers.shared.clearOnSignals()
        let status = await ProgramEntry.run(
            TablewireBench.self, Array(CommandLine.arguments.dropFirst()), isInterrupted: { Leftovers.shared.isCleared })
        Leftovers.shared.clear()
        withExtendedLifetime(signals) {}
        exit(status)
    }
}

/// Why a measurement has no result: one line that says what is wrong, then what to do about it. Exit code 1.
struct MeasurementError: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

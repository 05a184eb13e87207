import ArgumentParser
import Glibc

/// The program: parses the command line, runs one measurement, and turns what it throws into one line and an exit code.
@main
enum Program {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let signals = Leftovers.shared.clearOnSignals()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        Leftovers.shared.clear()
        withExtendedLifetime(signals) {}
        exit(status.rawValue)
    }

    enum ExitStatus: Int32 {
        case fine = 0
        case failed = 1
        case usage = 2
    }

    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            var command = try await TablewireBench.asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .fine
        } catch {
            if let error = error as? UsageError { return complain("\(error)", .usage) }
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        let code = TablewireBench.exitCode(for: error)
        if code == .success {
            // '--help' and '--version' arrive as errors.
            print(TablewireBench.fullMessage(for: error))
            return .fine
        }
        guard code == .validationFailure else { return complain("\(error)", .failed) }
        let message = TablewireBench.message(for: error)
        let name = error is CleanExit ? "" : "; see 'tablewire-bench --help'"
        return complain(message.prefix(1).lowercased() + message.dropFirst() + name, .usage)
    }

    private static func complain(_ text: String, _ status: ExitStatus) -> ExitStatus {
        // Who interrupts it need not be told that something was interrupted.
        guard !Leftovers.shared.isCleared else { return status }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        StandardError.write("tablewire-bench: \(line)\n")
        return status
    }
}

/// Arguments that parse but make no sense. Exit code 2.
struct UsageError: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Why a measurement has no result: one line that says what is wrong, then what to do about it. Exit code 1.
struct MeasurementError: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

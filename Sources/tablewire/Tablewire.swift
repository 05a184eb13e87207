import ArgumentParser
import Glibc

/// The program: parses the command line, runs one command, and turns what it throws into one line and an exit code.
@main
enum Program {
    static func main() async {
        // A closed pipe is an error of write(2), not the end of a node that happens to log into one.
        signal(SIGPIPE, SIG_IGN)
        exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    enum ExitStatus: Int32 {
        case fine = 0
        case failed = 1
        case usage = 2
        /// What a shell shows for a program that wrote into a closed pipe.
        case outputClosed = 141
    }

    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            var command = try await Tablewire.asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .fine
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        switch error {
        case is Output.Closed: return .outputClosed
        case let error as CommandError: return complain("\(error)", .failed)
        case let error as UsageError: return complain("\(error)", .usage)
        default: break
        }
        let code = Tablewire.exitCode(for: error)
        if code == .success { return help(error) }
        guard code == .validationFailure else { return complain("\(error)", .failed) }
        return complain(usage(error), .usage)
    }

    /// `--help` and `--version` arrive as errors.
    private static func help(_ error: any Error) -> ExitStatus {
        do {
            let output = Output()
            try output.print(Tablewire.fullMessage(for: error))
            try output.flush()
            return .fine
        } catch {
            return .outputClosed
        }
    }

    private static func complain(_ text: String, _ status: ExitStatus) -> ExitStatus {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        StandardError.write("tablewire: \(line)\n")
        return status
    }

    /// The parser's message and, from its last line, where to read more.
    private static func usage(_ error: any Error) -> String {
        let message = Tablewire.message(for: error)
        let text = message.prefix(1).lowercased() + message.dropFirst()
        let lines = Tablewire.fullMessage(for: error).split(whereSeparator: \.isNewline)
        guard let more = lines.last(where: { $0.contains("--help' for more information") }),
            let open = more.firstIndex(of: "'"), let close = more.lastIndex(of: "'")
        else { return text }
        return "\(text.trimmedPeriod); see \(more[open...close])"
    }
}

extension String {
    fileprivate var trimmedPeriod: String { hasSuffix(".") ? String(dropLast()) : self }
}

/// Arguments that parse but make no sense. Exit code 2.
struct UsageError: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// The root of all commands.
struct Tablewire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tablewire",
        abstract: "Replicated in-memory tables: run a node, look after a cluster, read and write rows.",
        discussion: """
            A node keeps tables in memory, replicates them to the other members of its cluster, and starts again from its own \
            disk whatever the others do. Every command but 'node' calls a running node.

            EXAMPLES
              tablewire node
              tablewire node --name n2@127.0.0.1 --listen 127.0.0.1:7402 \\
                --join 127.0.0.1:7400
              tablewire cluster status
              tablewire table create zones --type ordered_set --storage disc
              tablewire table load zones rows.jsonl
              tablewire table get zones Europe/Berlin

            ENVIRONMENT
              TABLEWIRE_NODE         the node to call (default 127.0.0.1:7400)
              TABLEWIRE_SECRET_FILE  the cluster's secret (default ~/.tablewire/secret)
              NO_COLOR               no colour on terminals

            EXIT CODES
              0  fine
              1  the operation failed; standard error says why and what to do
              2  wrong usage
            """,
        version: ProgramVersion.text,
        subcommands: [DemoCommand.self, NodeCommand.self, ClusterCommand.self, TableCommand.self])
}

/// Where the version number stands.
enum ProgramVersion {
    static let text = "0.1.0"
}

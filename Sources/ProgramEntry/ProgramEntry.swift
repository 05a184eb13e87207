package import ArgumentParser
internal import Glibc
internal import ProgramTerminal

/// What every program does with its command line: runs one command, and turns what it throws into one line and an exit code.
package enum ProgramEntry {
    /// What all programs share; a program may have more codes (`CommandError.status`).
    private enum Status {
        static let fine: Int32 = 0
        static let failed: Int32 = 1
        static let usage: Int32 = 2
        /// What a shell shows for a program that wrote into a closed pipe.
        static let outputClosed: Int32 = 141
    }

    /// Runs the command that the arguments name.
    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - isInterrupted: whether a failure is only what somebody's interrupting it made; such a one is not told.
    /// - Returns: the exit code; what is to be said was said on standard error.
    package static func run<Root: AsyncParsableCommand>(
        _ root: Root.Type, _ arguments: [String], isInterrupted: () -> Bool = { false }
    ) async -> Int32 {
        do {
            var command = try await root.asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return Status.fine
        } catch {
            return isInterrupted() && !(error is ExitCode) ? Status.failed : report(error, root)
        }
    }

    /// The same for a program that does not wait for anything asynchronous, and so has one thread until it makes others. Its name is
    /// not that of the other: without its default argument this one would be taken for every program.
    package static func runOnOneThread<Root: ParsableCommand>(_ root: Root.Type, _ arguments: [String]) -> Int32 {
        do {
            var command = try root.parseAsRoot(arguments)
            try command.run()
            return Status.fine
        } catch {
            return report(error, root)
        }
    }

    private static func report<Root: ParsableCommand>(_ error: any Error, _ root: Root.Type) -> Int32 {
        switch error {
        case is Output.Closed: return Status.outputClosed
        case let error as CommandError: return complain("\(error)", error.status, root)
        case let error as UsageError: return complain("\(error)", Status.usage, root)
        case let code as ExitCode: return code.rawValue
        default: break
        }
        let code = root.exitCode(for: error)
        if code == .success { return help(error, root) }
        guard code == .validationFailure else { return complain("\(error)", Status.failed, root) }
        return complain(usage(error, root), Status.usage, root)
    }

    /// `--help` and `--version` arrive as errors.
    private static func help<Root: ParsableCommand>(_ error: any Error, _ root: Root.Type) -> Int32 {
        do {
            let output = Output()
            try output.print(root.fullMessage(for: error))
            try output.flush()
            return Status.fine
        } catch {
            return Status.outputClosed
        }
    }

    private static func complain<Root: ParsableCommand>(_ text: String, _ status: Int32, _ root: Root.Type) -> Int32 {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        StandardError.write("\(root.configuration.commandName ?? ""): \(line)\n")
        return status
    }

    /// The parser's message and, from its last line, where to read more.
    private static func usage<Root: ParsableCommand>(_ error: any Error, _ root: Root.Type) -> String {
        let message = root.message(for: error)
        let text = message.prefix(1).lowercased() + message.dropFirst()
        let lines = root.fullMessage(for: error).split(whereSeparator: \.isNewline)
        guard let more = lines.last(where: { $0.contains("--help' for more information") }),
            let open = more.firstIndex(of: "'"), let close = more.lastIndex(of: "'")
        else { return text }
        return "\(text.hasSuffix(".") ? String(text.dropLast()) : text); see \(more[open...close])"
    }
}

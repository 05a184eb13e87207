import ArgumentParser
import ProgramTerminal

/// `tablewire demo`: three real nodes on this machine, and what can be done to them.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Starts three real nodes on this machine and shows what a cluster does.",
        discussion: """
            Three processes of this program on free ports of 127.0.0.1, with data in a temporary directory: rows go into one, the \
            others join, one is killed and comes back alone, two sides are cut apart, both are written to, and they are put \
            together again. Each step says what it proves and is checked; the exit code is 0 only when every step held.

            The rows are the time zones of the IANA Time Zone Database (public domain) and generated device rows. Whatever \
            happens, the processes are ended and the directory is removed, unless --keep is given.
            """)

    @Option(help: ArgumentHelp("How many device rows to generate beside the time zones.", valueName: "count"))
    var rows = 100_000

    @Flag(help: "Keep the directory with the nodes' data and logs.")
    var keep = false

    @Flag(help: "Print one JSON line a step instead of prose.")
    var json = false

    func validate() throws {
        guard (0...10_000_000).contains(rows) else { throw ValidationError("--rows takes a number from 0 to 10000000") }
    }

    func run() async throws {
        let narrator = Narrator(speaksJSON: json)
        let rows = rows
        let stage = try DemoStage(keepsFiles: keep)
        let ending = await Interruption.race {
            try await Demo(stage: stage, narrator: narrator, deviceRows: rows).play()
        } onInterrupt: {
            // Calls in progress fail at once when their nodes are gone, so the story ends without waiting for anything.
            stage.killNodes()
        }
        let logs = stage.logTails()
        await stage.clear()
        switch ending {
        case .finished: try narrator.end(keptAt: stage.keptDirectory)
        case .interrupted: throw CommandError("interrupted; the nodes are ended" + kept(stage))
        case .failed(let error as Output.Closed): throw error
        case .failed(let error):
            for (name, lines) in logs {
                StandardError.write("the last lines of \(name)'s log:\n" + lines.map { "    \($0)\n" }.joined())
            }
            throw CommandError("the demo failed in step \(narrator.steps): \(error)" + kept(stage))
        }
    }

    private func kept(_ stage: DemoStage) -> String {
        stage.keptDirectory.map { "; the files are kept in \($0)" } ?? "; run it again with --keep to look at the files"
    }
}

import ArgumentParser
import ProgramTerminal

struct GrowthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth", abstract: "How everything changes with more rows, more nodes, larger values.",
        discussion: """
            First copy and restart of 10 thousand to 5 million rows; replicated writes with 2 to 9 nodes; copies and writes of \
            values from 16 bytes to 1 MiB, fewer of them the larger they are. Each case runs in a process of its own. With \
            --json the line of each case is printed when it is there.
            """)

    @Option(help: "Leave out what has more rows.")
    var largest = 5_000_000
    @Option(help: "How long to write in each case.")
    var seconds = 4.0
    @Flag(help: "Print a line of JSON for each case.")
    var json = false

    func validate() throws {
        guard largest > 0 else { throw ValidationError("--largest must be at least 1") }
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0") }
    }

    func run() async throws {
        let runner = BenchmarkRunner()
        var growth = Growth()
        for step in Growth.cases(largest: largest, seconds: seconds) {
            Progress.show(step.title)
            do throws(BenchmarkFailure) {
                let sample = try await runner.run(NodeProgram.ownURL, step.arguments)
                growth.add(step.title, sample.line)
                if json { print(sample.line.json) }
            } catch {
                growth.add(step.title, failed: "\(error)")
            }
        }
        Progress.clear()
        if !json { print(growth.table.text) }
        guard growth.failures.isEmpty else { throw MeasurementError(growth.failures.joined(separator: "; ")) }
    }
}

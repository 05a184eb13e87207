import ArgumentParser
import Foundation

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Measure Tablewire and its peers in turn, and print the table.",
        discussion: """
            Runs every row of the table with this program and with the driver of each peer, one at a time, a whole round before \
            the next. The table has the median of each (least to most in brackets), ours divided by the best of the peer that \
            the target names, and whether the target is reached. Peers that cannot be measured are named with the reason.

            PEERS
              The folder of drivers (--peers, or TABLEWIRE_PEERS) has a subfolder for
              each peer: mnesia, redis, etcd, serf, raw. In it stands a program
              bench.sh, bench.py or bench. It is called as

                bench.sh NAME name=value...

              with one of the names join, write, read, restart and failure. It measures
              what the subcommand of that name measures here, with the same rows, prints
              one line of JSON as this program does, and exits with 0. Whatever it
              starts it also ends, also when it gets SIGTERM. A driver whose program is
              not installed exits with another code and says so in the last line of
              standard error.

            ROWS
              copy-ram copy-disc copy-link copy-link-20 copy-bytes memory write-16
              write-16-median write-1 write-batch write-embedded read restart-clean
              restart-kill kill stop
              copy-link and copy-link-20 are this program's own 'link', for peers too:
              they need root, not the drivers.

            EXAMPLES
              tablewire-bench compare --peers ../peers
              tablewire-bench compare --peers ../peers --only write-16 --only write-1
              tablewire-bench compare --runs 7 --quiet-seconds 60 --output table.md
            """)

    @Option(help: ArgumentHelp("The folder with the peers' drivers. (default: $TABLEWIRE_PEERS)", valueName: "dir"))
    var peers: String?
    @Option(help: "How many rounds.")
    var runs = 5
    @Option(help: ArgumentHelp("Only this row of the table; may be repeated.", valueName: "row"))
    var only: [String] = []
    @Option(help: "How many rows to copy, read and restart with.")
    var rows = 1_000_000
    @Option(help: "How long to write and to read.")
    var seconds = 4.0
    @Option(help: "Before each run, wait at most so long for a quiet machine.")
    var quietSeconds = 0.0
    @Option(help: "End a run that takes longer than so many seconds; it counts as failed.")
    var limit = 900.0
    @Option(help: ArgumentHelp("Write the table as markdown, with date, machine and versions.", valueName: "file"))
    var output: String?
    @Option(help: ArgumentHelp("Append the line of each run.", valueName: "file"))
    var results: String?
    @Flag(help: "Print a line of JSON for each row of the table.")
    var json = false

    private var contests: [Contest] {
        Contest.all(rows: rows, seconds: seconds).filter { only.isEmpty || only.contains($0.id) }
    }

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1") }
        guard rows > 0 else { throw ValidationError("--rows must be at least 1") }
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0") }
        guard limit > 0 else { throw ValidationError("--limit must be more than 0") }
        let known = Contest.all(rows: 1, seconds: 1).map(\.id)
        for row in only where !known.contains(row) {
            throw ValidationError("there is no row '\(row)'; rows are \(known.joined(separator: " "))")
        }
    }

    func run() async throws {
        let comparison = Comparison(
            contests: contests, peers: PeersFolder(path: peers), runs: runs,
            runner: BenchmarkRunner(limit: .seconds(limit), quietSeconds: quietSeconds),
            results: results.map { URL(filePath: $0) })
        let report = try await comparison.run()
        if let output {
            do {
                try Data(report.markdown.utf8).write(to: URL(filePath: output))
            } catch {
                throw MeasurementError("cannot write \(output)")
            }
        }
        for line in json ? report.standings.map(\.line.json) : [report.text] { print(line) }
    }
}

import Foundation
import ProgramTerminal

/// Runs ours and the peers' programs in turn, a whole round at a time, so that whatever the machine does meanwhile hits all alike.
struct Comparison: Sendable {
    var contests: [Contest]
    var peers: PeersFolder
    var runs: Int
    var runner: BenchmarkRunner
    /// Where each line of each run is appended, if anywhere.
    var results: URL?

    func run() async throws -> ComparisonReport {
        var ledger = Ledger()
        for round in 1...runs {
            for (run, limit) in programs where round <= limit {
                Progress.show("round \(round) of \(runs): \(run.title)")
                let outcome = await measure(run)
                ledger.note(run, outcome)
                try keep(outcome, of: run, round: round)
            }
        }
        Progress.clear()
        let standings = contests.map { Standing($0, in: ledger) }
        return ComparisonReport(
            standings: standings, otherCPU: ledger.otherCPU, runs: runs, facts: MachineFacts.lines())
    }

    /// Each program once, though several rows may use its figures, with the number of rounds it takes part in.
    private var programs: [(run: BenchmarkRun, limit: Int)] {
        var programs: [(run: BenchmarkRun, limit: Int)] = []
        for contest in contests {
            for (run, limit) in [(contest.own, Int.max)] + contest.entrants.map({ ($0.run, $0.runsAtMost) })
            where !programs.contains(where: { $0.run == run }) {
                programs.append((run, limit))
            }
        }
        return programs
    }

    private func measure(_ run: BenchmarkRun) async -> Result<BenchmarkSample, BenchmarkFailure> {
        do throws(BenchmarkFailure) {
            let program = run.isOwnProgram ? NodeProgram.ownURL : try peers.driver(of: run.peer)
            return .success(try await runner.run(program, run.arguments))
        } catch {
            return .failure(error)
        }
    }

    private func keep(_ outcome: Result<BenchmarkSample, BenchmarkFailure>, of run: BenchmarkRun, round: Int) throws {
        guard let results else { return }
        var line: ResultLine
        switch outcome {
        case .success(let sample):
            line = sample.line
            line["other_cpu"] = .number(sample.otherCPU)
            line["wall_seconds"] = .number(sample.wallSeconds)
        case .failure(let failure):
            line = ResultLine(run.arguments.first ?? "")
            line["peer"] = .text(run.peer)
            line["error"] = .text(failure.description)
        }
        line["command"] = .text(run.title)
        line["round"] = .integer(round)
        do {
            if !FileManager.default.fileExists(atPath: results.path) { try Data().write(to: results) }
            let file = try FileHandle(forWritingTo: results)
            defer { try? file.close() }
            try file.seekToEnd()
            try file.write(contentsOf: Data((line.json + "\n").utf8))
        } catch {
            throw MeasurementError("cannot write \(results.path)")
        }
    }
}

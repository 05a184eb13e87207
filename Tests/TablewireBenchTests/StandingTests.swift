import ArgumentParser
import Testing

@testable import tablewire_bench

@Suite struct StandingTests {
    private func contest(_ metric: Contest.Metric, _ target: Contest.Target) -> Contest {
        Contest(
            "copy", "copy of rows", metric, own: "join --rows 10", target,
            [
                Contest.Entrant("redis", "join rows=10", variant: "RDB"),
                Contest.Entrant("redis", "join rows=10 type=disc", variant: "AOF"),
                Contest.Entrant("mnesia", "join rows=10"),
            ])
    }

    private func ledger(_ contest: Contest, own: [Double], _ others: [[Double]], field: String = "seconds") -> Ledger {
        var ledger = Ledger()
        for (run, values) in zip([contest.own] + contest.entrants.map(\.run), [own] + others) {
            for value in values {
                var line = ResultLine("join", rows: 10)
                line[field] = .number(value)
                ledger.note(run, .success(BenchmarkSample(line: line, otherCPU: 0.1, wallSeconds: 1)))
            }
        }
        return ledger
    }

    @Test func theRatioIsOfMediansToTheBestOfThePeer() throws {
        let contest = contest(.seconds, .times(0.5, of: "redis"))
        let standing = Standing(contest, in: ledger(contest, own: [1, 2, 9], [[8, 4], [5, 4, 9], [1]]))
        #expect(standing.own?.median == 2)
        #expect(standing.best(of: "redis") == 5)
        #expect(standing.ratio == 0.4)
        #expect(standing.verdict == .reached)
        #expect(standing.text(standing.own) == "2 s (1 s to 9 s)")
        #expect(standing.peersText == "redis RDB 6 s (4 s to 8 s), redis AOF 5 s (4 s to 9 s), mnesia 1 s")
        #expect(standing.targetText == "≤ 0.5 × redis")
    }

    @Test func moreIsBetterForRates() {
        let contest = contest(.rate, .times(2, of: "redis"))
        let missed = Standing(contest, in: ledger(contest, own: [19], [[10], [8], []], field: "rate"))
        #expect(missed.best(of: "redis") == 10)
        #expect(missed.verdict == .missed)
        let reached = Standing(contest, in: ledger(contest, own: [20], [[10], [8], []], field: "rate"))
        #expect(reached.verdict == .reached)
        #expect(reached.targetText == "≥ 2 × redis")
    }

    @Test func anAbsoluteTargetNeedsNoPeer() {
        let contest = contest(.seconds, .absolute(0.1))
        #expect(Standing(contest, in: ledger(contest, own: [0.1], [])).verdict == .reached)
        #expect(Standing(contest, in: ledger(contest, own: [0.11], [])).verdict == .missed)
        #expect(Standing(contest, in: ledger(contest, own: [], [])).verdict == .unknown)
        #expect(Standing(contest, in: Ledger()).ratio == nil)
        #expect(Standing(contest, in: Ledger()).targetText == "≤ 0.1 s")
    }

    @Test func figuresAreTakenPerRow() {
        var line = ResultLine("join", rows: 1000, peakMemory: 2, bytesOnWire: 27_000)
        #expect(Contest.Metric.memoryPerRow.value(line) == 2.0 * 1_048_576 / 1000)
        #expect(Contest.Metric.wirePerRow.value(line) == 27)
        line["rows"] = .integer(0)
        #expect(Contest.Metric.wirePerRow.value(line) == nil)
        #expect(Contest.Metric.median.value(line) == nil)
    }

    @Test func shortTimesAreMilliseconds() {
        #expect(Contest.Metric.seconds.text(0.0052) == "5.2 ms")
        #expect(Contest.Metric.seconds.text(0.25) == "0.25 s")
        #expect(Contest.Metric.rate.text(0.05) == "0.05 /s")
    }

    @Test func whoIsMissingIsNamedWithTheReason() {
        let contest = contest(.seconds, .times(0.5, of: "redis"))
        var ledger = ledger(contest, own: [1], [])
        ledger.note(contest.entrants[2].run, .failure(BenchmarkFailure(description: "erl is not installed")))
        let standing = Standing(contest, in: ledger)
        #expect(standing.verdict == .unknown)
        #expect(standing.missing.map(\.title) == ["redis RDB", "redis AOF", "mnesia"])
        #expect(standing.missing.last?.reason == "erl is not installed")
        #expect(standing.peersText.contains("mnesia missing"))
        let report = ComparisonReport(standings: [standing], otherCPU: ledger.otherCPU, runs: 5, facts: ["kernel: 6"])
        #expect(report.notes.contains("mnesia is missing: erl is not installed (copy)"))
        #expect(report.text.contains("other processes took 10 % of the machine"))
        #expect(report.markdown.contains("- kernel: 6"))
        #expect(report.markdown.contains("| copy of rows | 1 s | redis RDB missing"))
        #expect(standing.line.json.contains(#""reached": "?", "missing": "redis RDB:"#))
    }

    @Test func aFigureOfOursThatIsMissingIsNamedToo() {
        let contest = contest(.seconds, .absolute(1))
        var ledger = Ledger()
        ledger.note(contest.own, .failure(BenchmarkFailure(description: "no program")))
        let report = ComparisonReport(standings: [Standing(contest, in: ledger)], otherCPU: nil, runs: 1, facts: [])
        #expect(report.notes.contains("tablewire did not measure copy: no program"))
        #expect(report.table.text.contains("not measured"))
    }

    @Test func everyRowHasItsOwnNameAndPeers() {
        let contests = Contest.all(rows: 1_000_000, seconds: 4)
        #expect(Set(contests.map(\.id)).count == contests.count)
        for contest in contests {
            #expect(!contest.entrants.isEmpty, "\(contest.id)")
            if case .times(_, let peer) = contest.target {
                #expect(
                    contest.entrants.contains { $0.peer == peer }, "\(contest.id) is compared to \(peer), which takes no part")
            }
            #expect(throws: Never.self, "\(contest.id)") { try TablewireBench.parseAsRoot(contest.own.arguments) }
        }
        #expect(CompareCommand.configuration.discussion.contains("copy-ram copy-disc"))
        let listed = CompareCommand.configuration.discussion.split(whereSeparator: \.isWhitespace).map(String.init)
        for contest in contests { #expect(listed.contains(contest.id), "'--help' does not name the row \(contest.id)") }
    }

    @Test func everyCaseOfGrowthCanBeRun() {
        for step in Growth.cases(largest: 5_000_000, seconds: 4) {
            #expect(throws: Never.self, "\(step.title)") { try TablewireBench.parseAsRoot(step.arguments) }
        }
        #expect(Growth.cases(largest: 10_000, seconds: 1).allSatisfy { !$0.title.hasPrefix("100 000 rows") })
    }
}

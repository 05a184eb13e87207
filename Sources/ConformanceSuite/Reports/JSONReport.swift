import Foundation

/// One JSON object a line: the run, each case as it ends, and the sum. The schema is `conformance/conform.schema.json`.
package struct JSONReport {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private struct RunLine: Encodable {
        var kind = "run"
        var node: String
        var seed: String
        var cases: Int
        var suite: String
    }

    private struct CaseLine: Encodable {
        var kind = "case"
        var id: String
        var verdict: String
        var requirements: [String]
        var role: String
        var profile: String
        var summary: String
        var milliseconds: Double
        var expected: String?
        var got: String?
        var command: String?
        var wire: [String]?
    }

    private struct SumLine: Encodable {
        var kind = "sum"
        var verdicts: [String: Int]
        var status: Int
        var milliseconds: Double
        var lost: String?
    }

    package static func run(_ run: RunDescription) -> String {
        line(RunLine(node: run.node, seed: "\(run.seed)", cases: run.caseCount, suite: RunDescription.version))
    }

    package static func result(_ result: CaseResult, of run: RunDescription) -> String {
        var wire: [String]?
        if result.verdict.needsExplanation, !result.records.isEmpty {
            wire = CaseCapture(result.records).lines().split(separator: "\n").map(String.init)
        }
        return line(
            CaseLine(
                id: result.caseID, verdict: result.verdict.rawValue, requirements: result.requirements,
                role: result.role.rawValue,
                profile: result.profile.rawValue, summary: result.summary, milliseconds: result.duration.milliseconds,
                expected: result.expected.isEmpty ? nil : result.expected, got: result.got.isEmpty ? nil : result.got,
                command: result.verdict.needsExplanation ? run.command(repeating: result.caseID) : nil, wire: wire))
    }

    package static func sum(_ summary: RunSummary) -> String {
        var verdicts: [String: Int] = [:]
        for (verdict, count) in summary.counts { verdicts[verdict.rawValue] = count }
        return line(
            SumLine(
                verdicts: verdicts, status: Int(summary.status), milliseconds: summary.duration.milliseconds, lost: summary.lost))
    }

    private static func line(_ value: some Encodable) -> String {
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}

extension Duration {
    fileprivate var milliseconds: Double { (Double(wholeNanoseconds) / 10_000).rounded() / 100 }
}

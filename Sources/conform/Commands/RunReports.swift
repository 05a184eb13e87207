import ConformanceSuite
import Foundation
import PacketCapture
import ProgramTerminal
import Synchronization

/// Tells people and files how a run goes. What can be written is written at once, so that it is there whatever happens.
final class RunReports: Sendable {
    private struct State {
        var results: [CaseResult] = []
        var json: Int32?
        /// The first thing that went wrong with a report; the run goes on.
        var problem: String?
    }

    private let description: RunDescription
    private let junit: String?
    private let html: String?
    private let captures: String?
    /// Standard output is for programs: people are told on standard error.
    private let isForPrograms: Bool
    private let usesColor: Bool
    private let state: Mutex<State>

    /// - Throws: when a file cannot be made, before the first case runs.
    init(_ description: RunDescription, json: String?, junit: String?, html: String?, captures: String?) throws {
        self.description = description
        self.junit = junit
        self.html = html
        self.captures = captures
        isForPrograms = json == "-"
        usesColor = Terminal.wantsColor(json == "-" ? STDERR_FILENO : STDOUT_FILENO)
        for path in [junit, html].compactMap(\.self) { close(try Self.create(path)) }
        if let captures {
            do {
                try FileManager.default.createDirectory(atPath: captures, withIntermediateDirectories: true)
            } catch {
                throw CommandError("\(captures): cannot be made: name a directory for captures", status: Status.usage)
            }
        }
        state = Mutex(State(json: try json.map { $0 == "-" ? STDOUT_FILENO : try Self.create($0) }))
        state.withLock { Self.write(JSONReport.run(description) + "\n", to: $0.json) }
    }

    private static func create(_ path: String) throws -> Int32 {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CommandError("\(path): cannot be written (\(SystemError.text(errno)))", status: Status.usage)
        }
        return descriptor
    }

    func note(_ result: CaseResult) {
        state.withLock { state in
            state.results.append(result)
            Self.write(JSONReport.result(result, of: description) + "\n", to: state.json)
            tell(lines(result, number: state.results.count))
            guard let captures, result.verdict.needsExplanation, !result.records.isEmpty else { return }
            let name = result.caseID.replacingOccurrences(of: "/", with: "-")
            do throws(RecordingError) {
                try CaseCapture(result.records).write(to: "\(captures)/\(name).pcapng", caseID: result.caseID)
            } catch {
                state.problem = state.problem ?? "\(error)"
            }
        }
    }

    /// Writes the reports that need the whole.
    /// - Returns: the exit code.
    func finish(duration: Duration, lost: String?) throws -> Int32 {
        let (results, problem) = state.withLock { ($0.results, $0.problem) }
        let summary = RunSummary(results, duration: duration, lost: lost)
        state.withLock { Self.write(JSONReport.sum(summary) + "\n", to: $0.json) }
        if let junit { try write(JUnitReport.text(results, summary, description), to: junit) }
        if let html { try write(HTMLReport.text(results, summary, description), to: html) }
        tell(self.summary(summary))
        if let problem { throw CommandError(problem) }
        return summary.status
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandError("\(path): cannot be written")
        }
    }

    private static func write(_ text: String, to descriptor: Int32?) {
        guard let descriptor else { return }
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
    }

    // MARK: For people

    private func tell(_ text: String) {
        if isForPrograms { return StandardError.write(text) }
        Self.write(text, to: STDOUT_FILENO)
    }

    private func lines(_ result: CaseResult, number: Int) -> String {
        let count = "\(description.caseCount)"
        let place = String(repeating: " ", count: max(0, count.count - "\(number)".count)) + "\(number)/\(count)"
        let word = result.verdict.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)
        let shown = usesColor ? result.verdict.style.apply(to: word) : word
        var text = "\(place)  \(shown)  \(result.caseID)\n"
        guard result.verdict.needsExplanation else { return text }
        let indent = "\n" + String(repeating: " ", count: count.count * 2 + 3)
        if !result.summary.isEmpty { text += indent.dropFirst() + result.summary }
        if !result.expected.isEmpty { text += indent + "expected: " + result.expected }
        if !result.got.isEmpty { text += indent + "got:      " + result.got }
        return text + indent + "repeat:   " + description.command(repeating: result.caseID) + "\n"
    }

    private func summary(_ summary: RunSummary) -> String {
        let counts = summary.counts.map { "\($0.count) \($0.verdict.rawValue)" }.joined(separator: ", ")
        let time = Double(summary.duration.components.seconds) + Double(summary.duration.components.attoseconds) / 1e18
        return "\n\(counts.isEmpty ? "no case was run" : counts) of \(description.caseCount) in "
            + "\((time * 10).rounded() / 10) s, seed \(description.seed)\n"
    }
}

extension Verdict {
    fileprivate var style: Style {
        switch self {
        case .pass: .good
        case .lenient, .inconclusive: .warning
        case .fail, .unexpectedPass: .bad
        case .notApplicable, .skip, .expectedFailure: .faint
        }
    }
}

import Foundation
import Synchronization

/// Nobody reads what the demo says any more.
struct ReaderGone: Error {}

/// Tells the story of the demo: prose with progress bars for people, or one JSON line a step for programs.
final class Narrator: Sendable {
    enum Form: Sendable {
        case prose(hasTerminal: Bool)
        case jsonLines
    }

    private let form: Form
    private let stepsBegun = Mutex(0)
    private let start = ContinuousClock.now

    init(form: Form) { self.form = form }

    /// One step: its title, what it shows while it runs, and what it proves if it holds.
    /// - Parameters:
    ///   - name: for programs.
    ///   - body: throws when the step does not hold.
    func step<Result>(
        _ name: String, _ title: String, proves claim: String, _ body: (StepReport) async throws -> Result
    ) async throws -> Result {
        let steps = stepsBegun.withLock { count in
            count += 1
            return count
        }
        try prose("\n\(steps). \(title)\n")
        let report = StepReport(narrator: self)
        let start = ContinuousClock.now
        do {
            let result = try await body(report)
            let elapsed = ContinuousClock.now - start
            try prose("   \u{2713} \(claim) (\(elapsed.inSeconds))\n")
            try json(Line(step: steps, name: name, holds: true, seconds: elapsed.seconds, claim: claim, facts: report.facts))
            return result
        } catch let error as ReaderGone {
            throw error
        } catch {
            let elapsed = (ContinuousClock.now - start).seconds
            var line = Line(step: steps, name: name, holds: false, seconds: elapsed, claim: claim, facts: report.facts)
            line.problem = "\(error)"
            try json(line)
            throw error
        }
    }

    private var steps: Int { stepsBegun.withLock { $0 } }

    func introduce(directory: String) throws {
        try prose("Tablewire demo: three node processes on this machine. Their data and logs are in \(directory)\n")
    }

    func end(keptAt directory: String?) throws {
        try prose("\nEvery one of \(steps) steps held. \((ContinuousClock.now - start).inSeconds) in all.\n")
        try prose(directory.map { "The files are kept in \($0)\n" } ?? "The processes are ended and the files are removed.\n")
    }

    /// Why the demo did not get to its end: one line, then what the nodes wrote last.
    func complain(_ problem: String, logs: [(name: String, lines: [Substring])], keptAt directory: String?) {
        var text = "tablewire demo: " + (steps == 0 ? problem : "step \(steps): \(problem)") + "\n"
        for (name, lines) in logs {
            text += "the last lines of \(name)'s log:\n" + lines.map { "    \($0)\n" }.joined()
        }
        if let directory { text += "the files are kept in \(directory)\n" }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    // MARK: Output

    fileprivate var hasTerminal: Bool {
        if case .prose(let hasTerminal) = form { hasTerminal } else { false }
    }

    fileprivate func prose(_ text: String) throws {
        if case .prose = form { try write(text) }
    }

    private func json(_ line: Line) throws {
        guard case .jsonLines = form else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try write(String(decoding: try encoder.encode(line), as: UTF8.self) + "\n")
    }

    private func write(_ text: String) throws {
        do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch { throw ReaderGone() }
    }

    private struct Line: Encodable {
        var step: Int
        var name: String
        var holds: Bool
        var seconds: Double
        var claim: String
        var facts: [String: Fact]
        var problem: String?
    }
}

/// A number or a word that a program may want to read.
enum Fact: Encodable {
    case count(UInt64)
    case seconds(Double)
    case text(String)

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .count(let value): try container.encode(value)
        case .seconds(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }
}

/// What one step says while it runs.
final class StepReport: Sendable {
    private let narrator: Narrator
    private let noted = Mutex<[String: Fact]>([:])
    fileprivate var facts: [String: Fact] { noted.withLock { $0 } }

    fileprivate init(narrator: Narrator) { self.narrator = narrator }

    func tell(_ line: String) throws { try narrator.prose("   \(line)\n") }

    func note(_ name: String, _ fact: Fact) { noted.withLock { $0[name] = fact } }

    /// Shows how far something is, on a terminal; the next call overwrites it.
    func progress(_ done: UInt64, of total: UInt64, since start: ContinuousClock.Instant) throws {
        guard narrator.hasTerminal, total > 0 else { return }
        let width: UInt64 = 30
        let filled = Int(min(done, total) * width / total)
        let bar = String(repeating: "\u{2588}", count: filled) + String(repeating: "\u{2591}", count: Int(width) - filled)
        let rate = Rate(rows: done, over: ContinuousClock.now - start)
        try narrator.prose("\r\u{1B}[K   \(bar) \(done.grouped) of \(total.grouped) rows, \(rate)")
    }

    /// Removes the progress bar.
    func endProgress() throws {
        if narrator.hasTerminal { try narrator.prose("\r\u{1B}[K") }
    }
}

/// Rows a second.
struct Rate: CustomStringConvertible {
    let perSecond: UInt64

    init(rows: UInt64, over time: Duration) {
        perSecond = time > .zero ? UInt64(Double(rows) / time.seconds) : 0
    }

    var description: String { "\(perSecond.grouped) rows/s" }
}

extension Duration {
    var seconds: Double {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        return Double(milliseconds) / 1000
    }

    /// `0.214 s`
    var inSeconds: String { "\(seconds) s" }
}

extension UInt64 {
    /// `100,418`
    var grouped: String {
        let digits = Array(String(self))
        return String(
            digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index).isMultiple(of: 3) ? [",", digit] : [digit]
            })
    }
}

import ProgramTerminal
import Synchronization

/// Tells the story of the demo: prose with progress bars for people, or one JSON line a step for programs.
final class Narrator: Sendable {
    private struct Voice {
        var output = Output()
        var steps = 0
    }

    private let speaksJSON: Bool
    private let voice = Mutex(Voice())
    private let start = ContinuousClock.now
    fileprivate let hasTerminal: Bool

    /// - Parameter speaksJSON: one JSON line a step instead of prose.
    init(speaksJSON: Bool) {
        self.speaksJSON = speaksJSON
        hasTerminal = !speaksJSON && Terminal.isTerminal(1)
    }

    /// How many steps were begun.
    var steps: Int { voice.withLock { $0.steps } }

    /// One step: its title, what it shows while it runs, and what it proves if it holds.
    /// - Parameters:
    ///   - name: for programs.
    ///   - body: throws when the step does not hold.
    func step<Result>(
        _ name: String, _ title: String, proves claim: String, _ body: (StepReport) async throws -> Result
    ) async throws -> Result {
        let number = voice.withLock { voice in
            voice.steps += 1
            return voice.steps
        }
        try prose("\n\(number). \(title)\n")
        let report = StepReport(narrator: self)
        let start = ContinuousClock.now
        func line(_ holds: Bool, _ problem: [JSON.Member] = []) -> JSON {
            .object(
                [
                    .init(name: "step", value: .number(Int64(number))), .init(name: "name", value: .string(name)),
                    .init(name: "holds", value: .bool(holds)), .init(name: "claim", value: .string(claim)),
                    .init(name: "seconds", value: .decimal((ContinuousClock.now - start).roundedSeconds)),
                    .init(name: "facts", value: .object(report.facts)),
                ] + problem)
        }
        do {
            let result = try await body(report)
            try prose("   \u{2713} \(claim) (\((ContinuousClock.now - start).inSeconds))\n")
            try json(line(true))
            return result
        } catch let error as Output.Closed {
            throw error
        } catch {
            try json(line(false, [.init(name: "problem", value: .string("\(error)"))]))
            throw error
        }
    }

    func introduce(directory: String) throws {
        try prose("Tablewire demo: three node processes on this machine. Their data and logs are in \(directory)\n")
    }

    func end(keptAt directory: String?) throws {
        try prose("\nEvery one of \(steps) steps held. \((ContinuousClock.now - start).inSeconds) in all.\n")
        try prose(directory.map { "The files are kept in \($0)\n" } ?? "The processes are ended and the files are removed.\n")
    }

    // MARK: Output

    /// Goes out at once: between two steps people wait.
    fileprivate func prose(_ text: String) throws {
        guard !speaksJSON else { return }
        try voice.withLock { voice in
            try voice.output.append { $0.append(contentsOf: text.utf8) }
            try voice.output.flush()
        }
    }

    private func json(_ line: JSON) throws {
        guard speaksJSON else { return }
        try voice.withLock { voice in
            try voice.output.print(line)
            try voice.output.flush()
        }
    }
}

/// What one step says while it runs.
final class StepReport: Sendable {
    private let narrator: Narrator
    private let noted = Mutex<[JSON.Member]>([])
    fileprivate var facts: [JSON.Member] { noted.withLock { $0 } }

    fileprivate init(narrator: Narrator) { self.narrator = narrator }

    func tell(_ line: String) throws { try narrator.prose("   \(line)\n") }

    /// A number or a word that a program may want to read.
    func note(_ name: String, _ fact: JSON) {
        noted.withLock { $0.append(JSON.Member(name: name, value: fact)) }
    }

    func note(_ name: String, _ time: Duration) { note(name, .decimal(time.roundedSeconds)) }

    /// Shows how far something is, on a terminal; the next call overwrites it.
    func progress(_ done: UInt64, of total: UInt64, since start: ContinuousClock.Instant) throws {
        guard narrator.hasTerminal, total > 0 else { return }
        let width: UInt64 = 30
        let filled = Int(min(done, total) * width / total)
        let bar = String(repeating: "\u{2588}", count: filled) + String(repeating: "\u{2591}", count: Int(width) - filled)
        let rate = Rate(rows: done, over: ContinuousClock.now - start)
        try narrator.prose("\r\u{1B}[K   \(bar) \(Quantity.grouped(done)) of \(Quantity.count(total, "row")), \(rate)")
    }

    /// Removes the progress bar.
    func endProgress() throws {
        if narrator.hasTerminal { try narrator.prose("\r\u{1B}[K") }
    }
}

/// Rows a second.
struct Rate: CustomStringConvertible {
    let perSecond: Int64

    init(rows: UInt64, over time: Duration) {
        perSecond = time > .zero ? Int64(Double(rows) / Quantity.seconds(time)) : 0
    }

    var description: String { "\(Quantity.grouped(perSecond)) rows/s" }
}

extension Duration {
    /// Seconds with three digits behind the point.
    fileprivate var roundedSeconds: Double {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        return Double(milliseconds) / 1000
    }

    /// `0.214 s`
    var inSeconds: String { "\(roundedSeconds) s" }
}

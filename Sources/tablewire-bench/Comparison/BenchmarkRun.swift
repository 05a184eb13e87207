import CKernel
import Foundation
import Glibc

/// One run of a program that measures something and prints it as one line of JSON: this one, or the driver of a peer.
struct BenchmarkRun: Hashable, Sendable {
    /// Who is measured: `tablewire` or the name of a peer.
    var peer: String
    var arguments: [String]
    /// Whether this program measures the peer, and not a driver.
    var isOwnProgram = false

    /// A run of this program.
    static func own(_ arguments: String, peer: String = "tablewire") -> BenchmarkRun {
        let words = arguments.split(separator: " ").map(String.init)
        return BenchmarkRun(peer: peer, arguments: words + ["--json"], isOwnProgram: true)
    }

    var title: String { "\(peer) \(arguments.joined(separator: " "))" }
}

/// What a run gave.
struct BenchmarkSample: Sendable {
    var line: ResultLine
    /// The share of all cores that processes outside of the run used meanwhile, 0 to 1.
    var otherCPU: Double
    var wallSeconds: Double
}

/// Why a run gave nothing, in one line.
struct BenchmarkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    var description: String
}

/// Runs programs one at a time, and watches what else the machine does.
struct BenchmarkRunner: Sendable {
    /// After which a run is ended.
    let limit: Duration
    /// How long to wait for a quiet machine before a run.
    let quietSeconds: Double

    init(limit: Duration = .seconds(900), quietSeconds: Double = 0) {
        self.limit = limit
        self.quietSeconds = quietSeconds
        // What the nodes of a run leave behind is waited for here, so that its time counts as theirs.
        _ = ckernel_adopt_orphans()
    }

    func run(_ program: URL, _ arguments: [String]) async throws(BenchmarkFailure) -> BenchmarkSample {
        await awaitQuiet()
        let busy = Machine.busySeconds
        let own = Self.ownSeconds()
        let watch = Stopwatch()
        let output: String
        do {
            output = try await perform(program, arguments)
        } catch {
            throw BenchmarkFailure(description: "\(error)")
        }
        // What is still ending.
        try? await Waiting.pause(.milliseconds(300))
        let wall = watch.seconds
        let other = (Machine.busySeconds - busy) - (Self.ownSeconds() - own)
        guard let text = output.split(separator: "\n").last(where: { $0.hasPrefix("{") }), let line = ResultLine(parsing: text)
        else { throw BenchmarkFailure(description: "it printed no line of JSON") }
        return BenchmarkSample(
            line: line, otherCPU: max(0, other) / (wall * Double(Machine.cores)), wallSeconds: wall)
    }

    /// - Returns: standard output.
    private func perform(_ program: URL, _ arguments: [String]) async throws -> String {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tablewire-bench-run-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        Leftovers.shared.add(directory: folder.path)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (out, err) = (folder.appending(path: "out"), folder.appending(path: "err"))
        for file in [out, err] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: err)
        // It has nodes of its own to end, so it is asked to.
        try Leftovers.shared.start(process, endedBy: SIGTERM)
        defer { Leftovers.shared.remove(process: process.processIdentifier) }
        try await wait(for: process)
        let errors = String(decoding: try Data(contentsOf: err), as: UTF8.self)
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw BenchmarkFailure(description: Self.reason(errors, process.terminationStatus))
        }
        return String(decoding: try Data(contentsOf: out), as: UTF8.self)
    }

    private func wait(for process: Process) async throws {
        do {
            try await Waiting.until("its end", atMost: limit, step: .milliseconds(20)) { !process.isRunning }
        } catch {
            process.terminate()
            throw BenchmarkFailure(description: "it was ended: \(error)")
        }
    }

    private static func reason(_ errors: String, _ status: Int32) -> String {
        let line = errors.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }
        return line.map { $0.trimmingCharacters(in: .whitespaces) } ?? "it ended with \(status) and said nothing"
    }

    /// Seconds of this process and of all descendants that have ended.
    private static func ownSeconds() -> Double {
        // No run is under way: whoever is left here is an orphan of the last one.
        while waitpid(-1, nil, WNOHANG) > 0 {}
        return ProcessorClock.seconds + ProcessorClock.secondsOfChildren
    }

    /// Until the cores are three quarters idle for a second.
    private func awaitQuiet() async {
        let watch = Stopwatch()
        while watch.seconds < quietSeconds {
            let (busy, second) = (Machine.busySeconds, Stopwatch())
            guard (try? await Waiting.pause(.seconds(1))) != nil else { return }
            if (Machine.busySeconds - busy) / (second.seconds * Double(Machine.cores)) < 0.25 { return }
        }
    }
}

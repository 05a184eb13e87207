import Foundation
import Glibc

/// One end of the link: a network namespace with one address, and the programs that run in it.
final class LinkEnd: Sendable {
    /// What the device is called at either end.
    static let device = "link0"

    let namespace: String
    let address: String
    private let directory: URL

    init(namespace: String, address: String, directory: URL) {
        self.namespace = namespace
        self.address = address
        self.directory = directory
    }

    /// Runs a program in the namespace to its end.
    /// - Parameter output: a file; it is made.
    func run(_ command: [String], input: URL? = nil, output: URL? = nil) async throws {
        if let output { try Data().write(to: output) }
        try await SystemProgram.run("ip", ["netns", "exec", namespace] + command, input: input, output: output)
    }

    /// Starts a program in the namespace. It has the number of the process that is returned: `ip` becomes the program.
    /// - Parameters:
    ///   - log: the name of the file that gets its output.
    ///   - input: what it reads; nothing when there is none.
    func start(
        _ command: [String], log: String, environment: [String: String] = [:], input: Pipe? = nil
    ) throws -> LinkProcess {
        guard let program = SystemProgram.url("ip") else { throw MeasurementError("ip is not installed") }
        let file = directory.appending(path: log)
        try Data().write(to: file)
        let output = try FileHandle(forWritingTo: file)
        defer { try? output.close() }
        let process = Process()
        process.executableURL = program
        process.arguments = ["netns", "exec", namespace] + command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let input { process.standardInput = input } else { process.standardInput = FileHandle.nullDevice }
        process.standardOutput = output
        process.standardError = output
        try Leftovers.shared.start(process)
        return LinkProcess(process: process, log: file)
    }
}

/// A program that runs at one end.
struct LinkProcess {
    let process: Process
    let log: URL

    var figures: ProcessFigures { ProcessFigures(id: process.processIdentifier) }

    /// All that it wrote so far.
    var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Bytes that its end of the link received and sent so far, with Ethernet headers.
    var linkBytes: Int {
        for line in Machine.contents("/proc/\(process.processIdentifier)/net/dev").split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == LinkEnd.device else { continue }
            let numbers = parts[1].split(separator: " ").compactMap { Int($0) }
            return numbers.count > 8 ? numbers[0] + numbers[8] : 0
        }
        return 0
    }

    func checkIsRunning() throws {
        guard process.isRunning else {
            let last = output.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }
            throw MeasurementError("\(log.deletingPathExtension().lastPathComponent) ended: \(last ?? "it wrote nothing")")
        }
    }

    /// Waits for a line of its output that begins so.
    /// - Returns: the rest of the line.
    func waitForLine(_ start: String, atMost limit: Duration = .seconds(600)) async throws -> String {
        var rest = ""
        try await Waiting.until("'\(start)' from \(log.lastPathComponent)", atMost: limit) {
            // First whether it runs: what it wrote before it ended still counts.
            let isRunning = process.isRunning
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix(start) }) {
                rest = String(line.dropFirst(start.count)).trimmingCharacters(in: .whitespaces)
                return true
            }
            if !isRunning { try checkIsRunning() }
            return false
        }
        return rest
    }

    func kill() { _ = Glibc.kill(process.processIdentifier, SIGKILL) }
}

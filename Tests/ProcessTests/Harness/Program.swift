import Foundation
import Testing

/// The built program, which stands beside the test bundle.
enum Program {
    /// `TABLEWIRE_BINARY` names another one, such as a release build.
    static let url: URL = {
        if let path = ProcessInfo.processInfo.environment["TABLEWIRE_BINARY"] { return URL(filePath: path) }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().appending(path: "tablewire")
    }()
}

/// What one run of a program left behind.
struct Outcome: Sendable {
    var code: Int32
    var output: Data
    var errorOutput: Data

    var text: String { String(decoding: output, as: UTF8.self) }
    var errors: String { String(decoding: errorOutput, as: UTF8.self) }
    var errorLines: [Substring] { errors.split(separator: "\n") }
    var lines: [Substring] { text.split(separator: "\n") }

    /// A line of JSON for each line of output.
    func json() throws -> [[String: Any]] {
        try lines.map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "not an object: \(line)")
        }
    }
}

extension Program {
    /// Runs a program to its end.
    /// - Parameters:
    ///   - files: a folder for what it writes; pipes would block it while nobody reads.
    ///   - limit: after which it is killed, which shows as code 137.
    static func run(
        _ arguments: [String], of executable: URL = url, environment: [String: String] = [:], input: Data? = nil, files: URL,
        limit: Duration = .seconds(120)
    ) async throws -> Outcome {
        let id = UUID().uuidString
        let (out, err, into) = (
            files.appending(path: "run-\(id).out"), files.appending(path: "run-\(id).err"), files.appending(path: "run-\(id).in")
        )
        for file in [out, err] { try Data().write(to: file) }
        try (input ?? Data()).write(to: into)
        defer { for file in [out, err, into] { try? FileManager.default.removeItem(at: file) } }
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: into)
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: err)
        try process.run()
        let running = RunningProcess(process)
        do {
            try await eventually("the end of \(arguments.joined(separator: " "))", within: limit) { !running.isRunning }
        } catch {
            running.kill()
            running.waitForEnd()
            throw error
        }
        return Outcome(
            code: running.exitCode, output: try Data(contentsOf: out), errorOutput: try Data(contentsOf: err))
    }
}

import Foundation

/// The built program, which stands beside the test bundle; the node that it starts stands there too.
enum BenchProgram {
    struct Outcome {
        var code: Int32
        var output: String
        var errors: String
        var lines: [Substring] { output.split(separator: "\n") }
    }

    private static let url: URL = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().appending(path: "tablewire-bench")
    }()

    /// Runs it to its end, with a temporary directory of its own that must be empty afterwards, as must be what it made of network
    /// namespaces.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        try await withTemporaryDirectory { folder in
            let (out, err, temporary) = (
                folder.appending(path: "out"), folder.appending(path: "err"), folder.appending(path: "tmp")
            )
            for file in [out, err] { try Data().write(to: file) }
            try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: false)
            let process = Process()
            process.executableURL = url
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment
                .merging(["TMPDIR": temporary.path, "TABLEWIRE_PEERS": ""]) { $1 }.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try FileHandle(forWritingTo: out)
            process.standardError = try FileHandle(forWritingTo: err)
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                process.terminationHandler = { _ in continuation.resume() }
                do { try process.run() } catch { continuation.resume(throwing: error) }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: temporary.path)
            guard left.isEmpty else { throw Leftover(description: "left behind: \(left)") }
            let namespaces = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
            guard !namespaces.contains(where: { $0.dropLast() == "twl\(process.processIdentifier)" }) else {
                throw Leftover(description: "left behind: a network namespace")
            }
            return Outcome(
                code: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
                output: try String(contentsOf: out, encoding: .utf8), errors: try String(contentsOf: err, encoding: .utf8))
        }
    }

    struct Leftover: Error, CustomStringConvertible {
        var description: String
    }
}

func withTemporaryDirectory<R>(_ body: (URL) async throws -> R) async throws -> R {
    let suffix = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    let folder = FileManager.default.temporaryDirectory.appending(path: "tablewire-bench-test-\(suffix)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

import Foundation
import Testing

/// The second implementation, in Python: it reads the vectors of the spec, and makes clusters with this one.
@Suite struct PythonPeerTests {
    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        .enabled(if: python != nil, "the second implementation is not tested: apt-get install python3"),
        arguments: [
            ["-m", "unittest", "test_vectors"],
            ["../../read_vectors.py", "../../vectors/frames.json"],
        ]) func itReadsTheVectors(arguments: [String]) throws
    {
        let outcome = try run(arguments)
        #expect(outcome.code == 0, "\(outcome.text)")
    }

    private func run(_ arguments: [String]) throws -> (code: Int32, text: String) {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = ["-B"] + arguments
        process.currentDirectoryURL = root.appendingPathComponent("conformance/peers/python")
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

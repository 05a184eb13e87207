import Foundation
import Testing

extension Wiredump {
    /// The exact text of some frames, so that a change of it is seen in review. `TABLEWIRE_WRITE_GOLDEN=1 swift test --filter
    /// GoldenTests` writes the files anew, also after the captures were made anew.
    @Suite struct GoldenTests {
        private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        private static let isWriting = ProcessInfo.processInfo.environment["TABLEWIRE_WRITE_GOLDEN"] == "1"

        /// File, capture, and which of its frames.
        private static let samples: [(name: String, capture: String, options: [String])] = [
            ("beginning", "join.pcap", ["--first", "12"]),
            ("beginning-fields", "secret.pcap", ["-v", "--first", "3"]),
            ("beginning-bytes", "secret.pcap", ["-x", "--first", "1"]),
            ("refused", "secret.pcap", []),
            ("join", "join.pcap", ["--filter", "type ~ JOIN or type ~ SNAP or type = MEMBERS or type = DEFINITIONS"]),
            ("join-fields", "join.pcap", ["-v", "--filter", "type ~ JOIN or type ~ SNAP"]),
            ("definitions-bytes", "join.pcap", ["-x", "--filter", "type = DEFINITIONS", "--first", "1"]),
            ("operations", "replication.pcapng", ["--filter", "type = OPERATIONS"]),
            ("operations-fields", "replication.pcapng", ["-v", "--filter", "type = OPERATIONS", "--first", "2"]),
            ("operations-bytes", "replication.pcapng", ["-x", "--filter", "type = OPERATIONS", "--first", "1"]),
            ("operations-values", "replication.pcapng", ["--show-values", "--filter", "type = OPERATIONS"]),
            ("calls", "replication.pcapng", ["--filter", "type = CALL or type = REPLY", "--time", "utc", "--first", "30"]),
            ("heartbeats-fields", "partition.pcap", ["-v", "--filter", "type = PING or type = PONG", "--first", "2"]),
            ("chunks", "packed.pcap.gz", ["--filter", "type = SNAP_CHUNK"]),
            ("fragment-bytes", "packed.pcap.gz", ["-x", "--filter", "type = SNAP_CHUNK", "--first", "1"]),
            ("middle", "middle.pcap", ["--first", "4"]),
            ("gap", "gap.pcapng", ["--follow", "link=1"]),
            ("cut", "cut.pcap", ["--first", "10"]),
            ("cut-bytes", "cut.pcap", ["-x", "--first", "1"]),
            ("colours", "middle.pcap", ["--color", "always", "--first", "3"]),
            ("statistics", "join.pcap", ["--stats"]),
        ]

        @Test(arguments: samples.map(\.name))
        func textIsAsWritten(_ name: String) throws {
            let sample = try #require(Self.samples.first { $0.name == name })
            let run = try Wiredump.run(sample.options + [Repository.capture(sample.capture)])
            let head =
                "$ wiredump \(sample.options.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")) \(sample.capture)\n"
            let text = head + run.text
            let file = Self.folder.appending(path: "\(name).txt")
            if Self.isWriting { try Data(text.utf8).write(to: file) }
            let golden = try String(contentsOf: file, encoding: .utf8)
            let difference = zip(golden.split(separator: "\n"), text.split(separator: "\n")).first { $0 != $1 }
            #expect(golden == text, "\(name): \(difference.map { "'\($0.0)' became '\($0.1)'" } ?? "another number of lines")")
        }

        @Test func everyFileHasASample() throws {
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
            #expect(files == Self.samples.map { "\($0.name).txt" }.sorted())
        }
    }
}

import Foundation
import Testing

/// The requirements that the conformance suite covers are those of `protocol.json`. After a change of the JSON:
/// `TABLEWIRE_WRITE_TABLES=1 swift test --filter RequirementTableTests`.
@Suite struct RequirementTableTests {
    @Test func theTableIsMadeFromTheJson() throws {
        let url = SpecDirectory.root.appendingPathComponent("Sources/ConformanceSuite/Requirements/RequirementTable.swift")
        let made = try source()
        if ProcessInfo.processInfo.environment["TABLEWIRE_WRITE_TABLES"] == "1" {
            try made.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: url, encoding: .utf8) == made)
    }

    private func source() throws -> String {
        let all = try ProtocolDocument.load().requirements.map { "\($0.id) \($0.subject) \($0.class) \($0.keyword)" }
        // Three a line, so that there is room for more of them in a file.
        let lines = stride(from: 0, to: all.count, by: 3).map {
            "        " + all[$0..<min($0 + 3, all.count)].joined(separator: ", ")
        }
        return """
            /// Made from `spec/protocol.json` by `RequirementTableTests`; not to be changed by hand. `Requirement` reads it.
            enum RequirementTable {
                // Id, whom it binds, its class, its key word.
                static let text = \"""
            \(lines.joined(separator: "\n"))
                    \"""
            }

            """
    }
}

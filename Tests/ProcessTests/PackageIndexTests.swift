import ClusterModel
import Foundation
import Testing

/// The machine's own package index: real names, real texts, some of them long.
private enum PackageIndex {
    static let command = "/usr/bin/apt-cache"

    /// Writes `{"key": name, "value": stanza}` lines.
    /// - Returns: how many different names there are; 0 where the machine knows no packages.
    static func write(to file: URL, in testbed: Testbed) async throws -> Int {
        let listing = try await Program.run(["dumpavail"], of: URL(filePath: command), files: testbed.directory)
        var stanzas: [String: String] = [:]
        for stanza in listing.text.components(separatedBy: "\n\n") {
            guard let first = stanza.components(separatedBy: "\n").first, first.hasPrefix("Package: ") else { continue }
            stanzas[String(first.dropFirst("Package: ".count))] = stanza
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = Data()
        for (name, stanza) in stanzas {
            text.append(try encoder.encode(["key": name, "value": stanza]))
            text.append(UInt8(ascii: "\n"))
        }
        try text.write(to: file)
        return stanzas.count
    }
}

extension Scenarios {
    @Suite struct PackageIndexTests {
        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: PackageIndex.command), "there is no apt-cache here"))
        func thePackageIndexLoadsAndIsTheSameOnThreeNodes() async throws {
            try await withTestbed { testbed in
                let file = testbed.directory.appending(path: "packages.jsonl")
                let count = try await PackageIndex.write(to: file, in: testbed)
                guard count > 0 else { return try skipLoudly("apt-cache knows no packages: run apt-get update first") }
                let nodes = try await testbed.startNodes(3)
                let table = try TableDefinition.named("packages")
                try await nodes[0].create(table)
                let loaded = try await testbed.run("table", "load", "packages", file.path, at: nodes[0])
                #expect(loaded.code == 0, "\(loaded.errors)")
                #expect(try await nodes[0].rows(in: table) == count)
                for node in nodes.dropFirst() { try await node.join(nodes[0]) }
                try await testbed.waitForAgreement(nodes)
                let dump = try await testbed.dump(table.name, of: nodes[0])
                #expect(dump.count > 100 * count)
                for node in nodes.dropFirst() { #expect(try await testbed.dump(table.name, of: node) == dump) }
                for node in nodes { try await node.kill() }
                try await nodes[2].start(within: .seconds(60))
                #expect(try await testbed.dump(table.name, of: nodes[2]) == dump)
            }
        }
    }
}

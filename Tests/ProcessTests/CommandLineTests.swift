import ClusterModel
import Foundation
import Testing

extension Scenarios {
    /// What a person sees who uses the program in a shell.
    @Suite struct CommandLineTests {
        static let commands = [
            [], ["node"], ["demo"], ["cluster"], ["cluster", "status"], ["cluster", "members"], ["cluster", "join"],
            ["cluster", "leave"], ["cluster", "remove"], ["cluster", "conflicts"], ["cluster", "watch"], ["table"],
            ["table", "create"], ["table", "drop"], ["table", "list"], ["table", "info"], ["table", "put"], ["table", "get"],
            ["table", "delete"], ["table", "scan"], ["table", "load"], ["table", "dump"], ["table", "watch"],
        ]

        @Test func everyCommandHasHelp() async throws {
            try await withTestbed { testbed in
                for command in Self.commands {
                    let help = try await Program.run(command + ["--help"], files: testbed.directory)
                    #expect(help.code == 0, "\(command)")
                    #expect(help.text.contains("USAGE: tablewire " + command.joined(separator: " ")), "\(command): \(help.text)")
                    #expect(help.text.contains("OVERVIEW"), "\(command) does not say what it does")
                    #expect(!help.text.contains("--allow-faults"), "faults are for the demo and tests")
                }
            }
        }

        @Test(arguments: [
            ["nonsense"], ["table", "nonsense"], ["table", "create"], ["table", "create", "t", "--type", "heap"],
            ["table", "put", "t"], ["cluster", "join"], ["cluster", "join", "nowhere"], ["node", "--listen", "nonsense"],
            ["node", "--name", "no-host"], ["demo", "--rows", "-1"], ["cluster", "status", "--no-such-option"],
            ["table", "list", "--node", "not an address"], ["table", "create", "bad name!"],
        ])
        func wrongArgumentsEndWithTwo(arguments: [String]) async throws {
            try await withTestbed { testbed in
                let outcome = try await Program.run(arguments, files: testbed.directory)
                #expect(outcome.code == 2, "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
                #expect(!outcome.errors.isEmpty)
            }
        }

        @Test func aFailureIsOneLineThatSaysWhatToDo() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let dead = try await FreePort.next()
                let file = testbed.directory.appending(path: "broken.jsonl")
                try Data("{\"key\": \"a\", \"value\": \"b\"}\nnot json\n".utf8).write(to: file)
                let failures: [([String], String)] = [
                    (["table", "get", "missing", "key"], "missing"), (["table", "info", "missing"], "missing"),
                    (["table", "dump", "missing"], "missing"), (["table", "put", "missing", "a", "b"], "missing"),
                    (["table", "load", "missing", "/no/such/file"], "/no/such/file"),
                    (["cluster", "status", "--node", "127.0.0.1:\(dead)"], "\(dead)"),
                    (["cluster", "join", "127.0.0.1:\(dead)"], "\(dead)"),
                    (["cluster", "status", "--secret-file", "/no/such/secret"], "/no/such/secret"),
                ]
                for (arguments, words) in failures {
                    let outcome = try await Program.run(
                        arguments, environment: environment(testbed, node), files: testbed.directory)
                    #expect(outcome.code == 1, "\(arguments): \(outcome.errors)")
                    #expect(outcome.errorLines.count == 1, "\(arguments): \(outcome.errors)")
                    #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
                }
                _ = try await testbed.run("table", "create", "t", at: node)
                let broken = try await testbed.run("table", "load", "t", file.path, at: node)
                #expect(broken.code == 1)
                #expect(broken.errors.contains("2"), "the line number is missing: \(broken.errors)")
                let twice = try await testbed.run("table", "create", "t", at: node)
                #expect(twice.code == 0, "\(twice.errors)")
                let other = try await testbed.run("table", "create", "t", "--type", "bag", at: node)
                #expect(other.code == 1)
                #expect(other.errors.contains("TABLE_EXISTS"), "\(other.errors)")
                let absent = try await testbed.run("table", "get", "t", "nobody", at: node)
                #expect(absent.code == 1)
                #expect(absent.errorLines.count == 1)
            }
        }

        @Test func jsonIsValidEverywhere() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                _ = try await testbed.run("table", "create", "t", "--type", "ordered_set", "--storage", "disc", at: node)
                _ = try await testbed.run("table", "put", "t", "key", "value with \"quotes\"", at: node)
                try await node.put([0xFF, 0x00], [0xFE], in: .named("t", .orderedSet))
                for command in [
                    ["cluster", "status"], ["cluster", "members"], ["cluster", "conflicts"], ["table", "list"],
                    ["table", "info", "t"], ["table", "get", "t", "key"], ["table", "scan", "t"],
                    ["table", "put", "t", "k", "v"],
                    ["table", "delete", "t", "k"],
                ] {
                    let outcome = try await Program.run(
                        command + ["--json"], environment: environment(testbed, node), files: testbed.directory)
                    #expect(outcome.code == 0, "\(command): \(outcome.errors)")
                    for line in outcome.lines {
                        #expect(throws: Never.self, "\(command): \(line)") {
                            try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
                        }
                    }
                }
                let rows = try await testbed.run("table", "dump", "t", at: node).json()
                #expect(rows.count == 2)
                #expect((rows.last?["key"] as? [String: String])?["base64"] == "/wA=")
            }
        }

        /// `tablewire table dump t | head -1` ends quietly.
        @Test func aReaderThatGoesAwayIsNoError() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let table = try TableDefinition.named("t")
                try await node.create(table)
                try await node.fill(table, rows: 20_000)
                let script = "\(Program.url.path) table dump t | head -1; echo \"${PIPESTATUS[0]}\" >&2"
                let outcome = try await Program.run(
                    ["-c", script], of: URL(filePath: "/bin/bash"), environment: environment(testbed, node),
                    files: testbed.directory)
                #expect(outcome.lines.count == 1)
                #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
                #expect(["0", "141"].contains(outcome.errorLines.last.map(String.init)), "\(outcome.errors)")
            }
        }

        @Test func aTableIsUsedAsTheTourShows() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                for (arguments, output) in [
                    (["table", "create", "routes", "--type", "set", "--storage", "disc", "--merge", "lww"], ""),
                    (["table", "put", "routes", "berlin", "n1"], ""), (["table", "put", "routes", "bern", "n2"], ""),
                    (["table", "put", "routes", "paris", "n3"], ""), (["table", "delete", "routes", "paris"], ""),
                    (["table", "get", "routes", "berlin"], "n1"), (["table", "scan", "routes", "--prefix", "ber"], "bern"),
                    (["table", "list"], "routes"), (["table", "info", "routes"], "2"), (["cluster", "status"], node.name.text),
                    (["cluster", "members"], node.name.text), (["table", "drop", "routes"], ""),
                ] {
                    let outcome = try await Program.run(
                        arguments, environment: environment(testbed, node), files: testbed.directory)
                    #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
                    #expect(output.isEmpty || outcome.text.contains(output), "\(arguments): \(outcome.text)")
                }
                #expect(try await node.fingerprints().isEmpty)
            }
        }

        @Test func logsAreJSONLinesWhenAskedFor() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1, options: ["--log-format", "json"])[0]
                try await node.stop()
                #expect(!node.logLines.isEmpty)
                for line in node.logLines {
                    #expect(throws: Never.self, "\(line)") { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
                }
            }
        }

        private func environment(_ testbed: Testbed, _ node: NodeProcess) -> [String: String] {
            ["TABLEWIRE_SECRET_FILE": testbed.secret.path, "TABLEWIRE_NODE": node.address.description]
        }
    }
}

import ClusterModel
import Foundation
import TablewireClient
import Testing

extension Scenarios {
    @Suite struct JoinTests {
        /// n1 with 500 rows in `shared`, n2 with 3 rows in `mine` and 2 in `shared`.
        private func twoNodesWithRows(_ testbed: Testbed) async throws -> (NodeProcess, NodeProcess) {
            let nodes = try await testbed.startNodes(2)
            let (shared, mine) = (try TableDefinition.named("shared"), try TableDefinition.named("mine"))
            try await nodes[0].create(shared)
            try await nodes[0].fill(shared, rows: 500)
            try await nodes[1].create(shared, mine)
            try await nodes[1].fill(shared, rows: 2, prefix: "of-n2")
            try await nodes[1].fill(mine, rows: 3)
            return (nodes[0], nodes[1])
        }

        private func archives(of node: NodeProcess) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: node.data.path).filter { $0.hasPrefix("archive-") }
        }

        @Test func aNodeWithRowsIsRefusedAndTheRowsAreListed() async throws {
            try await withTestbed { testbed in
                let (n1, n2) = try await twoNodesWithRows(testbed)
                let before = try await n2.fingerprints()
                let refused = try await testbed.run("cluster", "join", n1.address.description, at: n2)
                #expect(refused.code == 1)
                for words in ["NOT_EMPTY", "mine", "3", "shared", "2", "--merge", "--replace"] {
                    #expect(refused.errors.contains(words), "\(words) is not in: \(refused.errors)")
                }
                #expect(try await n2.fingerprints() == before)
                #expect(try await n1.status().members.count == 1)
                #expect(try archives(of: n2).isEmpty)
            }
        }

        @Test func mergeKeepsTheRowsOfBothAndAnArchive() async throws {
            try await withTestbed { testbed in
                let (n1, n2) = try await twoNodesWithRows(testbed)
                let joined = try await testbed.run("cluster", "join", n1.address.description, "--merge", at: n2)
                #expect(joined.code == 0, "\(joined.errors)")
                let prints = try await testbed.waitForAgreement([n1, n2])
                #expect(prints.map { "\($0.table) \($0.rows)" } == ["mine 3", "shared 502"])
                #expect(try archives(of: n2).count == 1)
                for table in prints.map(\.table) {
                    #expect(try await testbed.dump(table, of: n1) == testbed.dump(table, of: n2))
                }
            }
        }

        @Test func replaceTakesTheClustersRowsAndArchivesItsOwn() async throws {
            try await withTestbed { testbed in
                let (n1, n2) = try await twoNodesWithRows(testbed)
                let joined = try await testbed.run("cluster", "join", n1.address.description, "--replace", at: n2)
                #expect(joined.code == 0, "\(joined.errors)")
                let prints = try await testbed.waitForAgreement([n1, n2])
                #expect(prints.map { "\($0.table) \($0.rows)" } == ["shared 500"])
                let archive = try #require(archives(of: n2).first)
                let kept = try FileManager.default.subpathsOfDirectory(atPath: n2.data.appending(path: archive).path)
                #expect(!kept.isEmpty)
            }
        }

        @Test func aDryRunSaysWhatWouldHappenAndChangesNothing() async throws {
            try await withTestbed { testbed in
                let (n1, n2) = try await twoNodesWithRows(testbed)
                let (before, files) = (try await n2.fingerprints(), try archives(of: n2))
                for mode in ["--merge", "--replace"] {
                    let asked = try await testbed.run("cluster", "join", n1.address.description, mode, "--dry-run", at: n2)
                    #expect(asked.code == 0, "\(asked.errors)")
                    #expect(asked.text.contains("500"), "\(asked.text)")
                }
                let refused = try await testbed.run("cluster", "join", n1.address.description, "--dry-run", at: n2)
                #expect(refused.code == 1)
                #expect(refused.errors.contains("NOT_EMPTY"))
                #expect(try await n2.fingerprints() == before)
                #expect(try archives(of: n2) == files)
                for node in [n1, n2] { #expect(try await node.status().members.count == 1) }
            }
        }

        /// What the cluster has deleted does not come back with a node that still had it.
        @Test func mergeDoesNotBringDeletedRowsBack() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 10)
                try await testbed.waitForAgreement(nodes)
                try await nodes[1].call { try await $0.leave() }
                try await nodes[0].delete("row-0000003", in: table)
                try await eventually("n2 to be alone") {
                    try await nodes[1].status().members.filter { !$0.record.state.isGone }.count == 1
                }
                try await nodes[1].put("written-alone", "kept", in: table)
                try await nodes[1].join(nodes[0], mode: .merge)
                try await testbed.waitForAgreement(nodes)
                for node in nodes {
                    #expect(try await node.value("row-0000003", in: table) == nil)
                    #expect(try await node.value("written-alone", in: table) == "kept")
                    #expect(try await node.rows(in: table) == 10)
                }
            }
        }

        /// Killed at any moment of a join, a node starts with everything it had or everything it was to get.
        @Test func killedDuringAJoinANodeStartsCompleteOldOrCompleteNew() async throws {
            try await withTestbed { testbed in
                let seed = UInt64.random(in: 0...UInt64.max)
                print("seed of the moments of the kills: \(seed)")
                var random = SplitMix(seed: seed)
                let n1 = try await testbed.startNodes(1)[0]
                let (shared, mine) = (try TableDefinition.named("shared"), try TableDefinition.named("mine"))
                try await n1.create(shared)
                try await n1.fill(shared, rows: 10_000)
                let whole = try await n1.fingerprints()
                var longest = Duration.milliseconds(400)
                var outcomes: [String] = []
                for round in 0..<10 {
                    let joiner = try await testbed.node("j\(round)")
                    try await joiner.start()
                    try await joiner.create(mine)
                    try await joiner.fill(mine, rows: 20)
                    let own = try await joiner.fingerprints()
                    let start = ContinuousClock.now
                    if round == 0 {
                        try await joiner.join(n1, mode: .replace)
                        longest = (ContinuousClock.now - start) * 1.2
                    } else {
                        let joining = Task { try await joiner.join(n1, mode: .replace) }
                        let moment = longest * Double.random(in: 0...1, using: &random)
                        try await eventually("the moment") { ContinuousClock.now - start > moment }
                        try await joiner.kill()
                        _ = await joining.result
                    }
                    try await joiner.kill()
                    // With n1 paused, what the joiner shows is what it has.
                    n1.pause()
                    try await joiner.start()
                    let found = try await joiner.fingerprints()
                    n1.resume()
                    #expect(found == own || found == whole, "round \(round): \(found)")
                    outcomes.append(found == whole ? "new" : "old")
                    try await joiner.kill()
                }
                print("rounds: \(outcomes.joined(separator: " "))")
                #expect(outcomes.first == "new")
            }
        }
    }
}

/// A generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

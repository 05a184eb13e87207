import ClusterModel
import Foundation
import Testing

extension Scenarios {
    @Suite struct ThreeNodesTests {
        @Test(arguments: [StorageKind.disc, .ram])
        func rowsOfEveryTypeAreOnEveryNodeAfterAJoin(storage: StorageKind) async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startNodes(3)
                let tables = try [
                    TableDefinition.named("a-set", .set, storage), .named("in-order", .orderedSet, storage),
                    .named("a-bag", .bag, storage),
                ]
                for table in tables {
                    try await nodes[0].create(table)
                    try await nodes[0].fill(table, rows: 1500)
                    try await nodes[0].put("row-0000007", "another value", in: table)
                    try await nodes[0].delete("row-0000008", in: table)
                }
                for node in nodes.dropFirst() { try await node.join(nodes[0]) }
                let prints = try await testbed.waitForAgreement(nodes)
                // A bag keeps both values of a key; its delete names no value, so it takes every value of the key.
                #expect(prints.map(\.rows) == [1500, 1499, 1499])
                for table in tables {
                    let dump = try await testbed.dump(table.name, of: nodes[0])
                    for node in nodes.dropFirst() { #expect(try await testbed.dump(table.name, of: node) == dump) }
                }
            }
        }

        @Test func putsAndDeletesDuringAJoinEndUpEverywhere() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startNodes(3)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 20_000)
                let isOver = Flag()
                async let writing = write(to: nodes[0], table) { isOver.isUp }
                try await nodes[1].join(nodes[0])
                try await nodes[2].join(nodes[0])
                isOver.raise()
                let written = try await writing
                #expect(written > 0)
                try await testbed.waitForAgreement(nodes)
                for node in nodes {
                    #expect(try await node.rows(in: table) == 20_000)
                    #expect(try await node.value("live-\(written - 1)", in: table) == "v\(written - 1)")
                    #expect(try await node.value("row-0000000", in: table) == nil)
                }
                let dump = try await testbed.dump(table.name, of: nodes[0])
                for node in nodes.dropFirst() { #expect(try await testbed.dump(table.name, of: node) == dump) }
            }
        }

        /// Puts a row and deletes another, again and again.
        /// - Returns: how many times.
        private func write(to node: NodeProcess, _ table: TableDefinition, until isOver: @Sendable () -> Bool) async throws -> Int
        {
            var number = 0
            while !isOver() {
                try await node.put("live-\(number)", "v\(number)", in: table)
                try await node.write(
                    [ClusterModel.Operation(.delete, key: Row.generated(number, prefix: "row", valueSize: 0).key)], to: table)
                number += 1
            }
            return number
        }

        @Test func writesOnAnyNodeAreOnEveryNodeWhenAnswered() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await eventually("the table on every node") {
                    for node in nodes where try await node.fingerprints().isEmpty { return false }
                    return true
                }
                for (index, node) in nodes.enumerated() {
                    let written = try await node.put("from-\(index)", "value", in: table, level: .all)
                    #expect((written.replicas, written.wanted) == (3, 3))
                    for other in nodes { #expect(try await other.value("from-\(index)", in: table) == "value") }
                }
            }
        }
    }

    @Suite struct RestartTests {
        @Test func aKilledNodeStartedAloneHasTheSameDump() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 5000)
                try await testbed.waitForAgreement(nodes)
                let dump = try await testbed.dump(table.name, of: nodes[0])
                for node in nodes { try await node.kill() }
                try await nodes[2].start()
                #expect(try await testbed.dump(table.name, of: nodes[2]) == dump)
                let view = try #require(await nodes[2].view(of: nodes[0]))
                #expect(!view.isReachable)
            }
        }

        /// Every order of starting three nodes that died together: none waits for another.
        @Test func everyOrderOfStartsWorksAndNobodyWaits() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 2000)
                let prints = try await testbed.waitForAgreement(nodes)
                for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                    for node in nodes { try await node.kill() }
                    for index in order {
                        try await nodes[index].start(within: .seconds(10))
                        try await eventually("n\(index + 1) to have its rows, order \(order)", within: .seconds(5)) {
                            try await nodes[index].fingerprints() == prints
                        }
                    }
                    try await testbed.waitUntilUp(nodes)
                }
            }
        }

        /// Killed in the middle of writing, a node has every row that it had acknowledged; so has its peer.
        @Test func nothingAcknowledgedIsLostByAKillWhileWriting() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await testbed.waitForAgreement(nodes)
                for round in 0..<3 {
                    async let acknowledged = writeUntilItEnds(nodes[0], table, round)
                    try await eventually("some rows") { try await nodes[1].rows(in: table) > UInt64(round + 1) * 100 }
                    try await nodes[0].kill()
                    let count = await acknowledged
                    #expect(count > 0)
                    try await nodes[1].kill()
                    for node in nodes { try await node.start() }
                    for node in nodes {
                        for number in 0..<count {
                            #expect(
                                try await node.value("\(round)-\(number)", in: table) == "v",
                                "\(node.short), \(number) of \(count)")
                        }
                    }
                    try await testbed.waitUntilUp(nodes)
                }
            }
        }

        /// - Returns: how many rows both nodes had acknowledged when the first write failed.
        private func writeUntilItEnds(_ node: NodeProcess, _ table: TableDefinition, _ round: Int) async -> Int {
            for number in 0... {
                let written = try? await node.put("\(round)-\(number)", "v", in: table, level: .all)
                guard let written, written.replicas == 2 else { return number }
            }
            return 0
        }

        @Test func aStoppedNodeExitsWithZeroAndComesBackWithItsRows() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let (kept, lost) = (try TableDefinition.named("kept"), try TableDefinition.named("lost", .set, .ram))
                try await node.create(kept, lost)
                for table in [kept, lost] { try await node.fill(table, rows: 100) }
                #expect(try await node.stop() == 0)
                try await node.start()
                #expect(try await node.rows(in: kept) == 100)
                #expect(try await node.rows(in: lost) == 0)
            }
        }
    }
}

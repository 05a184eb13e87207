import ClusterModel
import Foundation
import TablewireClient
import Testing

extension Scenarios {
    /// What becomes of rows and tables when nodes are away.
    @Suite struct TableTests {
        /// A key may have a row of each node; a node's rows are out of sight while it is down, and gone when it starts anew.
        @Test func rowsOfAnOwnerTableFollowTheirOwner() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let routes = try TableDefinition.named("routes", .set, .ram, .owner)
                try await nodes[0].create(routes)
                try await waitForTable(nodes)
                for node in nodes { try await node.put("topic", "at \(node.short)", in: routes) }
                try await expectOwners(["at n1", "at n2", "at n3"], at: nodes, routes)
                try await nodes[2].kill()
                try await expectOwners(["at n1", "at n2"], at: Array(nodes.prefix(2)), routes)
                try await nodes[2].start()
                try await testbed.waitUntilUp(nodes)
                try await nodes[2].put("topic", "at n3 again", in: routes)
                try await expectOwners(["at n1", "at n2", "at n3 again"], at: nodes, routes)
                // Only its own row goes when a node deletes.
                try await nodes[0].delete("topic", in: routes)
                try await expectOwners(["at n2", "at n3 again"], at: nodes, routes)
            }
        }

        @Test func aHungOwnersRowsComeBackWithIt() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let routes = try TableDefinition.named("routes", .set, .ram, .owner)
                try await nodes[0].create(routes)
                try await waitForTable(nodes)
                for node in nodes { try await node.put("topic", "at \(node.short)", in: routes) }
                try await expectOwners(["at n1", "at n2", "at n3"], at: nodes, routes)
                nodes[2].pause()
                try await expectOwners(["at n1", "at n2"], at: Array(nodes.prefix(2)), routes)
                nodes[2].resume()
                try await expectOwners(["at n1", "at n2", "at n3"], at: nodes, routes)
            }
        }

        @Test(arguments: [TableType.set, .orderedSet, .bag])
        func whatWasDeletedWhileANodeWasDownIsGoneThereToo(type: TableType) async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let table = try TableDefinition.named("rows", type)
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 300)
                try await testbed.waitForAgreement(nodes)
                try await nodes[2].kill()
                for number in 0..<100 {
                    let key = Row.generated(number, prefix: "row", valueSize: 0).key
                    try await nodes[0].write([ClusterModel.Operation(.delete, key: key)], to: table)
                }
                // The other survivor, which has only heard of the deletes, is the one to tell n3.
                try await testbed.waitForAgreement(Array(nodes.prefix(2)))
                try await nodes[0].kill()
                try await nodes[2].start()
                let prints = try await testbed.waitForAgreement(Array(nodes.suffix(2)))
                #expect(prints.map(\.rows) == [200])
                #expect(try await nodes[2].value("row-0000000", in: table) == nil)
                try await nodes[0].start()
                #expect(try await testbed.waitForAgreement(nodes).map(\.rows) == [200])
            }
        }

        @Test func aTableDroppedAndMadeAnewIsTheNewOneEverywhere() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let (first, second) = (try TableDefinition.named("rows", .set), try TableDefinition.named("rows", .orderedSet))
                try await nodes[0].create(first)
                try await nodes[0].fill(first, rows: 300)
                try await testbed.waitForAgreement(nodes)
                try await nodes[2].stop()
                try await nodes[0].call { try await $0.drop(first.name) }
                try await nodes[0].create(second)
                try await nodes[0].fill(second, rows: 7, prefix: "new")
                try await nodes[2].start()
                let prints = try await testbed.waitForAgreement(nodes)
                #expect(prints.map(\.rows) == [7])
                for node in nodes {
                    #expect(try await node.call { try await $0.table(first.name) }.definition.type == .orderedSet)
                    #expect(try await node.value("row-0000000", in: second) == nil)
                }
            }
        }

        /// Both sides of a cut write one row: the journal says so, on the command line too.
        @Test func aConflictIsInTheJournalAndOnTheCommandLine() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2, options: ["--allow-faults"])
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await waitForTable(nodes)
                try await nodes[0].put("calm", "written before", in: table, level: .all)
                for (node, other) in [(nodes[0], nodes[1]), (nodes[1], nodes[0])] {
                    let name = other.name
                    try await node.call { try await $0.block([name]) }
                }
                try await nodes[0].put("contested", "of n1", in: table)
                try await nodes[1].put("contested", "of n2", in: table)
                for node in nodes { try await node.call { try await $0.block([]) } }
                try await testbed.waitForAgreement(nodes)
                // After the heal writes follow one another and are no conflicts.
                for node in nodes { try await node.put("calm", "written by \(node.short)", in: table, level: .all) }
                for node in nodes {
                    let entries = try await node.call { try await $0.conflicts() }
                    #expect(entries.map { String(decoding: $0.winner.key, as: UTF8.self) } == ["contested"])
                    let values = Set(
                        entries.flatMap { [$0.winner.value, $0.loser.value] }.map { String(decoding: $0, as: UTF8.self) })
                    #expect(values == ["of n1", "of n2"])
                }
                let shown = try await testbed.run("cluster", "conflicts", at: nodes[0])
                #expect(shown.code == 0)
                for words in ["contested", "of n1", "of n2"] { #expect(shown.text.contains(words), "\(shown.text)") }
                try await nodes[0].kill()
                try await nodes[0].start()
                #expect(try await nodes[0].call { try await $0.conflicts() }.count == 1, "the journal is on the disk")
            }
        }

        @Test func blockingIsRefusedWhereItWasNotAllowed() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                await #expect(throws: (any Error).self) { try await node.call { try await $0.block([]) } }
            }
        }

        private func waitForTable(_ nodes: [NodeProcess]) async throws {
            try await eventually("the table on every node") {
                for node in nodes where try await node.fingerprints().isEmpty { return false }
                return true
            }
        }

        /// Waits until every node shows just these rows of the key "topic".
        private func expectOwners(_ values: [String], at nodes: [NodeProcess], _ table: TableDefinition) async throws {
            var seen: [String: [String]] = [:]
            do {
                try await eventually("\(values) at every node") {
                    for node in nodes {
                        let rows = try await node.call { try await $0.get(Array("topic".utf8), from: table.name) }
                        seen[node.short] = rows.map { String(decoding: $0.value, as: UTF8.self) }.sorted()
                    }
                    return nodes.allSatisfy { seen[$0.short] == values }
                }
            } catch {
                throw Hopeless(description: "\(error), seen: \(seen)")
            }
        }
    }
}

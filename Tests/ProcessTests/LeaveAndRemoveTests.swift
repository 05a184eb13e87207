import ClusterModel
import Foundation
import Testing

extension Scenarios {
    @Suite struct LeaveAndRemoveTests {
        private func clusterWithRows(_ testbed: Testbed, nodes count: Int) async throws -> ([NodeProcess], TableDefinition) {
            let nodes = try await testbed.startCluster(count)
            let table = try TableDefinition.named("rows")
            try await nodes[0].create(table)
            try await nodes[0].fill(table, rows: 100)
            try await testbed.waitForAgreement(nodes)
            return (nodes, table)
        }

        /// How many members take part in this node's cluster.
        private func companions(_ node: NodeProcess) async throws -> Int {
            try await node.status().members.count { !$0.record.state.isGone }
        }

        @Test func aNodeThatLeavesKeepsItsRowsAndStandsAlone() async throws {
            try await withTestbed { testbed in
                let (nodes, table) = try await clusterWithRows(testbed, nodes: 3)
                let cluster = try await nodes[0].status().cluster
                let left = try await testbed.run("cluster", "leave", at: nodes[2])
                #expect(left.code == 0, "\(left.errors)")
                for node in nodes.prefix(2) { try await testbed.wait(for: nodes[2], toBe: .left, at: node) }
                try await eventually("n3 to stand alone") { try await companions(nodes[2]) == 1 }
                #expect(try await nodes[2].status().cluster != cluster)
                #expect(try await nodes[2].rows(in: table) == 100)
                try await nodes[0].put("after", "n3 left", in: table, level: .all)
                try await nodes[2].put("alone", "n3", in: table)
                #expect(try await nodes[2].value("after", in: table) == nil)
                #expect(try await nodes[1].value("alone", in: table) == nil)
                try await nodes[2].kill()
                try await nodes[2].start()
                #expect(try await companions(nodes[2]) == 1)
                #expect(try await nodes[2].rows(in: table) == 101)
            }
        }

        @Test func aRunningNodeThatIsRemovedIsToldSoAndArchives() async throws {
            try await withTestbed { testbed in
                let (nodes, table) = try await clusterWithRows(testbed, nodes: 3)
                let removed = try await testbed.run("cluster", "remove", nodes[2].name.text, at: nodes[0])
                #expect(removed.code == 0, "\(removed.errors)")
                for node in nodes.prefix(2) { try await testbed.wait(for: nodes[2], toBe: .removed, at: node) }
                try await expectArchived(nodes[2])
                try await expectNoEffect(of: nodes[2], on: nodes[0], table)
            }
        }

        @Test func aHungNodeCanBeRemovedAndIsToldWhenItWakes() async throws {
            try await withTestbed { testbed in
                let (nodes, table) = try await clusterWithRows(testbed, nodes: 3)
                nodes[2].pause()
                for node in nodes.prefix(2) { try await testbed.wait(for: nodes[2], toBe: .down, at: node) }
                let removed = try await testbed.run("cluster", "remove", nodes[2].name.text, at: nodes[0])
                #expect(removed.code == 0, "\(removed.errors)")
                for node in nodes.prefix(2) { try await testbed.wait(for: nodes[2], toBe: .removed, at: node) }
                try await nodes[0].put("meanwhile", "written", in: table, level: .all)
                nodes[2].resume()
                try await expectArchived(nodes[2])
                try await expectNoEffect(of: nodes[2], on: nodes[0], table)
            }
        }

        @Test func aDeadNodeCanBeRemovedAndIsToldWhenItComesBack() async throws {
            try await withTestbed { testbed in
                let (nodes, table) = try await clusterWithRows(testbed, nodes: 3)
                try await nodes[2].kill()
                let removed = try await testbed.run("cluster", "remove", nodes[2].name.text, at: nodes[1])
                #expect(removed.code == 0, "\(removed.errors)")
                for node in nodes.prefix(2) { try await testbed.wait(for: nodes[2], toBe: .removed, at: node) }
                try await nodes[2].start()
                try await expectArchived(nodes[2])
                try await expectNoEffect(of: nodes[2], on: nodes[0], table)
                // It may join again as any node may.
                try await eventually("n3 to join again") {
                    try await nodes[2].join(nodes[0], mode: .replace)
                    return true
                }
                try await testbed.waitUntilUp(nodes)
                try await testbed.waitForAgreement(nodes)
            }
        }

        @Test func removingANodeThatIsNoMemberFailsWithItsName() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let refused = try await testbed.run("cluster", "remove", "nobody@127.0.0.1", at: node)
                #expect(refused.code == 1)
                #expect(refused.errorLines.count == 1)
                #expect(refused.errors.contains("nobody@127.0.0.1"), "\(refused.errors)")
            }
        }

        /// A hung process is declared down by the others; when it wakes it refutes that and is up again.
        @Test func aHungNodeIsDownAndUpAgainWhenItWakes() async throws {
            try await withTestbed { testbed in
                let (nodes, table) = try await clusterWithRows(testbed, nodes: 3)
                nodes[2].pause()
                for node in nodes.prefix(2) { try await testbed.wait(for: nodes[2], toBe: .down, at: node) }
                try await nodes[0].put("meanwhile", "written", in: table, level: .all)
                nodes[2].resume()
                try await testbed.waitUntilUp(nodes)
                try await testbed.waitForAgreement(nodes)
                #expect(try await nodes[2].value("meanwhile", in: table) == "written")
            }
        }

        private func expectArchived(_ node: NodeProcess) async throws {
            try await node.waitForLog("removed")
            try await eventually("the archive of \(node.short)") {
                try FileManager.default.contentsOfDirectory(atPath: node.data.path).contains { $0.hasPrefix("archive-") }
            }
        }

        /// Whatever the removed node writes stays with it.
        private func expectNoEffect(of removed: NodeProcess, on member: NodeProcess, _ table: TableDefinition) async throws {
            let before = try await member.fingerprints()
            _ = try? await removed.create(table)
            _ = try? await removed.put("of-the-removed", "value", in: table)
            try await member.put("fence", "value", in: table, level: .all)
            try await member.delete("fence", in: table, level: .all)
            #expect(try await member.value("of-the-removed", in: table) == nil)
            #expect(try await member.fingerprints().map(\.rows) == before.map(\.rows))
        }
    }
}

import ClusterModel
import TablewireClient
import Testing

extension Scenarios {
    /// A joiner fetches the parts of a large table from several members at once (JON-014).
    @Suite struct CopyFromSeveralTests {
        /// Above the number of rows from which on a joiner asks more than one member.
        private static let rows = 110_000

        private func filledCluster(
            _ testbed: Testbed, _ count: Int, valueSize: Int
        ) async throws -> ([NodeProcess], TableDefinition) {
            let nodes = try await testbed.startCluster(count)
            let table = try TableDefinition.named("rows", .set, .ram)
            try await nodes[0].create(table)
            try await nodes[0].fill(table, rows: Self.rows, valueSize: valueSize)
            try await testbed.waitForAgreement(nodes)
            return (nodes, table)
        }

        @Test func everyMemberSendsAPart() async throws {
            try await withTestbed { testbed in
                let (nodes, _) = try await filledCluster(testbed, 2, valueSize: 16)
                let joiner = try await testbed.node("n3")
                try await joiner.start()
                let result = try await joiner.join(nodes[0])
                #expect(result.copied == UInt64(Self.rows))
                for node in nodes { #expect(try await node.counter("snapshot.rows_sent") > 0, "\(node.short) sent nothing") }
                try await testbed.waitForAgreement(nodes + [joiner])
            }
        }

        @Test func aMemberThatDiesDuringTheCopyIsReplaced() async throws {
            try await withTestbed { testbed in
                let (nodes, _) = try await filledCluster(testbed, 3, valueSize: 600)
                let joiner = try await testbed.node("n4")
                try await joiner.start()
                let joining = Task { try await joiner.join(nodes[0]) }
                try await eventually("n2 to send rows") {
                    try await nodes[1].counter("snapshot.rows_sent") > 0
                }
                try await nodes[1].kill()
                #expect(try await joining.value.copied >= UInt64(Self.rows))
                try await testbed.waitForAgreement([nodes[0], nodes[2], joiner])
            }
        }

        /// Each part finds out for itself what was deleted meanwhile.
        @Test func whatWasDeletedStaysDeletedWithMerge() async throws {
            try await withTestbed { testbed in
                let (nodes, table) = try await filledCluster(testbed, 3, valueSize: 16)
                try await nodes[2].call { try await $0.leave() }
                try await eventually("n3 to be alone") {
                    try await nodes[2].status().members.filter { !$0.record.state.isGone }.count == 1
                }
                let deleted = (0..<500).map {
                    Operation(.delete, key: Row.generated($0 * 200, prefix: "row", valueSize: 0).key)
                }
                try await nodes[0].write(deleted, to: table, level: .all)
                try await nodes[2].put("written-alone", "kept", in: table)
                try await nodes[2].join(nodes[0], mode: .merge)
                try await testbed.waitForAgreement(nodes)
                for node in nodes {
                    #expect(try await node.rows(in: table) == UInt64(Self.rows - 500 + 1))
                    #expect(try await node.value("written-alone", in: table) == "kept")
                }
            }
        }
    }
}

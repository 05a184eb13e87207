import ClusterModel
import Testing

extension Scenarios {
    @Suite struct HeartbeatTests {
        /// While a first copy runs as fast as it can, no heartbeat is late. The nodes measured it; this only reads.
        @Test func heartbeatsUnderASnapshotKeepTheirDeadline() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startNodes(3)
                let table = try TableDefinition.named("rows", .set, .ram)
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 40_000, valueSize: 1000)
                for node in nodes.dropFirst() { try await node.join(nodes[0]) }
                try await testbed.waitForAgreement(nodes)
                var measured: UInt64 = 0
                for node in nodes {
                    let highest = try await node.counter("heartbeat.round_trip_highest_under_snapshot_us")
                    measured += try await node.counter("heartbeat.pongs_under_snapshot")
                    #expect(highest < 750_000, "\(node.short): the deadline of a heartbeat is 750 ms")
                    #expect(try await node.counter("cluster.members_declared_down") == 0)
                }
                #expect(measured > 0, "the copy was over before a heartbeat was due: take more rows")
            }
        }
    }
}

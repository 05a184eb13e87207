import ClusterModel
import TablewireClient
import Testing

extension Scenarios {
    @Suite struct HeartbeatTests {
        /// While first copies run as fast as they can, no heartbeat is late. The nodes measured it; this only reads.
        @Test(arguments: [false, true]) func heartbeatsUnderASnapshotKeepTheirDeadline(hasTLS: Bool) async throws {
            try await withTestbed(hasTLS: hasTLS) { testbed in
                let nodes = try await testbed.startNodes(3)
                let table = try TableDefinition.named("rows", .set, .ram)
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 20_000, valueSize: 2000)
                // A fast machine may be done with a copy before a heartbeat is due: then it copies once more.
                for attempt in 1...20 {
                    async let second = nodes[1].join(nodes[0], mode: .replace)
                    async let third = nodes[2].join(nodes[0], mode: .replace)
                    _ = try await (second, third)
                    if try await heartbeatsUnderSnapshots(nodes) > 0 { break }
                    #expect(attempt < 20, "twenty copies were over before a heartbeat was due: take more rows")
                    for node in nodes.dropFirst() { try await node.call { client in try await client.leave() } }
                }
                try await testbed.waitForAgreement(nodes)
                for node in nodes {
                    let highest = try await node.counter("heartbeat.round_trip_highest_under_snapshot_us")
                    #expect(highest < 750_000, "\(node.short): the deadline of a heartbeat is 750 ms")
                    #expect(try await node.counter("cluster.members_declared_down") == 0)
                }
            }
        }

        private func heartbeatsUnderSnapshots(_ nodes: [NodeProcess]) async throws -> UInt64 {
            var count: UInt64 = 0
            for node in nodes { count += try await node.counter("heartbeat.pongs_under_snapshot") }
            return count
        }
    }
}

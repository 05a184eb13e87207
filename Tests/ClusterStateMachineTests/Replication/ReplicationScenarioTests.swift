import ClusterModel
import ClusterStateMachine
import Testing

/// Stories of a few nodes, each about one promise.
@Suite struct ReplicationScenarioTests {
    private typealias Pair = SimulatedCluster.Pair

    private func cluster(_ nodes: Int, storage: StorageKind = .ram) throws -> (SimulatedCluster, TableName) {
        let definition = try ReplicationSimulationTests.definition("rows", storage)
        let cluster = SimulatedCluster(
            nodes: nodes, tables: [definition], recentLimit: 30, settings: ReplicationSimulationTests.settings, seed: 5)
        return (cluster, definition.name)
    }

    private func fill(_ cluster: inout SimulatedCluster, _ node: Int, _ table: TableName) {
        for key in 0..<SimulatedTable.keys { cluster.write(node, table, key: key, isDelete: false, level: .local) }
    }

    @Test func newNodeCopiesWhileOthersWrite() throws {
        var (cluster, table) = try cluster(3)
        cluster.start(0)
        cluster.start(1)
        fill(&cluster, 0, table)
        cluster.run(.seconds(1))
        cluster.start(2)
        for key in 0..<60 {
            cluster.write(1, table, key: key, isDelete: key % 3 == 0, level: .local)
            cluster.advance()
        }
        #expect(cluster.settle(within: .seconds(10)) { $0.differences() }.isEmpty)
        #expect(cluster.nodes[2].snapshotRequests.first?.firstBucket == 0)
        #expect(cluster.nodes[2].tables[table]?.live.isEmpty == false)
    }

    /// A link that is lost in the middle of a copy costs what was on its way, not the copy.
    @Test func copyGoesOnWhereItWasCut() throws {
        var (cluster, table) = try cluster(2)
        cluster.start(0)
        fill(&cluster, 0, table)
        cluster.start(1)
        cluster.latency = 1...1
        for _ in 0..<4 {
            cluster.run(.milliseconds(100))
            cluster.cut(Pair(from: 0, to: 1), until: cluster.now + .milliseconds(50))
        }
        #expect(cluster.settle(within: .seconds(10)) { $0.differences() }.isEmpty)
        let starts = cluster.nodes[1].snapshotRequests.map(\.firstBucket)
        #expect(starts.count >= 3, "the story needs copies that were cut: \(starts)")
        #expect(starts == starts.sorted(), "no request begins before the last one: \(starts)")
        #expect(starts.dropFirst().allSatisfy { $0 > 0 }, "\(starts)")
    }

    @Test func copyGoesOnFromAnotherNode() throws {
        var (cluster, table) = try cluster(3)
        cluster.start(0)
        cluster.start(1)
        fill(&cluster, 0, table)
        cluster.run(.seconds(1))
        cluster.start(2)
        cluster.run(.milliseconds(200))
        let source = cluster.nodes[0].serving.isEmpty ? 1 : 0
        cluster.cut(Pair(from: source, to: 2), until: cluster.now + .seconds(30))
        cluster.run(.seconds(2))
        #expect(cluster.differences().isEmpty)
        let starts = cluster.nodes[2].snapshotRequests.map(\.firstBucket)
        #expect(starts.count == 2 && starts[0] == 0 && starts[1] > 0, "\(starts)")
    }

    /// The others stay fast, the queue stays small, and in the end the slow one has everything.
    @Test func slowPeerCostsNobodyMemoryOrTime() throws {
        var (cluster, table) = try cluster(3)
        for index in 0..<3 { cluster.start(index) }
        cluster.run(.milliseconds(200))
        cluster.slow[Pair(from: 0, to: 2)] = 1
        for round in 0..<300 {
            for number in 0..<5 {
                cluster.write(0, table, key: (round + number) % SimulatedTable.keys, isDelete: false, level: .majority)
            }
            cluster.advance()
        }
        #expect(cluster.nodes[0].mostQueued <= 2000 + 800, "\(cluster.nodes[0].mostQueued)")
        #expect(cluster.acknowledged.count > 1400, "a majority is fast: \(cluster.acknowledged.count)")
        #expect(cluster.settle(within: .seconds(20)) { $0.differences() }.isEmpty)
        #expect(cluster.faults.isEmpty)
    }

    /// Both sides of a partition take writes; nobody restarts when it heals.
    @Test func bothSidesOfAPartitionMerge() throws {
        var (cluster, table) = try cluster(4)
        for index in 0..<4 { cluster.start(index) }
        fill(&cluster, 0, table)
        cluster.run(.seconds(1))
        for (a, b) in [(0, 2), (0, 3), (1, 2), (1, 3)] { cluster.cut(Pair(from: a, to: b), until: .seconds(5)) }
        for key in 0..<50 {
            cluster.write(0, table, key: key, isDelete: key % 5 == 0, level: .local)
            cluster.write(3, table, key: key + 10, isDelete: key % 7 == 0, level: .local)
            cluster.advance()
        }
        #expect(!cluster.differences().isEmpty)
        cluster.run(.seconds(8))
        #expect(cluster.differences().isEmpty)
        #expect(cluster.nodes.allSatisfy { $0.incarnation == 1 })
    }

    /// A node that reaches only one other gets everything through it.
    @Test func rowsTravelThroughANodeInBetween() throws {
        var (cluster, table) = try cluster(3)
        for index in 0..<3 { cluster.start(index) }
        cluster.run(.milliseconds(200))
        cluster.cut(Pair(from: 0, to: 2), until: .seconds(100))
        for key in 0..<40 {
            cluster.write(0, table, key: key, isDelete: false, level: .local)
            cluster.advance()
        }
        cluster.run(.seconds(5))
        #expect(cluster.nodes[2].tables[table]?.live.count == 40)
        #expect(cluster.nodes[2].tables[table]?.live == cluster.nodes[0].tables[table]?.live)
    }

    /// DIG: equal vectors, different rows, as only a fault can make them: found and repaired.
    @Test func rowsThatDifferUnderEqualVectorsAreRepaired() throws {
        var (cluster, table) = try cluster(3)
        for index in 0..<3 { cluster.start(index) }
        fill(&cluster, 0, table)
        fill(&cluster, 1, table)
        #expect(cluster.settle(within: .seconds(5)) { $0.differences() }.isEmpty)
        for node in cluster.nodes { node.snapshotRequests = [] }
        let old = RowVersion(stamp: Stamp(1), dot: Dot(origin: cluster.nodes[0].origin, sequence: 8))
        cluster.nodes[2].tables[table]?.cells[7] = SimulatedTable.Cell(version: old, isTombstone: false)
        let zombie = RowVersion(stamp: Stamp(1), dot: Dot(origin: cluster.nodes[0].origin, sequence: 3))
        cluster.nodes[1].tables[table]?.cells[1000] = SimulatedTable.Cell(version: zombie, isTombstone: false)
        #expect(!cluster.differences().isEmpty)
        cluster.run(.seconds(20))
        #expect(cluster.differences().isEmpty)
        #expect(cluster.nodes[1].tables[table]?.cells[1000] == nil)
        let repairs = cluster.nodes.flatMap(\.snapshotRequests)
        #expect(!repairs.isEmpty && repairs.allSatisfy { $0.lastBucket - $0.firstBucket < 1000 }, "only the buckets that differ")
    }

    /// A disc table: what was answered for all survives the crash of all.
    @Test func answeredWritesSurviveThatEverybodyCrashes() throws {
        var (cluster, table) = try cluster(3, storage: .disc)
        for index in 0..<3 { cluster.start(index) }
        cluster.run(.milliseconds(200))
        for round in 0..<100 {
            cluster.write(round % 3, table, key: round % 60, isDelete: round % 4 == 0, level: .all)
            cluster.advance()
        }
        let answered = cluster.acknowledged.count
        #expect(answered > 80, "\(answered)")
        for index in 0..<3 { cluster.crash(index) }
        #expect(cluster.settle(within: .seconds(20)) { $0.differences() }.isEmpty)
        #expect(cluster.losses().isEmpty)
        #expect(cluster.acknowledged.allSatisfy { !$0.holders.isEmpty })
    }
}

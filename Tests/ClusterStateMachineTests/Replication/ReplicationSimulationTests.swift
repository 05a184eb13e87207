import ClusterModel
import ClusterStateMachine
import Testing

/// Random writes, crashes, cuts and slow links; then quiet.
@Suite struct ReplicationSimulationTests {
    static let settings = ReplicationSettings(
        peerQueue: 2000, peerQueueResume: 500, settleTime: .milliseconds(50), snapshotStall: .seconds(2),
        retryFirst: .milliseconds(100), retryLongest: .seconds(1), stateInterval: .seconds(1), verifyInterval: .seconds(2),
        deadOriginAge: .seconds(3))

    static func definition(
        _ text: String, _ storage: StorageKind, replicas: [NodeID] = []
    ) throws -> TableDefinition {
        let origin = Origin(node: NodeID(1), incarnation: 1)
        return TableDefinition(
            name: try #require(TableName(text)), storage: storage, replicas: replicas,
            version: RowVersion(stamp: Stamp(1), dot: Dot(origin: origin, sequence: 1)))
    }

    static func cluster(seed: Int) throws -> SimulatedCluster {
        var dice = Dice(seed &+ 77)
        let count = Int.random(in: 3...5, using: &dice)
        let tables = [
            try definition("disc", .disc), try definition("ram", .ram),
            try definition("some", .ram, replicas: (1..<count).map { NodeID(UInt128($0)) }),
        ]
        return SimulatedCluster(nodes: count, tables: tables, recentLimit: 30, settings: settings, seed: seed)
    }

    @Test(arguments: 0..<240)
    func convergesAfterAnyFaults(seed: Int) throws {
        var cluster = try Self.cluster(seed: seed)
        var dice = Dice(seed &+ 1)
        let late = dice.hits(40) ? cluster.nodes.count - 1 : nil
        for index in cluster.nodes.indices where index != late { cluster.start(index) }
        let busy = Double.random(in: 3...60, using: &dice)
        let rough = Double.random(in: 0...2, using: &dice)
        var downs: [Int: Duration] = [:]
        while cluster.now < .seconds(3) {
            cluster.advance()
            if let late, cluster.now == .seconds(1) { cluster.start(late) }
            writes(&cluster, busy: busy, &dice)
            faults(&cluster, rough: rough, late: late, downs: &downs, &dice)
        }
        let differences = cluster.settle(within: .seconds(60)) { $0.differences() }
        #expect(differences.isEmpty, "seed \(seed)")
        #expect(cluster.faults.isEmpty, "seed \(seed)")
        #expect(cluster.losses().isEmpty, "seed \(seed)")
        let closed = cluster.nodes.flatMap(\.closed)
        #expect(closed.isEmpty, "seed \(seed)")
        #expect(cluster.nodes.allSatisfy { $0.mostQueued <= 2000 + 800 }, "seed \(seed)")
        let left = cluster.settle(within: .seconds(30)) { Self.leftovers($0) }
        #expect(left.isEmpty, "seed \(seed)")
    }

    /// In a quiet cluster tombstones go, and dead lives of nodes become floors, everywhere.
    static func leftovers(_ cluster: SimulatedCluster) -> [String] {
        var left = cluster.differences()
        for node in cluster.nodes {
            if node.replication.waiting > 0 { left.append("\(node.node) has waiting writes") }
            for (name, table) in node.tables where table.definition.isReplica(node.node) {
                if table.cells.contains(where: \.value.isTombstone) { left.append("\(node.node): tombstones in \(name)") }
                for entry in table.vector.entries where entry.sequence < VersionVector.whole {
                    guard cluster.records[entry.origin.node]?.incarnation != entry.origin.incarnation else { continue }
                    left.append("\(node.node): \(name) keeps \(entry.origin) without a floor")
                }
            }
        }
        return left
    }

    private func writes(_ cluster: inout SimulatedCluster, busy: Double, _ dice: inout Dice) {
        for index in cluster.nodes.indices where cluster.nodes[index].isRunning && dice.hits(busy) {
            guard let name = cluster.nodes[index].tables.keys.sorted().randomElement(using: &dice),
                let level = AckLevel.allCases.randomElement(using: &dice)
            else { continue }
            let key = Int.random(in: 0..<SimulatedTable.keys, using: &dice)
            cluster.write(index, name, key: key, isDelete: dice.hits(30), level: level)
        }
    }

    private func faults(
        _ cluster: inout SimulatedCluster, rough: Double, late: Int?, downs: inout [Int: Duration], _ dice: inout Dice
    ) {
        let count = cluster.nodes.count
        let a = Int.random(in: 0..<count, using: &dice)
        let b = (a + Int.random(in: 1..<count, using: &dice)) % count
        let pair = SimulatedCluster.Pair(from: a, to: b)
        if dice.hits(rough) {
            cluster.cut(pair, until: cluster.now + .milliseconds(Int.random(in: 10...1500, using: &dice)))
        }
        if dice.hits(rough / 2) { cluster.slow[pair] = dice.hits(50) ? 1 : nil }
        if dice.hits(rough / 4), cluster.nodes[a].isRunning, cluster.nodes.count(where: \.isRunning) > 1 {
            cluster.crash(a)
            downs[a] = cluster.now
        }
        for (index, since) in downs.sorted(by: { $0.key < $1.key }) {
            if cluster.now == since + .milliseconds(500) { cluster.record(index, .down) }
            guard cluster.now > since + .milliseconds(100), dice.hits(0.5) else { continue }
            cluster.restart(index)
            downs[index] = nil
        }
    }
}

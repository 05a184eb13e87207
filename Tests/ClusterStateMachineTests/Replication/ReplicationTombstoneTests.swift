import ClusterModel
import ClusterStateMachine
import Testing

/// TAB-013: a deleted row stays deleted, and its tombstone goes in the end.
@Suite struct ReplicationTombstoneTests {
    private typealias Pair = SimulatedCluster.Pair
    private typealias Course = SimulatedCluster.Course

    enum Rule: CaseIterable {
        /// The table is covered by every replica, as who sees them all at once knows: less than the spec asks for.
        case coveredByAll
        case specified
    }

    private func cluster(
        _ nodes: Int, _ rule: Rule, storage: StorageKind = .ram, recentLimit: Int = 500, seed: Int = 5
    ) throws -> (SimulatedCluster, TableName) {
        let definition = try ReplicationSimulationTests.definition("rows", storage)
        var cluster = SimulatedCluster(
            nodes: nodes, tables: [definition], recentLimit: recentLimit, settings: ReplicationSimulationTests.settings,
            seed: seed)
        cluster.collectionInterval = 1
        if rule == .coveredByAll { cluster.collectionRule = { $0.coveredByAll($1) } }
        return (cluster, definition.name)
    }

    /// Lets time pass; what any node shows meanwhile that is not so (VER-006).
    private func run(_ cluster: inout SimulatedCluster, steps: Int) -> Set<String> {
        var errors: Set<String> = []
        for step in 0..<steps {
            cluster.advance()
            // What comes back stays for longer than this.
            if step % 4 == 0 { errors.formUnion(cluster.untruths()) }
        }
        return errors
    }

    /// A heals its link with C, over which an old put comes behind many others. B has deleted the row, and all cover that.
    @Test(arguments: Rule.allCases) func oldPutComesByASlowerStream(rule: Rule) throws {
        var (cluster, table) = try cluster(3, rule)
        for index in 0..<3 { cluster.start(index) }
        cluster.run(.milliseconds(200))
        cluster.cut(Pair(from: 0, to: 2), until: cluster.now + .milliseconds(100))
        for key in 0..<SimulatedTable.keys { cluster.write(0, table, key: key, isDelete: false, level: .local) }
        cluster.slow[Pair(from: 0, to: 2)] = 1
        cluster.run(.milliseconds(60))
        cluster.write(1, table, key: 60, isDelete: true, level: .local)
        let errors = run(&cluster, steps: 60)
        #expect(errors.isEmpty == (rule == .specified), "\(errors)")
        #expect(cluster.settle(within: .seconds(30)) { $0.differences() + $0.tombstones() }.isEmpty)
    }

    /// C copies the table; while the chunk with the row is on its way the row is deleted.
    @Test(arguments: Rule.allCases) func oldPutComesInASnapshot(rule: Rule) throws {
        var (cluster, table) = try cluster(3, rule, recentLimit: 10)
        cluster.start(0)
        cluster.start(1)
        for key in 0..<SimulatedTable.keys { cluster.write(0, table, key: key, isDelete: false, level: .local) }
        cluster.run(.milliseconds(200))
        for from in 0..<2 { cluster.delays[Course(pair: Pair(from: from, to: 2), lane: 3)] = 40...40 }
        cluster.start(2)
        cluster.run(.milliseconds(250))
        #expect(cluster.nodes[2].tables[table]?.cells.keys.allSatisfy { $0 >= 50 } == true, "the others are on their way")
        for key in 0..<20 { cluster.write(1, table, key: key, isDelete: true, level: .local) }
        let errors = run(&cluster, steps: 100)
        #expect(errors.isEmpty == (rule == .specified), "\(errors)")
        #expect(cluster.settle(within: .seconds(30)) { $0.differences() + $0.tombstones() }.isEmpty)
    }

    /// An acknowledgement says nothing of what its sender has written before: that may wait at its end.
    @Test func acknowledgementOvertakesAPausedStream() throws {
        var (cluster, table) = try cluster(2, .specified)
        cluster.start(0)
        cluster.start(1)
        cluster.run(.milliseconds(200))
        cluster.slow[Pair(from: 0, to: 1)] = 1
        cluster.nodes[1].clockOffset = 5000
        // More than the queue to 1 takes: the rest is read when it has drained.
        for key in 0..<SimulatedTable.keys { cluster.write(0, table, key: key, isDelete: false, level: .local) }
        cluster.write(1, table, key: 63, isDelete: true, level: .local)
        #expect(run(&cluster, steps: 300).isEmpty)
        #expect(cluster.settle(within: .seconds(30)) { $0.differences() + $0.tombstones() }.isEmpty)
        #expect(cluster.nodes[1].tables[table]?.live.count == 63)
    }

    /// While one replica cannot tell that it has the delete, all keep it; when it is removed, they need not.
    @Test func tombstonesWaitForADownMember() throws {
        var (cluster, table) = try cluster(3, .specified)
        for index in 0..<3 { cluster.start(index) }
        for key in 0..<9 { cluster.write(0, table, key: key, isDelete: false, level: .local) }
        cluster.run(.seconds(1))
        cluster.crash(2)
        cluster.record(2, .down)
        for key in 0..<5 { cluster.write(1, table, key: key, isDelete: true, level: .local) }
        cluster.run(.seconds(10))
        #expect(cluster.nodes[0].tables[table]?.cells.count(where: \.value.isTombstone) == 5)
        cluster.record(2, .removed)
        cluster.run(.seconds(5))
        #expect(cluster.tombstones().isEmpty)
        #expect(cluster.nodes[0].tables[table]?.live.count == 4)
    }

    // MARK: Random

    /// Random writes and deletes on few keys, every lane of every link with its own delay, clocks apart, links cut.
    private func life(seed: Int, _ rule: Rule) throws -> (SimulatedCluster, errors: Set<String>) {
        var dice = Dice(seed &+ 4711)
        var (cluster, table) = try cluster(Int.random(in: 3...5, using: &dice), rule, recentLimit: 40, seed: seed)
        let storage = cluster.nodes.indices
        for index in storage {
            cluster.nodes[index].clockOffset = UInt64.random(in: 0...1500, using: &dice)
            for other in storage where other != index {
                for lane in [0, 2, 3] {
                    let least = Int.random(in: 1...(dice.hits(30) ? 60 : 6), using: &dice)
                    cluster.delays[Course(pair: Pair(from: index, to: other), lane: lane)] = least...(least + 5)
                }
            }
            cluster.start(index)
        }
        cluster.collectionInterval = Int.random(in: 1...20, using: &dice)
        let busy = Double.random(in: 5...60, using: &dice)
        var errors: Set<String> = []
        while cluster.now < .seconds(5) {
            cluster.advance()
            if cluster.now.components.attoseconds % 40_000_000_000_000_000 == 0 { errors.formUnion(cluster.untruths()) }
            for index in storage where dice.hits(busy) && cluster.now < .seconds(4) {
                let key = Int.random(in: 0..<24, using: &dice)
                cluster.write(index, table, key: key, isDelete: dice.hits(45), level: .local)
            }
            let from = Int.random(in: storage, using: &dice)
            let to = (from + Int.random(in: 1..<storage.count, using: &dice)) % storage.count
            if dice.hits(1) {
                cluster.cut(
                    Pair(from: from, to: to), until: cluster.now + .milliseconds(Int.random(in: 10...900, using: &dice)))
            }
            if dice.hits(0.5) { cluster.slow[Pair(from: from, to: to)] = dice.hits(60) ? 1 : nil }
        }
        return (cluster, errors)
    }

    @Test(arguments: 0..<60) func noDeletedRowComesBack(seed: Int) throws {
        var (cluster, errors) = try life(seed: seed, .specified)
        #expect(errors.isEmpty, "seed \(seed)")
        let left = cluster.settle(within: .seconds(60)) { $0.differences() + $0.tombstones() + $0.untruths() }
        #expect(left.isEmpty, "seed \(seed)")
        #expect(cluster.latestWrites() == [], "seed \(seed)")
        #expect(cluster.nodes.flatMap(\.closed).isEmpty, "seed \(seed)")
    }

    /// That the test above can fail: with less than the spec asks for, rows come back.
    @Test func withLessTheyDo() throws {
        let errors = try (0..<12).map { try life(seed: $0, .coveredByAll).errors.count }
        #expect(errors.contains { $0 > 0 }, "\(errors)")
    }
}

extension SimulatedCluster {
    /// What every running replica covers at this moment.
    func coveredByAll(_ table: TableName) -> VersionVector? {
        let vectors = replicas(table).compactMap { nodes[$0].tables[table]?.vector }
        return vectors.dropFirst().reduce(vectors.first) { $0?.meet($1) }
    }

    /// Tombstones that are left.
    func tombstones() -> [String] {
        nodes.filter(\.isRunning).flatMap { node in
            node.tables.values.filter { $0.cells.contains(where: \.value.isTombstone) }.map {
                "\(node.node): tombstones in \($0.definition.name)"
            }
        }
    }

    /// Where a replica's rows are not what its vector says: of the writes of a key that it covers, the latest holds (VER-006).
    func untruths() -> [String] {
        var result: [String] = []
        for node in nodes where node.isRunning {
            for (name, keys) in history {
                guard let table = node.tables[name] else { continue }
                for (key, writes) in keys {
                    guard let latest = writes.first(where: { table.vector.covers($0.version.dot) }) else { continue }
                    let cell = table.cells[key]
                    if let cell, !cell.isTombstone, cell.version < latest.version {
                        result.append("\(node.node) shows \(key) of \(cell.version), which was written anew or deleted")
                    } else if !latest.isDelete, cell == nil {
                        result.append("\(node.node) lacks \(key)")
                    }
                }
            }
        }
        return result
    }

    /// Keys of which the first node does not hold the latest write that anybody ever made.
    func latestWrites() -> [Int] {
        history.flatMap { name, keys in
            keys.filter { key, writes in
                guard let latest = writes.first else { return false }
                let found = nodes[0].tables[name]?.live[key]
                return found != (latest.isDelete ? nil : latest.version)
            }.keys
        }.sorted()
    }
}

import ClusterModel
import TableStorage
import Testing
import WireFormat

/// Tables against the dictionary model, over every kind of table.
@Suite struct TableModelTests {
    /// Three nodes that write, each with its own replica; what one writes reaches the others late, in pieces and in any order.
    struct Cluster {
        var kind: TableKind
        var random: SeededGenerator
        var tables: [Table]
        var model: TableModel
        var clock: UInt64 = 1
        var underway: [[OperationRun]] = [[], [], []]

        init(_ kind: TableKind, seed: UInt64) throws {
            self.kind = kind
            random = SeededGenerator(seed: seed)
            tables = try (0..<3).map { _ in try kind.table() }
            model = TableModel(kind: kind)
        }

        mutating func randomOperation() -> ClusterModel.Operation {
            let key = bytes("key/\(UInt64.random(in: 0..<120, using: &random))")
            let length = Int.random(in: 0..<(Bool.random(using: &random) ? 12 : 300), using: &random)
            // A bag's values come from a few, so that they are met again.
            let value: [UInt8] =
                kind.type == .bag
                ? [UInt8.random(in: 0..<4, using: &random)] : (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            let isDelete = Int.random(in: 0..<3, using: &random) == 0
            return ClusterModel.Operation(isDelete ? .delete : .put, key: key, value: isDelete && kind.type != .bag ? [] : value)
        }

        mutating func write(on node: Int) {
            let operations = (0..<Int.random(in: 1...4, using: &random)).map { _ in randomOperation() }
            // Clocks that differ: nodes write with stamps that are not in the order of the writes.
            clock += 1
            let stamp = Stamp(clock << 2 | UInt64(node))
            let run = tables[node].write(operations, stamp: stamp, origin: origin(UInt64(node)))
            model.apply(operations, stamp: stamp, origin: origin(UInt64(node)), first: run.first)
            for other in 0..<3 where other != node { underway[other].append(run) }
        }

        mutating func deliver(to node: Int) throws {
            guard let index = underway[node].indices.randomElement(using: &random) else { return }
            let run = Bool.random(using: &random) ? underway[node][index] : underway[node].remove(at: index)
            _ = try tables[node].apply(groups: run.groups.span, origin: run.origin, first: run.first)
        }

        mutating func settle() throws {
            for node in 0..<3 { while !underway[node].isEmpty { try deliver(to: node) } }
        }
    }

    static let cases = TableKind.all.flatMap { kind in
        ([1, 2, UInt64.random(in: 3...UInt64.max)] as [UInt64]).map { (kind, $0) }
    }

    func expectEqual(_ table: Table, _ model: TableModel, _ comment: Comment) throws {
        let live = model.live
        let digests = model.bucketDigests
        #expect(table.rowCount == live.count, comment)
        #expect(table.bucketDigests == digests, comment)
        #expect(table.digest == digests.reduce(0, &+), comment)
        #expect(try table.scanAll() == model.scanned, comment)
        let rowsByKey = Dictionary(grouping: live, by: \.key)
        for number in 0..<121 {
            let key = bytes("key/\(number)")
            let expected = rowsByKey[key] ?? []
            #expect(table.get(key.span) == expected, comment)
            if model.kind.merge != .owner, model.kind.type != .bag {
                #expect(table.withValue(key.span) { $0.count } == expected.first?.value.count, comment)
            }
        }
    }

    @Test(arguments: cases) func replicasEndAsTheModelSays(_ kind: TableKind, seed: UInt64) throws {
        var cluster = try Cluster(kind, seed: seed)
        for _ in 0..<400 {
            cluster.write(on: Int.random(in: 0..<3, using: &cluster.random))
            for _ in 0..<2 { try cluster.deliver(to: Int.random(in: 0..<3, using: &cluster.random)) }
        }
        try cluster.settle()
        for table in cluster.tables {
            try expectEqual(table, cluster.model, "seed \(seed)")
            #expect(table.pending.isEmpty, "seed \(seed)")
            #expect(table.vector == cluster.tables[0].vector, "seed \(seed)")
            #expect(table.tombstoneCount == cluster.model.rows.count - cluster.model.live.count, "seed \(seed)")
        }
    }

    @Test(arguments: cases) func snapshotsBringWhatIsMissing(_ kind: TableKind, seed: UInt64) throws {
        var cluster = try Cluster(kind, seed: seed)
        let (late, fresh) = (try kind.table(), try kind.table())
        for round in 0..<300 {
            cluster.write(on: 0)
            if round == 150 { try cluster.tables[0].sendSnapshot(to: late) }
        }
        try cluster.tables[0].sendSnapshot(to: late)
        try cluster.tables[0].sendSnapshot(to: fresh)
        for table in [late, fresh] {
            try expectEqual(table, cluster.model, "seed \(seed)")
            #expect(table.vector == cluster.tables[0].vector, "seed \(seed)")
        }
    }

    @Test(arguments: cases) func aCompleteSnapshotRemovesWhatWasDeletedAndCollected(_ kind: TableKind, seed: UInt64) throws {
        var cluster = try Cluster(kind, seed: seed)
        for _ in 0..<200 { cluster.write(on: 0) }
        try cluster.settle()
        let returning = try kind.table()
        try cluster.tables[0].sendSnapshot(to: returning)
        // It is away while rows are deleted and the others forget the tombstones.
        for _ in 0..<200 { cluster.write(on: 0) }
        try cluster.settle()
        let covered = cluster.tables[0].vector
        for table in cluster.tables {
            var rounds = 0
            while rounds < 16 {
                _ = table.collectTombstones(coveredBy: covered)
                rounds += 1
            }
            #expect(table.tombstoneCount == 0, "seed \(seed)")
            try expectEqual(table, cluster.model, "seed \(seed)")
        }
        #expect(cluster.tables[0].needsCompleteSnapshot(have: returning.vector))
        let (before, late) = (returning.rowCount, returning.vector)
        let pruned = try cluster.tables[0].sendSnapshot(to: returning)
        #expect(before - returning.rowCount <= pruned.count)
        // The tombstones did not come along: who lacks them must not get less from here than from the sender.
        #expect(returning.needsCompleteSnapshot(have: late))
        try expectEqual(returning, cluster.model, "seed \(seed)")
    }

    @Test(arguments: cases) func aRowThatWasDeletedAndCollectedStaysDeleted(_ kind: TableKind, seed: UInt64) throws {
        var cluster = try Cluster(kind, seed: seed)
        for _ in 0..<200 { cluster.write(on: 0) }
        try cluster.settle()
        let stale = try kind.table()
        try cluster.tables[0].sendSnapshot(to: stale)
        for _ in 0..<200 { cluster.write(on: 0) }
        try cluster.settle()
        let table = cluster.tables[0]
        for _ in 0..<16 { _ = table.collectTombstones(coveredBy: table.vector) }
        try stale.sendSnapshot(to: table, have: VersionVector())
        try expectEqual(table, cluster.model, "seed \(seed)")
    }

    /// SNP-031: a first copy of a table whose tombstones are all still there comes with these, and can pass them on.
    @Test(arguments: cases) func aCompleteSnapshotOwesNoMoreThanItsSender(_ kind: TableKind, seed: UInt64) throws {
        var cluster = try Cluster(kind, seed: seed)
        for _ in 0..<50 { cluster.write(on: 0) }
        try cluster.settle()
        let late = cluster.tables[0].vector
        for _ in 0..<200 { cluster.write(on: 0) }
        try cluster.settle()
        let fresh = try kind.table()
        try cluster.tables[0].sendSnapshot(to: fresh)
        #expect(fresh.tombstoneCount == cluster.tables[0].tombstoneCount)
        #expect(!fresh.needsCompleteSnapshot(have: late), "seed \(seed)")
    }

    /// The rows change and the table grows while a snapshot is read.
    @Test(arguments: cases) func aSnapshotOfAChangingTableConverges(_ kind: TableKind, seed: UInt64) throws {
        var cluster = try Cluster(kind, seed: seed)
        let sender = cluster.tables[0]
        let receiver = try kind.table()
        for _ in 0..<300 { cluster.write(on: 0) }
        cluster.underway = [[], [], []]
        let (begin, gone) = (sender.vector, sender.collected)
        var scanner = sender.deltaScan(buckets: 0...1023, have: VersionVector(), complete: true)
        var tracker: SnapshotTracker? = SnapshotTracker()
        var number: UInt64 = 0
        while let chunk = scanner.next(sender) {
            if chunk.rows > 0 { _ = try receiver.merge(block: chunk.block.span, tracker: &tracker) }
            for _ in 0..<3 { cluster.write(on: 0) }
            // Wide rows make more chunks.
            number += 1
            guard number < 40 else { continue }
            cluster.clock += 1
            let wide = [ClusterModel.Operation(.put, key: bytes("wide/\(number)"), value: [UInt8](repeating: 1, count: 60_000))]
            let run = sender.write(wide, stamp: Stamp(cluster.clock << 2), origin: origin(0))
            cluster.model.apply(wide, stamp: Stamp(cluster.clock << 2), origin: origin(0), first: run.first)
            cluster.underway[1].append(run)
        }
        if let tracker { _ = receiver.prune(buckets: 0...1023, vector: begin, collected: gone, tracker: tracker) }
        receiver.adopt(begin)
        for run in cluster.underway[1] { _ = try receiver.apply(groups: run.groups.span, origin: run.origin, first: run.first) }
        #expect(receiver.vector == sender.vector, "seed \(seed)")
        try expectEqual(receiver, cluster.model, "seed \(seed)")
        try expectEqual(sender, cluster.model, "seed \(seed)")
    }
}

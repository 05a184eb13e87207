import ClusterModel
import TableStorage
import Testing
import WireFormat

@Suite struct TableMaintenanceTests {
    private let set = TableKind(type: .set, merge: .lww)
    private let own = origin(1)

    private func put(_ key: String, _ value: String = "v") -> ClusterModel.Operation { .init(.put, key: bytes(key), value: bytes(value)) }

    // MARK: Recent operations

    @Test func recentOperationsComeInWholeGroups() throws {
        let table = try set.table()
        #expect(table.streamable(own) == 1)
        #expect(table.operations(from: 1, byteLimit: 1000) == nil)
        let first = table.write([put("a"), put("b"), put("c")], stamp: Stamp(1), origin: own)
        let second = table.write([put("d")], stamp: Stamp(2), origin: own)
        #expect((first.first, first.last, second.first) == (1, 3, 4))
        #expect(table.streamable(own) == 1)
        #expect(table.operations(from: 1, byteLimit: 1) == first)
        #expect(table.operations(from: 2, byteLimit: 1) == first)
        #expect(table.operations(from: 4, byteLimit: 1) == second)
        let both = try #require(table.operations(from: 1, byteLimit: 1000))
        #expect((both.first, both.last) == (1, 4))
        #expect(both.groups == first.groups + second.groups)
        #expect(table.operations(from: 5, byteLimit: 1000) == nil)
    }

    @Test func theOldestOperationsGoWhenTheRoomIsUsedUp() throws {
        let table = try set.table()
        let value = String(repeating: "x", count: 10_000)
        for number in 1...2000 { _ = table.write([put("k", value)], stamp: Stamp(UInt64(number)), origin: own) }
        let streamable = table.streamable(own)
        #expect((1100...1300).contains(streamable))
        #expect(table.operations(from: streamable - 1, byteLimit: 1) == nil)
        // What is left is a stream without gap up to the last operation.
        var next = streamable
        while let run = table.operations(from: next, byteLimit: 50_000) {
            #expect(run.first == next)
            #expect(run.groups.count <= 64 * 1024)
            #expect(try OperationGroups.validate(run.groups.span) == Int(run.count))
            next = run.last + 1
        }
        #expect(next == 2001)
        #expect(table.memory < 12 << 20)
    }

    @Test func anotherOriginStartsTheRecentOperationsAnew() throws {
        let table = try set.table()
        _ = table.write([put("a")], stamp: Stamp(1), origin: own)
        let restarted = origin(1, incarnation: 2)
        #expect(table.streamable(restarted) == 1)
        _ = table.write([put("b")], stamp: Stamp(2), origin: restarted)
        #expect(table.streamable(own) == 2)
        #expect(table.operations(from: 1, byteLimit: 10)?.origin == restarted)
    }

    // MARK: Rebase

    @Test(arguments: TableKind.all) func rebasingGivesRowsNewDotsThatPeersTakeOver(_ kind: TableKind) throws {
        let (old, new, other) = (origin(1, incarnation: 4), origin(1, incarnation: 9), origin(2))
        let (table, peer) = (try kind.table(), try kind.table())
        for number in 0..<200 {
            var operations = [put("k\(number % 60)", "\(number % 3)")]
            if number % 5 == 0 { operations.append(.init(.delete, key: bytes("k\(number % 7)"), value: kind.type == .bag ? bytes("1") : [])) }
            let run = table.write(operations, stamp: Stamp(UInt64(number) + 1), origin: number % 4 == 0 ? other : old)
            _ = try peer.apply(groups: run.groups.span, origin: run.origin, first: run.first)
        }
        let (rows, tombstones, before) = (table.rowCount, table.tombstoneCount, try table.scanAll())
        let runs = table.rebase(from: old, to: new)
        #expect(table.rowCount == rows)
        #expect(table.tombstoneCount == tombstones)
        #expect(table.vector.sequence(of: old) == 0)
        #expect(table.vector.sequence(of: new) == runs.last?.last)
        let after = try table.scanAll()
        #expect(after.map(\.version.stamp) == before.map(\.version.stamp))
        #expect(after.map(\.value) == before.map(\.value))
        #expect(!after.contains { $0.version.dot.origin == old })
        for run in runs { _ = try peer.apply(groups: run.groups.span, origin: run.origin, first: run.first) }
        #expect(peer.bucketDigests == table.bucketDigests)
        #expect(try peer.scanAll() == after)
        #expect(table.streamable(new) == 1)
        var model = TableModel(kind: kind)
        for row in after { model.merge(row) }
        #expect(table.bucketDigests == model.bucketDigests)
    }

    // MARK: Purge, compact, update

    @Test func aRestartedOwnersOldRowsGoForGood() throws {
        let kind = TableKind(type: .set, merge: .owner)
        let table = try kind.table()
        let (first, second, other) = (origin(1, incarnation: 1), origin(1, incarnation: 2), origin(2))
        let run = table.write([put("a"), put("b")], stamp: Stamp(1), origin: first)
        _ = table.write([put("a")], stamp: Stamp(2), origin: other)
        _ = table.write([put("b")], stamp: Stamp(3), origin: second)
        #expect(table.purge(owner: first.node, below: 2) == 1)
        #expect(try table.scanAll().map(\.version.dot.origin) == [other, second])
        #expect(table.tombstoneCount == 0)
        // A peer that has not heard of the restart still sends them.
        let late = try kind.table()
        #expect(late.purge(owner: first.node, below: 2) == 0)
        #expect(try late.apply(groups: run.groups.span, origin: first, first: 1).ignored == 2)
        #expect(late.vector.sequence(of: first) == 2)
        #expect(late.rowCount == 0)
        #expect(try set.table().purge(owner: first.node, below: 2) == 0)
    }

    @Test func aCompactedIncarnationIsCoveredWhole() throws {
        let table = try set.table()
        let run = table.write([put("a")], stamp: Stamp(1), origin: own)
        table.compact(own)
        #expect(table.vector.entries == [VersionVector.Entry(origin: own, sequence: VersionVector.whole)])
        #expect(try table.apply(groups: run.groups.span, origin: own, first: 9).ignored == 1)
        #expect(table.pending.isEmpty)
        var scanner = table.deltaScan(buckets: 0...1023, have: table.vector, complete: false)
        #expect(scanner.next(table) == nil)
    }

    @Test func rowsThatOutliveAChangeOfTypeGetNewIds() throws {
        let table = try set.table()
        _ = table.write([put("a", "1"), put("b", "2")], stamp: Stamp(5), origin: own)
        _ = table.write([put("c", "3")], stamp: Stamp(9), origin: own)
        let bag = TableKind(type: .bag, merge: .lww)
        table.update(try bag.definition(floor: Stamp(5)))
        #expect(table.definition.type == .bag)
        _ = table.write([put("c", "4")], stamp: Stamp(10), origin: own)
        #expect(table.get(bytes("c").span).map(\.value) == [bytes("3"), bytes("4")])
        #expect(table.rowCount == 2)
        var model = TableModel(kind: bag)
        for row in try table.scanAll() { model.merge(row) }
        #expect(table.bucketDigests == model.bucketDigests)
    }

    @Test func anEmptiedTableIsLikeANewOne() throws {
        let table = try set.table()
        table.recordsChanges = true
        _ = table.write([put("a"), put("b")], stamp: Stamp(5), origin: own)
        _ = table.takeChanges()
        table.removeAll()
        #expect(table.takeChanges().count == 2)
        #expect((table.rowCount, table.digest, table.streamable(own)) == (0, 0, 1))
        #expect(table.vector.isEmpty)
        #expect(table.write([put("a")], stamp: Stamp(6), origin: own).first == 1)
    }

    @Test(arguments: TableKind.all) func aCheckpointBringsEverythingBack(_ kind: TableKind) throws {
        let (table, restored) = (try kind.table(), try kind.table())
        for number in 0..<300 {
            let delete = ClusterModel.Operation(.delete, key: bytes("k\(number % 17)"), value: kind.type == .bag ? bytes("v") : [])
            _ = table.write([put("k\(number % 90)"), delete], stamp: Stamp(UInt64(number) + 1), origin: own)
        }
        restored.restore(vector: table.vector, collected: table.collected, pending: table.pending)
        restored.reserve(rows: table.rowCount)
        var scanner = table.deltaScan(buckets: 0...1023, have: VersionVector(), complete: true)
        while let chunk = scanner.next(table) { if chunk.rows > 0 { try restored.load(block: chunk.block.span) } }
        #expect(restored.bucketDigests == table.bucketDigests)
        #expect(restored.tombstoneCount == table.tombstoneCount)
        #expect(try restored.scanAll() == table.scanAll())
    }
}

import ClusterModel
import TableStorage
import Testing
import WireFormat

/// Which version stays, what is skipped, and what counts as a conflict.
@Suite struct TableMergeTests {
    private let set = TableKind(type: .set, merge: .lww)
    private let own = origin(1)
    private let peer = origin(2)

    private func put(_ key: String, _ value: String) -> ClusterModel.Operation {
        .init(.put, key: bytes(key), value: bytes(value))
    }
    private func delete(_ key: String) -> ClusterModel.Operation { .init(.delete, key: bytes(key)) }

    private func groups(_ stamp: UInt64, _ operations: ClusterModel.Operation...) -> [UInt8] {
        OperationGroups.encode([OperationGroup(stamp: Stamp(stamp), operations: operations)])
    }

    private func value(_ table: Table, _ key: String) -> String? {
        table.withValue(bytes(key).span) { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
    }

    @Test func theHigherVersionStaysInWhateverOrderTheyCome() throws {
        for newFirst in [true, false] {
            let table = try set.table()
            let runs = [(groups(5, put("k", "old")), peer), (groups(5, put("k", "new")), origin(3))]
            for (bytes, origin) in newFirst ? runs.reversed() : runs {
                _ = try table.apply(groups: bytes.span, origin: origin, first: 1)
            }
            #expect(value(table, "k") == "new")
        }
    }

    @Test func operationsBeyondAGapWaitInTheVectorAndAreNotAppliedTwice() throws {
        let table = try set.table()
        #expect(try table.apply(groups: groups(3, put("c", "3")).span, origin: peer, first: 3).changed == 1)
        #expect(table.vector.sequence(of: peer) == 0)
        #expect(table.pending == [PendingInterval(origin: peer, first: 3, last: 3)])
        #expect(try table.apply(groups: groups(5, put("e", "5"), put("f", "6")).span, origin: peer, first: 5).changed == 2)
        #expect(try table.apply(groups: groups(3, put("c", "3")).span, origin: peer, first: 3).ignored == 1)
        #expect(try table.apply(groups: groups(4, put("d", "4")).span, origin: peer, first: 4).changed == 1)
        #expect(table.pending == [PendingInterval(origin: peer, first: 3, last: 6)])
        var arrived = VersionVector()
        arrived.raise(peer, to: 2)
        table.adopt(arrived)
        #expect(table.pending.isEmpty)
        #expect(table.vector.sequence(of: peer) == 6)
    }

    @Test func aDeleteOfAMissingRowLeavesATombstone() throws {
        let table = try set.table()
        _ = table.write([delete("k")], stamp: Stamp(10), origin: own)
        #expect(table.tombstoneCount == 1)
        _ = try table.apply(groups: groups(9, put("k", "late")).span, origin: peer, first: 1)
        #expect(table.get(bytes("k").span).isEmpty)
        #expect(table.digest == 0)
    }

    @Test func whatLiesAtOrBelowTheFloorIsIgnoredAndYetCovered() throws {
        let table = try set.table()
        _ = table.write([put("a", "1")], stamp: Stamp(10), origin: own)
        _ = table.write([put("b", "1")], stamp: Stamp(11), origin: own)
        table.drop(rowsUpTo: Stamp(10))
        #expect(table.rowCount == 1)
        #expect(table.definition.floor == Stamp(10))
        let applied = try table.apply(groups: groups(10, put("c", "1")).span, origin: peer, first: 1)
        #expect(applied.ignored == 1)
        #expect(table.vector.sequence(of: peer) == 1)
        #expect(table.get(bytes("c").span).isEmpty)
    }

    @Test func malformedOperationsChangeNothing() throws {
        let table = try set.table()
        let good = groups(1, put("k", "v"))
        let cut = Array(good.dropLast())
        #expect(throws: TableError.self) { _ = try table.apply(groups: (good + cut).span, origin: peer, first: 1) }
        #expect(throws: TableError.self) { _ = try table.apply(groups: good.span, origin: peer, first: 0) }
        #expect(throws: TableError.self) { _ = try table.apply(groups: good.span, origin: peer, first: .max) }
        #expect(table.rowCount == 0)
        #expect(table.vector.isEmpty)
    }

    @Test func aBlockOfOwnedRowsIsNoBlockOfAPlainTable() throws {
        let row = Row(
            key: [1], owner: peer.node, value: [2], version: RowVersion(stamp: Stamp(1), dot: Dot(origin: peer, sequence: 1)))
        let table = try set.table()
        var tracker: SnapshotTracker?
        let block = RowBlock.encode([row])
        #expect(throws: TableError.self) { _ = try table.merge(block: block.span, tracker: &tracker) }
        #expect(table.rowCount == 0)
        let owners = try TableKind(type: .set, merge: .owner).table()
        #expect(try owners.merge(block: block.span, tracker: &tracker).changed == 1)
    }

    // MARK: Conflicts

    /// We wrote `k`; then the peer's write of `k` arrives with this knowledge.
    private func conflict(
        _ knowledge: WriterKnowledge, mine: ClusterModel.Operation, theirs: ClusterModel.Operation, stamp: UInt64 = 20
    ) throws -> [RowConflict] {
        let table = try set.table()
        _ = table.write([mine], stamp: Stamp(10), origin: own)
        return try table.apply(groups: groups(stamp, theirs).span, origin: peer, first: 1, knowledge: knowledge, ownOrigin: own)
            .conflicts
    }

    @Test func aWriteThatDidNotKnowOursIsAConflict() throws {
        let blind = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 0)
        let found = try conflict(blind, mine: put("k", "mine"), theirs: put("k", "theirs"))
        #expect(found.map(\.winner.value) == [bytes("theirs")])
        #expect(found.map(\.loser.value) == [bytes("mine")])
        let lost = try conflict(blind, mine: put("k", "mine"), theirs: put("k", "theirs"), stamp: 5)
        #expect(lost.map(\.winner.value) == [bytes("mine")])
        let deleted = try conflict(blind, mine: put("k", "mine"), theirs: delete("k"))
        #expect(deleted.map(\.winner.isTombstone) == [true])
    }

    @Test func aWriteThatKnewOursOrSaysTheSameIsNone() throws {
        let blind = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 0)
        let acked = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 1)
        #expect(try conflict(acked, mine: put("k", "mine"), theirs: put("k", "theirs")).isEmpty)
        #expect(try conflict(blind, mine: put("k", "same"), theirs: put("k", "same")).isEmpty)
        #expect(try conflict(blind, mine: delete("k"), theirs: delete("k")).isEmpty)
    }

    @Test func anOlderWriteThatComesOnlyNowIsAConflictWhateverWasAcknowledged() throws {
        var vector = VersionVector()
        vector.raise(own, to: 1)
        let acked = WriterKnowledge(vector: vector, through: 0, ownAcked: 1)
        #expect(try conflict(acked, mine: put("k", "mine"), theirs: put("k", "theirs"), stamp: 5).count == 1)
    }

    @Test func beforeTheLinkTheVectorDecides() throws {
        var vector = VersionVector()
        let ignorant = WriterKnowledge(vector: vector, through: 1, ownAcked: 9)
        #expect(try conflict(ignorant, mine: put("k", "mine"), theirs: put("k", "theirs")).count == 1)
        vector.raise(own, to: 1)
        let knowing = WriterKnowledge(vector: vector, through: 1, ownAcked: 9)
        #expect(try conflict(knowing, mine: put("k", "mine"), theirs: put("k", "theirs")).isEmpty)
    }

    @Test func aSnapshotRowConflictsWithWhatTheSenderDidNotCover() throws {
        let theirs = Row(
            key: bytes("k"), value: bytes("theirs"), version: RowVersion(stamp: Stamp(20), dot: Dot(origin: peer, sequence: 1)))
        let block = RowBlock.encode([theirs])
        var tracker: SnapshotTracker?
        for knewOurs in [true, false] {
            let table = try set.table()
            _ = table.write([put("k", "mine")], stamp: Stamp(10), origin: own)
            var knowledge = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 0)
            if knewOurs { knowledge.vector.raise(own, to: 1) }
            let applied = try table.merge(block: block.span, knowledge: knowledge, ownOrigin: own, tracker: &tracker)
            #expect(applied.conflicts.count == (knewOurs ? 0 : 1))
            #expect(value(table, "k") == "theirs")
        }
    }

    /// Another member's snapshot brings an old row once more, which our own write was made in full knowledge of.
    @Test func aSnapshotRowThatWeHadBeforeIsNoConflict() throws {
        let table = try set.table()
        _ = try table.apply(groups: groups(5, put("k", "theirs")).span, origin: peer, first: 1)
        _ = table.write([put("k", "mine")], stamp: Stamp(10), origin: own)
        let old = Row(
            key: bytes("k"), value: bytes("theirs"), version: RowVersion(stamp: Stamp(5), dot: Dot(origin: peer, sequence: 1)))
        var tracker: SnapshotTracker?
        let knowledge = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 0)
        let block = RowBlock.encode([old])
        let applied = try table.merge(block: block.span, knowledge: knowledge, ownOrigin: own, tracker: &tracker)
        #expect(applied.conflicts.isEmpty)
        #expect(value(table, "k") == "mine")
    }

    /// Whatever its sender has learnt since: when we wrote ours, we had not got theirs.
    @Test func aSnapshotRowThatIsOlderThanOurWriteIsAConflict() throws {
        let theirs = Row(
            key: bytes("k"), value: bytes("theirs"), version: RowVersion(stamp: Stamp(5), dot: Dot(origin: peer, sequence: 3)))
        let block = RowBlock.encode([theirs])
        for hadTheirs in [false, true] {
            let table = try set.table()
            if hadTheirs {
                // Beyond a gap, so that the vector does not show it.
                _ = try table.apply(groups: groups(5, put("k", "theirs")).span, origin: peer, first: 3)
            }
            _ = table.write([put("k", "mine")], stamp: Stamp(10), origin: own)
            var knowledge = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 0)
            knowledge.vector.raise(own, to: 1)
            var tracker: SnapshotTracker?
            let applied = try table.merge(block: block.span, knowledge: knowledge, ownOrigin: own, tracker: &tracker)
            #expect(applied.conflicts.map(\.loser.value) == (hadTheirs ? [] : [bytes("theirs")]))
        }
    }

    // MARK: Changes

    @Test func changesTellWhatLiveRowsBecame() throws {
        let table = try set.table()
        _ = table.write([put("before", "1")], stamp: Stamp(1), origin: own)
        #expect(table.takeChanges().isEmpty)
        table.recordsChanges = true
        _ = table.write([put("a", "1"), put("a", "2"), delete("b")], stamp: Stamp(2), origin: own)
        _ = table.write([delete("a"), delete("b")], stamp: Stamp(3), origin: own)
        _ = try table.apply(groups: groups(1, put("a", "late")).span, origin: peer, first: 1)
        let changes = table.takeChanges()
        #expect(changes.map(\.key) == [bytes("a"), bytes("a"), bytes("a")])
        #expect(changes.map(\.isTombstone) == [false, false, true])
        #expect(table.takeChanges().isEmpty)
        table.drop(rowsUpTo: Stamp(50))
        #expect(table.takeChanges().map(\.key) == [bytes("before")])
    }
}

import ClusterModel
import Testing
import WireFormat

@testable import TableStorage

@Suite("Conflict journal")
struct ConflictJournalTests {
    private func conflict(_ index: Int, size: Int = 10) -> RowConflict {
        let origin = Origin(node: NodeID(1), incarnation: 1)
        func row(_ sequence: UInt64) -> Row {
            Row(
                key: Array("\(index)".utf8), value: [UInt8](repeating: 1, count: size),
                version: RowVersion(stamp: Stamp(sequence), dot: Dot(origin: origin, sequence: sequence)))
        }
        return RowConflict(winner: row(2), loser: row(1))
    }

    /// Performs the journal's steps.
    private func flush(_ journal: inout ConflictJournal, _ disk: MemoryDisk) throws {
        try DiskWorker(disk: disk).perform(DiskBatch(steps: journal.take(), lsn: 0, isSynced: true))
    }

    private func load(_ disk: MemoryDisk) throws -> (ConflictJournal, [CutTail]) {
        var tails: [CutTail] = []
        let parts = try disk.list("gen-1").compactMap { DiskName.number(in: $0, after: "conflicts-") }
        return (try ConflictJournal.load(generation: 1, present: parts, from: disk) { tails.append($0) }, tails)
    }

    @Test("entries are numbered, paged, and come back after a restart")
    func entries() throws {
        let disk = MemoryDisk()
        try disk.createDirectory("gen-1")
        var journal = ConflictJournal(generation: 1)
        for index in 0..<5 { _ = journal.append(.t, conflict(index)) }
        try flush(&journal, disk)
        for journal in [journal, try load(disk).0] {
            #expect(journal.entries(after: 0, limit: 100).map(\.number) == [1, 2, 3, 4, 5])
            #expect(journal.entries(after: 2, limit: 2).map(\.number) == [3, 4])
            #expect(journal.entries(after: 5, limit: 2).isEmpty)
            #expect(journal.entries(after: 1, limit: 1).first?.loser == conflict(1).loser)
        }
        var again = try load(disk).0
        _ = again.append(.t, conflict(9))
        #expect(again.entries(after: 5, limit: 1).map(\.number) == [6])
    }

    @Test("the journal stays within its limit, on the disk and in memory, and keeps the youngest")
    func bound() throws {
        let disk = MemoryDisk()
        try disk.createDirectory("gen-1")
        var journal = ConflictJournal(generation: 1)
        for index in 0..<100 {
            _ = journal.append(.t, conflict(index, size: 200_000))
            if index % 10 == 9 { try flush(&journal, disk) }
        }
        let sizes = try disk.list("gen-1").compactMap { disk.bytes("gen-1/" + $0)?.count }
        #expect(sizes.count == 2)
        #expect(sizes.reduce(0, +) <= Limits.conflictJournal)
        #expect(sizes.reduce(0, +) > Limits.conflictJournal / 2)
        let kept = journal.entries(after: 0, limit: 1000).map(\.number)
        #expect(kept.last == 100 && kept.count < 60 && kept == Array((kept.first ?? 0)...100))
        #expect(try load(disk).0.entries(after: 0, limit: 1000).map(\.number) == kept)
    }

    @Test("the largest conflict fits into a reply, without the winner's value")
    func largest() throws {
        var journal = ConflictJournal(generation: 1)
        let size = journal.append(.t, conflict(0, size: Limits.value))
        #expect(size < Limits.message)
        let entry = try #require(journal.entries(after: 0, limit: 1).first)
        #expect(entry.winner.value.isEmpty && entry.loser.value.count == Limits.value)
    }

    @Test("a damaged entry ends its file; the node starts and says so")
    func damage() throws {
        let disk = MemoryDisk()
        try disk.createDirectory("gen-1")
        var journal = ConflictJournal(generation: 1)
        let size = journal.append(.t, conflict(0))
        _ = journal.append(.t, conflict(1))
        try flush(&journal, disk)
        disk.flip("gen-1/conflicts-1", at: 16 + size + 20)
        let (loaded, tails) = try load(disk)
        #expect(loaded.entries(after: 0, limit: 10).map(\.number) == [1])
        #expect(tails == [CutTail(file: "gen-1/conflicts-1", offset: UInt64(16 + size), bytes: UInt64(size))])
        #expect(disk.bytes("gen-1/conflicts-1")?.count == 16 + size)
        disk.flip("gen-1/conflicts-1", at: 3)
        var (unreadable, report) = try load(disk)
        #expect(report.map(\.offset) == [0])
        _ = unreadable.append(.t, conflict(2))
        try flush(&unreadable, disk)
        #expect(try disk.list("gen-1") == ["conflicts-1", "conflicts-2"])
    }

    @Test("a concurrent write of a peer is journalled before the merge counts as durable")
    func throughStore() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.put(.t, "k", "mine")
        try shell.work()
        let group = OperationGroup(stamp: shell.stamp(), operations: [Operation(.put, key: Array("k".utf8), value: [9])])
        let origin = Origin(node: NodeID(8), incarnation: 1)
        let knowledge = WriterKnowledge(vector: VersionVector(), through: 0, ownAcked: 0)
        let applied = try shell.store.data.apply(
            Operations(table: .t, origin: origin, first: 1, count: 1, groups: OperationGroups.encode([group])),
            knowledge: knowledge)
        #expect(applied.applied.conflicts.count == 1)
        let batch = try #require(shell.store.takeWork(now: .zero))
        let names = batch.steps.compactMap { step -> String? in
            if case .sync(let name) = step { name } else { nil }
        }
        #expect(names == ["gen-1/conflicts-1", "gen-1/log-1"])
        try shell.worker.perform(batch)
        shell.store.completed(batch.lsn)
        let entry = try #require(try StoreShell(disk).store.data.conflicts(after: 0, limit: 10).first)
        #expect(String(decoding: entry.loser.value, as: UTF8.self) == "mine" && entry.winner.value == [9])
    }
}

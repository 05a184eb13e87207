import ClusterModel
import Testing
import WireFormat

@testable import TableStorage

@Suite("Checkpoints")
struct CheckpointTests {
    private func filled(_ disk: MemoryDisk) throws -> StoreShell {
        let shell = try StoreShell(disk)
        try shell.define(.t)
        for index in 0..<2000 { try shell.put(.t, "key\(index)", String(repeating: "v", count: 200)) }
        try shell.work()
        return shell
    }

    @Test("a checkpoint replaces the log before it")
    func replacesLog() throws {
        let disk = MemoryDisk()
        let shell = try filled(disk)
        shell.store.startCheckpoint()
        #expect(!shell.store.isIdle)
        try shell.work()
        #expect(shell.store.isIdle)
        #expect(try disk.list("gen-1") == ["catalogue", "log-2", "log-start", "members", "table-t.ckpt"])
        try shell.put(.t, "after", "x")
        try shell.work()
        let reopened = try StoreShell(disk)
        #expect(reopened.store.recovery.checkpointRows == 2000)
        #expect(reopened.store.recovery.logRecords == 1)
        #expect(reopened.store.data.table(named: .t)?.digest == shell.store.data.table(named: .t)?.digest)
    }

    @Test("every flipped byte of a checkpoint is an error that names the file and the record")
    func damage() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.put(.t, "key", "value")
        shell.store.startCheckpoint()
        try shell.work()
        let name = "gen-1/table-t.ckpt"
        let bytes = try #require(disk.bytes(name))
        var starts = [0]
        var next = 16
        while next < bytes.count {
            starts.append(next)
            next += 8 + Int(bytes.span.bigEndian(UInt32.self, at: next))
        }
        #expect(starts.count == 4)  // header, begin, rows, end
        for offset in bytes.indices {
            disk.flip(name, at: offset)
            let found = try #require(corruption(disk), "byte \(offset) was flipped unnoticed")
            #expect(found.file == name && Int(found.offset) == starts.last { $0 <= offset })
            disk.flip(name, at: offset)
        }
        disk.edit(name) { $0.removeSubrange(starts[3]...) }
        #expect(throws: StorageError.corrupt(file: name, offset: UInt64(starts[3]), reason: .incomplete)) { try StoreShell(disk) }
    }

    @Test("it is written in slices of about one block, between batches of the log")
    func slices() throws {
        let disk = MemoryDisk()
        let shell = try filled(disk)
        shell.store.startCheckpoint()
        var slices = 0
        while shell.store.isCheckpointing, let batch = shell.store.takeWork(now: .zero) {
            let size = batch.steps.reduce(0) { size, step in
                if case .append(let name, let bytes) = step, name.hasSuffix(".tmp") { size + bytes.count } else { size }
            }
            #expect(size <= Limits.chunkRaw + 4096)
            slices += size > 0 ? 1 : 0
            let position = try shell.put(.t, "new\(slices)", "x")
            try shell.worker.perform(batch)
            shell.store.completed(batch.lsn)
            #expect(position > shell.store.durable)
        }
        #expect(slices >= 2)
    }

    @Test("it starts by itself when the log outgrows the limit and the data")
    func automatic() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        let value = [UInt8](repeating: 7, count: 4 * 1024 * 1024)
        for _ in 0..<18 {
            _ = try shell.store.data.write(.t, [Operation(.put, key: [1], value: value)], stamp: shell.stamp())
            try shell.workOnceMore()
            if disk.bytes("gen-1/log-2") != nil { break }
        }
        try shell.work()
        #expect(try disk.list("gen-1").contains("table-t.ckpt"))
        #expect(try !disk.list("gen-1").contains("log-1"))
        #expect(try StoreShell(disk).store.data.table(named: .t)?.rowCount == 1)
    }

    @Test("a table that changes its type while it is being written does not end up half of each")
    func typeChange() throws {
        let disk = MemoryDisk()
        let shell = try filled(disk)
        shell.store.startCheckpoint()
        try shell.workOnceMore()
        try shell.workOnceMore()
        try shell.define(.t, type: .bag)
        try shell.put(.t, "key1", "second")
        try shell.work()
        let table = try #require(shell.store.data.table(named: .t))
        #expect(table.rowCount == 2001)
        let reopened = try #require(try StoreShell(disk).store.data.table(named: .t))
        #expect(reopened.rowCount == 2001 && reopened.digest == table.digest)
    }

    private static let peer = Origin(node: NodeID(4), incarnation: 1)

    /// A block with `k` as the peer wrote it, and a row that makes the block news.
    private func block(_ stamp: Stamp) -> [UInt8] {
        RowBlock.encode(
            ["k", "other"].enumerated().map { index, key in
                let dot = Dot(origin: Self.peer, sequence: UInt64(index) + 1)
                return Row(key: Array(key.utf8), value: [1], version: RowVersion(stamp: stamp, dot: dot))
            })
    }

    @Test("no tombstone is collected while a checkpoint is written: what had lost against it would come back")
    func tombstones() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        let early = shell.stamp()
        try shell.delete(.t, "k")
        try shell.work()
        shell.store.startCheckpoint()
        try shell.workOnceMore()
        var none: SnapshotTracker?
        try shell.store.data.merge(.t, block: block(early), tracker: &none)
        let vector = try #require(shell.store.data.table(named: .t)?.vector)
        #expect(try shell.store.data.collectTombstones(.t, coveredBy: vector, buckets: Limits.buckets) == 0)
        try shell.work()
        #expect(try shell.store.data.collectTombstones(.t, coveredBy: vector, buckets: Limits.buckets) == 1)
        try shell.work()
        let reopened = try StoreShell(disk)
        #expect(reopened.value(.t, "k") == nil && reopened.value(.t, "other") != nil)
        #expect(reopened.store.data.table(named: .t)?.tombstoneCount == 0)
    }

    @Test("a row that a complete snapshot removes while a checkpoint is written takes along what had lost against it")
    func removal() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        let early = shell.stamp()
        try shell.put(.t, "k", "later")
        try shell.work()
        shell.store.startCheckpoint()
        try shell.workOnceMore()
        var none: SnapshotTracker?
        try shell.store.data.merge(.t, block: block(early), tracker: &none)
        let vector = try #require(shell.store.data.table(named: .t)?.vector)
        let all = 0...(Limits.buckets - 1)
        var gone = vector
        gone.raise(Origin(node: NodeID(77), incarnation: 1), to: 5)
        let removed = try shell.store.data.prune(
            .t, buckets: all, vector: vector, collected: gone, tracker: SnapshotTracker()
        ).removed
        #expect(removed.map(\.key) == [Array("k".utf8)])
        try shell.work()
        let reopened = try StoreShell(disk)
        #expect(reopened.value(.t, "k") == nil && reopened.value(.t, "other") != nil)
        #expect(reopened.store.data.table(named: .t)?.collected == gone)
    }

    @Test("a table that moves to the disk brings its rows; one that moves to memory leaves them")
    func storageChange() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t, storage: .ram)
        try shell.put(.t, "k", "v")
        try shell.define(.t, storage: .disc)
        try shell.put(.t, "l", "w")
        try shell.work()
        let second = try StoreShell(disk)
        #expect(second.value(.t, "k") == "v" && second.value(.t, "l") == "w")
        second.store.startCheckpoint()
        try second.work()
        try second.define(.t, storage: .ram)
        try second.work()
        let third = try StoreShell(disk)
        #expect(third.store.data.table(named: .t)?.rowCount == 0)
        third.store.startCheckpoint()
        try third.work()
        #expect(try !disk.list("gen-1").contains("table-t.ckpt"))
    }

    @Test("a dropped table is empty after a restart, also when it is created again")
    func drop() throws {
        let disk = MemoryDisk()
        let shell = try filled(disk)
        #expect(try shell.define(.t, exists: false).dropped == 2000)
        #expect(shell.store.data.table(named: .t) == nil)
        #expect(throws: StorageError.noSuchTable(.t)) { try shell.put(.t, "k", "v") }
        try shell.work()
        let second = try StoreShell(disk)
        #expect(second.store.data.table(named: .t) == nil)
        try second.define(.t)
        try second.put(.t, "k", "v")
        try second.work()
        #expect(try StoreShell(disk).store.data.table(named: .t)?.rowCount == 1)
    }
}

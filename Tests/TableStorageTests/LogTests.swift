import ClusterModel
import Testing
import WireFormat

@testable import TableStorage

@Suite("Log, recovery and acknowledgement")
struct LogTests {
    /// A store with three durable batches of one put each; where in the log each begins.
    private func threeBatches(_ disk: MemoryDisk) throws -> [Int] {
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.work()
        var offsets: [Int] = []
        for key in ["a", "b", "c"] {
            offsets.append(try #require(disk.bytes("gen-1/log-1")).count)
            try shell.put(.t, key, "v")
            try shell.work()
        }
        return offsets
    }

    @Test("a record that was durable and is damaged is an error that names file and offset", arguments: 0..<3)
    func corruptMiddle(_ index: Int) throws {
        let disk = MemoryDisk()
        let offset = try threeBatches(disk)[index]
        for byte in 0..<12 {
            disk.flip("gen-1/log-1", at: offset + byte)
            let found = try #require(corruption(disk), "byte \(byte) of the record was flipped unnoticed")
            #expect(found.file == "gen-1/log-1")
            #expect(found.offset == UInt64(offset))
            disk.flip("gen-1/log-1", at: offset + byte)
        }
        #expect(try StoreShell(disk).value(.t, "c") == "v")
    }

    @Test("an error while opening leaves the directory as it was")
    func corruptLeavesAll() throws {
        let disk = MemoryDisk()
        let offset = try threeBatches(disk)[0]
        disk.flip("gen-1/log-1", at: offset + 20)
        let changes = disk.changes
        #expect(corruption(disk) != nil)
        #expect(disk.changes == changes)
    }

    @Test("a damaged end that was never known to be durable is cut, whatever follows it")
    func tornTail() throws {
        let disk = MemoryDisk()
        _ = try threeBatches(disk)
        let durable = try #require(disk.bytes("gen-1/log-1"))
        let shell = try StoreShell(disk)
        for key in ["d", "e", "f"] { try shell.put(.t, key, "v") }
        let batch = try #require(shell.store.takeWork(now: .zero))
        let records = batch.steps.compactMap { step -> [UInt8]? in
            if case .append("gen-1/log-1", let bytes) = step { bytes } else { nil }
        }
        // Everything reached the disk but the first page of it: later records are whole.
        disk.edit("gen-1/log-1") { bytes in
            bytes += records[0]
            bytes[durable.count + 30] ^= 1
        }
        let reopened = try StoreShell(disk)
        let tail = CutTail(file: "gen-1/log-1", offset: UInt64(durable.count), bytes: UInt64(records[0].count))
        #expect(reopened.store.recovery.cut == [tail])
        #expect(reopened.value(.t, "c") == "v" && reopened.value(.t, "d") == nil && reopened.value(.t, "f") == nil)
        #expect(disk.bytes("gen-1/log-1")?.count == durable.count)
    }

    @Test("a copy of a barrier inside a value does not make a torn tail corrupt")
    func forgedBarrier() throws {
        let disk = MemoryDisk()
        let offset = try threeBatches(disk)[0]
        let log = try #require(disk.bytes("gen-1/log-1"))
        let barrier = Array(log.suffix(25))
        #expect(barrier[8] == RecordType.barrier.rawValue)
        var tail: [UInt8] = []
        tail.appendRecord(.rows) { $0 += barrier + [0] }
        tail[4] ^= 1
        disk.edit("gen-1/log-1") { $0 += tail }
        #expect(try StoreShell(disk).store.recovery.cut.map(\.offset) == [UInt64(log.count)])
        // The same barrier at its own place does.
        disk.flip("gen-1/log-1", at: offset)
        #expect(corruption(disk) != nil)
    }

    @Test("a missing segment is an error", arguments: [1, 2])
    func missingSegment(_ segment: Int) throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.work()
        try disk.replace("gen-1/log-\(segment == 1 ? 2 : 3)", with: RecordFormat.header(.log))
        try disk.remove("gen-1/log-1")
        if segment == 2 { try disk.replace("gen-1/log-1", with: RecordFormat.header(.log)) }
        #expect(corruption(disk)?.file == "gen-1/log-\(segment)")
    }

    @Test("everything that accumulates during a sync goes in one batch with one sync")
    func groupCommit() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.work()
        try shell.put(.t, "a", "v")
        let first = try #require(shell.store.takeWork(now: .zero))
        let positions = try (0..<100).map { try shell.put(.t, "k\($0)", "v") }
        #expect(shell.store.takeWork(now: .zero) == nil)
        try shell.worker.perform(first)
        shell.store.completed(first.lsn)
        #expect(positions.allSatisfy { $0 > shell.store.durable })
        let syncs = disk.syncs
        #expect(try shell.workOnce())
        #expect(disk.syncs == syncs + 1)
        #expect(positions.allSatisfy { $0 <= shell.store.durable })
        #expect(try !shell.workOnce())
        #expect(shell.store.isIdle)
    }

    @Test("a table with a sync interval is acknowledged at once, written at once and synced when the interval ends")
    func syncInterval() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t, interval: 200)
        try shell.work()
        let syncs = disk.syncs
        shell.now = .seconds(10)
        #expect(try shell.put(.t, "k", "v") == 0)
        try shell.work()
        #expect(disk.syncs == syncs)
        #expect(shell.store.syncDue == .milliseconds(10_200))
        shell.now = .milliseconds(10_199)
        try shell.work()
        #expect(disk.syncs == syncs)
        shell.now = .milliseconds(10_200)
        try shell.work()
        #expect(disk.syncs == syncs + 1)
        #expect(shell.store.syncDue == nil && shell.store.isIdle)
        disk.crash(.lost, keepsNames: false)
        #expect(try StoreShell(disk).value(.t, "k") == "v")
    }

    @Test(
        "without a sync, an interval table's write survives the death of the process, not that of the machine",
        arguments: [MemoryDisk.Tearing.kept, .lost])
    func syncIntervalLoss(_ tearing: MemoryDisk.Tearing) throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t, interval: 200)
        try shell.work()
        try shell.put(.t, "k", "v")
        try shell.work()
        disk.crash(tearing, keepsNames: false)
        #expect(try StoreShell(disk).value(.t, "k") == (tearing == .kept ? "v" : nil))
    }

    @Test("a write to a ram table waits for nothing and is gone after a restart; its definition stays")
    func ram() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.ram, storage: .ram)
        try shell.work()
        #expect(try shell.put(.ram, "k", "v") == 0)
        #expect(shell.store.takeWork(now: .zero) == nil)
        let reopened = try StoreShell(disk)
        #expect(reopened.value(.ram, "k") == nil)
        #expect(reopened.store.data.table(named: .ram) != nil)
    }

    @Test("what a peer brings twice is acknowledged only when the first is durable, and logged once")
    func repeated() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.work()
        let origin = Origin(node: NodeID(9), incarnation: 3)
        let group = OperationGroup(stamp: shell.stamp(), operations: [Operation(.put, key: [1], value: [2])])
        let operations = Operations(table: .t, origin: origin, first: 1, count: 1, groups: OperationGroups.encode([group]))
        let first = try shell.store.data.apply(operations).position
        let second = try shell.store.data.apply(operations).position
        #expect(first > shell.store.durable && second >= first)
        try shell.work()
        #expect(second <= shell.store.durable)
        let size = disk.bytes("gen-1/log-1")?.count
        try shell.store.data.apply(operations)
        try shell.work()
        #expect(disk.bytes("gen-1/log-1")?.count == size)
        #expect(try StoreShell(disk).store.data.table(named: .t)?.vector.sequence(of: origin) == 1)
    }

    @Test("a batch that no message could carry is refused")
    func batchTooLarge() throws {
        let shell = try StoreShell(MemoryDisk())
        try shell.define(.t)
        let half = [UInt8](repeating: 1, count: 9 * 1024 * 1024)
        let operations = [Operation(.put, key: [1], value: half), Operation(.put, key: [2], value: half)]
        #expect(throws: StorageError.batchTooLarge) {
            try shell.store.data.write(.t, operations, stamp: shell.stamp())
        }
        let largest = Operation(.put, key: [1], value: [UInt8](repeating: 1, count: Limits.value))
        #expect(try shell.store.data.write(.t, [largest], stamp: shell.stamp()).position > 0)
        try shell.work()
        #expect(try StoreShell(shell.disk).store.data.table(named: .t)?.rowCount == 1)
    }
}

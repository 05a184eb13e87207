import ClusterModel
import TableStorage
import Testing

/// A scripted life of a node, crashed at every change of the disk (DSK-022, DSK-030, DSK-042).
@Suite("A crash at every point")
struct CrashTests {
    struct Crash: CustomTestStringConvertible {
        var tearing: MemoryDisk.Tearing
        var keepsNames: Bool

        var testDescription: String { "\(tearing), names \(keepsNames ? "kept" : "lost")" }

        static let all = MemoryDisk.Tearing.allCases.flatMap {
            [Crash(tearing: $0, keepsNames: false), Crash(tearing: $0, keepsNames: true)]
        }
    }

    /// What was written, in order, and when it counts as durable.
    struct History {
        private var writes: [String: [(value: String?, position: LSN)]] = [:]

        mutating func note(_ key: String, _ value: String?, _ position: LSN) {
            writes[key, default: []].append((value, position))
        }

        /// The values that a key may have after a crash: the last one that was durable, or any later one.
        func allowed(_ key: String, durable: LSN) -> [String?] {
            let all = writes[key] ?? []
            guard let last = all.lastIndex(where: { $0.position <= durable }) else { return [nil] + all.map(\.value) }
            return all[last...].map(\.value)
        }

        var keys: [String] { writes.keys.sorted() }
    }

    /// Writes, overwrites, deletes, drops, a checkpoint in the middle of writes, a clean one.
    private func live(_ shell: StoreShell, _ history: inout History) throws {
        try shell.define(.t)
        for index in 0..<6 {
            history.note("k\(index)", "a", try shell.put(.t, "k\(index)", "a"))
            if index % 2 == 1 { try shell.work() }
        }
        history.note("k1", nil, try shell.delete(.t, "k1"))
        try shell.define(.u, type: .orderedSet)
        try shell.put(.u, "x", "y")
        shell.store.startCheckpoint()
        var index = 0
        while try shell.workOnce() {
            guard index < 8 else { continue }
            history.note("k\(index)", "b", try shell.put(.t, "k\(index)", "b"))
            index += 1
        }
        history.note("k2", nil, try shell.delete(.t, "k2"))
        try shell.work()
        shell.store.startCheckpoint()
        try shell.work()
        history.note("k3", "c", try shell.put(.t, "k3", "c"))
        try shell.work()
    }

    private func check(_ shell: StoreShell, _ history: History, durable: LSN, _ place: Comment) {
        for key in history.keys {
            let value = shell.value(.t, key)
            #expect(history.allowed(key, durable: durable).contains(value), "\(key) is \(value ?? "nil"), \(place)")
        }
    }

    @Test("what was durable is there", arguments: Crash.all)
    func durability(_ crash: Crash) throws {
        let whole = MemoryDisk()
        let shell = try StoreShell(whole)
        let start = whole.changes
        var complete = History()
        try live(shell, &complete)
        #expect(shell.value(.t, "k3") == "c" && shell.value(.t, "k2") == nil && shell.value(.t, "k7") == "b")
        for change in start..<whole.changes {
            let disk = MemoryDisk()
            let shell = try StoreShell(disk)
            disk.crash(at: change)
            var history = History()
            #expect(throws: DiskError.self) { try live(shell, &history) }
            disk.crash(crash.tearing, keepsNames: crash.keepsNames)
            let durable = shell.store.durable
            let reopened = try StoreShell(disk)
            check(reopened, history, durable: durable, "crashed at change \(change)")
            // What recovery left can be written and read again, and is the same.
            try reopened.define(.t)
            try reopened.put(.t, "after", "crash")
            try reopened.work()
            let digest = reopened.store.data.table(named: .t)?.digest
            let vector = reopened.store.data.table(named: .t)?.vector
            disk.crash(.lost, keepsNames: false)
            let again = try StoreShell(disk)
            #expect(again.value(.t, "after") == "crash")
            #expect(again.store.data.table(named: .t)?.digest == digest)
            #expect(again.store.data.table(named: .t)?.vector == vector)
            #expect(again.store.recovery.cut.isEmpty)
        }
    }

    @Test("a crash while the directory is opened changes nothing", arguments: [MemoryDisk.Tearing.lost, .half])
    func crashWhileOpening(_ tearing: MemoryDisk.Tearing) throws {
        func damaged() throws -> MemoryDisk {
            let disk = MemoryDisk()
            let shell = try StoreShell(disk)
            try shell.define(.t)
            try shell.put(.t, "k", "v")
            try shell.work()
            try shell.put(.t, "k", "w")
            disk.edit("gen-1/log-1") { $0 += [0, 0, 1, 0, 7] }
            return disk
        }
        let whole = try damaged()
        let before = whole.changes
        _ = try StoreShell(whole)
        #expect(whole.changes > before)
        for change in before..<whole.changes {
            let disk = try damaged()
            disk.crash(at: change)
            #expect(throws: StorageError.disk(MemoryDisk.crashed)) { try StoreShell(disk) }
            disk.crash(tearing, keepsNames: false)
            #expect(try StoreShell(disk).value(.t, "k") == "v")
        }
    }

    @Test("after a failed sync nothing is written for good, even if later syncs would succeed; reads go on")
    func failedSync() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.put(.t, "k", "v")
        try shell.work()
        let durable = shell.store.durable
        let lost = try shell.put(.t, "lost", "1")
        disk.failNextSync()
        #expect(throws: MemoryDisk.syncFailed) { try shell.work() }
        #expect(lost > durable && shell.store.durable == durable)
        #expect(throws: StorageError.failed(MemoryDisk.syncFailed)) { try shell.put(.t, "x", "1") }
        #expect(throws: StorageError.failed(MemoryDisk.syncFailed)) { try shell.define(.u) }
        #expect(shell.store.takeWork(now: .seconds(100)) == nil)
        #expect(shell.value(.t, "k") == "v")
        #expect(shell.store.failure == MemoryDisk.syncFailed)
        let batch = try #require(try StoreShell(MemoryDisk()).batch())
        #expect(throws: MemoryDisk.syncFailed) { try shell.worker.perform(batch) }
    }

    @Test("a full disk stops writing like a failed sync, and what was durable opens", arguments: [0, 1, 20, 100])
    func fullDisk(_ space: Int) throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.put(.t, "k", "v")
        try shell.work()
        disk.limitSpace(to: space)
        try shell.put(.t, "large", String(repeating: "x", count: 1000))
        #expect(throws: DiskError.noSpace(name: "")) { try shell.work() }
        #expect(throws: StorageError.failed(.noSpace(name: ""))) { try shell.put(.t, "x", "1") }
        disk.crash(.kept, keepsNames: true)
        let reopened = try StoreShell(disk)
        #expect(reopened.value(.t, "k") == "v")
        #expect(reopened.value(.t, "large") == nil)
        #expect(reopened.store.recovery.cut.map(\.bytes) == (space > 0 ? [UInt64(space)] : []))
    }
}

extension StoreShell {
    /// A batch with some work.
    func batch() throws -> DiskBatch? {
        try define(.t)
        return store.takeWork(now: now)
    }
}

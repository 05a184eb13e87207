import ClusterModel
import TableStorage

/// The simplest shell around a store: performs every batch at once, in the same thread.
final class StoreShell {
    let disk: MemoryDisk
    let store: TableStore
    let worker: DiskWorker
    var clock: HybridClock
    /// The system clock, milliseconds since 1970.
    let milliseconds: UInt64
    var now = Duration.zero

    static let name = valid(NodeName("n1@127.0.0.1"))

    init(_ disk: MemoryDisk, milliseconds: UInt64 = 1_000_000, seed: UInt64 = 1) throws(StorageError) {
        var generator = TestGenerator(state: seed)
        self.disk = disk
        self.milliseconds = milliseconds
        store = try TableStore.open(disk: disk, name: Self.name, milliseconds: milliseconds, using: &generator)
        worker = DiskWorker(disk: disk)
        clock = HybridClock(bound: store.clockBound)
    }

    func stamp() -> Stamp { clock.issue(at: milliseconds) }

    /// Performs batches until there is nothing more to do.
    func work() throws(DiskError) {
        while try workOnce() {}
    }

    /// - Returns: false when there was nothing to do.
    func workOnce() throws(DiskError) -> Bool {
        guard let batch = store.takeWork(now: now) else { return false }
        do throws(DiskError) {
            try worker.perform(batch)
        } catch {
            store.failed(error)
            throw error
        }
        store.completed(batch.lsn)
        return true
    }

    @discardableResult
    func define(
        _ name: TableName, type: TableType = .set, storage: StorageKind = .disc, merge: MergeRule = .lww, interval: UInt32 = 0,
        exists: Bool = true, in generation: Generation? = nil
    ) throws(StorageError) -> Generation.Defined {
        let stamp = stamp()
        let version = RowVersion(stamp: stamp, dot: Dot(origin: store.origin, sequence: 1))
        return try (generation ?? store.data).define(
            TableDefinition(
                name: name, type: type, storage: storage, merge: merge, syncIntervalMilliseconds: interval, exists: exists,
                version: version, floor: exists ? .zero : stamp))
    }

    @discardableResult
    func put(_ table: TableName, _ key: String, _ value: String) throws(StorageError) -> LSN {
        try store.data.write(table, [Operation(.put, key: Array(key.utf8), value: Array(value.utf8))], stamp: stamp()).position
    }

    @discardableResult
    func delete(_ table: TableName, _ key: String) throws(StorageError) -> LSN {
        try store.data.write(table, [Operation(.delete, key: Array(key.utf8))], stamp: stamp()).position
    }

    func value(_ table: TableName, _ key: String) -> String? {
        store.data.table(named: table)?.value(key)
    }
}

extension Table {
    func value(_ key: String) -> String? {
        get(Array(key.utf8).span).first.map { String(decoding: $0.value, as: UTF8.self) }
    }
}

extension TableName {
    static let t = valid(TableName("t"))
    static let u = valid(TableName("u"))
    static let ram = valid(TableName("ram"))
}

/// The same numbers for the same seed (SplitMix64).
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A name that is written in a test and so is known to be good.
func valid<Name>(_ name: Name?) -> Name {
    guard let name else { preconditionFailure("a test's own name is not valid") }
    return name
}

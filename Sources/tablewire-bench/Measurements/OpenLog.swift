import ClusterModel
import NodeRuntime
import TableStorage

/// A store with one durable table, whose disk work is done at once and on this thread.
final class OpenLog {
    let store: TableStore
    private let worker: DiskWorker
    private let table: TableName
    private var stamp: UInt64

    init(_ path: String) throws {
        guard let name = NodeName("bench@127.0.0.1") else { preconditionFailure("a valid node name") }
        let disk = try PosixDisk(path: path)
        var random = SystemRandomNumberGenerator()
        let now = Machine.milliseconds
        store = try TableStore.open(disk: disk, name: name, milliseconds: now, using: &random)
        worker = DiskWorker(disk: disk)
        let definition = EngineTable.definition(.set, .disc)
        table = definition.name
        stamp = Stamp(milliseconds: now).value
        if store.data.definition(named: table) == nil { _ = try store.data.define(definition) }
        stamp = max(stamp, store.data.table(named: table)?.latestStamp.value ?? 0)
        try drain()
    }

    deinit { worker.close() }

    func write(_ operations: [Operation]) throws {
        stamp += 1
        _ = try store.data.write(table, operations, stamp: Stamp(stamp))
    }

    /// Until everything is durable.
    func drain() throws {
        while let batch = store.takeWork(now: .zero) {
            try worker.perform(batch)
            store.completed(batch.lsn)
        }
    }
}

import ClusterModel
import ClusterStateMachine
import TableStorage

/// Own operations of one table that wait for the end of the turn to be sent together.
struct TurnWrites {
    var origin: Origin
    var first: UInt64
    var last: UInt64
    var groups: [UInt8]
    var waiting: [WaitingWrite] = []

    mutating func append(_ run: OperationRun) {
        last = run.last
        groups.append(contentsOf: run.groups)
    }
}

/// A write whose answer waits for replicas.
struct WaitingWrite {
    var table: TableName
    var level: AckLevel
    var deadline: Duration
    var stamp: Stamp
    var last: UInt64
    var caller: Caller
}

extension NodeCore {
    func write(_ write: RowWrite, for caller: Caller) throws(CallFailure) {
        try checkWritable()
        let table = try readable(write.table)
        try check(write)
        let operations = expanded(write.operations, in: table)
        guard !operations.isEmpty else {
            return caller.succeed(.written(WriteResult(replicas: 1, wanted: 1, stamp: .zero, last: 0)))
        }
        guard operations.count <= Limits.batchOperations else {
            throw CallFailure(
                .batchTooLarge, "the batch becomes \(operations.count) operations; at most \(Limits.batchOperations) are allowed")
        }
        observe(table.definition)
        hybridClock.observe(table.latestStamp)
        let stamp = issueStamp()
        guard stamp > table.definition.floor else {
            throw CallFailure(
                .internalError, "table '\(write.table)' was dropped with the last stamp there is: it takes no writes")
        }
        let written: OperationRun
        do throws(StorageError) {
            written = try data.write(write.table, operations, stamp: stamp).run
        } catch {
            throw CallFailure(error.isNoSpace ? .diskFull : .storageFailed, "\(error)")
        }
        counters.operationsWritten += UInt64(operations.count)
        gather(written, in: write.table)
        // Applied here is all that was asked for: nothing to wait for, nothing to remember.
        if write.level == .local, !table.definition.waitsForDisk {
            let result = WriteResult(replicas: 1, wanted: 1, stamp: stamp, last: written.last)
            return caller.succeed(.written(result))
        }
        turnWrites[write.table]?.waiting.append(
            WaitingWrite(
                table: write.table, level: write.level, deadline: clock.elapsed + .milliseconds(Int64(write.timeout)),
                stamp: stamp, last: written.last, caller: caller))
    }

    private func check(_ write: RowWrite) throws(CallFailure) {
        guard !write.operations.isEmpty else { throw CallFailure(.invalidArgument, "a write needs at least one operation") }
        guard write.operations.count <= Limits.batchOperations else {
            throw CallFailure(
                .batchTooLarge, "a batch has at most \(Limits.batchOperations) operations, this one \(write.operations.count)")
        }
        for operation in write.operations {
            guard operation.key.count <= Limits.key else {
                throw CallFailure(.keyTooLarge, "the key has \(operation.key.count) bytes, the limit is \(Limits.key)")
            }
            guard operation.value.count <= Limits.value else {
                throw CallFailure(.valueTooLarge, "the value has \(operation.value.count) bytes, the limit is \(Limits.value)")
            }
        }
    }

    /// In a bag a delete without a value removes every value of the key that this node knows (REP-002).
    private func expanded(_ operations: [Operation], in table: Table) -> [Operation] {
        guard table.definition.type == .bag else {
            guard operations.contains(where: { $0.kind == .delete && !$0.value.isEmpty }) else { return operations }
            return operations.map { $0.kind == .delete ? Operation(.delete, key: $0.key) : $0 }
        }
        return operations.flatMap { operation -> [Operation] in
            guard operation.kind == .delete, operation.value.isEmpty else { return [operation] }
            let own = store.identity.node
            return table.rows(operation.key.span)
                .filter { $0.owner == nil || $0.owner == own }
                .map { Operation(.delete, key: operation.key, value: $0.value) }
        }
    }

    private func gather(_ written: OperationRun, in table: TableName) {
        if let index = turnWrites.index(forKey: table) {
            if turnWrites.values[index].groups.count < Limits.frameBodyDefault { return turnWrites.values[index].append(written) }
            flushWrites()
        }
        turnWrites[table] = TurnWrites(origin: written.origin, first: written.first, last: written.last, groups: written.groups)
    }

    func beginWait(_ write: WaitingWrite) {
        nextWait += 1
        let outcome = replication.wait(
            id: nextWait, table: write.table, last: write.last, level: write.level, deadline: write.deadline)
        if let outcome { return answer(write, outcome) }
        waits[nextWait] = write
    }

    func complete(_ outcome: WaitOutcome) {
        guard let write = waits.removeValue(forKey: outcome.id) else { return }
        answer(write, outcome)
    }

    func answer(_ write: WaitingWrite, _ outcome: WaitOutcome) {
        guard outcome.isTimedOut else {
            return write.caller.succeed(
                .written(
                    WriteResult(
                        replicas: UInt16(clamping: outcome.replicas), wanted: UInt16(clamping: outcome.wanted),
                        stamp: write.stamp,
                        last: write.last)))
        }
        if let reason = store.failure {
            return write.caller.fail(reason.isNoSpace ? .diskFull : .storageFailed, "the write is not durable: \(reason)")
        }
        write.caller.fail(
            .acknowledgementTimeout,
            "\(outcome.replicas) of \(outcome.wanted) replicas have the write after its timeout; it stays and will reach the others"
        )
    }

    /// A failed disk makes no promise: everything that waits for it is told now (DSK-030).
    func failWaitingWrites() {
        let failed = waits
        waits.removeAll()
        for (id, write) in failed.sorted(by: { $0.key < $1.key }) {
            answer(write, WaitOutcome(id: id, replicas: 0, wanted: 1, isTimedOut: true))
        }
    }
}

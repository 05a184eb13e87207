import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import NIOCore
import NIOPosix
import TableStorage

/// Performs the store's disk work on a thread of its own, one batch at a time: what gathers while one batch is being synced
/// shares the next sync (DSK-020).
final class DiskThread {
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let worker: DiskWorker
    private let loop: any EventLoop
    private(set) var isBusy = false

    init(worker: DiskWorker, loop: any EventLoop) {
        self.worker = worker
        self.loop = loop
        pool.start()
    }

    /// `completion` runs on the event loop.
    func perform(_ batch: DiskBatch, completion: @escaping (DiskError?) -> Void) {
        isBusy = true
        let bound = NIOLoopBound((self, completion), eventLoop: loop)
        let (worker, loop) = (worker, loop)
        pool.submit { _ in
            var failure: DiskError?
            do throws(DiskError) { try worker.perform(batch) } catch { failure = error }
            loop.execute { [failure] in
                let (thread, completion) = bound.value
                thread.isBusy = false
                completion(failure)
            }
        }
    }

    /// Closes all files, then runs `completion` on the event loop.
    func finish(_ completion: @escaping () -> Void) {
        let bound = NIOLoopBound(completion, eventLoop: loop)
        let (worker, loop, pool) = (worker, loop, pool)
        pool.submit { _ in
            worker.close()
            loop.execute {
                bound.value()
                pool.shutdownGracefully { _ in }
            }
        }
    }
}

extension NodeCore {
    static func openStore(
        _ configuration: NodeConfiguration, at wall: UInt64, logger: Logger
    ) throws(NodeError) -> (store: TableStore, worker: DiskWorker) {
        do {
            let disk = try PosixDisk(path: configuration.dataDirectory)
            var random = SystemRandomNumberGenerator()
            let opened = try TableStore.open(disk: disk, name: configuration.name, milliseconds: wall, using: &random)
            return (opened, DiskWorker(disk: disk))
        } catch {
            throw NodeError("cannot use data directory \(configuration.dataDirectory): \(error)")
        }
    }

    /// Starts the next batch when the thread is free and there is something to do.
    func startDiskWork() {
        guard !disk.isBusy else { return }
        // The batch holds every write so far: replication has to know of them all, or the sync counts for too few.
        flushWrites()
        guard store.failure == nil, let batch = store.takeWork(now: clock.elapsed) else {
            scheduleSync()
            return runDurable()
        }
        let marks = data.definitions.filter { $0.storage == .disc }.map { replication.syncBegins($0.name) }
        disk.perform(batch) { failure in
            if let failure { return self.diskFailed(failure) }
            self.store.completed(batch.lsn)
            if batch.isSynced {
                self.counters.diskSyncs += 1
                for mark in marks { self.run(self.replication.syncEnded(mark)) }
            }
            self.runDurable()
            self.startDiskWork()
            self.endOfTurnSoon()
        }
    }

    /// Tables with a sync interval are synced at its end even if nothing else happens (TAB-005).
    private func scheduleSync() {
        guard let due = store.syncDue, !isSyncScheduled, store.failure == nil else { return }
        isSyncScheduled = true
        let delay = max(.zero, due - clock.elapsed)
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) {
            self.isSyncScheduled = false
            self.startDiskWork()
        }
    }

    private func diskFailed(_ error: DiskError) {
        store.failed(error)
        logger.critical(
            "the disk failed: writes are refused from now on, reads go on",
            metadata: ["error": "\(error)", "data": "\(configuration.dataDirectory)"])
        failWaitingWrites()
        let waiters = durableWaiters
        durableWaiters.removeAll()
        for waiter in waiters { waiter.body(error) }
        runDurable()
    }

    /// Runs `body` once everything that was written before is on disk, or with the error that makes sure that it never will be.
    func whenDurable(_ body: @escaping (DiskError?) -> Void) {
        if let failure = store.failure { return body(failure) }
        durableWaiters.append((store.position, body))
        endOfTurnSoon()
    }

    func succeedWhenDurable(_ caller: Caller, with result: @escaping () -> Reply.Result = { .done }) {
        whenDurable { failure in
            guard let failure else { return caller.succeed(result()) }
            caller.fail(failure.isNoSpace ? .diskFull : .storageFailed, "the change is not durable: \(failure)")
        }
    }

    /// Runs `body` once nothing at all is left for the disk to do.
    func whenIdle(_ body: @escaping () -> Void) {
        idleWaiters.append(body)
        endOfTurnSoon()
    }

    private func runDurable() {
        if store.isIdle || store.failure != nil {
            let waiters = idleWaiters
            idleWaiters.removeAll()
            for body in waiters { body() }
        }
        while let first = durableWaiters.first, first.position <= store.durable {
            durableWaiters.removeFirst()
            first.body(nil)
        }
    }
}

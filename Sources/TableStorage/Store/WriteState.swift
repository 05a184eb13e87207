internal import ClusterModel

/// What all generations of a store share about writing: the position, what is to be done first, and when to sync.
final class WriteState {
    /// Behind everything that was decided to be written.
    private(set) var position: LSN = 0
    private(set) var durable: LSN = 0
    /// This life of this node: the writer of its own operations.
    var ownOrigin: Origin
    /// Set by the first disk error, for good (DSK-031).
    var failure: DiskError?

    /// Steps that the next batch begins with: small files, and whatever must stand between two log writes.
    private var staged: [DiskBatch.Step] = []
    /// Somebody waits for the next batch to be durable.
    private var isSyncWanted = false
    /// The shortest sync interval of the tables written since the last sync, and when it ends.
    private var interval: Duration?
    private(set) var syncDue: Duration?

    /// How far ahead of the last stamp the bound on disk is kept; it is raised when stamps have come half as near (VER-003).
    /// For as long a node's stamps may run ahead of its clock after a crash, and win against writes that are really later.
    private static let clockMargin = Stamp(milliseconds: 1000).value
    private var stagedBound: Stamp
    private var durableBound: Stamp

    /// - Parameter bound: what the file `clock` holds.
    init(ownOrigin: Origin, bound: Stamp) {
        self.ownOrigin = ownOrigin
        stagedBound = bound
        durableBound = bound
    }

    func checkWritable() throws(StorageError) {
        if let failure { throw .failed(failure) }
    }

    /// Takes note of `bytes` more to be written.
    /// - Parameter syncInterval: 0: somebody waits for them; else they are synced at this interval and nobody waits.
    /// - Returns: what to wait for.
    func advance(by bytes: Int, syncInterval: UInt32 = 0) -> LSN {
        position += UInt64(bytes)
        guard syncInterval > 0 else {
            isSyncWanted = true
            return position
        }
        let duration = Duration.milliseconds(Int64(syncInterval))
        interval = min(interval ?? duration, duration)
        return 0
    }

    /// - Returns: the position at which the steps are done.
    @discardableResult
    func stage(_ steps: [DiskBatch.Step]) -> LSN {
        staged += steps
        return advance(by: steps.count)
    }

    func stage(_ file: some SmallFile, as name: String) -> LSN {
        let bytes = file.fileBytes
        // Only the last content matters; a file that is replaced often must not pile up behind a slow disk.
        staged.removeAll { step in
            if case .replace(name, _) = step { true } else { false }
        }
        staged.append(.replace(name, bytes))
        return advance(by: bytes.count)
    }

    /// Keeps the bound on disk ahead of a stamp that this node issued (VER-003).
    /// - Returns: what to wait for before the stamp is told to anybody; 0 nearly always.
    func cover(_ stamp: Stamp) -> LSN {
        var position: LSN = 0
        if stamp.value.addingReportingOverflow(Self.clockMargin / 2).partialValue > stagedBound.value {
            stagedBound = Self.bound(above: stamp)
            position = stage(ClockBound(bound: stagedBound), as: DiskName.clock)
        }
        return stamp > durableBound ? max(position, self.position) : 0
    }

    static func bound(above stamp: Stamp) -> Stamp {
        let (bound, isTooLarge) = stamp.value.addingReportingOverflow(clockMargin)
        return isTooLarge ? Stamp(.max) : Stamp(bound)
    }

    /// Whether a batch taken at `now` has to sync the logs; starts the interval of what was written since the last sync.
    func needsSync(at now: Duration) -> Bool {
        if let interval, syncDue == nil { syncDue = now + interval }
        if let syncDue, syncDue <= now { return true }
        return isSyncWanted
    }

    func takeStaged() -> [DiskBatch.Step] {
        defer { staged = [] }
        return staged
    }

    /// A batch that syncs everything written so far was taken.
    func willSync() {
        isSyncWanted = false
        interval = nil
        syncDue = nil
    }

    /// A batch is done.
    func completed(_ batch: TakenBatch) {
        durableBound = max(durableBound, batch.bound)
        if batch.isSynced { durable = max(durable, batch.lsn) }
    }

    func taken(isSynced: Bool) -> TakenBatch {
        TakenBatch(lsn: position, isSynced: isSynced, bound: stagedBound)
    }
}

/// What a batch that the disk works on will have done.
struct TakenBatch {
    var lsn: LSN
    var isSynced: Bool
    var bound: Stamp
}

public import ClusterModel

/// The tables of a node and everything that keeps them on a disk (chapter "Storage on disk").
///
/// Belongs to one thread at a time and never touches the disk after `open`: it decides what is to be written and hands it out
/// as batches (DSK-030). The shell's loop, after every change and whenever a batch is done:
///
///     if let batch = store.takeWork(now: now) {      // at `store.syncDue` at the latest
///         onDiskThread { try worker.perform(batch) } // then, back on the store's thread:
///         store.completed(batch.lsn)                 // or store.failed(error)
///         acknowledge(everythingUpTo: store.durable)
///     }
public final class TableStore {
    /// With the incarnation of this start, which is on the disk already (MBR-003).
    public private(set) var identity: NodeIdentity
    /// Every stamp issued from now on must be above: start the `HybridClock` with it (VER-003).
    public let clockBound: Stamp
    /// What opening found and did, for the log of the node.
    public let recovery: RecoveryReport
    /// The data as it is now. Another object after `switchGeneration`.
    public private(set) var data: Generation
    /// The generation that is being filled by a join, if any (DSK-050).
    public private(set) var building: Generation?

    private let state: WriteState
    private var outstanding: TakenBatch?
    private var checkpoint: Checkpoint?
    private var isCheckpointWanted = false

    /// Bytes of log from which on a checkpoint is written when the data is not larger (DSK-043).
    static let checkpointSize: UInt64 = 64 * 1024 * 1024

    init(identity: NodeIdentity, clockBound: Stamp, recovery: RecoveryReport, data: Generation, state: WriteState) {
        self.identity = identity
        self.clockBound = clockBound
        self.recovery = recovery
        self.data = data
        self.state = state
    }

    /// The writer of this node's operations now.
    public var origin: Origin { state.ownOrigin }

    // MARK: Writing to the disk

    /// Every change whose position is at or below this is durable.
    public var durable: LSN { state.durable }
    /// Behind everything that was decided to be written so far: once `durable` has reached it, all of that is.
    public var position: LSN { state.position }
    /// Why nothing can be written any more, if so (DSK-031).
    public var failure: DiskError? { state.failure }
    /// When `takeWork` must be called again even if nothing happens: the end of a sync interval.
    public var syncDue: Duration? { outstanding == nil ? state.syncDue : nil }
    /// Nothing is on its way to the disk or has to get there, and no checkpoint is being written.
    public var isIdle: Bool { outstanding == nil && checkpoint == nil && !isCheckpointWanted && state.durable == state.position }

    /// A checkpoint is being written, or will be with the next batch.
    public var isCheckpointing: Bool { checkpoint != nil || isCheckpointWanted }

    /// What is to be done on the disk next: everything that has accumulated, with at most one sync of the log.
    /// - Parameter now: from any clock that never runs backwards.
    /// - Returns: nil when there is nothing to do, or a batch is being performed.
    public func takeWork(now: Duration) -> DiskBatch? {
        guard outstanding == nil, state.failure == nil else { return nil }
        let beginsCheckpoint = checkpoint == nil && (isCheckpointWanted || isCheckpointDue)
        let isSynced = state.needsSync(at: now) || beginsCheckpoint
        var steps = state.takeStaged()
        if let building { steps += building.take(isSynced: isSynced) }
        steps += data.take(isSynced: isSynced)
        if isSynced { state.willSync() }
        steps += beginsCheckpoint ? beginCheckpoint() : continueCheckpoint()
        guard !steps.isEmpty || isSynced && state.durable < state.position else { return nil }
        let taken = state.taken(isSynced: isSynced)
        outstanding = taken
        return DiskBatch(steps: steps, lsn: taken.lsn, isSynced: isSynced)
    }

    /// The batch that `takeWork` gave last was performed.
    public func completed(_ lsn: LSN) {
        guard let batch = outstanding else { preconditionFailure("no batch is being performed") }
        precondition(batch.lsn == lsn, "another batch is being performed")
        outstanding = nil
        state.completed(batch)
    }

    /// The batch that `takeWork` gave last failed. Nothing is written from now on; what was not durable stays so (DSK-031).
    public func failed(_ error: DiskError) {
        outstanding = nil
        state.failure = state.failure ?? error
    }

    /// Writes a checkpoint soon: before a clean stop or a copy of the directory. Done when `isIdle`.
    public func startCheckpoint() {
        if state.failure == nil { isCheckpointWanted = true }
    }

    private var isCheckpointDue: Bool {
        let size = data.log.sizeSinceCheckpoint
        guard size > Self.checkpointSize else { return false }
        return size > data.instances.values.reduce(0) { $0 + ($1.definition.storage == .disc ? UInt64($1.memory) : 0) }
    }

    private func beginCheckpoint() -> [DiskBatch.Step] {
        isCheckpointWanted = false
        data.isScanned = true
        let steps = data.log.rotate()
        checkpoint = Checkpoint(
            generation: data.number, segment: data.log.segment, scanBreaks: data.scanBreaks, tables: data.discTables)
        return steps
    }

    private func continueCheckpoint() -> [DiskBatch.Step] {
        guard let segment = checkpoint?.segment else { return [] }
        if checkpoint?.scanBreaks != data.scanBreaks {
            isCheckpointWanted = true
            return endCheckpoint { $0.abandon() }
        }
        while let steps = checkpoint?.next() {
            // A step of the scan that found no rows makes no work for the disk; go on until there is some.
            if !steps.isEmpty { return steps }
        }
        return endCheckpoint { $0.finish(data.checkpointed(from: segment)) }
    }

    private func endCheckpoint(_ end: (Checkpoint) -> [DiskBatch.Step]) -> [DiskBatch.Step] {
        guard let ended = checkpoint else { return [] }
        checkpoint = nil
        data.isScanned = false
        return end(ended)
    }

    // MARK: Generations

    /// Begins to build the generation that a join will switch to (DSK-050). It is filled like the current one, which goes on
    /// being the data meanwhile.
    @discardableResult
    public func beginGeneration(
        cluster: ClusterID, founded: Stamp, members: [MemberRecord], definitions: [TableDefinition]
    ) throws(StorageError) -> Generation {
        try state.checkWritable()
        guard building == nil else { throw .generationBusy }
        let manifest = Manifest(generation: data.number + 1, cluster: cluster, founded: founded)
        state.stage([.createDirectory(DiskName.generation(manifest.generation))])
        let log = LogBuffer(
            generation: manifest.generation, segment: 1, segmentSize: UInt64(RecordFormat.headerSize), sizeSinceCheckpoint: 0)
        let generation = Generation(number: manifest.generation, manifest: manifest, log: log, state: state)
        try generation.setMembers(members)
        _ = state.stage(CatalogueFile(definitions: []), as: DiskName.catalogue(generation.number))
        for definition in definitions { _ = try generation.define(definition) }
        _ = state.stage(LogStart(segment: 1), as: DiskName.logStart(generation.number))
        state.stage(LogBuffer.begin(generation: generation.number, segment: 1) + [.syncDirectory("")])
        building = generation
        return generation
    }

    /// Gives the new generation up; its directory goes.
    public func abandonGeneration() {
        guard let generation = building else { return }
        building = nil
        generation.isRetired = true
        state.stage(generation.close() + [.remove(DiskName.generation(generation.number)), .syncDirectory("")])
    }

    /// Makes the new generation the data, once everything in it is durable, and archives the old one (DSK-051). A crash at any
    /// point leaves the complete old or the complete new generation.
    /// - Parameter digests: what the rows must sum up to, for the tables where that is known.
    /// - Returns: the number in `archive-N`, and what to wait for.
    @discardableResult
    public func switchGeneration(
        expecting digests: [TableName: UInt64] = [:]
    ) throws(StorageError) -> (archive: UInt64, position: LSN) {
        try state.checkWritable()
        guard let next = building else { throw .generationBusy }
        for (name, digest) in digests.sorted(by: { $0.key < $1.key }) where next.table(named: name)?.digest != digest {
            throw .digestMismatch(name)
        }
        let old = data
        var steps = endCheckpoint { $0.abandon() }
        isCheckpointWanted = false
        steps += old.close() + next.take(isSynced: true)
        let manifest = Manifest(generation: next.number, cluster: next.cluster, founded: next.founded)
        steps += [
            .replace(DiskName.manifest, manifest.fileBytes),
            .rename(DiskName.generation(old.number), to: DiskName.archive(old.number)), .syncDirectory(""),
        ]
        old.isRetired = true
        data = next
        building = nil
        return (old.number, state.stage(steps))
    }

    /// Leaves the cluster and keeps the data as the only node of a new one (DSK-052). MANIFEST decides: the members file names
    /// its cluster, so a crash between the two writes leaves this node alone in the new cluster, as after both.
    @discardableResult
    public func leave(to cluster: ClusterID, founded: Stamp, members: [MemberRecord]) throws(StorageError) -> LSN {
        try state.checkWritable()
        guard building == nil else { throw .generationBusy }
        data.cluster = cluster
        data.founded = founded
        _ = state.cover(founded)
        _ = state.stage(Manifest(generation: data.number, cluster: cluster, founded: founded), as: DiskName.manifest)
        return try data.setMembers(members)
    }

    // MARK: Identity

    /// Takes a higher incarnation because one of this node was seen elsewhere, and re-dots the rows of this life (MBR-021).
    /// - Returns: what is to be streamed, for each table, and what to wait for before anything is told to a peer.
    @discardableResult
    public func rebaseIncarnation(
        to incarnation: Incarnation
    ) throws(StorageError) -> (tables: [(table: TableName, runs: [OperationRun])], position: LSN) {
        try state.checkWritable()
        precondition(incarnation > identity.incarnation, "an incarnation only rises")
        let old = state.ownOrigin
        identity.incarnation = incarnation
        state.ownOrigin = Origin(node: identity.node, incarnation: incarnation)
        _ = state.stage(identity, as: DiskName.node)
        let tables = data.rebase(from: old, to: state.ownOrigin)
        _ = building?.rebase(from: old, to: state.ownOrigin)
        return (tables, state.position)
    }

    /// Takes note of another name for this node (MBR-005).
    @discardableResult
    public func rename(to name: NodeName) throws(StorageError) -> LSN {
        try state.checkWritable()
        identity.name = name
        return state.stage(identity, as: DiskName.node)
    }

    /// Keeps the clock's bound on the disk ahead of a stamp that this node issued for something else than a write (VER-003).
    /// - Returns: what to wait for before the stamp is told to anybody; 0 nearly always.
    public func cover(_ stamp: Stamp) throws(StorageError) -> LSN {
        try state.checkWritable()
        return state.cover(stamp)
    }
}

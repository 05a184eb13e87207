public import ClusterModel
internal import WireFormat

/// One generation of the data (DSK-050): catalogue, members, tables, their log and checkpoints in `gen-N`.
///
/// Every change of a table goes through here, so that disc tables are logged; the tables themselves are for reading. A change
/// returns the position to wait for: it counts as durable, by the table's own rule, once `TableStore.durable` has reached it.
/// 0 means that there is nothing to wait for: a ram table, or one with a sync interval. Everything throws
/// `StorageError.failed` once the disk has failed; reads go on.
public final class Generation {
    public let number: UInt64
    public internal(set) var cluster: ClusterID
    public internal(set) var founded: Stamp
    /// Ascending by node; empty until `setMembers`, which means: this node alone.
    public internal(set) var members: [MemberRecord] = []

    /// Every definition, dropped ones included.
    var catalogue: [TableName: TableDefinition] = [:]
    /// A table for every definition: a dropped one has no rows, but its vector stays valid for its next life.
    var instances: [TableName: Table] = [:]
    var log: LogBuffer
    var journal: ConflictJournal
    /// The first log segment that is part of the data.
    var firstSegment: UInt64 = 1
    let state: WriteState
    /// Counts changes that make a checkpoint in progress useless: of a table's type, merge rule or storage, because rows scanned
    /// before and after mean different things; and rows removed without a tombstone, because replaying the log over rows that
    /// were scanned later would bring back what lost against them.
    var scanBreaks = 0
    /// While a checkpoint is being written no tombstones are collected, for the same reason.
    var isScanned = false
    /// Tables in memory that were on the disk: their checkpoints stay as long as the log may say something about that life.
    var staleCheckpoints: Set<TableName> = []
    /// No longer the data, or never to become it: nothing may be written any more.
    var isRetired = false

    init(number: UInt64, manifest: Manifest, log: LogBuffer, state: WriteState) {
        self.number = number
        cluster = manifest.cluster
        founded = manifest.founded
        self.log = log
        journal = ConflictJournal(generation: number)
        self.state = state
    }

    // MARK: Reading

    /// Ascending by name, dropped ones included.
    public var definitions: [TableDefinition] { catalogue.values.sorted { $0.name < $1.name } }

    /// Of any table that was ever created, dropped ones included.
    public func definition(named name: TableName) -> TableDefinition? { catalogue[name] }

    /// The tables that exist, ascending by name.
    public var tables: [Table] { allTables.filter { $0.definition.exists } }

    /// nil when there is no such table or it was dropped.
    public func table(named name: TableName) -> Table? {
        guard let table = instances[name], table.definition.exists else { return nil }
        return table
    }

    /// Entries of the conflict journal with higher numbers than `number`, ascending (MRG-021).
    public func conflicts(after number: UInt64, limit: Int) -> [Conflict] {
        journal.entries(after: number, limit: limit)
    }

    var allTables: [Table] { instances.values.sorted { $0.definition.name < $1.definition.name } }

    // MARK: Catalogue and members

    /// Replaces the member records (MBR-004).
    @discardableResult
    public func setMembers(_ records: [MemberRecord]) throws(StorageError) -> LSN {
        try checkWritable()
        members = records.sorted { $0.node < $1.node }
        return state.stage(MembersFile(cluster: cluster, records: members), as: DiskName.members(number))
    }

    /// What `define` did.
    public struct Defined {
        /// The definition as it stands now.
        public var definition: TableDefinition
        public var isChanged: Bool
        /// Live rows that went: those of a dropped table, or those that are one row under another type.
        public var dropped: Int
        public var position: LSN
    }

    /// Merges a definition into the catalogue (TAB-008), creates, changes or drops the table accordingly.
    @discardableResult
    public func define(_ definition: TableDefinition) throws(StorageError) -> Defined {
        try checkWritable()
        let name = definition.name
        let known = catalogue[name]
        if known == nil, catalogue.count >= Limits.tables { throw .tooManyTables }
        let merged = known?.merged(with: definition) ?? definition
        guard merged != known else { return Defined(definition: merged, isChanged: false, dropped: 0, position: 0) }
        catalogue[name] = merged
        if definition.version.dot.origin == state.ownOrigin { _ = state.cover(definition.version.stamp) }
        _ = state.stage(CatalogueFile(definitions: definitions), as: DiskName.catalogue(number))
        return Defined(definition: merged, isChanged: true, dropped: change(name, to: merged), position: state.position)
    }

    /// - Returns: live rows that went.
    private func change(_ name: TableName, to definition: TableDefinition) -> Int {
        let table = instances[name] ?? Table(definition: definition)
        let before = table.definition
        let rows = table.rowCount
        if instances[name] == nil { instances[name] = table } else { table.update(definition) }
        if before.type != definition.type || before.merge != definition.merge || before.storage != definition.storage {
            scanBreaks += 1
        }
        if before.storage == .disc, definition.storage == .ram { staleCheckpoints.insert(name) }
        if before.storage == .disc || definition.storage == .disc {
            _ = state.advance(by: LogRecord.definition(definition, to: &log))
        }
        if before.storage == .ram, definition.storage == .disc { logWhole(table) }
        return max(0, rows - table.rowCount)
    }

    /// A ram table became a disc table: the log begins anew with all that it holds.
    private func logWhole(_ table: Table) {
        let name = table.definition.name
        var size = LogRecord.reset(name, to: &log)
        var scanner = table.deltaScan(buckets: 0...(Limits.buckets - 1), have: VersionVector(), complete: true)
        while let chunk = scanner.next(table) {
            if !chunk.block.isEmpty { size += LogRecord.rows(name, block: chunk.block, to: &log) }
        }
        size += LogRecord.progress(table, to: &log)
        _ = state.advance(by: size)
    }

    // MARK: Checkpoints

    var discTables: [Table] { allTables.filter { $0.definition.storage == .disc } }

    /// The log begins with `segment` now: what only earlier segments need goes.
    func checkpointed(from segment: UInt64) -> [DiskBatch.Step] {
        var obsolete = (firstSegment..<segment).map { DiskName.log(number, segment: $0) }
        obsolete += staleCheckpoints.sorted().filter { catalogue[$0]?.storage == .ram }.map {
            DiskName.checkpoint(number, table: $0)
        }
        firstSegment = segment
        staleCheckpoints = []
        return obsolete.map { .remove($0) }
    }

    // MARK: Details

    func checkWritable() throws(StorageError) {
        precondition(!isRetired, "a retired generation is not written")
        try state.checkWritable()
    }

    /// The table, existing or dropped, that a change is for.
    func instance(_ name: TableName) throws(StorageError) -> Table {
        try checkWritable()
        guard let table = instances[name] else { throw .noSuchTable(name) }
        return table
    }

    /// Appends records of a disc table to the log; does nothing for a ram table.
    func logged(_ table: Table, _ append: (TableName, inout LogBuffer) -> Int) -> LSN {
        let definition = table.definition
        guard definition.storage == .disc else { return 0 }
        return state.advance(by: append(definition.name, &log), syncInterval: definition.syncIntervalMilliseconds)
    }

    /// What to wait for when a change turned out to be known: whatever made it known may still be on its way to the disk.
    func known(_ table: Table) -> LSN {
        let definition = table.definition
        return definition.storage == .disc && definition.syncIntervalMilliseconds == 0 ? state.position : 0
    }

    /// The steps that bring everything pending to the disk.
    func take(isSynced: Bool) -> [DiskBatch.Step] {
        journal.take() + log.take(isSynced: isSynced)
    }

    /// The same for good.
    func close() -> [DiskBatch.Step] {
        journal.close() + log.close()
    }
}

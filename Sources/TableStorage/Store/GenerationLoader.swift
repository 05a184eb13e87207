internal import ClusterModel
internal import WireFormat

/// Reads a generation directory: members, catalogue, checkpoints, then the log (DSK-060). Changes nothing until `repair`.
struct GenerationLoader {
    private let disk: any Disk
    private let generation: Generation
    private let manifest: Manifest
    private var entries: [String] = []
    /// Where the log goes on for each table: segments before it are in the table's checkpoint.
    private var replayFrom: [TableName: UInt64] = [:]
    private var logEnd: LogReplay.End?
    private var leftovers: [String] = []

    private(set) var cut: [CutTail] = []
    private(set) var checkpointRows: UInt64 = 0
    private(set) var logRecords: UInt64 = 0
    private(set) var logBytes: UInt64 = 0

    init(disk: any Disk, manifest: Manifest, state: WriteState) {
        self.disk = disk
        self.manifest = manifest
        let log = LogBuffer(generation: manifest.generation, segment: 1, segmentSize: 0, sizeSinceCheckpoint: 0)
        generation = Generation(number: manifest.generation, manifest: manifest, log: log, state: state)
    }

    private var directory: String { DiskName.generation(manifest.generation) }

    mutating func load() throws(StorageError) -> Generation {
        do throws(DiskError) {
            entries = try disk.list(directory)
        } catch {
            guard case .notFound = error else { throw .disk(error) }
            throw .corrupt(file: directory, offset: 0, reason: .missing)
        }
        leftovers = entries.filter { $0.hasSuffix(DiskName.temporarySuffix) }
        try loadCatalogue()
        for entry in entries {
            guard let name = DiskName.table(inCheckpoint: entry) else { continue }
            guard let table = generation.instances[name], table.definition.storage == .disc else {
                leftovers.append(entry)
                continue
            }
            try loadCheckpoint(table, DiskName.checkpoint(manifest.generation, table: name))
        }
        try replayLog()
        return generation
    }

    private func loadCatalogue() throws(StorageError) {
        let members = try MembersFile.load(DiskName.members(manifest.generation), from: disk)
        if members.cluster == manifest.cluster { generation.members = members.records }
        let catalogue = try CatalogueFile.load(DiskName.catalogue(manifest.generation), from: disk)
        for definition in catalogue.definitions {
            generation.catalogue[definition.name] = definition
            generation.instances[definition.name] = Table(definition: definition)
        }
    }

    // MARK: Checkpoints

    private mutating func loadCheckpoint(_ table: Table, _ file: String) throws(StorageError) {
        var begin: CheckpointBegin?
        var end: CheckpointEnd?
        var rows: UInt64 = 0
        try RecordReader.readWhole(file, of: .checkpoint, on: disk) { (type, body, offset) throws(StorageError) in
            do throws(BodyError) {
                switch (type, begin, end) {
                case (.checkpointBegin, nil, nil):
                    begin = try CheckpointBegin.read(body)
                    if let begin, begin.describes(table) { table.reserve(rows: Int(clamping: min(begin.rows, 1 << 28))) }
                    return
                case (.rows, let begin?, nil):
                    rows += UInt64(begin.describes(table) ? try table.replay(block: body) : try Self.count(block: body))
                    return
                case (.checkpointEnd, .some, nil):
                    end = try CheckpointEnd.read(body)
                    return
                default: break
                }
            } catch {
                throw .corrupt(file: file, offset: offset, reason: .body(field: error.field))
            }
            throw .corrupt(file: file, offset: offset, reason: .recordType(type.rawValue))
        }
        guard let begin, let end, end.rows == rows, begin.table == table.definition.name else {
            throw .corrupt(file: file, offset: try disk.checked { (disk) throws(DiskError) in try disk.size(file) }, reason: .incomplete)
        }
        // Rows of another type belong to an earlier life of the table; the log says how the present one began.
        guard begin.describes(table) else { return }
        table.restore(vector: begin.vector, collected: end.collected, pending: begin.pending)
        replayFrom[begin.table] = begin.segment
        checkpointRows += rows
    }

    private static func count(block: Span<UInt8>) throws(BodyError) -> Int {
        do throws(DecodingError) {
            return try RowBlock.validate(block)
        } catch {
            throw BodyError(error)
        }
    }

    // MARK: Log

    private mutating func replayLog() throws(StorageError) {
        let first = try LogStart.load(DiskName.logStart(manifest.generation), from: disk).segment
        let present = entries.compactMap { DiskName.number(in: $0, after: "log-") }
        leftovers += present.filter { $0 < first }.map { "log-\($0)" }
        let replay = LogReplay(disk: disk, generation: manifest.generation)
        let generation = generation
        let replayFrom = replayFrom
        var records: UInt64 = 0
        let end = try replay.run(from: first, present: present.filter { $0 >= first }) {
            (type, body, segment, file, offset) throws(StorageError) in
            do throws(BodyError) {
                records += try generation.replay(type, body, in: segment, from: replayFrom) ? 1 : 0
            } catch {
                throw .corrupt(file: file, offset: offset, reason: .body(field: error.field))
            }
        }
        logRecords = records
        logBytes = end.total
        logEnd = end
        generation.firstSegment = first
    }

    // MARK: Repair

    /// Cuts torn tails and removes what is left over from a crash; then the generation can be written.
    mutating func repair() throws(StorageError) {
        guard let end = logEnd else { preconditionFailure("a generation is loaded before it is repaired") }
        let name = DiskName.log(manifest.generation, segment: end.segment)
        let parts = entries.compactMap { DiskName.number(in: $0, after: "conflicts-") }
        var tails: [CutTail] = []
        generation.journal = try ConflictJournal.load(generation: manifest.generation, present: parts, from: disk) { tails.append($0) }
        if end.cut > 0 { tails.append(CutTail(file: name, offset: end.size, bytes: end.cut)) }
        cut = tails
        let directory = directory
        let leftovers = leftovers
        let size = try disk.checked { (disk) throws(DiskError) in
            for entry in leftovers { try disk.remove(directory + "/" + entry) }
            let size = try Self.mend(name, to: end.size, on: disk)
            try disk.syncDirectory(directory)
            return size
        }
        generation.log = LogBuffer(
            generation: manifest.generation, segment: end.segment, segmentSize: size, sizeSinceCheckpoint: end.total)
    }

    /// Cuts the last segment and makes durable what is left: it may have been read from memory only.
    private static func mend(_ name: String, to size: UInt64, on disk: any Disk) throws(DiskError) -> UInt64 {
        let file = try disk.open(name, truncating: false)
        defer { file.close() }
        if try file.size() > size { try file.truncate(to: size) }
        if size == 0 { try file.append(RecordFormat.header(.log)) }
        try file.sync()
        return max(size, UInt64(RecordFormat.headerSize))
    }
}

extension CheckpointBegin {
    /// Whether the rows mean what rows of the table mean.
    fileprivate func describes(_ definition: TableDefinition) -> Bool { type == definition.type && merge == definition.merge }
    fileprivate func describes(_ table: Table) -> Bool { describes(table.definition) }
}

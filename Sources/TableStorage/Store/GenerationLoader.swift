internal import ClusterModel

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
            if generation.catalogue[name]?.storage == .disc {
                try loadCheckpoint(name, DiskName.checkpoint(manifest.generation, table: name))
            } else {
                generation.staleCheckpoints.insert(name)
            }
        }
        try replayLog()
        finishTables()
        return generation
    }

    private func loadCatalogue() throws(StorageError) {
        let members = try MembersFile.load(DiskName.members(manifest.generation), from: disk)
        if members.cluster == manifest.cluster { generation.members = members.records }
        let catalogue = try CatalogueFile.load(DiskName.catalogue(manifest.generation), from: disk)
        for definition in catalogue.definitions {
            generation.catalogue[definition.name] = definition
        }
    }

    // MARK: Checkpoints

    private mutating func loadCheckpoint(_ name: TableName, _ file: String) throws(StorageError) {
        var loading: (begin: CheckpointBegin, table: Table)?
        var end: CheckpointEnd?
        var rows: UInt64 = 0
        try RecordReader.readWhole(file, of: .checkpoint, on: disk) { (type, body, offset) throws(StorageError) in
            do throws(BodyError) {
                switch (type, loading, end) {
                case (.checkpointBegin, nil, nil):
                    loading = try Self.begin(body, of: name)
                    return
                case (.rows, let loading?, nil):
                    rows += try loading.table.load(checkpoint: body)
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
        guard let (begin, table) = loading, let end, end.rows == rows else {
            let size = try disk.checked { (disk) throws(DiskError) in try disk.size(file) }
            throw .corrupt(file: file, offset: size, reason: .incomplete)
        }
        table.restore(vector: begin.vector, collected: end.collected, pending: begin.pending)
        generation.instances[name] = table
        replayFrom[name] = begin.segment
        checkpointRows += rows
    }

    private static func begin(
        _ body: Span<UInt8>, of name: TableName
    ) throws(BodyError) -> (begin: CheckpointBegin, table: Table) {
        let begin = try CheckpointBegin.read(body)
        guard begin.definition.name == name else { throw BodyError("table") }
        let table = Table(definition: begin.definition)
        table.reserve(rows: Int(clamping: min(begin.rows, 1 << 28)))
        return (begin, table)
    }

    /// The catalogue has the last word: it is written before the log.
    private func finishTables() {
        for definition in generation.definitions {
            guard definition.storage == .disc, let table = generation.instances[definition.name] else {
                generation.instances[definition.name] = Table(definition: definition)
                continue
            }
            table.update(definition)
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
        generation.journal = try ConflictJournal.load(generation: manifest.generation, present: parts, from: disk) {
            tails.append($0)
        }
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

internal import ClusterModel
internal import WireFormat

/// The conflict journal of one generation (MRG-021): the youngest conflicts, in two files of at most half the limit each.
/// When the younger one is full, the older one goes.
struct ConflictJournal {
    static let partLimit = Limits.conflictJournal / 2

    private let generation: UInt64
    /// Number of the younger file; 0 before the first conflict.
    private var part: UInt64 = 0
    private var older: [Conflict] = []
    private var younger: [Conflict] = []
    private var youngerSize = 0
    private var lastNumber: UInt64 = 0
    /// The younger file has no readable header: it is left for people, and nothing is appended to it.
    private var isUnreadable = false
    private var pending: [UInt8] = []
    private var steps: [DiskBatch.Step] = []

    init(generation: UInt64) {
        self.generation = generation
    }

    private var name: String { DiskName.conflicts(generation, part: part) }

    /// - Returns: bytes to be written.
    mutating func append(_ table: TableName, _ conflict: RowConflict) -> Int {
        lastNumber += 1
        var entry = Conflict(number: lastNumber, table: table, winner: conflict.winner, loser: conflict.loser)
        // The winner's value can be read from the table; without it the largest entry still fits into a reply.
        if entry.winner.value.count + entry.loser.value.count > Self.partLimit { entry.winner.value = [] }
        var record: [UInt8] = []
        record.appendRecord(.conflict) { $0 += MessageCodec.encode(.reply(Reply(.conflicts([entry])))) }
        let isFull = !younger.isEmpty && youngerSize + record.count > Self.partLimit
        if part == 0 || isFull || isUnreadable { beginPart() }
        younger.append(entry)
        youngerSize += record.count
        pending += record
        return record.count
    }

    /// Conflicts after a number, ascending.
    func entries(after number: UInt64, limit: Int) -> [Conflict] {
        Array((older + younger).lazy.filter { $0.number > number }.prefix(limit))
    }

    mutating func take() -> [DiskBatch.Step] {
        defer { steps = [] }
        flush()
        return steps
    }

    mutating func close() -> [DiskBatch.Step] {
        take() + (part > 0 ? [.close(name)] : [])
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        steps += [.append(name, pending), .sync(name)]
        pending = []
    }

    private mutating func beginPart() {
        flush()
        if part > 0 { steps.append(.close(name)) }
        part += 1
        steps.append(.create(name, RecordFormat.header(.conflicts)))
        if part > 2 { steps.append(.remove(DiskName.conflicts(generation, part: part - 2))) }
        steps.append(.syncDirectory(DiskName.generation(generation)))
        older = younger
        younger = []
        youngerSize = 0
        isUnreadable = false
    }
}

extension ConflictJournal {
    /// Reads the journal. A bad record ends its file: the journal is for people and keeps no node from starting, so the rest of
    /// the file is cut and reported (MRG-022).
    /// - Parameter present: numbers of the files that exist.
    static func load(
        generation: UInt64, present: [UInt64], from disk: any Disk, cut report: (CutTail) -> Void
    ) throws(StorageError) -> ConflictJournal {
        var journal = ConflictJournal(generation: generation)
        let parts = present.sorted().suffix(2)
        for part in present where !parts.contains(part) {
            try disk.checked { (disk) throws(DiskError) in try disk.remove(DiskName.conflicts(generation, part: part)) }
        }
        for part in parts { try journal.load(part, from: disk, report) }
        return journal
    }

    private mutating func load(_ part: UInt64, from disk: any Disk, _ report: (CutTail) -> Void) throws(StorageError) {
        self.part = part
        older = younger
        younger = []
        let name = name
        var reader = RecordReader(disk: disk, name: name)
        do throws(StorageError) {
            try reader.readHeader(.conflicts)
        } catch {
            if case .disk = error { throw error }
            isUnreadable = true
            report(CutTail(file: name, offset: 0, bytes: try disk.checked { (disk) throws(DiskError) in try disk.size(name) }))
            return
        }
        isUnreadable = false
        try readEntries(&reader)
        youngerSize = Int(reader.offset)
        let whole = reader.offset
        let cut = try disk.checked { (disk) throws(DiskError) in try disk.cut(name, to: whole) }
        if cut > 0 { report(CutTail(file: name, offset: whole, bytes: cut)) }
    }

    /// Leaves the reader at the end of the last good record.
    private mutating func readEntries(_ reader: inout RecordReader) throws(StorageError) {
        while true {
            var ahead = reader
            guard case .record(.conflict) = try ahead.next(),
                let entry = try ahead.withBody({ (body) throws(StorageError) in Self.entry(body) }),
                entry.number > lastNumber
            else { return }
            lastNumber = entry.number
            younger.append(entry)
            reader = ahead
        }
    }

    private static func entry(_ body: Span<UInt8>) -> Conflict? {
        guard case .reply(let reply)? = try? decodeMessage(.reply, body), case .conflicts(let list) = reply.result,
            list.count == 1
        else { return nil }
        return list.first
    }
}

public import ClusterModel

extension TableStore {
    /// Opens a data directory, or makes a new one of an empty directory: reads everything, repairs what a crash left, and
    /// raises the incarnation (DSK-060). Blocks; what it returns belongs to the caller's thread.
    /// - Parameters:
    ///   - name: of this node now; kept on the disk for tools.
    ///   - milliseconds: the system clock, milliseconds since 1970.
    ///   - generator: where the ids of a new directory come from.
    /// - Throws: `corrupt` names file and offset; nothing was changed then.
    public static func open(
        disk: any Disk, name: NodeName, milliseconds: UInt64, using generator: inout some RandomNumberGenerator
    ) throws(StorageError) -> TableStore {
        var opening = Opening(disk: disk, name: name)
        if try Manifest.loadIfPresent(DiskName.manifest, from: disk) == nil {
            try opening.initialise(at: Stamp(milliseconds: milliseconds), using: &generator)
        }
        return try opening.open(at: Stamp(milliseconds: milliseconds))
    }
}

/// The steps of opening a data directory, in their order (DSK-060).
private struct Opening {
    let disk: any Disk
    let name: NodeName
    var report = RecoveryReport()

    init(disk: any Disk, name: NodeName) {
        self.disk = disk
        self.name = name
    }

    // MARK: A new directory

    /// Writes the files of generation 1 and, last, MANIFEST. A crash before leaves a directory that is initialised again.
    mutating func initialise(at now: Stamp, using generator: inout some RandomNumberGenerator) throws(StorageError) {
        try checkHoldsNoData()
        report.isNew = true
        let identity =
            try NodeIdentity.loadIfPresent(DiskName.node, from: disk)
            ?? NodeIdentity(node: NodeID(.random(in: 1...UInt128.max, using: &generator)), incarnation: 0, name: name)
        let clock = try ClockBound.loadIfPresent(DiskName.clock, from: disk) ?? ClockBound(bound: .zero)
        let cluster = ClusterID(.random(in: 1...UInt128.max, using: &generator))
        let manifest = Manifest(generation: 1, cluster: cluster, founded: max(now, clock.bound))
        let directory = DiskName.generation(1)
        try perform(
            [
                .remove(directory), .createDirectory(directory),
                .replace(DiskName.members(1), MembersFile(cluster: cluster, records: []).fileBytes),
                .replace(DiskName.catalogue(1), CatalogueFile(definitions: []).fileBytes),
                .replace(DiskName.logStart(1), LogStart(segment: 1).fileBytes),
            ] + LogBuffer.begin(generation: 1, segment: 1) + [
                .replace(DiskName.node, identity.fileBytes), .replace(DiskName.clock, clock.fileBytes), .syncDirectory(""),
                .replace(DiskName.manifest, manifest.fileBytes),
            ])
    }

    /// Without MANIFEST there must be nothing that a node could have promised to keep.
    private func checkHoldsNoData() throws(StorageError) {
        let missing = StorageError.corrupt(file: DiskName.manifest, offset: 0, reason: .missing)
        for entry in try list("") {
            if DiskName.number(in: entry, after: "archive-") != nil { throw missing }
            guard let generation = DiskName.number(in: entry, after: "gen-") else { continue }
            for file in try list(entry) {
                if generation > 1 || DiskName.table(inCheckpoint: file) != nil { throw missing }
                guard DiskName.number(in: file, after: "log-") != nil else { continue }
                let path = entry + "/" + file
                let size = try disk.checked { (disk) throws(DiskError) in try disk.size(path) }
                if size > UInt64(RecordFormat.headerSize) { throw missing }
            }
        }
    }

    // MARK: Any directory

    mutating func open(at now: Stamp) throws(StorageError) -> TableStore {
        let manifest = try Manifest.load(DiskName.manifest, from: disk)
        var identity = try NodeIdentity.load(DiskName.node, from: disk)
        let clock = try ClockBound.load(DiskName.clock, from: disk)
        guard identity.incarnation < .max - 1 else {
            throw .corrupt(file: DiskName.node, offset: UInt64(RecordFormat.headerSize), reason: .body(field: "incarnation"))
        }
        // The clock makes the lives of an older copy of this directory different from those since, also when it has been
        // started as often (MBR-003).
        identity.incarnation = max(identity.incarnation + 1, now.milliseconds)
        identity.name = name
        let bound = WriteState.bound(above: max(clock.bound, now))
        let state = WriteState(ownOrigin: Origin(node: identity.node, incarnation: identity.incarnation), bound: bound)
        var loader = GenerationLoader(disk: disk, manifest: manifest, state: state)
        let data = try loader.load()
        report.checkpointRows = loader.checkpointRows
        report.logRecords = loader.logRecords
        report.logBytes = loader.logBytes
        // Only now is anything changed: a directory that cannot be read stays as it is.
        try loader.repair()
        report.cut = loader.cut
        try tidy(manifest)
        try perform([
            .replace(DiskName.node, identity.fileBytes), .replace(DiskName.clock, ClockBound(bound: bound).fileBytes),
        ])
        // Rows of earlier lives, this node's own among them, are gone for good (MRG-013).
        for member in data.members { try data.purge(owner: member.node, below: member.incarnation) }
        try data.purge(owner: identity.node, below: identity.incarnation)
        return TableStore(identity: identity, clockBound: clock.bound, recovery: report, data: data, state: state)
    }

    /// What a crash left beside the data: half-written small files, generations that a join did not finish, and the one that
    /// it superseded.
    private mutating func tidy(_ manifest: Manifest) throws(StorageError) {
        var steps: [DiskBatch.Step] = []
        for entry in try list("") {
            if entry.hasSuffix(DiskName.temporarySuffix) { steps.append(.remove(entry)) }
            guard let number = DiskName.number(in: entry, after: "gen-") else { continue }
            if number > manifest.generation {
                report.removedGenerations.append(number)
                steps.append(.remove(entry))
            } else if number < manifest.generation {
                report.archivedGenerations.append(number)
                steps.append(.rename(entry, to: DiskName.archive(number)))
            }
        }
        if !steps.isEmpty { try perform(steps + [.syncDirectory("")]) }
    }

    private func list(_ directory: String) throws(StorageError) -> [String] {
        try disk.checked { (disk) throws(DiskError) in try disk.list(directory) }
    }

    private func perform(_ steps: [DiskBatch.Step]) throws(StorageError) {
        try disk.checked { (disk) throws(DiskError) in
            let worker = DiskWorker(disk: disk)
            defer { worker.close() }
            try worker.perform(DiskBatch(steps: steps, lsn: 0, isSynced: true))
        }
    }
}

internal import ClusterModel
internal import WireFormat

/// The rows and tombstones of a table with their indexes, digests and counts.
struct RowStore: ~Copyable {
    /// Where a record is in the hash index; any insertion or removal ends it.
    struct Place {
        var bucket: Int
        var index: Int
        var reference: UInt32
    }

    var records: Records
    var index = HashIndex()
    private var ordered = OrderedIndex()

    private(set) var liveCount = 0
    private(set) var tombstoneCount = 0
    /// Sum of the row digests of live rows (DIG-003).
    private(set) var digest: UInt64 = 0

    /// Versions stamped at or below are ignored (TAB-011).
    var floor = Stamp.zero
    /// In an `owner` table: rows of earlier incarnations of these owners are ignored (MRG-013).
    var minimumIncarnations: [NodeID: Incarnation] = [:]

    /// The highest stamp that any row here ever had: the clock of this node must be above it (VER-004).
    private(set) var latestStamp = Stamp.zero
    var recordsChanges = false
    var changes: [Row] = []

    init(shape: RowShape) { records = Records(shape: shape) }

    var shape: RowShape { records.shape }
    var isFull: Bool { records.arena.isFull || records.origins.isFull }
    var memory: Int { records.arena.memory + records.origins.memory + index.memory + ordered.memory }

    func admits(_ origin: Origin) -> Bool {
        guard shape.hasOwner, let minimum = minimumIncarnations[origin.node] else { return true }
        return origin.incarnation >= minimum
    }

    // MARK: Finding

    /// The live row of a key in a table with one row a key.
    @inline(__always)
    func record(_ key: Bytes) -> Record? {
        let hash = key.withSpan { XXH64.hash($0) }
        let bucket = HashIndex.bucket(hash)
        let fingerprint = HashIndex.fingerprint(hash)
        var start = index.home(bucket, fingerprint)
        while true {
            var matches = index.matches(bucket, start, fingerprint)
            while matches != 0 {
                let reference = UInt32(truncatingIfNeeded: index[bucket, start &+ matches.trailingZeroBitCount])
                if reference != 0 {
                    let record = records[reference]
                    if record.hasKey(key) { return record.isTombstone ? nil : record }
                }
                matches &= matches &- 1
            }
            if index.ends(bucket, start, fingerprint) { return nil }
            start &+= HashIndex.line
        }
    }

    @inline(__always)
    func find(_ id: RowKey, _ hash: UInt64) -> Place? {
        let bucket = HashIndex.bucket(hash)
        let fingerprint = HashIndex.fingerprint(hash)
        var start = index.home(bucket, fingerprint)
        while true {
            var matches = index.matches(bucket, start, fingerprint)
            while matches != 0 {
                let place = start &+ matches.trailingZeroBitCount
                let reference = UInt32(truncatingIfNeeded: index[bucket, place])
                if reference != 0, records.isSame(id, records[reference]) {
                    return Place(bucket: bucket, index: place, reference: reference)
                }
                matches &= matches &- 1
            }
            if index.ends(bucket, start, fingerprint) { return nil }
            start &+= HashIndex.line
        }
    }

    /// Starts to load the record that `find` will look at first.
    func prefetchRecord(_ hash: UInt64) {
        let bucket = HashIndex.bucket(hash)
        let fingerprint = HashIndex.fingerprint(hash)
        let start = index.home(bucket, fingerprint)
        let matches = index.matches(bucket, start, fingerprint)
        guard matches != 0 else { return }
        let reference = UInt32(truncatingIfNeeded: index[bucket, start &+ matches.trailingZeroBitCount])
        if reference != 0 { records.arena.prefetch(reference) }
    }

    /// Starts to load the record that a walk through a bucket will soon come to.
    @inline(__always)
    func prefetchAhead(_ bucket: Int, _ place: Int) {
        let ahead = place + 12
        guard ahead < index.slotCount(bucket) else { return }
        let reference = UInt32(truncatingIfNeeded: index[bucket, ahead])
        if reference != 0 { records.arena.prefetchWhole(reference) }
    }

    /// References of the rows from `id` on, in row id order, until `body` returns false.
    func walk(from id: RowKey, isAfter: Bool = false, _ body: (Record) -> Bool) {
        var cursor = ordered.cursor(from: id, isAfter: isAfter, records)
        while let reference = ordered.next(&cursor), body(records[reference]) {}
    }

    /// All live rows of a key in a table where there may be several.
    func forEachRow(of key: Bytes, _ body: (Record) -> Void) {
        walk(from: RowKey(key: key)) { record in
            guard record.key.isEqual(to: key) else { return false }
            body(record)
            return true
        }
    }

    // MARK: Changing

    /// - Parameter digest: of the row; that of a tombstone is not looked at.
    @inline(__always)
    mutating func insert(_ row: IncomingRow, _ hash: UInt64, _ digest: UInt64) {
        latestStamp = max(latestStamp, row.version.stamp)
        let reference = create(row, header(row))
        index.insert(hash, reference)
        enter(row, digest, bucket: HashIndex.bucket(hash))
        if shape.isOrdered, !row.isTombstone { ordered.insert(reference, records) }
        if recordsChanges, !row.isTombstone, !isHidden(records[reference]) { changes.append(records.row(records[reference])) }
    }

    /// Puts another version in the place of a record of the same row id.
    mutating func replace(_ place: Place, by row: IncomingRow, _ hash: UInt64, _ digest: UInt64) {
        latestStamp = max(latestStamp, row.version.stamp)
        let old = records[place.reference]
        let wasLive = !old.isTombstone
        let oldOrigin = old.origin
        let oldSize = old.size
        let header = header(row)
        leave(old, hash, bucket: place.bucket)
        if shape.isOrdered, wasLive, row.isTombstone { ordered.remove(place.reference, records) }
        var reference = place.reference
        if old.fits(header), RecordArena.isSameBlock(oldSize, header.recordSize) {
            old.setHeader(header)
            old.setValue(row.value)
        } else {
            reference = create(row, header)
            index.setReference(place.bucket, place.index, reference)
            if shape.isOrdered, wasLive, !row.isTombstone { ordered.replace(place.reference, by: reference, records) }
            records.arena.release(place.reference, bytes: oldSize)
        }
        records.origins.release(oldOrigin)
        enter(row, digest, bucket: place.bucket)
        if shape.isOrdered, !wasLive, !row.isTombstone { ordered.insert(reference, records) }
        if recordsChanges, wasLive || !row.isTombstone, !isHidden(records[reference]) {
            changes.append(records.row(records[reference]))
        }
    }

    /// Removes a record for good.
    mutating func remove(_ place: Place) {
        let record = records[place.reference]
        let isLive = !record.isTombstone
        let origin = record.origin
        let size = record.size
        if recordsChanges, isLive, !isHidden(record) { changes.append(removal(record)) }
        leave(record, isLive ? records.hash(of: record) : 0, bucket: place.bucket)
        if shape.isOrdered, isLive { ordered.remove(place.reference, records) }
        index.remove(place.bucket, place.index)
        records.arena.release(place.reference, bytes: size)
        records.origins.release(origin)
    }

    /// Gives a record another dot and the same stamp (MBR-021).
    mutating func redot(_ reference: UInt32, _ dot: Dot) {
        let record = records[reference]
        let hash = records.hash(of: record)
        let old = record.origin
        var header = Record.Header(
            keyLength: record.keyLength, valueLength: record.valueLength, origin: old, isTombstone: record.isTombstone,
            stamp: record.stamp, sequence: dot.sequence)
        header.origin = records.origins.retain(dot.origin)
        guard record.fits(header) else {
            records.origins.release(header.origin)
            guard let place = find(records.id(of: record), hash) else { preconditionFailure("a record that no index has") }
            let version = RowVersion(stamp: record.stamp, dot: dot)
            let row = IncomingRow(key: record.key, value: record.value, isTombstone: record.isTombstone, version: version)
            return replace(place, by: row, hash, RowHash.digest(hash, version: version))
        }
        let before = RowHash.digest(hash, version: records.version(of: record))
        record.setHeader(header)
        records.origins.release(old)
        guard !record.isTombstone else { return }
        addDigest(RowHash.digest(hash, version: records.version(of: record)) &- before, HashIndex.bucket(hash))
    }

    /// Removes every record of the buckets for which `isDoomed`.
    /// - Returns: how many live rows went.
    @discardableResult
    mutating func removeAll(in buckets: ClosedRange<Int>, where isDoomed: (borrowing Records, Record) -> Bool) -> Int {
        let before = liveCount
        for bucket in buckets where index.count(bucket) > 0 {
            var place = 0
            while place < index.slotCount(bucket) {
                prefetchAhead(bucket, place)
                let reference = UInt32(truncatingIfNeeded: index[bucket, place])
                if reference != 0, isDoomed(records, records[reference]) {
                    remove(Place(bucket: bucket, index: place, reference: reference))
                } else {
                    place += 1
                }
            }
            index.shrink(bucket)
        }
        return before - liveCount
    }

    @inline(__always)
    private mutating func header(_ row: IncomingRow) -> Record.Header {
        Record.Header(
            keyLength: row.key.count, valueLength: row.value.count, origin: records.origins.retain(row.version.dot.origin),
            isTombstone: row.isTombstone, stamp: row.version.stamp, sequence: row.version.dot.sequence)
    }

    @inline(__always)
    private mutating func create(_ row: IncomingRow, _ header: Record.Header) -> UInt32 {
        let reference = records.arena.allocate(header.recordSize)
        let record = records[reference]
        record.setHeader(header)
        record.setKey(row.key)
        record.setValue(row.value)
        return reference
    }

    @inline(__always)
    private mutating func enter(_ row: IncomingRow, _ digest: UInt64, bucket: Int) {
        if row.isTombstone {
            tombstoneCount += 1
            index.addTombstones(1, bucket: bucket)
        } else {
            liveCount += 1
            addDigest(digest, bucket)
        }
    }

    private mutating func leave(_ record: Record, _ hash: UInt64, bucket: Int) {
        if record.isTombstone {
            tombstoneCount -= 1
            index.addTombstones(-1, bucket: bucket)
        } else {
            liveCount -= 1
            addDigest(0 &- RowHash.digest(hash, version: records.version(of: record)), bucket)
        }
    }

    private mutating func addDigest(_ difference: UInt64, _ bucket: Int) {
        digest &+= difference
        index.addDigest(difference, bucket: bucket)
    }

    /// A row that goes without a tombstone is told to watchers as if it had one.
    func removal(_ record: Record) -> Row {
        var row = records.row(record)
        row.isTombstone = true
        if !shape.hasValue { row.value = [] }
        return row
    }
}

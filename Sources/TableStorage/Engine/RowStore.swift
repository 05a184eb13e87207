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
    func record(_ key: Bytes) -> Record? {
        let id = RowKey(key: key)
        guard let place = find(id, records.hash(id)) else { return nil }
        let record = records[place.reference]
        return record.isTombstone ? nil : record
    }

    func find(_ id: RowKey, _ hash: UInt64) -> Place? {
        let bucket = HashIndex.bucket(hash)
        let fingerprint = HashIndex.fingerprint(hash)
        var place = index.home(bucket, fingerprint)
        while true {
            let slot = index[bucket, place]
            if slot == 0 { return nil }
            let found = UInt32(slot &>> 32)
            if found > fingerprint { return nil }
            if found == fingerprint {
                let reference = UInt32(truncatingIfNeeded: slot)
                if records.isSame(id, records[reference]) { return Place(bucket: bucket, index: place, reference: reference) }
            }
            place += 1
        }
    }

    /// Starts to load the record that `find` will look at first.
    func prefetchRecord(_ hash: UInt64) {
        let bucket = HashIndex.bucket(hash)
        let fingerprint = HashIndex.fingerprint(hash)
        var place = index.home(bucket, fingerprint)
        while UInt32(index[bucket, place] &>> 32) < fingerprint, index[bucket, place] != 0 { place += 1 }
        let slot = index[bucket, place]
        if slot != 0, UInt32(slot &>> 32) == fingerprint { records.arena.prefetch(UInt32(truncatingIfNeeded: slot)) }
    }

    /// Starts to load the record that a walk through a bucket will soon come to.
    @inline(__always)
    func prefetchAhead(_ bucket: Int, _ place: Int) {
        let ahead = place + 12
        guard ahead < index.slotCount(bucket) else { return }
        let reference = UInt32(truncatingIfNeeded: index[bucket, ahead])
        if reference != 0 { records.arena.prefetch(reference) }
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

    mutating func insert(_ row: IncomingRow, _ hash: UInt64) {
        latestStamp = max(latestStamp, row.version.stamp)
        let reference = create(row)
        index.insert(hash, reference)
        enter(row, hash, bucket: HashIndex.bucket(hash))
        if shape.isOrdered, !row.isTombstone { ordered.insert(reference, records) }
        if recordsChanges, !row.isTombstone, !isHidden(records[reference]) { changes.append(records.row(records[reference])) }
    }

    /// Puts another version in the place of a record of the same row id.
    mutating func replace(_ place: Place, by row: IncomingRow, _ hash: UInt64) {
        latestStamp = max(latestStamp, row.version.stamp)
        let old = records[place.reference]
        let wasLive = !old.isTombstone
        let oldOrigin = old.origin
        let oldSize = old.size
        leave(old, hash, bucket: place.bucket)
        if shape.isOrdered, wasLive, row.isTombstone { ordered.remove(place.reference, records) }
        var reference = place.reference
        if RecordArena.isSameBlock(oldSize, Record.size(key: row.key.count, value: row.value.count)) {
            fill(old, row)
        } else {
            reference = create(row)
            index.setReference(place.bucket, place.index, reference)
            if shape.isOrdered, wasLive, !row.isTombstone { ordered.replace(place.reference, by: reference, records) }
            records.arena.release(place.reference, bytes: oldSize)
        }
        records.origins.release(oldOrigin)
        enter(row, hash, bucket: place.bucket)
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
    mutating func redot(_ record: Record, _ dot: Dot) {
        let hash = records.hash(of: record)
        let old = record.origin
        if !record.isTombstone { addDigest(0 &- RowHash.digest(hash, version: records.version(of: record)), hash) }
        record.setDot(origin: records.origins.retain(dot.origin), sequence: dot.sequence)
        records.origins.release(old)
        if !record.isTombstone { addDigest(RowHash.digest(hash, version: records.version(of: record)), hash) }
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

    private mutating func create(_ row: IncomingRow) -> UInt32 {
        let reference = records.arena.allocate(Record.size(key: row.key.count, value: row.value.count))
        let record = records[reference]
        fill(record, row)
        record.setKey(row.key)
        return reference
    }

    private mutating func fill(_ record: Record, _ row: IncomingRow) {
        record.setHeader(
            keyLength: row.key.count, valueLength: row.value.count, origin: records.origins.retain(row.version.dot.origin),
            isTombstone: row.isTombstone, stamp: row.version.stamp, sequence: row.version.dot.sequence)
        record.setValue(row.value)
    }

    private mutating func enter(_ row: IncomingRow, _ hash: UInt64, bucket: Int) {
        if row.isTombstone {
            tombstoneCount += 1
            index.addTombstones(1, bucket: bucket)
        } else {
            liveCount += 1
            addDigest(RowHash.digest(hash, version: row.version), hash)
        }
    }

    private mutating func leave(_ record: Record, _ hash: UInt64, bucket: Int) {
        if record.isTombstone {
            tombstoneCount -= 1
            index.addTombstones(-1, bucket: bucket)
        } else {
            liveCount -= 1
            addDigest(0 &- RowHash.digest(hash, version: records.version(of: record)), hash)
        }
    }

    private mutating func addDigest(_ difference: UInt64, _ hash: UInt64) {
        digest &+= difference
        index.addDigest(difference, bucket: HashIndex.bucket(hash))
    }

    /// A row that goes without a tombstone is told to watchers as if it had one.
    func removal(_ record: Record) -> Row {
        var row = records.row(record)
        row.isTombstone = true
        if !shape.hasValue { row.value = [] }
        return row
    }
}

internal import ClusterModel
internal import WireFormat

/// A resumable scan for a snapshot, in the order of buckets. The table may change and grow between two steps; a row that stays
/// as it is comes exactly once.
public struct DeltaScanner: Sendable {
    /// Rows that go into one SNAP_CHUNK.
    public struct Chunk: Hashable, Sendable {
        /// The raw row block (SNP-022), at most `Limits.chunkRaw` unless it holds one row. Empty when this step found nothing to
        /// send: nothing goes out, the next step goes on.
        public var block: [UInt8] = []
        public var rows: Int = 0
        /// Sum of the digests of these rows (DIG-001).
        public var digest: UInt64 = 0
        /// Every bucket of the range below this one is complete.
        public var nextBucket: Int
    }

    /// Records that one step looks at, at most; a bucket is at most begun anew beyond that.
    static let recordsPerStep = 32 * 1024

    let last: Int
    let isComplete: Bool
    var coverage: Coverage
    var bucket: Int
    /// The fingerprint in `bucket` from which on rows are still to come.
    var fingerprint: UInt64 = 0
    /// Of several rows with that fingerprint, which do not fit in one chunk, the last one that was sent.
    var sent: RowID?

    init(buckets: ClosedRange<Int>, have: VersionVector, isComplete: Bool) {
        bucket = buckets.lowerBound
        last = buckets.upperBound
        self.isComplete = isComplete
        coverage = Coverage(have)
    }

    /// One step: the work for about one chunk.
    /// - Returns: nil when the range is complete.
    public mutating func next(_ table: Table) -> Chunk? { table.store.step(&self) }
}

extension RowStore {
    /// Picks rows from the scanner's position on and makes a block of them.
    fileprivate func step(_ scanner: inout DeltaScanner) -> DeltaScanner.Chunk? {
        scanner.coverage.refresh(records.origins)
        var picked = PickedRows(origins: records.origins.entries.count)
        var looked = 0
        while scanner.bucket <= scanner.last, looked < DeltaScanner.recordsPerStep {
            looked += index.count(scanner.bucket)
            if pick(&scanner, &picked) { break }
            scanner.bucket += 1
            scanner.fingerprint = 0
        }
        if !picked.references.isEmpty { return chunk(picked.references, nextBucket: scanner.bucket) }
        return scanner.bucket > scanner.last ? nil : DeltaScanner.Chunk(nextBucket: scanner.bucket)
    }

    /// Picks from one bucket.
    /// - Returns: true when the block is full; the scanner then stands at the first row left out.
    private func pick(_ scanner: inout DeltaScanner, _ picked: inout PickedRows) -> Bool {
        let bucket = scanner.bucket
        let end = index.slotCount(bucket)
        var place = index.home(bucket, UInt32(scanner.fingerprint))
        while place < end {
            prefetchAhead(bucket, place)
            let slot = index[bucket, place]
            let fingerprint = slot &>> 32
            guard slot != 0, fingerprint >= scanner.fingerprint else {
                place += 1
                continue
            }
            var next = place + 1
            while next < end, index[bucket, next] &>> 32 == fingerprint, index[bucket, next] != 0 { next += 1 }
            if pick(place..<next, fingerprint, &scanner, &picked) { return true }
            place = next
        }
        return false
    }

    /// Picks the rows of one fingerprint, nearly always one: all, or none when they do not all fit any more.
    private func pick(
        _ places: Range<Int>, _ fingerprint: UInt64, _ scanner: inout DeltaScanner, _ picked: inout PickedRows
    ) -> Bool {
        let before = picked.state
        var fits = scanner.sent == nil
        for place in places where fits {
            let reference = UInt32(truncatingIfNeeded: index[scanner.bucket, place])
            let record = records[reference]
            guard scanner.isComplete || !scanner.coverage.covers(record) else { continue }
            fits = picked.add(reference, record)
        }
        if fits { return false }
        picked.restore(before)
        scanner.fingerprint = fingerprint
        return picked.references.isEmpty ? pickSome(places, &scanner, &picked) : true
    }

    /// Picks as many as fit of the rows of one fingerprint that are too large for one block together.
    private func pickSome(_ places: Range<Int>, _ scanner: inout DeltaScanner, _ picked: inout PickedRows) -> Bool {
        var references: [UInt32] = []
        for place in places {
            let reference = UInt32(truncatingIfNeeded: index[scanner.bucket, place])
            let record = records[reference]
            guard scanner.isComplete || !scanner.coverage.covers(record) else { continue }
            if let sent = scanner.sent, order(sent, record) >= 0 { continue }
            references.append(reference)
        }
        references.sort { records.order(records.id(of: records[$0]), records[$1]) < 0 }
        var latest: UInt32?
        for reference in references {
            guard picked.add(reference, records[reference]) else {
                if let latest { scanner.sent = records.rowID(of: records[latest]) }
                return true
            }
            latest = reference
        }
        scanner.sent = nil
        return false
    }

    private func order(_ id: RowID, _ record: Record) -> Int {
        Bytes.of(id.key.span) { key in
            Bytes.of(id.value.span) { value in
                records.order(RowKey(key: key, owner: id.owner ?? NodeID(0), value: value), record)
            }
        }
    }

    private func chunk(_ references: [UInt32], nextBucket: Int) -> DeltaScanner.Chunk {
        var encoder = RowBlockEncoder()
        var digest: UInt64 = 0
        for reference in ascending(references) {
            let record = records[reference]
            let version = records.version(of: record)
            digest &+= RowHash.digest(records.hash(of: record), version: version)
            record.key.withSpan { key in
                record.value.withSpan { value in
                    encoder.append(
                        key: key, value: value, isTombstone: record.isTombstone, isOwned: shape.hasOwner, version: version)
                }
            }
        }
        return DeltaScanner.Chunk(block: encoder.finish(), rows: references.count, digest: digest, nextBucket: nextBucket)
    }
}

internal import ClusterModel

extension RowStore {
    /// Records that one page looks at, at most, so that a rare prefix does not hold everything else up.
    private static var recordsPerPage: Int { 64 * 1024 }

    func scan(prefix: Bytes, cursor: ScanCursor, byteLimit: Int) -> RowPage {
        var page = PageBuilder(byteLimit: byteLimit)
        switch cursor {
        case .after(let id):
            Bytes.of(id.key.span) { key in
                Bytes.of(id.value.span) { value in
                    let from = RowKey(key: key, owner: id.owner ?? NodeID(0), value: value)
                    // A cursor before the prefix is no cursor of this scan: begin where the prefix does.
                    let isBefore = key.compare(to: prefix) < 0
                    scanOrdered(from: isBefore ? RowKey(key: prefix) : from, isAfter: !isBefore, prefix, &page)
                }
            }
        case .start where shape.isOrdered: scanOrdered(from: RowKey(key: prefix), isAfter: false, prefix, &page)
        case .start: scanBuckets(from: 0, after: nil, prefix, &page)
        case .bucket(let bucket): scanBuckets(from: bucket, after: nil, prefix, &page)
        case .afterKey(let key):
            Bytes.of(key.span) { key in
                scanBuckets(from: HashIndex.bucket(records.hash(RowKey(key: key))), after: key, prefix, &page)
            }
        }
        return RowPage(rows: page.rows, next: page.next.encoded)
    }

    /// In row id order.
    private func scanOrdered(from id: RowKey, isAfter: Bool, _ prefix: Bytes, _ page: inout PageBuilder) {
        var looked = 0
        var latest: Record?
        walk(from: id, isAfter: isAfter) { record in
            guard record.key.hasPrefix(prefix) else { return false }
            guard looked < Self.recordsPerPage, isHidden(record) || page.add(record, records) else {
                if let latest { page.next = .after(records.rowID(of: latest)) }
                return false
            }
            looked += 1
            latest = record
            return true
        }
    }

    /// In the order of (bucket, key).
    private func scanBuckets(from first: Int, after key: Bytes?, _ prefix: Bytes, _ page: inout PageBuilder) {
        var looked = 0
        for bucket in first..<Limits.buckets {
            if looked >= Self.recordsPerPage {
                page.next = .bucket(bucket)
                return
            }
            looked += index.count(bucket)
            let after = bucket == first ? key : nil
            var references: [UInt32] = []
            forEachReference(bucket) { reference in
                let record = records[reference]
                guard !record.isTombstone, record.key.hasPrefix(prefix) else { return }
                if let after, record.key.compare(to: after) <= 0 { return }
                references.append(reference)
            }
            for reference in ascending(references) where !page.add(records[reference], records) {
                page.next = page.rows.last.map { .afterKey($0.key) } ?? .start
                return
            }
        }
    }

    func forEachReference(_ bucket: Int, _ body: (UInt32) -> Void) {
        guard index.count(bucket) > 0 else { return }
        for place in 0..<index.slotCount(bucket) {
            prefetchAhead(bucket, place)
            let reference = UInt32(truncatingIfNeeded: index[bucket, place])
            if reference != 0 { body(reference) }
        }
    }

    func isHidden(_ record: Record) -> Bool { shape.hasOwner && records.origins.isHidden(record.origin) }
}

/// A page of rows within its limit of bytes.
private struct PageBuilder {
    var rows: [Row] = []
    var next = ScanCursor.start
    private var room: Int

    init(byteLimit: Int) { room = byteLimit }

    /// - Returns: false when the row does not fit any more; the first always does.
    mutating func add(_ record: Record, _ records: borrowing Records) -> Bool {
        let size = record.size
        guard rows.isEmpty || size <= room else { return false }
        room -= size
        rows.append(records.row(record))
        return true
    }
}

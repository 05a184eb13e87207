internal import ClusterModel
internal import WireFormat

/// Reads the log segments of a generation in order, and decides what is a torn tail and what is corrupt (DSK-022, DSK-023).
///
/// A batch is appended, synced and then followed by a barrier that says so. So where a whole record cannot be read:
/// - in a segment that is not the last: corrupt, because a segment is synced before the next one begins;
/// - in the last segment with a barrier behind that says the place was synced: corrupt;
/// - otherwise the bytes were never known to be durable, nobody was told that they were: a torn tail, cut at that place.
struct LogReplay {
    /// Where the log ends, once it is repaired.
    struct End {
        var segment: UInt64
        /// Bytes to keep of the last segment; 0 when not even its header is whole.
        var size: UInt64
        var cut: UInt64
        /// Bytes of all segments.
        var total: UInt64
    }

    let disk: any Disk
    let generation: UInt64

    /// - Parameters:
    ///   - first: the first segment that belongs to the data.
    ///   - present: numbers of the segments that exist.
    ///   - visit: gets each record, with the name of its file and its offset there.
    func run(
        from first: UInt64, present: [UInt64],
        _ visit: (RecordType, Span<UInt8>, UInt64, String, UInt64) throws(StorageError) -> Void
    ) throws(StorageError) -> End {
        guard let last = present.max(), last >= first else { throw missing(first) }
        var end = End(segment: last, size: 0, cut: 0, total: 0)
        for segment in first...last {
            guard present.contains(segment) else { throw missing(segment) }
            let name = DiskName.log(generation, segment: segment)
            let size = try disk.checked { (disk) throws(DiskError) in try disk.size(name) }
            let whole = try read(segment, name, isLast: segment == last, visit)
            end.total += whole
            if segment == last {
                end.size = whole
                end.cut = size - whole
            }
        }
        return end
    }

    private func missing(_ segment: UInt64) -> StorageError {
        .corrupt(file: DiskName.log(generation, segment: segment), offset: 0, reason: .missing)
    }

    /// - Returns: bytes of the segment up to the end of its last whole record.
    private func read(
        _ segment: UInt64, _ name: String, isLast: Bool,
        _ visit: (RecordType, Span<UInt8>, UInt64, String, UInt64) throws(StorageError) -> Void
    ) throws(StorageError) -> UInt64 {
        var reader = RecordReader(disk: disk, name: name)
        do throws(StorageError) {
            try reader.readHeader(.log)
        } catch {
            guard case .corrupt(_, _, let reason) = error, reason != .missing, isLast, try !isSynced(name, beyond: 0) else {
                throw error
            }
            return 0
        }
        while true {
            switch try reader.next() {
            case .record(let type):
                let offset = reader.recordOffset
                try reader.withBody { (body) throws(StorageError) in
                    if type == .barrier {
                        try Self.check(barrier: body, name: name, offset: offset)
                    } else {
                        try visit(type, body, segment, name, offset)
                    }
                }
            case .end:
                return reader.offset
            case .bad(let offset, let reason):
                if case .recordType = reason { throw .corrupt(file: name, offset: offset, reason: reason) }
                guard isLast, try !isSynced(name, beyond: offset) else {
                    throw .corrupt(file: name, offset: offset, reason: reason)
                }
                return offset
            }
        }
    }

    private static func check(barrier body: Span<UInt8>, name: String, offset: UInt64) throws(StorageError) {
        guard body.count == 16, body.bigEndian(UInt64.self, at: 0) == offset, body.bigEndian(UInt64.self, at: 8) <= offset
        else { throw .corrupt(file: name, offset: offset, reason: .body(field: "barrier")) }
    }

    /// Whether a barrier behind `offset` says that the byte there was durable. A barrier carries its own position, so a copy of
    /// one inside somebody's value is not taken for one.
    private func isSynced(_ name: String, beyond offset: UInt64) throws(StorageError) -> Bool {
        var start = offset
        while true {
            let from = start
            let bytes = try disk.checked { (disk) throws(DiskError) in
                try disk.read(name, at: from, count: RecordReader.windowSize)
            }
            guard bytes.count >= Self.barrierSize else { return false }
            if Self.hasBarrier(bytes.span, at: start, beyond: offset) { return true }
            start += UInt64(bytes.count - Self.barrierSize + 1)
        }
    }

    private static let barrierSize = RecordFormat.frameSize + 16

    private static func hasBarrier(_ bytes: Span<UInt8>, at start: UInt64, beyond offset: UInt64) -> Bool {
        for index in 0...(bytes.count - barrierSize)
        where bytes[index + 3] == 17 && bytes[index + 8] == RecordType.barrier.rawValue {
            guard bytes.bigEndian(UInt32.self, at: index) == 17 else { continue }
            guard bytes.bigEndian(UInt64.self, at: index + 9) == start + UInt64(index) else { continue }
            let checksum = CRC32.checksum(bytes.extracting((index + 8)..<(index + barrierSize)))
            guard checksum == bytes.bigEndian(UInt32.self, at: index + 4) else { continue }
            if bytes.bigEndian(UInt64.self, at: index + 17) > offset { return true }
        }
        return false
    }
}

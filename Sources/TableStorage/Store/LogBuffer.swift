/// The end of a generation's log: records that wait for the next batch, and how far the current segment has come (DSK-020).
struct LogBuffer {
    let generation: UInt64
    private(set) var segment: UInt64
    /// Bytes of the segment once every batch taken so far is performed.
    private(set) var segmentSize: UInt64
    /// Bytes of records since the segment that the next checkpoint will make superfluous began.
    private(set) var sizeSinceCheckpoint: UInt64
    private var pending: [UInt8] = []
    /// Whether the segment has bytes that no batch taken so far syncs.
    private(set) var isDirty = false

    init(generation: UInt64, segment: UInt64, segmentSize: UInt64, sizeSinceCheckpoint: UInt64) {
        self.generation = generation
        self.segment = segment
        self.segmentSize = segmentSize
        self.sizeSinceCheckpoint = sizeSinceCheckpoint
    }

    private var name: String { DiskName.log(generation, segment: segment) }

    /// - Returns: bytes appended.
    mutating func append(_ type: RecordType, _ body: (inout [UInt8]) -> Void) -> Int {
        let before = pending.count
        pending.appendRecord(type, body)
        sizeSinceCheckpoint += UInt64(pending.count - before)
        return pending.count - before
    }

    /// The steps that write what is pending. After a sync a barrier tells recovery how far the segment was durable: it is
    /// itself not synced, the next sync takes it along.
    mutating func take(isSynced: Bool) -> [DiskBatch.Step] {
        var steps: [DiskBatch.Step] = []
        if !pending.isEmpty {
            segmentSize += UInt64(pending.count)
            steps.append(.append(name, pending))
            pending = []
            isDirty = true
        }
        guard isSynced, isDirty else { return steps }
        isDirty = false
        let barrier = Self.barrier(at: segmentSize)
        steps += [.sync(name), .append(name, barrier)]
        segmentSize += UInt64(barrier.count)
        return steps
    }

    /// Ends the segment and begins the next one.
    mutating func rotate() -> [DiskBatch.Step] {
        var steps = take(isSynced: true)
        // The barrier too must be durable: of a segment that is not the last every byte counts.
        steps += [.sync(name), .close(name)]
        segment += 1
        segmentSize = UInt64(RecordFormat.headerSize)
        sizeSinceCheckpoint = 0
        steps += Self.begin(generation: generation, segment: segment)
        return steps
    }

    /// Closes the segment for good.
    mutating func close() -> [DiskBatch.Step] {
        take(isSynced: true) + [.close(name)]
    }

    static func begin(generation: UInt64, segment: UInt64) -> [DiskBatch.Step] {
        let name = DiskName.log(generation, segment: segment)
        return [
            .create(name, RecordFormat.header(.log)), .sync(name), .syncDirectory(DiskName.generation(generation)),
        ]
    }

    private static func barrier(at position: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendRecord(.barrier) { body in
            body.appendBigEndian(position)
            body.appendBigEndian(position)
        }
        return bytes
    }
}

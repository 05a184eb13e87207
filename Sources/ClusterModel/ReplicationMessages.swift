/// OPERATIONS: consecutive operations of one origin (REP-001).
public struct Operations: Hashable, Sendable {
    public var table: TableName
    public var origin: Origin
    /// Sequence of the first operation.
    public var first: UInt64
    /// Number of operations in `groups`, at least 1.
    public var count: UInt32
    /// Encoded operation groups (REP-004); encoded once, shared by the queues of all peers, the log and the recent operations.
    public var groups: [UInt8]

    public init(table: TableName, origin: Origin, first: UInt64, count: UInt32, groups: [UInt8]) {
        self.table = table
        self.origin = origin
        self.first = first
        self.count = count
        self.groups = groups
    }

    public var last: UInt64 { first + UInt64(count) - 1 }
}

/// ACK: how far the operations of one origin have come, cumulative (REP-010).
public struct Ack: Hashable, Sendable {
    public var table: TableName
    public var origin: Origin
    public var received: UInt64
    public var applied: UInt64
    /// Equal to `applied` for a `ram` table.
    public var durable: UInt64

    public init(table: TableName, origin: Origin, received: UInt64, applied: UInt64, durable: UInt64) {
        self.table = table
        self.origin = origin
        self.received = received
        self.applied = applied
        self.durable = durable
    }
}

/// TABLE_STATE: what the sender holds of a table (REP-020).
public struct TableState: Hashable, Sendable {
    public var table: TableName
    public var vector: VersionVector
    /// Sum of the bucket digests (DIG-003).
    public var digest: UInt64
    /// Live rows.
    public var rows: UInt64
    /// The first operation of the sender's own origin that it can still stream (REP-021).
    public var streamable: UInt64
    /// The sender's own origin.
    public var origin: Origin
    /// Asks the receiver for its own TABLE_STATE.
    public var wantsReply: Bool

    public init(
        table: TableName, vector: VersionVector, digest: UInt64, rows: UInt64, streamable: UInt64, origin: Origin,
        wantsReply: Bool
    ) {
        self.table = table
        self.vector = vector
        self.digest = digest
        self.rows = rows
        self.streamable = streamable
        self.origin = origin
        self.wantsReply = wantsReply
    }
}

/// DIGEST_REQUEST: asks for the bucket digests of a table (DIG-010).
public struct DigestRequest: Hashable, Sendable {
    public var table: TableName
    public init(table: TableName) { self.table = table }
}

/// DIGESTS: the bucket digests of a table at one moment (DIG-011).
public struct Digests: Hashable, Sendable {
    public var table: TableName
    public var vector: VersionVector
    /// 1024 sums.
    public var buckets: [UInt64]

    public init(table: TableName, vector: VersionVector, buckets: [UInt64]) {
        self.table = table
        self.vector = vector
        self.buckets = buckets
    }
}

/// SNAP_REQUEST: asks for the rows of a bucket range that `have` does not cover (SNP-001). The header's stream is the snapshot id.
public struct SnapRequest: Hashable, Sendable {
    public var table: TableName
    public var firstBucket: UInt16
    public var lastBucket: UInt16
    public var have: VersionVector

    public init(table: TableName, firstBucket: UInt16 = 0, lastBucket: UInt16 = UInt16(Limits.buckets - 1), have: VersionVector) {
        self.table = table
        self.firstBucket = firstBucket
        self.lastBucket = lastBucket
        self.have = have
    }
}

/// SNAP_BEGIN: the answer to SNAP_REQUEST, before the first chunk (SNP-002).
public struct SnapBegin: Hashable, Sendable {
    public var table: TableName
    /// The sender's vector; every operation that it covers is in the rows to come or in `have`.
    public var vector: VersionVector
    /// The dots of tombstones that the sender has collected: they do not come, nor does what they deleted (SNP-031).
    public var collected: VersionVector
    /// True: every row of the range comes, so that what the receiver has beyond it was deleted (SNP-010).
    public var isComplete: Bool
    /// Live rows in the table, for progress.
    public var rows: UInt64

    public init(
        table: TableName, vector: VersionVector, collected: VersionVector = VersionVector(), isComplete: Bool, rows: UInt64
    ) {
        self.table = table
        self.vector = vector
        self.collected = collected
        self.isComplete = isComplete
        self.rows = rows
    }
}

/// SNAP_CHUNK: some rows (SNP-003).
public struct SnapChunk: Hashable, Sendable {
    /// Counts the chunks of a snapshot from 0.
    public var number: UInt32
    /// After this chunk every bucket of the range below this one is complete.
    public var nextBucket: UInt16
    public var codec: Codec
    /// Length and CRC-32 of the row block before packing.
    public var rawLength: UInt32
    public var rawCRC: UInt32
    /// The packed row block (SNP-022).
    public var data: [UInt8]

    public init(number: UInt32, nextBucket: UInt16, codec: Codec, rawLength: UInt32, rawCRC: UInt32, data: [UInt8]) {
        self.number = number
        self.nextBucket = nextBucket
        self.codec = codec
        self.rawLength = rawLength
        self.rawCRC = rawCRC
        self.data = data
    }
}

/// SNAP_END: the whole range was sent (SNP-004).
public struct SnapEnd: Hashable, Sendable {
    public var chunks: UInt32
    public var rows: UInt64
    /// Sum of the row digests of the rows sent, tombstones included (DIG-001).
    public var digest: UInt64

    public init(chunks: UInt32, rows: UInt64, digest: UInt64) {
        self.chunks = chunks
        self.rows = rows
        self.digest = digest
    }
}

/// SNAP_CANCEL: either side gives a snapshot up (SNP-005).
public struct SnapCancel: Hashable, Sendable {
    public var code: UInt16
    public var text: String

    public init(_ code: ErrorCode, text: String) {
        self.code = code.rawValue
        self.text = text
    }
}

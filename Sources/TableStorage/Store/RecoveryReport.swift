/// What opening a data directory found and did, for the log of the node.
public struct RecoveryReport: Hashable, Sendable {
    /// The directory was empty and was initialised.
    public var isNew = false
    /// Ends of files that were cut off because they were not whole (DSK-022).
    public var cut: [CutTail] = []
    /// Generations that a join had not finished, removed (DSK-053).
    public var removedGenerations: [UInt64] = []
    /// Generations that a join had superseded, renamed to `archive-N` now (DSK-053).
    public var archivedGenerations: [UInt64] = []
    /// Rows and tombstones read from checkpoints.
    public var checkpointRows: UInt64 = 0
    /// Records of the log that changed tables.
    public var logRecords: UInt64 = 0
    /// Bytes of log read.
    public var logBytes: UInt64 = 0

    public init() {}
}

/// The end of a file that was cut off.
public struct CutTail: Hashable, Sendable {
    public var file: String
    /// What is left.
    public var offset: UInt64
    public var bytes: UInt64

    public init(file: String, offset: UInt64, bytes: UInt64) {
        self.file = file
        self.offset = offset
        self.bytes = bytes
    }
}

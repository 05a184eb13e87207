/// A resumable scan for a snapshot. The table may change between two calls; a row that is there all the time comes exactly once.
public struct DeltaScanner: Sendable {
    /// Rows that go into one SNAP_CHUNK.
    public struct Chunk: Sendable {
        /// The raw row block (SNP-022), at most `Limits.chunkRaw` unless it holds one row. Empty when this step found nothing to
        /// send: call again.
        public var block: [UInt8] = []
        public var rows: Int = 0
        /// Sum of the digests of these rows (DIG-001).
        public var digest: UInt64 = 0
        /// Every bucket below this one is complete.
        public var nextBucket: Int = 0
    }

    /// One step: work for about one chunk.
    /// - Returns: nil when the range is complete.
    public mutating func next(_ table: Table) -> Chunk? { nil }
}

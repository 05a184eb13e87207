public import ClusterModel

/// What the shell tells about its own replica of one table: facts, read at the moment of the call.
public struct LocalTable: Hashable, Sendable {
    public var definition: TableDefinition
    public var vector: VersionVector
    /// XXH64 of the vector, as PING carries it (HRT-011).
    public var vectorHash: UInt64
    /// Sum of the bucket digests (DIG-003).
    public var digest: UInt64
    /// Live rows.
    public var rows: UInt64
    /// The first operation of the own origin that is still among the recent operations; `last + 1` when there is none (REP-021).
    public var streamable: UInt64
    /// The own origin's last sequence in this table, 0 before the first write.
    public var last: UInt64

    public init(
        definition: TableDefinition, vector: VersionVector, vectorHash: UInt64, digest: UInt64, rows: UInt64, streamable: UInt64,
        last: UInt64
    ) {
        self.definition = definition
        self.vector = vector
        self.vectorHash = vectorHash
        self.digest = digest
        self.rows = rows
        self.streamable = streamable
        self.last = last
    }

    public var name: TableName { definition.name }
}

/// Reads the facts of a table; nil when this node has no such table.
public typealias LocalTables = (TableName) -> LocalTable?

extension TableDefinition {
    /// Whether an acknowledgement of this table waits for the disk: `disc` without a sync interval (TAB-005).
    public var waitsForDisk: Bool { storage == .disc && syncIntervalMilliseconds == 0 }
}

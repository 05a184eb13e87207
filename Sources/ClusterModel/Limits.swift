/// Every limit of the protocol, as the registry in spec chapter "Limits" and `spec/protocol.json` name them. Bytes unless said.
public enum Limits {
    public static let protocolVersion: UInt16 = 1
    /// LIM-001: body of one frame before authentication.
    public static let frameBodyBeforeAuthentication = 1024
    /// LIM-002: body of one frame, default and hard maximum.
    public static let frameBodyDefault = 64 * 1024
    public static let frameBodyMaximum = 256 * 1024
    /// LIM-003: a message put together from frames with MORE. Room for one row of the largest key and value.
    public static let message = 17 * 1024 * 1024
    /// LIM-004, LIM-005.
    public static let key = 64 * 1024
    public static let value = 16 * 1024 * 1024
    /// LIM-006: text of a table name, node name, address, close text.
    public static let tableName = 64
    public static let nodeName = 255
    public static let address = 261
    public static let closeText = 256
    /// LIM-007: time from accept to authenticated.
    public static let handshakeTime = Duration.seconds(5)
    /// LIM-008: links that are not authenticated yet, accepted at once.
    public static let pendingLinks = 64
    /// LIM-009: uncompressed bytes of a snapshot chunk, unless it holds a single row.
    public static let chunkRaw = 256 * 1024
    /// LIM-010: buckets of a table.
    public static let buckets = 1024
    /// LIM-011: members of a cluster, removed ones that are still remembered included.
    public static let members = 1024
    /// LIM-012: tables of a catalogue, dropped ones included.
    public static let tables = 1024
    /// LIM-013: operations in one atomic batch.
    public static let batchOperations = 10_000
    /// LIM-014: entries of a version vector.
    public static let vectorEntries = 16 * 1024
    /// LIM-015: difference of two system clocks at the handshake.
    public static let clockSkew = Duration.seconds(60)
    /// LIM-016: bytes that a replication queue for one peer may hold before the peer is put on delta sync.
    public static let peerQueue = 32 * 1024 * 1024
    /// LIM-017: encoded operations that a table keeps for peers that fall behind.
    public static let recentOperations = 8 * 1024 * 1024
    /// LIM-018: initial byte credit on lane 2 and on lane 3.
    public static let initialCredit: UInt64 = 1024 * 1024
    /// LIM-019: nodes that a suspicion asks.
    public static let probeHelpers = 3
    /// LIM-020: drain after CLOSE.
    public static let drainTime = Duration.seconds(1)
    /// LIM-021: ignorable frames of unknown type in any one second.
    public static let unknownFramesPerSecond = 1000
    /// LIM-022: conflict journal.
    public static let conflictJournal = 16 * 1024 * 1024
    /// LIM-023: calls in progress on one link.
    public static let callsInProgress = 1024
    /// LIM-024: bytes of rows in one reply of a scan, unless it holds a single row.
    public static let scanReply = 256 * 1024
    /// LIM-025: features, codecs, GREASE values, addresses in one HELLO.
    public static let helloList = 32
    /// LIM-026: snapshots that one link serves at once.
    public static let snapshotsPerLink = 4
    /// LIM-027: `joining` without contact before the member record is removed.
    public static let joiningTime = Duration.seconds(600)
    /// LIM-028: idle time of a client link.
    public static let clientIdleTime = Duration.seconds(300)
    /// LIM-029: tables in one PING.
    public static let pingTables = 128
    /// LIM-030: bytes that wait for the disk.
    public static let diskBacklog = 64 * 1024 * 1024
    /// LIM-031: bytes of replies that wait for one peer to read them.
    public static let linkBacklog = 32 * 1024 * 1024
}

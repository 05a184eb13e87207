/// MEMBERS: records that the receiver may not have (MBR-011).
public struct Members: Hashable, Sendable {
    /// Ascending by node, unique.
    public var records: [MemberRecord]
    public init(_ records: [MemberRecord]) { self.records = records }
}

/// PROBE_REQUEST: "can you reach this member?" (FDT-010).
public struct ProbeRequest: Hashable, Sendable {
    /// Chosen by the asker; comes back in the reply.
    public var number: UInt64
    public var target: NodeID

    public init(number: UInt64, target: NodeID) {
        self.number = number
        self.target = target
    }
}

/// PROBE_REPLY: the answer, as soon as it is known (FDT-011).
public struct ProbeReply: Hashable, Sendable {
    public var number: UInt64
    public var target: NodeID
    public var isReachable: Bool

    public init(number: UInt64, target: NodeID, isReachable: Bool) {
        self.number = number
        self.target = target
        self.isReachable = isReachable
    }
}

/// DEFINITIONS: catalogue entries that the receiver may not have (TAB-009).
public struct Definitions: Hashable, Sendable {
    /// Ascending by name, unique.
    public var definitions: [TableDefinition]
    public init(_ definitions: [TableDefinition]) { self.definitions = definitions }
}

/// What happens to rows that the joiner already has (JON-004).
public enum JoinMode: UInt8, Hashable, Sendable, CaseIterable {
    case refuse = 0
    case merge = 1
    case replace = 2
}

/// JOIN_REQUEST: sent by the joiner on a link with intent `join` (JON-001).
public struct JoinRequest: Hashable, Sendable {
    public var mode: JoinMode
    /// Only asks what would happen: nothing changes on either side.
    public var isDryRun: Bool
    /// The joiner's tables with live rows, ascending by name.
    public var tables: [TableCount]

    public init(mode: JoinMode, isDryRun: Bool, tables: [TableCount]) {
        self.mode = mode
        self.isDryRun = isDryRun
        self.tables = tables
    }
}

public struct TableCount: Hashable, Sendable {
    public var table: TableName
    public var rows: UInt64

    public init(table: TableName, rows: UInt64) {
        self.table = table
        self.rows = rows
    }
}

/// JOIN_ACCEPT: everything a node needs to become a member (JON-002).
public struct JoinAccept: Hashable, Sendable {
    public var cluster: ClusterID
    /// The joiner's `joined` stamp.
    public var joined: Stamp
    /// Ascending by node, unique.
    public var members: [MemberRecord]
    /// Ascending by name, unique.
    public var definitions: [TableDefinition]
    /// Live rows of each table, ascending by name: what will be copied.
    public var tables: [TableCount]

    public init(
        cluster: ClusterID, joined: Stamp, members: [MemberRecord], definitions: [TableDefinition], tables: [TableCount]
    ) {
        self.cluster = cluster
        self.joined = joined
        self.members = members
        self.definitions = definitions
        self.tables = tables
    }
}

/// JOIN_REJECT: why not (JON-003).
public struct JoinReject: Hashable, Sendable {
    public var code: UInt16
    public var text: String
    /// NOT_EMPTY: the joiner's tables that hold rows.
    public var tables: [TableCount]

    public init(_ code: ErrorCode, text: String, tables: [TableCount] = []) {
        self.code = code.rawValue
        self.text = text
        self.tables = tables
    }
}

/// A table's name: 1 to 64 bytes of `A-Z a-z 0-9 _ - .`, not starting with a dot (TAB-001).
public struct TableName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Returns: nil when the text is not a valid table name.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...Limits.tableName).contains(bytes.count), bytes[0] != UInt8(ascii: ".") else { return nil }
        guard bytes.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
    }

    public var description: String { text }
    public static func < (a: TableName, b: TableName) -> Bool {
        a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// How rows of a table relate to keys (TAB-003).
public enum TableType: UInt8, Hashable, Sendable, CaseIterable {
    /// One value a key.
    case set = 1
    /// One value a key; scans run in bytewise key order.
    case orderedSet = 2
    /// Any number of different values a key: the row id is (key, value).
    case bag = 3
}

/// Where rows live. A property of the table, never of one replica (TAB-004).
public enum StorageKind: UInt8, Hashable, Sendable, CaseIterable {
    case ram = 1
    case disc = 2
}

/// Which of two concurrent writes of one row wins (MRG).
public enum MergeRule: UInt8, Hashable, Sendable, CaseIterable {
    /// The higher row version (MRG-001).
    case lww = 1
    /// The row id includes the writer; only the writer's own incarnation changes its rows (MRG-010).
    case owner = 2
    /// Reserved: one Raft group over the core members (TAB-006).
    case strong = 3
}

/// A table as the replicated catalogue knows it (TAB-002). Merging is deterministic: see `merged(with:)`.
public struct TableDefinition: Hashable, Sendable {
    public var name: TableName
    public var type: TableType
    public var storage: StorageKind
    public var merge: MergeRule
    /// How long an acknowledged write may stay unsynced: 0 means fdatasync before every acknowledgement (TAB-005).
    public var syncIntervalMilliseconds: UInt32
    /// The nodes that replicate the table; empty means every core member (TAB-007). Ascending, unique.
    public var replicas: [NodeID]
    /// False once dropped; the definition stays so that the drop wins everywhere (TAB-010).
    public var exists: Bool
    /// The version of this definition; the higher wins (TAB-008).
    public var version: RowVersion
    /// Rows stamped at or below this were dropped with an earlier life of the table (TAB-011).
    public var floor: Stamp

    public init(
        name: TableName, type: TableType = .set, storage: StorageKind = .ram, merge: MergeRule = .lww,
        syncIntervalMilliseconds: UInt32 = 0, replicas: [NodeID] = [], exists: Bool = true, version: RowVersion,
        floor: Stamp = .zero
    ) {
        self.name = name
        self.type = type
        self.storage = storage
        self.merge = merge
        self.syncIntervalMilliseconds = syncIntervalMilliseconds
        self.replicas = replicas
        self.exists = exists
        self.version = version
        self.floor = floor
    }

    /// The definition that every node ends with, in whatever order it hears of the two (TAB-008).
    public func merged(with other: TableDefinition) -> TableDefinition {
        var winner = version < other.version ? other : self
        winner.floor = max(floor, other.floor)
        return winner
    }

    public func isReplica(_ node: NodeID) -> Bool { replicas.isEmpty || replicas.contains(node) }
}

/// The id of a row: what at most one live version exists of (TAB-003, MRG-010).
public struct RowID: Hashable, Sendable {
    public var key: [UInt8]
    /// The writer in an `owner` table, else nil.
    public var owner: NodeID?
    /// The value in a `bag`, else empty.
    public var value: [UInt8]

    public init(key: [UInt8], owner: NodeID? = nil, value: [UInt8] = []) {
        self.key = key
        self.owner = owner
        self.value = value
    }
}

/// A row as snapshots carry it: a live row, or the tombstone of a deleted one (TAB-012).
public struct Row: Hashable, Sendable {
    public var key: [UInt8]
    /// The writer in an `owner` table, else nil.
    public var owner: NodeID?
    public var value: [UInt8]
    public var isTombstone: Bool
    public var version: RowVersion

    /// - Parameter value: for a tombstone in a `bag` the value that was deleted; for any other tombstone empty.
    public init(key: [UInt8], owner: NodeID? = nil, value: [UInt8], isTombstone: Bool = false, version: RowVersion) {
        self.key = key
        self.owner = owner
        self.value = value
        self.isTombstone = isTombstone
        self.version = version
    }
}

/// One change of one row (REP-002). In a `bag`, `delete` removes the one row (key, value); `deleteKey` is expanded by the
/// writer into one `delete` for each value that it knows.
public struct Operation: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case put = 1
        case delete = 2
    }

    public var kind: Kind
    public var key: [UInt8]
    /// The value to put; for a delete in a `bag` the value to remove; for any other delete empty.
    public var value: [UInt8]

    public init(_ kind: Kind, key: [UInt8], value: [UInt8] = []) {
        self.kind = kind
        self.key = key
        self.value = value
    }
}

/// Operations of one origin that share one stamp and are applied all or none (REP-003).
/// Their sequence numbers are consecutive.
public struct OperationGroup: Hashable, Sendable {
    public var stamp: Stamp
    public var operations: [Operation]

    public init(stamp: Stamp, operations: [Operation]) {
        self.stamp = stamp
        self.operations = operations
    }
}

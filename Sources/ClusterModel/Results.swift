/// Where a table replica stands (CAL-030).
public enum TableReadiness: UInt8, Hashable, Sendable, CaseIterable {
    case loading = 1
    case local = 2
    case catchingUp = 3
    case ready = 4
}

public struct TableInfo: Hashable, Sendable {
    public var definition: TableDefinition
    public var readiness: TableReadiness
    public var rows: UInt64
    public var tombstones: UInt64
    /// Memory that rows, versions and indexes take.
    public var memory: UInt64
    public var digest: UInt64
    public var vector: VersionVector
    /// Why the table is not `ready`, for people; empty when it is.
    public var reason: String

    public init(
        definition: TableDefinition, readiness: TableReadiness, rows: UInt64, tombstones: UInt64, memory: UInt64, digest: UInt64,
        vector: VersionVector, reason: String
    ) {
        self.definition = definition
        self.readiness = readiness
        self.rows = rows
        self.tombstones = tombstones
        self.memory = memory
        self.digest = digest
        self.vector = vector
        self.reason = reason
    }
}

/// A member as the answering node sees it.
public struct MemberStatus: Hashable, Sendable {
    public var record: MemberRecord
    /// Whether the answering node has a link to it; true for itself. `unreachable from here` and `down` are different things.
    public var isReachable: Bool
    /// Last round trip, microseconds; 0 when unknown.
    public var roundTrip: UInt32
    /// Its clock minus ours at the last PONG, milliseconds.
    public var clockOffset: Int64
    /// Operations of ours that it has not acknowledged, over all tables.
    public var behind: UInt64
    /// Why there is no link, for people; empty when there is one.
    public var reason: String

    public init(
        record: MemberRecord, isReachable: Bool, roundTrip: UInt32 = 0, clockOffset: Int64 = 0, behind: UInt64 = 0,
        reason: String = ""
    ) {
        self.record = record
        self.isReachable = isReachable
        self.roundTrip = roundTrip
        self.clockOffset = clockOffset
        self.behind = behind
        self.reason = reason
    }
}

public struct ClusterStatus: Hashable, Sendable {
    public var cluster: ClusterID
    /// The answering node.
    public var node: NodeID
    /// The longest-standing `up` member (MBR-030).
    public var coordinator: NodeID
    /// Ascending by node.
    public var members: [MemberStatus]
    /// Ascending by name.
    public var tables: [TableInfo]

    public init(cluster: ClusterID, node: NodeID, coordinator: NodeID, members: [MemberStatus], tables: [TableInfo]) {
        self.cluster = cluster
        self.node = node
        self.coordinator = coordinator
        self.members = members
        self.tables = tables
    }
}

public struct JoinResult: Hashable, Sendable {
    public var cluster: ClusterID
    public var isDryRun: Bool
    /// Rows copied (or, in a dry run, to copy).
    public var copied: UInt64
    /// Own rows brought along by `merge`.
    public var merged: UInt64
    /// The generation that keeps what the node had before, as in `archive-N`; 0 in a dry run.
    public var archive: UInt64

    public init(cluster: ClusterID, isDryRun: Bool, copied: UInt64, merged: UInt64, archive: UInt64) {
        self.cluster = cluster
        self.isDryRun = isDryRun
        self.copied = copied
        self.merged = merged
        self.archive = archive
    }
}

/// A row that lost against a concurrent write, with both versions (MRG-020).
public struct Conflict: Hashable, Sendable {
    /// Position in this node's conflict journal, from 1.
    public var number: UInt64
    public var table: TableName
    public var winner: Row
    public var loser: Row

    public init(number: UInt64, table: TableName, winner: Row, loser: Row) {
        self.number = number
        self.table = table
        self.winner = winner
        self.loser = loser
    }
}

public struct MemberEvent: Hashable, Sendable {
    public var position: WatchPosition
    public var record: MemberRecord
    public var isReachable: Bool

    public init(position: WatchPosition, record: MemberRecord, isReachable: Bool) {
        self.position = position
        self.record = record
        self.isReachable = isReachable
    }
}

public struct WriteResult: Hashable, Sendable {
    /// Replicas, this node included, that have applied it and, in a `disc` table, made it durable.
    public var replicas: UInt16
    /// How many the level asked for.
    public var wanted: UInt16
    public var stamp: Stamp
    /// Sequence of the last operation.
    public var last: UInt64

    public init(replicas: UInt16, wanted: UInt16, stamp: Stamp, last: UInt64) {
        self.replicas = replicas
        self.wanted = wanted
        self.stamp = stamp
        self.last = last
    }
}

public struct RowPage: Hashable, Sendable {
    /// Live rows.
    public var rows: [Row]
    /// Cursor of the next page; empty when there is none.
    public var next: [UInt8]

    public init(rows: [Row], next: [UInt8] = []) {
        self.rows = rows
        self.next = next
    }
}

/// A change of a row as a watch reports it. A tombstone says that the row is gone.
public struct RowEvent: Hashable, Sendable {
    public var position: WatchPosition
    public var row: Row

    public init(position: WatchPosition, row: Row) {
        self.position = position
        self.row = row
    }
}

public struct NodeInfo: Hashable, Sendable {
    public var node: NodeID
    public var name: NodeName
    public var incarnation: Incarnation
    public var cluster: ClusterID
    public var version: String
    /// Milliseconds since the node started.
    public var uptime: UInt64
    /// Links in any state, authenticated members and clients.
    public var links: UInt32
    /// Named counters and gauges, ascending by name (chapter "Calls").
    public var counters: [Counter]

    public struct Counter: Hashable, Sendable {
        public var name: String
        public var value: UInt64

        public init(_ name: String, _ value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    public init(
        node: NodeID, name: NodeName, incarnation: Incarnation, cluster: ClusterID, version: String, uptime: UInt64,
        links: UInt32,
        counters: [Counter]
    ) {
        self.node = node
        self.name = name
        self.incarnation = incarnation
        self.cluster = cluster
        self.version = version
        self.uptime = uptime
        self.links = links
        self.counters = counters
    }
}

/// CALL: a request to a node (CAL-001). The header's stream is the call id, chosen by the caller, not 0.
public enum Call: Hashable, Sendable {
    case clusterStatus
    case clusterJoin(address: Address, mode: JoinMode, isDryRun: Bool)
    case clusterLeave
    case clusterRemove(name: NodeName)
    /// Entries of the conflict journal after number `after`, at most `limit`.
    case clusterConflicts(after: UInt64, limit: UInt32)
    /// Membership events from `position` on, nil for "from now".
    case clusterWatch(position: WatchPosition?)
    case tableCreate(TableDefinition)
    case tableDrop(TableName)
    case tableList
    case tableInfo(TableName)
    case rowWrite(RowWrite)
    case rowGet(table: TableName, key: [UInt8])
    case rowScan(RowScan)
    case rowWatch(table: TableName, position: WatchPosition?)
    case nodeInfo
    /// Stops taking writes and writes a checkpoint, so that the node can be stopped or copied.
    case nodePrepare
    case nodeResume
    /// Drops links to these members and refuses new ones: partitions for tests and the demo, off unless the node allows it.
    case nodeBlock(names: [NodeName])

    /// The registered method codes (chapter "Calls").
    public enum Method: UInt16, Hashable, Sendable, CaseIterable {
        case clusterStatus = 0x0001
        case clusterJoin = 0x0002
        case clusterLeave = 0x0003
        case clusterRemove = 0x0004
        case clusterConflicts = 0x0005
        case clusterWatch = 0x0006
        case tableCreate = 0x0101
        case tableDrop = 0x0102
        case tableList = 0x0103
        case tableInfo = 0x0104
        case rowWrite = 0x0201
        case rowGet = 0x0202
        case rowScan = 0x0203
        case rowWatch = 0x0204
        case nodeInfo = 0x0301
        case nodePrepare = 0x0302
        case nodeResume = 0x0303
        case nodeBlock = 0x0304
    }
}

/// How many replicas must have a write before it is answered (REP-030).
public enum AckLevel: UInt8, Hashable, Sendable, CaseIterable {
    /// This node.
    case local = 0
    /// More than half of the live replicas.
    case majority = 1
    /// Every live replica.
    case all = 2
}

/// Operations on one table, applied all or none.
public struct RowWrite: Hashable, Sendable {
    public var table: TableName
    public var level: AckLevel
    /// How long to wait for the replicas, milliseconds. The write stays in any case.
    public var timeout: UInt32
    public var operations: [Operation]

    public init(table: TableName, level: AckLevel = .all, timeout: UInt32 = 5000, operations: [Operation]) {
        self.table = table
        self.level = level
        self.timeout = timeout
        self.operations = operations
    }
}

/// A page of rows, in an order that is the same on every node (CAL-050).
public struct RowScan: Hashable, Sendable {
    public var table: TableName
    /// Only keys that begin with these bytes.
    public var prefix: [UInt8]
    /// Where the last page ended; empty for the first.
    public var cursor: [UInt8]

    public init(table: TableName, prefix: [UInt8] = [], cursor: [UInt8] = []) {
        self.table = table
        self.prefix = prefix
        self.cursor = cursor
    }
}

/// Where a watch stands: valid for one life of one node.
public struct WatchPosition: Hashable, Sendable {
    public var incarnation: Incarnation
    public var number: UInt64

    public init(incarnation: Incarnation, number: UInt64) {
        self.incarnation = incarnation
        self.number = number
    }
}

/// REPLY: the answer to a call, or one of several (CAL-002).
public struct Reply: Hashable, Sendable {
    public var code: UInt16
    /// False on all but the last reply of a watch.
    public var isLast: Bool
    public var result: Result

    public enum Result: Hashable, Sendable {
        /// Success without data.
        case done
        /// Any code but `none`: what is wrong and what to do, for people.
        case failure(String)
        case clusterStatus(ClusterStatus)
        case joined(JoinResult)
        case conflicts([Conflict])
        case memberEvent(MemberEvent)
        /// Ascending by name, unique.
        case tables([TableInfo])
        case written(WriteResult)
        case rows(RowPage)
        case rowEvents([RowEvent])
        case nodeInfo(NodeInfo)

        /// Tells the receiver how to read the body (CAL-003).
        public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
            case done = 0
            case failure = 1
            case clusterStatus = 2
            case joined = 3
            case conflicts = 4
            case memberEvent = 5
            case tables = 6
            case written = 7
            case rows = 8
            case rowEvents = 9
            case nodeInfo = 10
        }
    }

    public init(_ result: Result, isLast: Bool = true) {
        code = ErrorCode.none.rawValue
        self.isLast = isLast
        self.result = result
    }

    public init(failure code: ErrorCode, _ text: String) {
        self.code = code.rawValue
        isLast = true
        result = .failure(text)
    }
}

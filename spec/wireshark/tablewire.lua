-- Tablewire for Wireshark and tshark. How to use it: README.md beside this file.
--
-- Written by `TABLEWIRE_WRITE_DISSECTOR=1 swift test --filter DissectorFileTests` from protocol.json: change that, not this.
-- What a field is called in a display filter: `tablewire.`, the message in lower case, then the path of the field, such as
-- `tablewire.hello.role`. Arguments and results go by their method or kind: `tablewire.call.rowGet.table`.

local schema = {
    prefaceMagic = "\212\084\087\082\013\010\000\010",
    frameMagic = "\212\087",
    more = 1,
    crcPolynomial = 0xEDB88320,
    codecNone = 1,
    codecZlib = 2,
    limits = {
        frameBodyBeforeAuthentication = 1024,
        frameBodyDefault = 262144,
        frameBodyMaximum = 262144,
        message = 17825792,
        key = 65536,
        value = 16777216,
        tableName = 64,
        nodeName = 255,
        address = 261,
        closeText = 256,
        handshakeTime = 5000,
        pendingLinks = 64,
        chunkRaw = 262144,
        buckets = 1024,
        members = 1024,
        tables = 1024,
        batchOperations = 10000,
        vectorEntries = 16384,
        clockSkew = 60000,
        peerQueue = 33554432,
        recentOperations = 1073741824,
        initialCredit = 4294967295,
        probeHelpers = 3,
        drainTime = 1000,
        unknownFramesPerSecond = 1000,
        conflictJournal = 16777216,
        callsInProgress = 1024,
        scanReply = 262144,
        helloList = 32,
        snapshotsPerLink = 4,
        joiningTime = 600000,
        clientIdleTime = 86400000,
        pingTables = 128,
        diskBacklog = 1073741824,
        linkBacklog = 1073741824,
    },
    errors = {
        [0] = "NONE",
        [1] = "SHUTTING_DOWN",
        [2] = "DUPLICATE_LINK",
        [3] = "LEAVING",
        [4] = "IDLE",
        [5] = "JOINED",
        [257] = "VERSION_UNSUPPORTED",
        [258] = "BAD_HEADER",
        [259] = "BAD_BODY",
        [260] = "FRAME_TOO_LARGE",
        [261] = "MESSAGE_TOO_LARGE",
        [262] = "SEQUENCE_GAP",
        [263] = "UNKNOWN_CRITICAL",
        [264] = "MALFORMED",
        [265] = "UNEXPECTED_MESSAGE",
        [266] = "WRONG_LANE",
        [267] = "CREDIT_EXCEEDED",
        [268] = "FLOOD",
        [269] = "HANDSHAKE_TIMEOUT",
        [270] = "HEARTBEAT_TIMEOUT",
        [271] = "TOO_MANY_LINKS",
        [272] = "INTERNAL_ERROR",
        [273] = "SNAPSHOT_MISMATCH",
        [513] = "AUTHENTICATION_FAILED",
        [514] = "WRONG_CLUSTER",
        [515] = "NAME_CONFLICT",
        [516] = "STALE_INCARNATION",
        [517] = "CLOCK_SKEW",
        [518] = "REMOVED",
        [519] = "NOT_MEMBER",
        [520] = "SELF_LINK",
        [521] = "ROLE_NOT_ALLOWED",
        [769] = "NOT_EMPTY",
        [770] = "BUSY",
        [771] = "ALREADY_MEMBER",
        [772] = "TOO_MANY_MEMBERS",
        [773] = "INCOMPATIBLE",
        [1025] = "UNKNOWN_METHOD",
        [1026] = "INVALID_ARGUMENT",
        [1027] = "NO_SUCH_TABLE",
        [1028] = "TABLE_EXISTS",
        [1029] = "TOO_MANY_TABLES",
        [1030] = "KEY_TOO_LARGE",
        [1031] = "VALUE_TOO_LARGE",
        [1032] = "BATCH_TOO_LARGE",
        [1033] = "ACKNOWLEDGEMENT_TIMEOUT",
        [1034] = "STORAGE_FAILED",
        [1035] = "DISK_FULL",
        [1036] = "POSITION_TOO_OLD",
        [1037] = "NO_SUCH_MEMBER",
        [1038] = "NOT_READY",
        [1039] = "UNREACHABLE",
        [1040] = "TOO_MANY_CALLS",
        [1041] = "NOT_SUPPORTED",
        [1042] = "CANCELLED",
        [1043] = "NOT_REPLICATED",
    },
    messageNames = {
        [2] = "HELLO",
        [4] = "AUTH",
        [6] = "CLOSE",
        [8] = "PING",
        [10] = "PONG",
        [12] = "CREDIT",
        [258] = "MEMBERS",
        [260] = "PROBE_REQUEST",
        [262] = "PROBE_REPLY",
        [264] = "DEFINITIONS",
        [266] = "JOIN_REQUEST",
        [268] = "JOIN_ACCEPT",
        [270] = "JOIN_REJECT",
        [514] = "OPERATIONS",
        [516] = "ACK",
        [518] = "TABLE_STATE",
        [520] = "DIGEST_REQUEST",
        [522] = "DIGESTS",
        [524] = "SNAP_REQUEST",
        [528] = "CALL",
        [530] = "REPLY",
        [532] = "CANCEL",
        [770] = "SNAP_BEGIN",
        [772] = "SNAP_CHUNK",
        [774] = "SNAP_END",
        [776] = "SNAP_CANCEL",
    },
    callNames = {
        [1] = "clusterStatus",
        [2] = "clusterJoin",
        [3] = "clusterLeave",
        [4] = "clusterRemove",
        [5] = "clusterConflicts",
        [6] = "clusterWatch",
        [257] = "tableCreate",
        [258] = "tableDrop",
        [259] = "tableList",
        [260] = "tableInfo",
        [513] = "rowWrite",
        [514] = "rowGet",
        [515] = "rowScan",
        [516] = "rowWatch",
        [769] = "nodeInfo",
        [770] = "nodePrepare",
        [771] = "nodeResume",
        [772] = "nodeBlock",
    },
    replyNames = {
        [0] = "done",
        [1] = "failure",
        [2] = "clusterStatus",
        [3] = "joined",
        [4] = "conflicts",
        [5] = "memberEvent",
        [6] = "tables",
        [7] = "written",
        [8] = "rows",
        [9] = "rowEvents",
        [10] = "nodeInfo",
    },
    texts = {
        NodeName = true,
        TableName = true,
        Address = true,
    },
    enums = {
        Lane = { width = "u8", names = { [0] = "control", [1] = "membership", [2] = "replication", [3] = "bulk" } },
        Role = { width = "u8", names = { [1] = "core", [2] = "replica", [3] = "client" } },
        Intent = { width = "u8", names = { [1] = "member", [2] = "join" } },
        MemberState = { width = "u8", names = { [1] = "joining", [2] = "up", [3] = "suspect", [4] = "down", [5] = "leaving", [6] = "left", [7] = "removed" } },
        JoinMode = { width = "u8", names = { [0] = "refuse", [1] = "merge", [2] = "replace" } },
        TableType = { width = "u8", names = { [1] = "set", [2] = "orderedSet", [3] = "bag" } },
        StorageKind = { width = "u8", names = { [1] = "ram", [2] = "disc" } },
        MergeRule = { width = "u8", names = { [1] = "lww", [2] = "owner", [3] = "strong" } },
        OperationKind = { width = "u8", names = { [1] = "put", [2] = "delete" } },
        AckLevel = { width = "u8", names = { [0] = "local", [1] = "majority", [2] = "all" } },
        TableReadiness = { width = "u8", names = { [1] = "loading", [2] = "local", [3] = "catchingUp", [4] = "ready" } },
        Codec = { width = "u16", names = { [1] = "none", [2] = "zlib" } },
    },
    layouts = {
        preface = {
            { name = "magic", type = "fixed<8>" },
            { name = "minimum", type = "u16" },
            { name = "maximum", type = "u16" },
            { name = "zero", type = "fixed<4>" },
        },
        frameHeader = {
            { name = "magic", type = "u16" },
            { name = "type", type = "u16" },
            { name = "flags", type = "u8" },
            { name = "lane", type = "u8" },
            { name = "reserved", type = "u16" },
            { name = "bodyLength", type = "u32" },
            { name = "stream", type = "u32" },
            { name = "sequence", type = "u64" },
            { name = "bodyCRC", type = "u32" },
            { name = "headerCRC", type = "u32" },
        },
    },
    structs = {
        Origin = {
            { name = "node", type = "u128", note = "node id" },
            { name = "incarnation", type = "u64", note = "incarnation of that node" },
        },
        RowVersion = {
            { name = "stamp", type = "u64", unit = "stamp", note = "hybrid clock reading" },
            { name = "origin", type = "Origin", note = "writer" },
            { name = "sequence", type = "u64", note = "number in that writer's sequence: 1 to 2^64-2; 0 only in the definition of tableCreate" },
        },
        VectorEntry = {
            { name = "origin", type = "Origin", note = "writer" },
            { name = "sequence", type = "u64", note = "all operations up to this one; 2^64-1 is a floor" },
        },
        VersionVector = {
            { name = "entries", type = "list<VectorEntry>", note = "canonical (VER-007)" },
        },
        Extension = {
            { name = "type", type = "u16", note = "even critical, odd ignorable" },
            { name = "value", type = "bytes16", note = "u16 length and that many bytes" },
        },
        TableHash = {
            { name = "table", type = "TableName", note = "table" },
            { name = "vectorHash", type = "u64", unit = "hash", note = "hash of the sender's vector (VER-012)" },
        },
        TableCount = {
            { name = "table", type = "TableName", note = "table" },
            { name = "rows", type = "u64", note = "live rows" },
        },
        MemberRecord = {
            { name = "node", type = "u128", note = "node id" },
            { name = "joined", type = "u64", unit = "stamp", note = "stamp of the join" },
            { name = "incarnation", type = "u64", note = "highest incarnation known" },
            { name = "refutation", type = "u32", note = "raised by the member itself" },
            { name = "state", type = "MemberState", note = "state" },
            { name = "role", type = "Role", note = "role" },
            { name = "downSince", type = "u64", unit = "ms since 1970", note = "milliseconds since 1970, 0 unless down" },
            { name = "name", type = "NodeName", note = "name" },
            { name = "address", type = "Address", note = "where it accepts links" },
        },
        TableDefinition = {
            { name = "name", type = "TableName", note = "name" },
            { name = "type", type = "TableType", note = "rows and keys" },
            { name = "storage", type = "StorageKind", note = "memory or disk" },
            { name = "merge", type = "MergeRule", note = "which write wins" },
            { name = "syncIntervalMilliseconds", type = "u32", unit = "ms", note = "0 = sync before each acknowledgement" },
            { name = "replicas", type = "list<u128>", note = "node ids, ascending; empty = every core member" },
            { name = "exists", type = "bool", note = "false once dropped" },
            { name = "version", type = "RowVersion", note = "version of this definition" },
            { name = "floor", type = "u64", unit = "stamp", note = "rows stamped at or below it are gone" },
        },
        Row = {
            { name = "flags", type = "u8", note = "bit 0 tombstone, bit 1 owner present, others zero", bits = { "tombstone", "owner" } },
            { name = "key", type = "bytes", note = "key" },
            { name = "owner", type = "u128", when = "owner", note = "present when flags bit 1 is set" },
            { name = "value", type = "bytes", note = "value", payload = true },
            { name = "version", type = "RowVersion", note = "version; its sequence is at least 1" },
        },
        WatchPosition = {
            { name = "incarnation", type = "u64", note = "incarnation of the answering node" },
            { name = "number", type = "u64", note = "position within that life" },
        },
        Operation = {
            { name = "kind", type = "OperationKind", note = "put or delete" },
            { name = "key", type = "bytes", note = "key" },
            { name = "value", type = "bytes", note = "value; of a delete see chapter 12", payload = true },
        },
        RowWrite = {
            { name = "table", type = "TableName", note = "table" },
            { name = "level", type = "AckLevel", note = "replicas that must have it" },
            { name = "timeout", type = "u32", unit = "ms", note = "milliseconds to wait for them" },
            { name = "operations", type = "list<Operation>", note = "1 to 10000, in order" },
        },
        RowScan = {
            { name = "table", type = "TableName", note = "table" },
            { name = "prefix", type = "bytes", note = "only keys that begin so" },
            { name = "cursor", type = "bytes", note = "end of the last page; empty = begin" },
        },
        TableInfo = {
            { name = "definition", type = "TableDefinition", note = "definition" },
            { name = "readiness", type = "TableReadiness", note = "where the replica stands" },
            { name = "rows", type = "u64", note = "live rows" },
            { name = "tombstones", type = "u64", note = "tombstones kept" },
            { name = "memory", type = "u64", unit = "bytes", note = "bytes in memory" },
            { name = "digest", type = "u64", unit = "hash", note = "table digest" },
            { name = "vector", type = "VersionVector", note = "vector" },
            { name = "reason", type = "text", note = "why it is not ready; else empty" },
        },
        MemberStatus = {
            { name = "record", type = "MemberRecord", note = "record" },
            { name = "isReachable", type = "bool", note = "link established, true for itself" },
            { name = "roundTrip", type = "u32", unit = "us", note = "microseconds, 0 = unknown" },
            { name = "clockOffset", type = "i64", unit = "ms", note = "its clock minus ours, milliseconds" },
            { name = "behind", type = "u64", note = "operations of ours not acknowledged" },
            { name = "reason", type = "text", note = "why there is no link; else empty" },
        },
        ClusterStatus = {
            { name = "cluster", type = "u128", note = "cluster id" },
            { name = "node", type = "u128", note = "answering node" },
            { name = "coordinator", type = "u128", note = "node id (MBR-030)" },
            { name = "members", type = "list<MemberStatus>", note = "ascending by node" },
            { name = "tables", type = "list<TableInfo>", note = "ascending by name" },
        },
        JoinResult = {
            { name = "cluster", type = "u128", note = "cluster joined" },
            { name = "isDryRun", type = "bool", note = "nothing was changed" },
            { name = "copied", type = "u64", note = "rows copied or to copy" },
            { name = "merged", type = "u64", note = "own rows brought along" },
            { name = "archive", type = "u64", note = "number N of `archive-N`, 0 in a dry run" },
        },
        Conflict = {
            { name = "number", type = "u64", note = "position, from 1" },
            { name = "table", type = "TableName", note = "table" },
            { name = "winner", type = "Row", note = "the row that stays" },
            { name = "loser", type = "Row", note = "the row that lost" },
        },
        MemberEvent = {
            { name = "position", type = "WatchPosition", note = "position after it" },
            { name = "record", type = "MemberRecord", note = "record" },
            { name = "isReachable", type = "bool", note = "link established" },
        },
        WriteResult = {
            { name = "replicas", type = "u16", note = "replicas that have it, this node included" },
            { name = "wanted", type = "u16", note = "replicas that the level asked for" },
            { name = "stamp", type = "u64", unit = "stamp", note = "stamp of the group" },
            { name = "last", type = "u64", note = "sequence of the last operation" },
        },
        RowPage = {
            { name = "rows", type = "list<Row>", note = "live rows" },
            { name = "next", type = "bytes", note = "cursor of the next page; empty = none" },
        },
        RowEvent = {
            { name = "position", type = "WatchPosition", note = "position after it" },
            { name = "row", type = "Row", note = "the row, or its tombstone" },
        },
        Counter = {
            { name = "name", type = "text", note = "name" },
            { name = "value", type = "u64", note = "value" },
        },
        NodeInfo = {
            { name = "node", type = "u128", note = "node id" },
            { name = "name", type = "NodeName", note = "name" },
            { name = "incarnation", type = "u64", note = "incarnation" },
            { name = "cluster", type = "u128", note = "cluster id" },
            { name = "version", type = "text", note = "program and version" },
            { name = "uptime", type = "u64", unit = "ms", note = "milliseconds" },
            { name = "links", type = "u32", note = "links in any state" },
            { name = "counters", type = "list<Counter>", note = "ascending by name" },
        },
        RowID = {
            { name = "key", type = "bytes", note = "key" },
            { name = "owner", type = "optional<u128>", note = "owner of a row of an `owner` table" },
            { name = "value", type = "bytes", note = "value of a row of a bag; else empty", payload = true },
        },
        Interval = {
            { name = "origin", type = "Origin", note = "writer" },
            { name = "first", type = "u64", note = "first sequence" },
            { name = "last", type = "u64", note = "last sequence" },
        },
    },
    messages = {
        [2] = { name = "HELLO", fields = {
            { name = "role", type = "Role", note = "what the sender may do" },
            { name = "intent", type = "Intent", note = "why the link is opened" },
            { name = "cluster", type = "u128", note = "cluster id; 0 from a client that takes any" },
            { name = "node", type = "u128", note = "node id" },
            { name = "incarnation", type = "u64", note = "incarnation of the sender" },
            { name = "clock", type = "u64", unit = "ms since 1970", note = "milliseconds since 1970" },
            { name = "nonce", type = "fixed<32>", note = "random, new for each link" },
            { name = "heartbeatInterval", type = "u32", unit = "ms", note = "milliseconds between two PINGs" },
            { name = "heartbeatDeadline", type = "u32", unit = "ms", note = "milliseconds of silence before suspicion" },
            { name = "maximumFrameBody", type = "u32", unit = "bytes", note = "largest frame body that the sender takes: 65536 to 262144" },
            { name = "replicationCredit", type = "u32", unit = "bytes", note = "first credit on lane 2" },
            { name = "bulkCredit", type = "u32", unit = "bytes", note = "first credit on lane 3" },
            { name = "name", type = "NodeName", note = "name" },
            { name = "address", type = "Address", note = "where it accepts links; empty from a client" },
            { name = "features", type = "list<u16>", note = "ascending; even critical, odd ignorable" },
            { name = "codecs", type = "list<u16>", note = "ascending; unknown ones are not used" },
            { name = "extensions", type = "tlv", note = "to the end of the body (EXT-003)" },
        } },
        [4] = { name = "AUTH", fields = {
            { name = "key", type = "u32", note = "id of the key" },
            { name = "mac", type = "fixed<32>", note = "proof (LNK-033, LNK-034)" },
        } },
        [6] = { name = "CLOSE", fields = {
            { name = "code", type = "u16", unit = "error", note = "reason, from the error registry" },
            { name = "offendingType", type = "u16", unit = "message", note = "type of the frame that is the reason, 0 = none" },
            { name = "offendingSequence", type = "u64", note = "its sequence, 0 = none" },
            { name = "retry", type = "u32", unit = "ms", note = "milliseconds; 4294967295 = do not try again" },
            { name = "detail", type = "u64", note = "by code (LNK-044)" },
            { name = "text", type = "text", note = "for people, at most 256 bytes" },
        } },
        [8] = { name = "PING", fields = {
            { name = "number", type = "u64", note = "counts the PINGs of one direction from 1" },
            { name = "clock", type = "u64", unit = "ms since 1970", note = "milliseconds since 1970" },
            { name = "received", type = "array<u64,4>", note = "per lane: sequence of the last frame received plus one, 0 = none" },
            { name = "viewHash", type = "u64", unit = "hash", note = "hash of members and definitions (HRT-012)" },
            { name = "tables", type = "list<TableHash>", note = "ascending by table, at most 128" },
        } },
        [10] = { name = "PONG", fields = {
            { name = "number", type = "u64", note = "number of the PING" },
            { name = "echo", type = "u64", unit = "ms since 1970", note = "clock of the PING" },
            { name = "clock", type = "u64", unit = "ms since 1970", note = "clock of the sender" },
        } },
        [12] = { name = "CREDIT", fields = {
            { name = "lane", type = "Lane", note = "2 or 3" },
            { name = "limit", type = "u64", unit = "bytes", note = "body bytes that may be sent since the link began" },
        } },
        [258] = { name = "MEMBERS", fields = {
            { name = "records", type = "list<MemberRecord>", note = "ascending by node" },
        } },
        [260] = { name = "PROBE_REQUEST", fields = {
            { name = "number", type = "u64", note = "chosen by the asker" },
            { name = "target", type = "u128", note = "member to probe" },
        } },
        [262] = { name = "PROBE_REPLY", fields = {
            { name = "number", type = "u64", note = "number of the request" },
            { name = "target", type = "u128", note = "member probed" },
            { name = "isReachable", type = "bool", note = "it answered" },
        } },
        [264] = { name = "DEFINITIONS", fields = {
            { name = "definitions", type = "list<TableDefinition>", note = "ascending by name" },
        } },
        [266] = { name = "JOIN_REQUEST", fields = {
            { name = "mode", type = "JoinMode", note = "what happens to rows the joiner has" },
            { name = "isDryRun", type = "bool", note = "only asks" },
            { name = "tables", type = "list<TableCount>", note = "the joiner's tables with live rows, ascending by name" },
        } },
        [268] = { name = "JOIN_ACCEPT", fields = {
            { name = "cluster", type = "u128", note = "cluster id" },
            { name = "joined", type = "u64", unit = "stamp", note = "the joiner's `joined` stamp" },
            { name = "members", type = "list<MemberRecord>", note = "every record, ascending by node" },
            { name = "definitions", type = "list<TableDefinition>", note = "the whole catalogue, ascending by name" },
            { name = "tables", type = "list<TableCount>", note = "live rows to copy, ascending by name" },
        } },
        [270] = { name = "JOIN_REJECT", fields = {
            { name = "code", type = "u16", unit = "error", note = "reason, from the error registry" },
            { name = "text", type = "text", note = "for people" },
            { name = "tables", type = "list<TableCount>", note = "NOT_EMPTY: the joiner's tables with rows" },
        } },
        [514] = { name = "OPERATIONS", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "origin", type = "Origin", note = "the sender's current origin" },
            { name = "first", type = "u64", note = "sequence of the first operation, at least 1; `first` + `count` is at most 2^64-1" },
            { name = "count", type = "u32", note = "operations in `groups`, at least 1" },
            { name = "groups", type = "bytes", content = "OperationGroups", note = "operation groups (REP-004)" },
        } },
        [516] = { name = "ACK", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "origin", type = "Origin", note = "origin that is acknowledged" },
            { name = "received", type = "u64", note = "last sequence received" },
            { name = "applied", type = "u64", note = "last sequence merged" },
            { name = "durable", type = "u64", note = "last sequence made durable" },
        } },
        [518] = { name = "TABLE_STATE", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "vector", type = "VersionVector", note = "the sender's vector" },
            { name = "digest", type = "u64", unit = "hash", note = "table digest (DIG-003)" },
            { name = "rows", type = "u64", note = "live rows" },
            { name = "streamable", type = "u64", note = "first own operation it can still stream (REP-021)" },
            { name = "origin", type = "Origin", note = "the sender's current origin" },
            { name = "wantsReply", type = "bool", note = "asks for the receiver's TABLE_STATE" },
        } },
        [520] = { name = "DIGEST_REQUEST", fields = {
            { name = "table", type = "TableName", note = "table" },
        } },
        [522] = { name = "DIGESTS", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "vector", type = "VersionVector", note = "the sender's vector" },
            { name = "buckets", type = "array<u64,1024>", unit = "hash", note = "bucket digests" },
        } },
        [524] = { name = "SNAP_REQUEST", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "firstBucket", type = "u16", note = "first bucket of the range" },
            { name = "lastBucket", type = "u16", note = "last bucket, at most 1023" },
            { name = "have", type = "VersionVector", note = "what the receiver has" },
        } },
        [528] = { name = "CALL", fields = {
            { name = "method", type = "Method", note = "method code" },
            { name = "arguments", type = "union", on = "method", of = "calls", note = "the fields of the method" },
        } },
        [530] = { name = "REPLY", fields = {
            { name = "code", type = "u16", unit = "error", note = "0 = success, else from the error registry" },
            { name = "isLast", type = "bool", note = "no further reply follows" },
            { name = "kind", type = "ReplyKind", note = "how to read the rest" },
            { name = "result", type = "union", on = "kind", of = "replies", note = "the fields of the kind" },
        } },
        [532] = { name = "CANCEL", fields = {} },
        [770] = { name = "SNAP_BEGIN", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "vector", type = "VersionVector", note = "the sender's vector" },
            { name = "collected", type = "VersionVector", note = "the sender's collected vector (MRG-006)" },
            { name = "isComplete", type = "bool", note = "every row of the range comes" },
            { name = "rows", type = "u64", note = "live rows of the table" },
        } },
        [772] = { name = "SNAP_CHUNK", fields = {
            { name = "number", type = "u32", note = "counts the chunks of a snapshot from 0" },
            { name = "nextBucket", type = "u16", note = "buckets of the range below it are complete" },
            { name = "codec", type = "Codec", note = "how `data` is packed" },
            { name = "rawLength", type = "u32", unit = "bytes", note = "length of the row block" },
            { name = "rawCRC", type = "u32", unit = "hash", note = "CRC-32 of the row block, or 0 (SNP-030)" },
            { name = "data", type = "bytes", lengthOf = "rawLength", note = "packed row block (SNP-022)" },
        } },
        [774] = { name = "SNAP_END", fields = {
            { name = "chunks", type = "u32", note = "chunks sent" },
            { name = "rows", type = "u64", note = "rows sent, tombstones included" },
            { name = "digest", type = "u64", unit = "hash", note = "sum of the row digests of the rows sent" },
        } },
        [776] = { name = "SNAP_CANCEL", fields = {
            { name = "code", type = "u16", unit = "error", note = "reason, from the error registry" },
            { name = "text", type = "text", note = "for people" },
        } },
    },
    calls = {
        [1] = { name = "clusterStatus", fields = {} },
        [2] = { name = "clusterJoin", fields = {
            { name = "address", type = "Address", note = "a member of the cluster to join" },
            { name = "mode", type = "JoinMode", note = "what happens to own rows" },
            { name = "isDryRun", type = "bool", note = "only asks" },
        } },
        [3] = { name = "clusterLeave", fields = {} },
        [4] = { name = "clusterRemove", fields = {
            { name = "name", type = "NodeName", note = "member to remove" },
        } },
        [5] = { name = "clusterConflicts", fields = {
            { name = "after", type = "u64", note = "number of the last entry already read, 0 = from the oldest" },
            { name = "limit", type = "u32", note = "entries at most" },
        } },
        [6] = { name = "clusterWatch", fields = {
            { name = "position", type = "optional<WatchPosition>", note = "where to go on; absent = from now" },
        } },
        [257] = { name = "tableCreate", fields = {
            { name = "definition", type = "TableDefinition", note = "the table; version and floor are filled in by the node" },
        } },
        [258] = { name = "tableDrop", fields = {
            { name = "table", type = "TableName", note = "table" },
        } },
        [259] = { name = "tableList", fields = {} },
        [260] = { name = "tableInfo", fields = {
            { name = "table", type = "TableName", note = "table" },
        } },
        [513] = { name = "rowWrite", fields = {
            { name = "write", type = "RowWrite", note = "the operations" },
        } },
        [514] = { name = "rowGet", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "key", type = "bytes", note = "key" },
        } },
        [515] = { name = "rowScan", fields = {
            { name = "scan", type = "RowScan", note = "the page" },
        } },
        [516] = { name = "rowWatch", fields = {
            { name = "table", type = "TableName", note = "table" },
            { name = "position", type = "optional<WatchPosition>", note = "where to go on; absent = from now" },
        } },
        [769] = { name = "nodeInfo", fields = {} },
        [770] = { name = "nodePrepare", fields = {} },
        [771] = { name = "nodeResume", fields = {} },
        [772] = { name = "nodeBlock", fields = {
            { name = "names", type = "list<NodeName>", note = "members to be cut off from; empty = none" },
        } },
    },
    replies = {
        [0] = { name = "done", fields = {} },
        [1] = { name = "failure", fields = {
            { name = "text", type = "text", note = "what is wrong and what to do, for people" },
        } },
        [2] = { name = "clusterStatus", fields = {
            { name = "status", type = "ClusterStatus", note = "members and tables" },
        } },
        [3] = { name = "joined", fields = {
            { name = "result", type = "JoinResult", note = "what the join did" },
        } },
        [4] = { name = "conflicts", fields = {
            { name = "conflicts", type = "list<Conflict>", note = "ascending by number" },
        } },
        [5] = { name = "memberEvent", fields = {
            { name = "event", type = "MemberEvent", note = "one change" },
        } },
        [6] = { name = "tables", fields = {
            { name = "tables", type = "list<TableInfo>", note = "ascending by name" },
        } },
        [7] = { name = "written", fields = {
            { name = "result", type = "WriteResult", note = "what the write reached" },
        } },
        [8] = { name = "rows", fields = {
            { name = "page", type = "RowPage", note = "rows" },
        } },
        [9] = { name = "rowEvents", fields = {
            { name = "events", type = "list<RowEvent>", note = "in the order of their positions" },
        } },
        [10] = { name = "nodeInfo", fields = {
            { name = "info", type = "NodeInfo", note = "the node" },
        } },
    },
}

---------------------------------------------------------------------------------------------------------------------------
-- Bits, whatever Lua this is: 5.2 has bit32, 5.3 has operators.

local bits = bit32
if not bits then
    local operators = load([[return {
        bxor = function(a, b, c, d) return a ~ b ~ (c or 0) ~ (d or 0) end,
        extract = function(a, first, count) return (a >> first) & ((1 << count) - 1) end,
    }]])
    bits = operators and operators()
end
if not bits then
    bits = {
        bxor = function(...) return bit.bxor(...) % 0x100000000 end,
        extract = function(a, first, count) return bit.band(bit.rshift(a, first), bit.lshift(1, count) - 1) end,
    }
end
local bxor, extract = bits.bxor, bits.extract

--- Four tables, so that a step takes four bytes: Lua pays for each call.
local crcTables = { {}, {}, {}, {} }
for index = 0, 255 do
    local value = index
    for _ = 1, 8 do
        local isOdd = value % 2 == 1
        value = math.floor(value / 2)
        if isOdd then value = bxor(value, schema.crcPolynomial) end
    end
    crcTables[1][index] = value
end
for index = 0, 255 do
    for step = 2, 4 do
        local before = crcTables[step - 1][index]
        crcTables[step][index] = bxor(extract(before, 8, 24), crcTables[1][extract(before, 0, 8)])
    end
end

--- CRC-32 (FRM-006) of `count` bytes of a string.
local function crc32(raw, first, count)
    local table1, table2, table3, table4 = crcTables[1], crcTables[2], crcTables[3], crcTables[4]
    local value, last, byte = 0xFFFFFFFF, first + count - 1, string.byte
    while first + 3 <= last do
        local a, b, c, d = byte(raw, first, first + 3)
        value = bxor(value, a + b * 256 + c * 65536 + d * 16777216)
        value = bxor(
            table4[extract(value, 0, 8)], table3[extract(value, 8, 8)], table2[extract(value, 16, 8)],
            table1[extract(value, 24, 8)])
        first = first + 4
    end
    while first <= last do
        value = bxor(extract(value, 8, 24), table1[extract(bxor(value, byte(raw, first)), 0, 8)])
        first = first + 1
    end
    return bxor(value, 0xFFFFFFFF)
end

local function number32(raw, position)
    local a, b, c, d = raw:byte(position, position + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
end

---------------------------------------------------------------------------------------------------------------------------
-- What Wireshark is told once

local tablewire = Proto("tablewire", "Tablewire")
tablewire.prefs.show_values = Pref.bool(
    "Show values", false, "Show the bytes of values, not only their length. The hex view shows them in any case.")
tablewire.prefs.check_body = Pref.bool(
    "Verify the CRC of bodies", false, "Slow: Lua needs about a second for ten megabytes. The CRC of headers is always verified.")

local experts = {}
for name, entry in pairs({
    malformed = { "Malformed", expert.group.MALFORMED, expert.severity.ERROR },
    header = { "No frame header", expert.group.PROTOCOL, expert.severity.WARN },
    checksum = { "Wrong CRC of the body", expert.group.CHECKSUM, expert.severity.ERROR },
    skipped = { "Bytes between frames", expert.group.REASSEMBLE, expert.severity.WARN },
    gap = { "Frames are missing", expert.group.SEQUENCE, expert.severity.WARN },
    unknown = { "Unknown", expert.group.UNDECODED, expert.severity.NOTE },
    cut = { "Cut off", expert.group.REASSEMBLE, expert.severity.NOTE },
    long = { "Too long to show", expert.group.UNDECODED, expert.severity.NOTE },
}) do
    experts[name] = ProtoExpert.new("tablewire.expert." .. name, entry[1], entry[2], entry[3])
end
tablewire.experts = experts

local declared, declarations = {}, {}

--- The field of this name. Two places of the protocol with one name share it.
local function declare(path, make, ...)
    if not declared[path] then
        declared[path] = make(path, path:match("[^.]+$"), ...)
        declarations[#declarations + 1] = declared[path]
    end
    return declared[path]
end

---------------------------------------------------------------------------------------------------------------------------
-- Readers: made once for each field of each message, from the schema.
--
-- A reader is a function (message, tree, at, scope): it shows the field at `at` and returns where the next one begins, or
-- nothing when the bytes are no such field, which it has then said. `message` holds `tvb`, `stop`, how many `items` may
-- still be shown (Wireshark bears a million a packet), and `table`, the first table name met. `scope` holds the values of the
-- structure around it that others depend on. Nobody looks at the fields of a message that `isLight`: then only the line of the
-- packet is made of it, which is many times faster.

local mostItems = 100000
local widths = { u8 = 1, u16 = 2, u32 = 4, u64 = 8, i64 = 8, u128 = 16, bool = 1, Method = 2, ReplyKind = 1 }
local readerOf, readerOfFields, leastOfFields

--- Says that this is no such field; always returns nothing.
local function fail(message, tree, name, text)
    tree:add_proto_expert_info(experts.malformed, name .. ": " .. text)
    message.hasFailed = true
end

--- Whether `count` bytes are there.
local function has(message, tree, at, count, name)
    message.items = message.items - 1
    if message.items < 0 then
        if not message.isFull then
            tree:add_proto_expert_info(experts.long, "The rest of this message is not shown: it has too many fields")
        end
        message.isFull = true
        return false
    end
    if count <= message.stop - at then return true end
    fail(message, tree, name, string.format("takes %.0f bytes, %.0f are left", count, message.stop - at))
    return false
end

local function argumentOf(kind, outer)
    return kind:match("^" .. outer .. "<(.+)>$")
end

--- Milliseconds since 1970 as a date. Most are of the same second as the one before.
local lastSecond, lastText
local function date(milliseconds)
    local second = math.floor(milliseconds / 1000)
    if second ~= lastSecond then
        lastSecond, lastText = second, second < 1e12 and os.date("!%Y-%m-%dT%H:%M:%S", second) or string.format("%.0f s", second)
    end
    return string.format("%s.%03.0fZ", lastText, milliseconds - second * 1000)
end

--- Of a 64-bit number that fits, which a date does.
local function number64(range)
    return range:range(0, 4):uint() * 4294967296 + range:range(4, 4):uint()
end

local labels = {
    stamp = function(item, name, range)
        local time = range:range(0, 2):uint() * 4294967296 + range:range(2, 4):uint()
        item:set_text(string.format("%s: %s/%d (%s)", name, date(time), range:range(6, 2):uint(), tostring(range:uint64())))
    end,
    ["ms since 1970"] = function(item, _, range) item:append_text(" ms, " .. date(number64(range))) end,
}

--- Text that can be shown as such: UTF-8 without control characters.
local function isPrintable(text)
    if text:find("[%c\127]") then return false end
    local rest = text:gsub("[\194-\223][\128-\191]", ""):gsub("[\224-\239][\128-\191][\128-\191]", "")
        :gsub("[\240-\244][\128-\191][\128-\191][\128-\191]", "")
    return not rest:find("[\128-\255]")
end

local function hex(text)
    return (text:gsub(".", function(character) return string.format("%02x", character:byte()) end))
end

--- Quotes are how one sees that it is text, 0x that it is not.
local function bytesLabel(text)
    if #text <= 120 and isPrintable(text) then return '"' .. text .. '"' end
    if #text > 36 then return "0x" .. hex(text:sub(1, 36)) .. string.format("… (%d bytes)", #text) end
    return "0x" .. hex(text)
end

local function enumeration(kind, unit)
    if unit == "error" then return schema.errors end
    if unit == "message" then return schema.messageNames end
    if kind == "Method" then return schema.callNames end
    if kind == "ReplyKind" then return schema.replyNames end
    return schema.enums[kind] and schema.enums[kind].names
end

local makers = {
    [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64,
}

local function numberReader(kind, path, field)
    local name, unit = path:match("[^.]+$"), field.unit
    local width = widths[kind] or widths[schema.enums[kind].width]
    local names = enumeration(kind, unit)
    local shown
    if kind == "bool" then
        shown = declare(path, ProtoField.bool, nil, nil, nil, field.note)
    elseif kind == "u128" then
        shown = declare(path, ProtoField.bytes, base.NONE, field.note)
    elseif kind == "i64" then
        shown = declare(path, ProtoField.int64, base.DEC, nil, nil, field.note)
    else
        shown = declare(path, makers[width], unit == "hash" and base.HEX or base.DEC, names, nil, field.note)
    end
    local label = labels[unit]
    local suffix = unit and not label and not names and unit ~= "hash" and " " .. unit
    local isKept = names or field.bits
    return function(message, tree, at, scope)
        if not has(message, tree, at, width, name) then return end
        if message.isLight and not isKept and not field.isShort then return at + width end
        local range = message.tvb:range(at, width)
        local item = tree:add(shown, range)
        if isKept then scope[name] = range:uint() end
        if label and not message.isLight then label(item, name, range) end
        if suffix then item:append_text(suffix) end
        if field.bits then
            local set = {}
            for index, bit in ipairs(field.bits) do
                scope[bit] = extract(scope[name], index - 1, 1) == 1
                if scope[bit] then set[#set + 1] = bit end
            end
            if #set > 0 then item:append_text(", " .. table.concat(set, ", ")) end
        end
        if field.isShort and not (unit == "error" and range:uint() == 0) then
            scope.short[#scope.short + 1] = names and (names[range:uint()] or range:uint())
                or name .. "=" .. tostring(width == 8 and range:uint64() or range:uint())
        end
        return at + width
    end
end

local function textReader(path, field)
    local name, shown = path:match("[^.]+$"), declare(path, ProtoField.string, base.UNICODE, field.note)
    local isTable = field.type == "TableName"
    return function(message, tree, at, scope)
        if not has(message, tree, at, 2, name) then return end
        local length = message.tvb:range(at, 2):uint()
        if not has(message, tree, at + 2, length, name) then return end
        if message.isLight and not isTable and not field.isShort then return at + 2 + length end
        local range = message.tvb:range(at + 2, length)
        tree:add_packet_field(shown, range, ENC_UTF_8)
        if isTable and not message.table then message.table = range:string(ENC_UTF_8) end
        if field.isShort and length > 0 and not isTable then scope.short[#scope.short + 1] = range:string(ENC_UTF_8) end
        return at + 2 + length
    end
end

--- Row blocks are not unpacked when they could be larger than this many times their packed bytes make them.
local function rowCount(message, at, length, codec)
    if codec == schema.codecNone then return length >= 4 and message.tvb:range(at, 4) or nil end
    if codec ~= schema.codecZlib or length > schema.limits.frameBodyMaximum then return nil end
    local block = message.tvb:range(at, length):uncompress("Row block")
    return block and block:len() >= 4 and block:range(0, 4) or nil
end

local function bytesReader(path, field, lengthWidth)
    local name, shown = path:match("[^.]+$"), declare(path, ProtoField.bytes, base.NONE, field.note)
    local isHidden = field.payload or field.lengthOf
    local shownLength = isHidden and declare(path .. ".length", ProtoField.uint32, base.DEC, nil, nil, "bytes of " .. name)
    local shownCount = field.lengthOf and declare(path .. ".count", ProtoField.uint32, base.DEC, nil, nil, "rows in it")
    return function(message, tree, at, scope)
        if not has(message, tree, at, lengthWidth, name) then return end
        local length = message.tvb:range(at, lengthWidth):uint()
        at = at + lengthWidth
        if not has(message, tree, at, length, name) then return end
        if message.isLight then return at + length end
        local range = message.tvb:range(at, length)
        if isHidden then tree:add(shownLength, range, length):set_text(string.format("%s: %d bytes", name, length)) end
        if shownCount then
            local count = rowCount(message, at, length, scope.codec)
            if count then
                tree:add(shownCount, count):set_text(string.format("%s: %.0f rows", name, count:uint()))
            else
                tree:add_proto_expert_info(experts.malformed, name .. ": does not unpack to a row block")
            end
        end
        if not isHidden or field.payload and tablewire.prefs.show_values then
            local item = tree:add(shown, range)
            if lengthWidth == 4 then item:set_text(name .. ": " .. bytesLabel(length > 0 and range:raw() or "")) end
        end
        return at + length
    end
end

local function fixedReader(path, field, count)
    local name, shown = path:match("[^.]+$"), declare(path, ProtoField.bytes, base.NONE, field.note)
    return function(message, tree, at)
        if not has(message, tree, at, count, name) then return end
        if not message.isLight then tree:add(shown, message.tvb:range(at, count)) end
        return at + count
    end
end

local function structReader(path, field, fields)
    local name, shown = path:match("[^.]+$"), declare(path, ProtoField.none, field.note)
    local read = readerOfFields(fields, path)
    return function(message, tree, at)
        if not has(message, tree, at, 0, name) then return end
        if message.isLight then return read(message, tree, at, {}) end
        local item = tree:add(shown, message.tvb:range(at, 0))
        local stop = read(message, item, at, {})
        item:set_len((stop or message.stop) - at)
        return stop
    end
end

--- `count` elements one after the other, each a structure whose fields go by the name of the list, or a value.
local function elementsReader(kind, path, field)
    local element = path .. ".element"
    local fields = schema.structs[kind]
    if not fields then return readerOf(kind, element, field) end
    local shown, read = declare(element, ProtoField.none, field.note), readerOfFields(fields, path)
    return function(message, tree, at, _, index)
        if not has(message, tree, at, 0, path:match("[^.]+$")) then return end
        if message.isLight then return read(message, tree, at, {}) end
        local item = tree:add(shown, message.tvb:range(at, 0))
        item:set_text(string.format("%d", index))
        local stop = read(message, item, at, {})
        item:set_len((stop or message.stop) - at)
        return stop
    end
end

local function repeated(read, message, item, first, at, count)
    for index = 0, count - 1 do
        at = read(message, item, at, {}, index)
        if not at then break end
    end
    item:set_len((at or message.stop) - first)
    return at
end

local function listReader(kind, path, field)
    local name = path:match("[^.]+$")
    local shown = declare(path, ProtoField.uint32, base.DEC, nil, nil, field.note)
    local read, least = elementsReader(kind, path, field), leastOfFields({ { name = name, type = kind } })
    return function(message, tree, at)
        if not has(message, tree, at, 4, name) then return end
        local count = message.tvb:range(at, 4):uint()
        local item = tree:add(shown, message.tvb:range(at, 4))
        if count * least > message.stop - at - 4 then
            fail(message, item, name, string.format("has %.0f elements, %d bytes are left", count, message.stop - at - 4))
        end
        return repeated(read, message, item, at, at + 4, count)
    end
end

local function arrayReader(kind, count, path, field)
    local name = path:match("[^.]+$")
    local shown = declare(path, ProtoField.uint32, base.DEC, nil, nil, field.note)
    local read = elementsReader(kind, path, field)
    return function(message, tree, at)
        if not has(message, tree, at, 0, name) then return end
        return repeated(read, message, tree:add(shown, message.tvb:range(at, 0), count), at, at, count)
    end
end

local function optionalReader(kind, path, field)
    local name = path:match("[^.]+$")
    local shown, read = declare(path .. ".isPresent", ProtoField.bool), readerOf(kind, path, field)
    return function(message, tree, at, scope)
        if not has(message, tree, at, 1, name) then return end
        local isPresent = message.tvb:range(at, 1):uint()
        tree:add(shown, message.tvb:range(at, 1)):set_text(name .. ": " .. (isPresent == 0 and "absent" or "present"))
        if isPresent > 1 then return fail(message, tree, name, "is neither absent nor present") end
        if isPresent == 0 then return at + 1 end
        return read(message, tree, at + 1, scope)
    end
end

--- A TLV area (EXT-003) goes to the end of the body.
local function extensionsReader(path, field)
    local shown = declare(path, ProtoField.uint32, base.DEC, nil, nil, field.note)
    local read = elementsReader("Extension", path, field)
    return function(message, tree, at)
        if not has(message, tree, at, 0, path:match("[^.]+$")) then return end
        local count, next = 0, at
        while next + 4 <= message.stop do
            next, count = next + 4 + message.tvb:range(next + 2, 2):uint(), count + 1
        end
        local item = tree:add(shown, message.tvb:range(at, message.stop - at), count)
        local stop = repeated(read, message, item, at, at, count)
        if stop and stop < message.stop then return fail(message, tree, "extensions", "the last one is cut off") end
        return stop
    end
end

local function unionReader(path, field, parent)
    local name = path:match("[^.]+$")
    local cases, shown = {}, {}
    for code, case in pairs(schema[field.of]) do
        shown[code] = declare(parent .. "." .. case.name, ProtoField.none, field.note)
        cases[code] = readerOfFields(case.fields, parent .. "." .. case.name)
    end
    local unknown = declare(path .. ".unknown", ProtoField.bytes, base.NONE, "the fields of an unknown " .. field.on)
    return function(message, tree, at, scope)
        if not has(message, tree, at, 0, name) then return end
        local code = scope[field.on]
        local range = message.tvb:range(at, message.stop - at)
        if not cases[code] then
            tree:add(unknown, range):add_proto_expert_info(experts.unknown, string.format("Unknown %s %d", field.on, code))
            return message.stop
        end
        local item = tree:add(shown[code], range)
        item:set_text(string.format("%s: %s", name, schema[field.of][code].name))
        return cases[code](message, item, at, {})
    end
end

--- Operation groups (REP-004): stamp and count, then kind, both lengths, key and value of each operation.
local function groupsReader(path, field)
    local name = path:match("[^.]+$")
    local shown = {
        groups = declare(path, ProtoField.uint32, base.DEC, nil, nil, field.note),
        group = declare(path .. ".element", ProtoField.none, "operations of one stamp"),
        operations = declare(path .. ".operations", ProtoField.uint32, base.DEC, nil, nil, "operations of the group"),
        operation = declare(path .. ".operations.element", ProtoField.none),
        key = declare(path .. ".operations.key", ProtoField.bytes, base.NONE, "key"),
        length = declare(path .. ".operations.value.length", ProtoField.uint32, base.DEC, nil, nil, "bytes of value"),
        value = declare(path .. ".operations.value", ProtoField.bytes, base.NONE, "value"),
    }
    local stamp = readerOf("u64", path .. ".stamp", { unit = "stamp", note = "stamp of the group" })
    local kind = readerOf("OperationKind", path .. ".operations.kind", { note = "put or delete" })

    local function operation(message, tree, at, _, index)
        local tvb = message.tvb
        if not has(message, tree, at, 9, "operations") then return end
        local keyLength, valueLength = tvb:range(at + 1, 4):uint(), tvb:range(at + 5, 4):uint()
        local length = 9 + keyLength + valueLength
        if not has(message, tree, at, length, "operations") then return end
        if message.isLight then return at + length end
        local item = tree:add(shown.operation, tvb:range(at, length))
        item:set_text(string.format("%d", index))
        kind(message, item, at, {})
        local key, value = tvb:range(at + 9, keyLength), tvb:range(at + 9 + keyLength, valueLength)
        item:add(shown.key, key):set_text("key: " .. bytesLabel(keyLength > 0 and key:raw() or ""))
        item:add(shown.length, value, valueLength):set_text(string.format("value: %d bytes", valueLength))
        if tablewire.prefs.show_values then
            item:add(shown.value, value):set_text("value: " .. bytesLabel(valueLength > 0 and value:raw() or ""))
        end
        return at + length
    end

    local function numberOfGroups(tvb, at, stop)
        local count = 0
        while at + 12 <= stop do
            count = count + 1
            local operations = tvb:range(at + 8, 4):uint()
            at = at + 12
            while operations > 0 and at + 9 <= stop do
                at = at + 9 + tvb:range(at + 1, 4):uint() + tvb:range(at + 5, 4):uint()
                operations = operations - 1
            end
        end
        return count
    end

    return function(message, tree, at)
        if not has(message, tree, at, 4, name) then return end
        local first, stop = at, at + 4 + message.tvb:range(at, 4):uint()
        if not has(message, tree, at, stop - at, name) then return end
        local number = message.isLight and 0 or numberOfGroups(message.tvb, at + 4, stop)
        local item = tree:add(shown.groups, message.tvb:range(at, 4), number)
        item:set_len(stop - first)
        local count = 0
        at = at + 4
        while at < stop do
            if not has(message, item, at, 12, name) then return end
            local group = item:add(shown.group, message.tvb:range(at, 12))
            group:set_text(string.format("%d", count))
            local begin, operations = at, message.tvb:range(at + 8, 4):uint()
            stamp(message, group, at, {})
            local list = group:add(shown.operations, message.tvb:range(at + 8, 4))
            at = repeated(operation, message, list, at + 8, at + 12, operations)
            if not at then return end
            if at > stop then return fail(message, group, name, "goes on after its end") end
            group:set_len(at - begin)
            count = count + 1
        end
        return at
    end
end

function readerOf(kind, path, field, parent)
    if field.on then return unionReader(path, field, parent) end
    if field.content then return groupsReader(path, field) end
    if kind == "bytes" then return bytesReader(path, field, 4) end
    if kind == "bytes16" then return bytesReader(path, field, 2) end
    if kind == "text" or schema.texts[kind] then return textReader(path, field) end
    if kind == "tlv" then return extensionsReader(path, field) end
    if widths[kind] or schema.enums[kind] then return numberReader(kind, path, field) end
    if schema.structs[kind] then return structReader(path, field, schema.structs[kind]) end
    local element, count = kind:match("^array<(.+),(%d+)>$")
    if element then return arrayReader(element, tonumber(count), path, field) end
    if argumentOf(kind, "list") then return listReader(argumentOf(kind, "list"), path, field) end
    if argumentOf(kind, "optional") then return optionalReader(argumentOf(kind, "optional"), path, field) end
    return fixedReader(path, field, tonumber(argumentOf(kind, "fixed")))
end

function readerOfFields(fields, path)
    local readers = {}
    for index, field in ipairs(fields) do
        readers[index] = { read = readerOf(field.type, path .. "." .. field.name, field, path), when = field.when }
    end
    return function(message, tree, at, scope)
        for _, reader in ipairs(readers) do
            if not reader.when or scope[reader.when] then
                at = reader.read(message, tree, at, scope)
                if not at then return end
            end
        end
        return at
    end
end

--- The fewest bytes that these fields take: what a list must have left for each element.
function leastOfFields(fields)
    local sum = 0
    for _, field in ipairs(fields) do
        local kind = field.type
        local element, count = kind:match("^array<(.+),(%d+)>$")
        if field.when or field.on or kind == "tlv" then sum = sum + 0
        elseif widths[kind] then sum = sum + widths[kind]
        elseif schema.enums[kind] then sum = sum + widths[schema.enums[kind].width]
        elseif schema.structs[kind] then sum = sum + leastOfFields(schema.structs[kind])
        elseif kind == "text" or kind == "bytes16" or schema.texts[kind] then sum = sum + 2
        elseif element then sum = sum + tonumber(count) * leastOfFields({ { type = element } })
        elseif argumentOf(kind, "optional") then sum = sum + 1
        elseif argumentOf(kind, "fixed") then sum = sum + tonumber(argumentOf(kind, "fixed"))
        else sum = sum + 4 end
    end
    return sum
end

---------------------------------------------------------------------------------------------------------------------------
-- Preface, frame header, messages

--- Fields that the info column names, by message; of others the table.
local highlights = {
    HELLO = { "role", "intent", "name" }, CLOSE = { "code", "text" }, PING = { "number" }, PONG = { "number" },
    CREDIT = { "lane", "limit" }, PROBE_REQUEST = { "number" }, PROBE_REPLY = { "number", "isReachable" },
    JOIN_REQUEST = { "mode", "isDryRun" }, JOIN_REJECT = { "code", "text" }, OPERATIONS = { "first", "count" },
    ACK = { "received", "applied", "durable" }, TABLE_STATE = { "rows" }, SNAP_REQUEST = { "firstBucket", "lastBucket" },
    CALL = { "method" }, REPLY = { "kind", "code" }, SNAP_BEGIN = { "isComplete", "rows" },
    SNAP_CHUNK = { "number", "codec", "rawLength" }, SNAP_END = { "chunks", "rows" }, SNAP_CANCEL = { "code", "text" },
}

local messages = {}
for code, message in pairs(schema.messages) do
    local path = "tablewire." .. message.name:lower()
    local isShort = {}
    for _, name in ipairs(highlights[message.name] or {}) do isShort[name] = true end
    local fields, isCase = {}, false
    for index, field in ipairs(message.fields) do
        isCase = isCase or field.on ~= nil
        fields[index] = setmetatable({ isShort = isShort[field.name] }, { __index = field })
    end
    messages[code] = {
        name = message.name, isCase = isCase, shown = declare(path, ProtoField.none, message.name),
        read = readerOfFields(fields, path),
    }
end

--- The layouts give numbers; what they name is said here.
local headerFields = {}
for index, field in ipairs(schema.layouts.frameHeader) do
    local copy = setmetatable({}, { __index = field })
    if field.name == "type" then copy.unit = "message" end
    if field.name == "lane" then copy.type = "Lane" end
    if field.name == "bodyLength" then copy.unit = "bytes" end
    if field.name == "flags" then copy.bits = { "more" } end
    if field.name == "magic" or field.name:match("CRC$") then copy.unit = "hash" end
    headerFields[index] = copy
end
local shownPreface = declare("tablewire.preface", ProtoField.none, "what each direction begins with")
local readPreface = readerOfFields(schema.layouts.preface, "tablewire.preface")
local shownHeader = declare("tablewire.frame", ProtoField.none, "frame header")
local readHeader = readerOfFields(headerFields, "tablewire.frame")
local shownBody = declare("tablewire.body", ProtoField.bytes, base.NONE, "body of an unknown type")
local shownPart = declare("tablewire.part", ProtoField.none, "part of a message of several frames")
local shownCut = declare("tablewire.cut", ProtoField.none, "what the capture has of the body of a frame")
local shownSkipped = declare("tablewire.skipped", ProtoField.none, "bytes that are no frame")
tablewire.fields = declarations

local mostBody = schema.limits.frameBodyMaximum

--- A header at this byte of the string, counted from 1: magic and CRC are right.
local function headerAt(raw, position)
    if #raw < position + 31 or raw:sub(position, position + 1) ~= schema.frameMagic then return nil end
    if crc32(raw, position, 28) ~= number32(raw, position + 28) then return nil end
    local a, b, flags, lane = raw:byte(position + 2, position + 5)
    return {
        type = a * 256 + b, flags = flags, lane = lane, length = number32(raw, position + 8), key = raw:sub(position + 16, position + 23),
        stream = number32(raw, position + 12), bodyCRC = number32(raw, position + 24),
        isMore = flags % (schema.more * 2) >= schema.more,
    }
end

local function prefaceAt(raw, position)
    return #raw >= position + 15 and raw:sub(position, position + 7) == schema.prefaceMagic
end

--- What could become a preface or a header when more bytes come.
local function beginsAt(raw, position)
    local left = raw:sub(position, position + 7)
    if left == schema.prefaceMagic:sub(1, #left) then return #raw < position + 15 end
    if left:sub(1, 2) == schema.frameMagic:sub(1, #left) then return #raw < position + 31 end
    return false
end

--- Where the next preface or frame begins, or could begin; nothing when the string holds none.
local function search(raw, position)
    while true do
        position = raw:find("\212", position, true)
        if not position then return nil end
        if headerAt(raw, position) or prefaceAt(raw, position) or beginsAt(raw, position) then return position end
        position = position + 1
    end
end

---------------------------------------------------------------------------------------------------------------------------
-- What one packet needs to know of those before it, kept for the passes that come after the first

local streams, notes = {}, {}

function tablewire.init()
    streams, notes = {}, {}
end

--- What is known of a connection. Fields such as tcp.stream are there only when somebody looks at them, addresses always.
--- What TCP carries and what TLS in it carries are two streams.
local function streamOf(pinfo, carrier)
    local from, to = tostring(pinfo.src) .. " " .. pinfo.src_port, tostring(pinfo.dst) .. " " .. pinfo.dst_port
    local key = (from < to and from .. " " .. to or to .. " " .. from) .. carrier
    streams[key] = streams[key] or { directions = {} }
    return streams[key], from
end

local function newDirection()
    return { parts = {}, unsure = {} }
end

--- Notes which sequence number came; returns what is to be said of it when it is not the next one.
local function count(direction, header, sequence)
    local expected = direction.next
    direction.next = sequence + 1
    if sequence == (expected or UInt64(0)) then return nil end
    -- What is left of messages that were under way is shown by its length; others may have begun meanwhile.
    for _, part in pairs(direction.parts) do part.isBroken, part.bytes = true, {} end
    direction.unsure = { [0] = true, true, true, true }
    if not expected then return nil end
    local text = sequence > expected and "frames %s to %s are missing" or "after %s comes %s again"
    return string.format(text, tostring(expected), tostring(sequence - 1))
end

--- Follows one direction: missing frames, and the parts of long messages. Returns what is to be said of this frame.
local function follow(direction, header, tvb, at)
    local missing = count(direction, header, tvb:range(at + 16, 8):uint64())
    local isUnsure = direction.unsure[header.lane]
    if not header.isMore then direction.unsure[header.lane] = nil end
    local part = direction.parts[header.lane]
    if part and (part.type ~= header.type or part.stream ~= header.stream) then part = nil end
    direction.parts[header.lane] = nil
    if not part and not header.isMore then return (missing or isUnsure) and { missing = missing, isUnsure = isUnsure } end
    part = part or { type = header.type, stream = header.stream, frames = 0, size = 0, bytes = {} }
    part.frames, part.size = part.frames + 1, part.size + header.length
    part.isBroken = part.isBroken or part.size > schema.limits.message
    local note = { missing = missing, frames = part.frames, size = part.size, isBroken = part.isBroken, isMore = header.isMore }
    if part.isBroken then
        part.bytes = {}
    elseif header.length > 0 then
        part.bytes[#part.bytes + 1] = tvb:range(at + 32, header.length):bytes()
    end
    if header.isMore then
        direction.parts[header.lane] = part
    elseif not part.isBroken then
        note.whole = ByteArray.new()
        for _, bytes in ipairs(part.bytes) do note.whole:append(bytes) end
    end
    return note
end

---------------------------------------------------------------------------------------------------------------------------
-- Showing

local mostInfo, informed = 30, { lines = 0 }

--- One line for the info column, which the frames of a packet share.
local function inform(pinfo, text)
    local info = pinfo.cols.info
    if pinfo.number ~= informed.packet or pinfo.visited ~= informed.visited then
        informed = { packet = pinfo.number, visited = pinfo.visited, lines = 0 }
    end
    informed.lines = informed.lines + 1
    if informed.lines > mostInfo + 1 then return end
    if informed.lines == mostInfo + 1 then text = "…" end
    info:clear()
    info:append(informed.lines > 1 and " | " .. text or text)
    info:fence()
end

--- What takes all that a tree takes, and shows nothing. Expert infos go to its `item`, when it has one.
local nowhere = setmetatable({}, { __index = function() return function(self) return self end end })

function nowhere.add_proto_expert_info(self, ...)
    local item = rawget(self, "item")
    if item then item:add_proto_expert_info(...) end
    return self
end

local function read(kind, tvb, at, stop, tree)
    local message, scope = { tvb = tvb, stop = stop, items = mostItems, isLight = tree == nowhere }, { short = {} }
    local ended = kind.read(message, tree, at, scope)
    if ended and ended < stop then fail(message, tree, kind.name, string.format("%d bytes are left over", stop - ended)) end
    return message, scope.short
end

local function showMessage(kind, tvb, at, stop, item, isUnsure, isLight)
    nowhere.item = nil
    if isUnsure and read(kind, tvb, at, stop, nowhere).hasFailed then
        local text = "perhaps the rest of a message whose beginning is not in the capture"
        local part = item:add(shownPart, tvb:range(at, stop - at))
        part:set_text(text)
        part:add_proto_expert_info(experts.cut, text)
        return "[cut off]"
    end
    nowhere.item = item
    local tree = nowhere
    if not isLight then
        tree = item:add(kind.shown, tvb:range(at, stop - at))
        tree:set_text(kind.name)
    end
    local message, short = read(kind, tvb, at, stop, tree)
    if message.table then table.insert(short, kind.isCase and math.min(2, #short + 1) or 1, message.table) end
    if message.hasFailed then short[#short + 1] = "[malformed]" end
    return table.concat(short, " ")
end

local function checkBody(raw, position, header, item)
    if crc32(raw, position + 32, header.length) ~= header.bodyCRC then
        item:add_proto_expert_info(experts.checksum, "The CRC of the body is not bodyCRC")
    end
end

--- Shows the body; returns what the info column says of it.
local function showBody(header, note, tvb, at, item, isLight)
    local kind = messages[header.type]
    local range = tvb:range(at + 32, header.length)
    if note and note.frames then
        local text = "part %d of a message, %d bytes so far"
        if not note.isMore then text = "part %d of a message, %d bytes, the last" end
        local part = item:add(shownPart, range)
        part:set_text(string.format(text, note.frames, note.size))
        if note.isBroken then
            part:add_proto_expert_info(experts.cut, "The message is not shown: parts of it are missing, or it is too long")
        end
        if not note.whole then return "part " .. note.frames end
    end
    if not kind then
        local body = note and note.whole and note.size > 0 and note.whole:tvb("Tablewire message"):range() or range
        item:add(shownBody, body):add_proto_expert_info(experts.unknown, string.format("Unknown type %d", header.type))
        return body:len() .. " bytes"
    end
    if note and note.whole and note.size > 0 then
        return showMessage(kind, note.whole:tvb("Tablewire message"), 0, note.size, item, false, isLight)
    end
    return showMessage(kind, tvb, at + 32, at + 32 + header.length, item, note and note.isUnsure, isLight)
end

--- Shows the header; returns the item of the frame, and what both lines begin with.
local function showHeader(header, tvb, at, count, tree, isLight)
    local item = tree:add(tablewire, tvb:range(at, count))
    local sequence = tostring(tvb:range(at + 16, 8):uint64())
    local name = schema.messageNames[header.type] or string.format("type %d", header.type)
    if not isLight then
        item:append_text(string.format(", %s, sequence %s", name, sequence))
        local headerItem = item:add(shownHeader, tvb:range(at, 32))
        headerItem:set_text("frame header")
        readHeader({ tvb = tvb, stop = at + 32, items = mostItems }, headerItem, at, { short = {} })
    end
    return item, name .. " " .. sequence .. (header.stream ~= 0 and string.format(" #%.0f", header.stream) or "")
end

local function noteOf(pinfo, at, header, make)
    local key = pinfo.number .. " " .. at .. " " .. header.key
    if not pinfo.visited then notes[key] = make() end
    return notes[key]
end

local function showFrame(header, raw, tvb, at, pinfo, tree, direction)
    local isLight = not tree.visible and not tree:referenced(Dissector.get("tablewire"))
    local item, text = showHeader(header, tvb, at, 32 + header.length, tree, isLight)
    local note = noteOf(pinfo, at, header, function() return follow(direction, header, tvb, at) end)
    if note and note.missing then item:add_proto_expert_info(experts.gap, note.missing) end
    if tablewire.prefs.check_body then checkBody(raw, at + 1, header, item) end
    local fields = showBody(header, note, tvb, at, item, isLight)
    inform(pinfo, fields ~= "" and text .. " " .. fields or text)
end

--- A frame whose end is not in the capture.
local function showCut(header, raw, tvb, at, pinfo, tree, direction)
    local item, text = showHeader(header, tvb, at, #raw - at, tree)
    local note = noteOf(pinfo, at, header, function()
        local missing = count(direction, header, tvb:range(at + 16, 8):uint64())
        direction.parts[header.lane] = nil
        return missing and { missing = missing }
    end)
    if note then item:add_proto_expert_info(experts.gap, note.missing) end
    local lack = string.format("%.0f of %.0f body bytes are missing", at + 32 + header.length - #raw, header.length)
    item:add(shownCut, tvb:range(at + 32, #raw - at - 32)):set_text(lack)
    item:add_proto_expert_info(experts.cut, lack)
    inform(pinfo, text .. " cut off")
end

local function showPreface(tvb, at, pinfo, tree, stream, from)
    stream.isKnown = true
    -- The ports may have had another connection before.
    if not pinfo.visited then stream.directions[from] = newDirection() end
    local item = tree:add(tablewire, tvb:range(at, 16))
    item:append_text(", preface")
    local preface = item:add(shownPreface, tvb:range(at, 16))
    preface:set_text("preface")
    readPreface({ tvb = tvb, stop = at + 16, items = mostItems }, preface, at, { short = {} })
    inform(pinfo, "preface")
end

local function showSkipped(tvb, at, count, pinfo, tree, expertInfo, text)
    local item = tree:add(tablewire, tvb:range(at, count))
    item:append_text(string.format(", %d bytes", count))
    local skipped = item:add(shownSkipped, tvb:range(at, count))
    skipped:set_text(string.format("%d bytes: %s", count, text))
    skipped:add_proto_expert_info(expertInfo, text)
    inform(pinfo, string.format("%d bytes skipped", count))
end

---------------------------------------------------------------------------------------------------------------------------
-- The stream

--- Asks for the bytes that are missing; false when nobody can bring them.
local function ask(pinfo, at, missing)
    if pinfo.can_desegment == 0 then return false end
    pinfo.desegment_offset = at
    pinfo.desegment_len = missing
    return true
end

--- Shows what begins at `at`; returns where it ends, or nothing when the rest has to come first.
local function showNext(raw, tvb, at, pinfo, tree, stream, from)
    if prefaceAt(raw, at + 1) then
        showPreface(tvb, at, pinfo, tree, stream, from)
        return at + 16
    end
    local header = headerAt(raw, at + 1)
    if header and header.length <= mostBody then
        stream.isKnown = true
        stream.directions[from] = stream.directions[from] or newDirection()
        local missing = at + 32 + header.length - #raw
        if missing <= 0 then
            showFrame(header, raw, tvb, at, pinfo, tree, stream.directions[from])
            return at + 32 + header.length
        end
        if tvb:len() == tvb:reported_len() and ask(pinfo, at, missing) then return nil end
        showCut(header, raw, tvb, at, pinfo, tree, stream.directions[from])
        return #raw
    end
    if not header and beginsAt(raw, at + 1) and tvb:len() == tvb:reported_len() and ask(pinfo, at, DESEGMENT_ONE_MORE_SEGMENT) then
        return nil
    end
    local text = "no frame begins here"
    if header then text = "bodyLength is more than any frame may have" end
    if raw:sub(at + 1, at + 2) == schema.frameMagic and not header then text = "a frame header with a wrong CRC" end
    local next = search(raw, at + 2) or #raw + 1
    showSkipped(tvb, at, next - 1 - at, pinfo, tree, header and experts.header or experts.skipped, text)
    return next - 1
end

--- Whether there is a preface, or a header anywhere, which chance does not make (2^-48 a byte).
local function isOurs(raw)
    local position = search(raw, 1)
    while position and not prefaceAt(raw, position) and not headerAt(raw, position) do position = search(raw, position + 1) end
    return position ~= nil
end

local completenessField = Field.new("tcp.completeness")

--- Whether the connection begins in the middle, as far as one can know: bytes that are no frame belong to one then, and others
--- would take them for something of theirs.
local function beganEarlier()
    local completeness = completenessField()
    return completeness ~= nil and completeness.value % 2 == 0
end

local function dissect(tvb, pinfo, tree, stream, from)
    pinfo.cols.protocol = "Tablewire"
    local raw, at = tvb:raw(), 0
    while at and at < #raw do at = showNext(raw, tvb, at, pinfo, tree, stream, from) end
    return tvb:len()
end

function tablewire.dissector(tvb, pinfo, tree)
    local stream, from = streamOf(pinfo, "")
    local raw = tvb:raw()
    if not stream.isKnown and not beginsAt(raw, 1) and not isOurs(raw) and not beganEarlier() then return 0 end
    return dissect(tvb, pinfo, tree, stream, from)
end

--- Any port.
tablewire:register_heuristic("tcp", function(tvb, pinfo, tree)
    if not isOurs(tvb:raw()) then return false end
    pinfo.conversation = tablewire
    dissect(tvb, pinfo, tree, streamOf(pinfo, ""))
    return true
end)

--- The connection is one of TLS, which asks for each of its records.
tablewire:register_heuristic("tls", function(tvb, pinfo, tree)
    local stream, from = streamOf(pinfo, " TLS")
    if not stream.isKnown and not isOurs(tvb:raw()) then return false end
    dissect(tvb, pinfo, tree, stream, from)
    return true
end)

DissectorTable.get("tcp.port"):add(7400, tablewire)

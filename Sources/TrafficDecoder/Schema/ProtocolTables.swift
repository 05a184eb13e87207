/// Made from `spec/protocol.json` by `DecoderTablesTests`; not to be changed by hand. `SchemaText` reads it.
enum ProtocolTables {
    // One entry a line, lines as long as they come.
    static let text = """
        lane 0 control
        lane 1 membership
        lane 2 replication
        lane 3 bulk
        error 0 NONE
        error 1 SHUTTING_DOWN
        error 2 DUPLICATE_LINK
        error 3 LEAVING
        error 4 IDLE
        error 5 JOINED
        error 257 VERSION_UNSUPPORTED
        error 258 BAD_HEADER
        error 259 BAD_BODY
        error 260 FRAME_TOO_LARGE
        error 261 MESSAGE_TOO_LARGE
        error 262 SEQUENCE_GAP
        error 263 UNKNOWN_CRITICAL
        error 264 MALFORMED
        error 265 UNEXPECTED_MESSAGE
        error 266 WRONG_LANE
        error 267 CREDIT_EXCEEDED
        error 268 FLOOD
        error 269 HANDSHAKE_TIMEOUT
        error 270 HEARTBEAT_TIMEOUT
        error 271 TOO_MANY_LINKS
        error 272 INTERNAL_ERROR
        error 273 SNAPSHOT_MISMATCH
        error 513 AUTHENTICATION_FAILED
        error 514 WRONG_CLUSTER
        error 515 NAME_CONFLICT
        error 516 STALE_INCARNATION
        error 517 CLOCK_SKEW
        error 518 REMOVED
        error 519 NOT_MEMBER
        error 520 SELF_LINK
        error 521 ROLE_NOT_ALLOWED
        error 769 NOT_EMPTY
        error 770 BUSY
        error 771 ALREADY_MEMBER
        error 772 TOO_MANY_MEMBERS
        error 773 INCOMPATIBLE
        error 1025 UNKNOWN_METHOD
        error 1026 INVALID_ARGUMENT
        error 1027 NO_SUCH_TABLE
        error 1028 TABLE_EXISTS
        error 1029 TOO_MANY_TABLES
        error 1030 KEY_TOO_LARGE
        error 1031 VALUE_TOO_LARGE
        error 1032 BATCH_TOO_LARGE
        error 1033 ACKNOWLEDGEMENT_TIMEOUT
        error 1034 STORAGE_FAILED
        error 1035 DISK_FULL
        error 1036 POSITION_TOO_OLD
        error 1037 NO_SUCH_MEMBER
        error 1038 NOT_READY
        error 1039 UNREACHABLE
        error 1040 TOO_MANY_CALLS
        error 1041 NOT_SUPPORTED
        error 1042 CANCELLED
        error 1043 NOT_REPLICATED
        enum Lane 1 0=control 1=membership 2=replication 3=bulk
        enum Role 1 1=core 2=replica 3=client
        enum Intent 1 1=member 2=join
        enum MemberState 1 1=joining 2=up 3=suspect 4=down 5=leaving 6=left 7=removed
        enum JoinMode 1 0=refuse 1=merge 2=replace
        enum TableType 1 1=set 2=orderedSet 3=bag
        enum StorageKind 1 1=ram 2=disc
        enum MergeRule 1 1=lww 2=owner 3=strong
        enum OperationKind 1 1=put 2=delete
        enum AckLevel 1 0=local 1=majority 2=all
        enum TableReadiness 1 1=loading 2=local 3=catchingUp 4=ready
        enum Codec 2 1=none 2=zlib
        struct Origin node:u128 incarnation:u64
        struct RowVersion stamp:u64;unit=stamp origin:Origin sequence:u64
        struct VectorEntry origin:Origin sequence:u64
        struct VersionVector entries:list<VectorEntry>
        struct TableHash table:TableName vectorHash:u64;unit=hash
        struct TableCount table:TableName rows:u64
        struct MemberRecord node:u128 joined:u64;unit=stamp incarnation:u64 refutation:u32 state:MemberState role:Role \
        downSince:u64;unit=date name:NodeName address:Address
        struct TableDefinition name:TableName type:TableType storage:StorageKind merge:MergeRule \
        syncIntervalMilliseconds:u32;unit=ms replicas:list<u128> exists:bool version:RowVersion floor:u64;unit=stamp
        struct Row flags:u8 key:bytes owner:u128;flag=2 value:bytes;payload version:RowVersion
        struct WatchPosition incarnation:u64 number:u64
        struct Operation kind:OperationKind key:bytes value:bytes;payload
        struct RowWrite table:TableName level:AckLevel timeout:u32;unit=ms operations:list<Operation>
        struct RowScan table:TableName prefix:bytes cursor:bytes
        struct TableInfo definition:TableDefinition readiness:TableReadiness rows:u64 tombstones:u64 \
        memory:u64;unit=bytes digest:u64;unit=hash vector:VersionVector reason:text
        struct MemberStatus record:MemberRecord isReachable:bool roundTrip:u32;unit=us clockOffset:i64;unit=ms \
        behind:u64 reason:text
        struct ClusterStatus cluster:u128 node:u128 coordinator:u128 members:list<MemberStatus> tables:list<TableInfo>
        struct JoinResult cluster:u128 isDryRun:bool copied:u64 merged:u64 archive:u64
        struct Conflict number:u64 table:TableName winner:Row loser:Row
        struct MemberEvent position:WatchPosition record:MemberRecord isReachable:bool
        struct WriteResult replicas:u16 wanted:u16 stamp:u64;unit=stamp last:u64
        struct RowPage rows:list<Row> next:bytes
        struct RowEvent position:WatchPosition row:Row
        struct Counter name:text value:u64
        struct NodeInfo node:u128 name:NodeName incarnation:u64 cluster:u128 version:text uptime:u64;unit=ms links:u32 \
        counters:list<Counter>
        struct RowID key:bytes owner:optional<u128> value:bytes;payload
        struct Interval origin:Origin first:u64 last:u64
        message 2 HELLO 0 yes,no,no,no,no,no LNK-010 role:Role intent:Intent cluster:u128 node:u128 incarnation:u64 \
        clock:u64;unit=date nonce:fixed<32> heartbeatInterval:u32;unit=ms heartbeatDeadline:u32;unit=ms \
        maximumFrameBody:u32;unit=bytes replicationCredit:u32;unit=bytes bulkCredit:u32;unit=bytes name:NodeName \
        address:Address features:list<u16> codecs:list<u16> extensions:tlv
        message 4 AUTH 0 no,yes,no,no,no,no LNK-030 key:u32 mac:fixed<32>
        message 6 CLOSE 0 yes,yes,yes,yes,yes,yes LNK-040 code:u16;unit=error offendingType:u16;unit=message \
        offendingSequence:u64 retry:u32;unit=ms detail:u64 text:text
        message 8 PING 0 no,no,yes,yes,yes,yes HRT-001 number:u64 clock:u64;unit=date received:array<u64,4> \
        viewHash:u64;unit=hash tables:list<TableHash>
        message 10 PONG 0 no,no,yes,yes,yes,yes HRT-002 number:u64 echo:u64;unit=date clock:u64;unit=date
        message 12 CREDIT 0 no,no,yes,yes,yes,yes FRM-031 lane:Lane limit:u64;unit=bytes
        message 258 MEMBERS 1 no,no,yes,no,no,no MBR-011 records:list<MemberRecord>
        message 260 PROBE_REQUEST 1 no,no,yes,no,no,no FDT-010 number:u64 target:u128
        message 262 PROBE_REPLY 1 no,no,yes,no,no,no FDT-011 number:u64 target:u128 isReachable:bool
        message 264 DEFINITIONS 1 no,no,yes,no,no,no TAB-009 definitions:list<TableDefinition>
        message 266 JOIN_REQUEST 1 no,no,no,no,no,yes/no JON-001 mode:JoinMode isDryRun:bool tables:list<TableCount>
        message 268 JOIN_ACCEPT 1 no,no,no,no,no,no/yes JON-002 cluster:u128 joined:u64;unit=stamp \
        members:list<MemberRecord> definitions:list<TableDefinition> tables:list<TableCount>
        message 270 JOIN_REJECT 1 no,no,no,no,no,no/yes JON-003 code:u16;unit=error text:text tables:list<TableCount>
        message 514 OPERATIONS 2 no,no,yes,no,no,no REP-001 table:TableName origin:Origin first:u64 count:u32 \
        groups:groups
        message 516 ACK 2 no,no,yes,no,no,no REP-010 table:TableName origin:Origin received:u64 applied:u64 \
        durable:u64
        message 518 TABLE_STATE 2 no,no,yes,no,no,no REP-020 table:TableName vector:VersionVector digest:u64;unit=hash \
        rows:u64 streamable:u64 origin:Origin wantsReply:bool
        message 520 DIGEST_REQUEST 2 no,no,yes,no,no,no DIG-010 table:TableName
        message 522 DIGESTS 2 no,no,yes,no,no,no DIG-011 table:TableName vector:VersionVector \
        buckets:array<u64,1024>;unit=hash
        message 524 SNAP_REQUEST 2 no,no,yes,no,no,yes/no SNP-001 table:TableName firstBucket:u16 lastBucket:u16 \
        have:VersionVector
        message 528 CALL 2 no,no,yes,yes,no,no CAL-001 method:Method arguments:arguments
        message 530 REPLY 2 no,no,yes,no,yes,no CAL-002 code:u16;unit=error isLast:bool kind:ReplyKind result:result
        message 532 CANCEL 2 no,no,yes,yes,no,no CAL-006
        message 770 SNAP_BEGIN 3 no,no,yes,no,no,no/yes SNP-002 table:TableName vector:VersionVector \
        collected:VersionVector isComplete:bool rows:u64
        message 772 SNAP_CHUNK 3 no,no,yes,no,no,no/yes SNP-003 number:u32 nextBucket:u16 codec:Codec \
        rawLength:u32;unit=bytes rawCRC:u32;unit=hash data:chunk
        message 774 SNAP_END 3 no,no,yes,no,no,no/yes SNP-004 chunks:u32 rows:u64 digest:u64;unit=hash
        message 776 SNAP_CANCEL 3 no,no,yes,no,no,yes SNP-005 code:u16;unit=error text:text
        call 1 clusterStatus
        call 2 clusterJoin address:Address mode:JoinMode isDryRun:bool
        call 3 clusterLeave
        call 4 clusterRemove name:NodeName
        call 5 clusterConflicts after:u64 limit:u32
        call 6 clusterWatch position:optional<WatchPosition>
        call 257 tableCreate definition:TableDefinition
        call 258 tableDrop table:TableName
        call 259 tableList
        call 260 tableInfo table:TableName
        call 513 rowWrite write:RowWrite
        call 514 rowGet table:TableName key:bytes
        call 515 rowScan scan:RowScan
        call 516 rowWatch table:TableName position:optional<WatchPosition>
        call 769 nodeInfo
        call 770 nodePrepare
        call 771 nodeResume
        call 772 nodeBlock names:list<NodeName>
        reply 0 done
        reply 1 failure text:text
        reply 2 clusterStatus status:ClusterStatus
        reply 3 joined result:JoinResult
        reply 4 conflicts conflicts:list<Conflict>
        reply 5 memberEvent event:MemberEvent
        reply 6 tables tables:list<TableInfo>
        reply 7 written result:WriteResult
        reply 8 rows page:RowPage
        reply 9 rowEvents events:list<RowEvent>
        reply 10 nodeInfo info:NodeInfo
        file 1 MANIFEST
        file 2 node
        file 3 clock
        file 4 members
        file 5 catalogue
        file 6 log-start
        file 7 log-S
        file 8 table-NAME.ckpt
        file 9 conflicts-P
        record 1 manifest generation:u64 cluster:u128 founded:u64;unit=stamp
        record 2 node node:u128 incarnation:u64 name:NodeName
        record 3 clock bound:u64;unit=stamp
        record 4 members cluster:u128 members:body<MEMBERS>
        record 5 catalogue catalogue:body<DEFINITIONS>
        record 6 logStart segment:u64
        record 16 barrier position:u64;unit=bytes synced:u64;unit=bytes
        record 17 operations operations:body<OPERATIONS>
        record 18 rows table:TableName;log rows:rowBlock
        record 19 vector table:TableName vector:VersionVector
        record 20 removals table:TableName vector:VersionVector collected:VersionVector rows:list<RowID>
        record 21 purge table:TableName owner:u128 below:u64
        record 22 forget table:TableName origin:Origin
        record 23 reset table:TableName
        record 24 definition table:TableName definition:sized<DEFINITIONS>
        record 25 collection table:TableName firstBucket:u16 buckets:u16 vector:VersionVector
        record 26 progress table:TableName vector:VersionVector collected:VersionVector intervals:list<Interval>
        record 32 checkpointBegin definition:sized<DEFINITIONS> rows:u64 segment:u64 vector:VersionVector \
        intervals:list<Interval>
        record 33 checkpointEnd rows:u64 collected:VersionVector
        record 48 conflict conflict:body<REPLY>
        """
}

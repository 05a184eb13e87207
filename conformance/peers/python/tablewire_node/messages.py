"""Every structure, message, call and reply: the field tables of chapters 2 to 12."""
from __future__ import annotations

from operator import attrgetter
from typing import Any

from .versions import VECTOR, Origin, RowVersion
from .wire import (ADDRESS, ADDRESS_OR_NONE, BATCH_LIMIT, BOOL, BULK, BYTES, CONTROL, FRAME_BODY, I64, KEY,
                   MEMBERSHIP, MESSAGE_LIMIT, NODE_NAME, REPLICATION, TABLE_NAME, TEXT, U16, U32, U64, U128,
                   VALUE, WHOLE, Code, Fault, Kind, Reader, array, enumeration, fixed, integer, listing,
                   malformed, optional, struct)

Lane, LANE = enumeration("Lane", "control membership replication bulk", start=0)
Role, ROLE = enumeration("Role", "core replica client")
Intent, INTENT = enumeration("Intent", "member join")
State, STATE = enumeration("State", "joining up suspect down leaving left removed")
JoinMode, JOIN_MODE = enumeration("JoinMode", "refuse merge replace", start=0)
TableType, TABLE_TYPE = enumeration("TableType", "set ordered_set bag")
Storage, STORAGE = enumeration("Storage", "ram disc")
MergeRule, MERGE_RULE = enumeration("MergeRule", "lww owner strong")
OperationKind, OPERATION_KIND = enumeration("OperationKind", "put delete")
AckLevel, ACK_LEVEL = enumeration("AckLevel", "local majority all", start=0)
Readiness, READINESS = enumeration("Readiness", "loading local catching_up ready")
Codec, CODEC = enumeration("Codec", "none zlib", size=2)

Extension: Any = struct("Extension", type=U16, value=BYTES)
TableHash: Any = struct("TableHash", table=TABLE_NAME, vector_hash=U64)
TableCount: Any = struct("TableCount", table=TABLE_NAME, rows=U64)
MemberRecord: Any = struct("MemberRecord", node=U128, joined=U64, incarnation=U64, refutation=U32,
                           state=STATE, role=ROLE, down_since=U64, name=NODE_NAME, address=ADDRESS)
TableDefinition: Any = struct("TableDefinition", name=TABLE_NAME, type=TABLE_TYPE, storage=STORAGE,
                              merge=MERGE_RULE, sync_interval_milliseconds=U32,
                              replicas=listing(U128, 1024, order=int), exists=BOOL, version=RowVersion,
                              floor=U64)
RowBase: Any = struct("RowBase", key=KEY, owner=U128, value=VALUE, is_tombstone=BOOL, version=RowVersion)


class Row(RowBase):
    """A live row or a tombstone; `owner` is None where the table has no owners (CAL-020)."""
    wire: Kind

    @property
    def id(self) -> tuple[bytes, int, bytes]:
        """Key, owner and value, in the order of row blocks (SNP-024)."""
        return self.key, -1 if self.owner is None else self.owner, self.value


def _read_row(r: Reader) -> Row:
    flags = r.number(1)
    malformed(flags > 3, r.at - 1, "reservedNotZero")
    key, owner, value = KEY.read(r), r.number(16) if flags & 2 else None, VALUE.read(r)
    at = r.at
    version = RowVersion.wire.read(r)
    malformed(version.sequence == 0, at + 32, "outOfRange")
    return Row(key, owner, value, bool(flags & 1), version)


def _write_row(out: bytearray, row: Row) -> None:
    out.append(row.is_tombstone | (row.owner is not None) << 1)
    KEY.write(out, row.key)
    out += b"" if row.owner is None else row.owner.to_bytes(16, "big")
    VALUE.write(out, row.value)
    RowVersion.wire.write(out, row.version)


Row.wire = Kind(_read_row, _write_row, 49)
WatchPosition: Any = struct("WatchPosition", incarnation=U64, number=U64)
Operation: Any = struct("Operation", kind=OPERATION_KIND, key=KEY, value=VALUE)
RowWrite: Any = struct("RowWrite", table=TABLE_NAME, level=ACK_LEVEL, timeout=U32,
                       operations=listing(Operation, BATCH_LIMIT, least=1, code=Code.BATCH_TOO_LARGE))
RowScan: Any = struct("RowScan", table=TABLE_NAME, prefix=KEY, cursor=BYTES)
TableInfo: Any = struct("TableInfo", definition=TableDefinition, readiness=READINESS, rows=U64,
                        tombstones=U64, memory=U64, digest=U64, vector=VECTOR, reason=TEXT)
MemberStatus: Any = struct("MemberStatus", record=MemberRecord, is_reachable=BOOL, round_trip=U32,
                           clock_offset=I64, behind=U64, reason=TEXT)
ClusterStatus: Any = struct("ClusterStatus", cluster=U128, node=U128, coordinator=U128,
                            members=listing(MemberStatus, 1024, attrgetter("record.node")),
                            tables=listing(TableInfo, 1024, attrgetter("definition.name")))
JoinResult: Any = struct("JoinResult", cluster=U128, is_dry_run=BOOL, copied=U64, merged=U64, archive=U64)
Conflict: Any = struct("Conflict", number=U64, table=TABLE_NAME, winner=Row, loser=Row)
MemberEvent: Any = struct("MemberEvent", position=WatchPosition, record=MemberRecord, is_reachable=BOOL)
WriteResult: Any = struct("WriteResult", replicas=U16, wanted=U16, stamp=U64, last=U64)
RowPage: Any = struct("RowPage", rows=listing(Row), next=BYTES)
RowEvent: Any = struct("RowEvent", position=WatchPosition, row=Row)
Counter: Any = struct("Counter", name=TEXT, value=U64)
NodeInfo: Any = struct("NodeInfo", node=U128, name=NODE_NAME, incarnation=U64, cluster=U128, version=TEXT,
                       uptime=U64, links=U32, counters=listing(Counter, order=attrgetter("name")))

RECORDS = listing(MemberRecord, 1024, attrgetter("node"))
DEFINITIONS = listing(TableDefinition, 1024, attrgetter("name"))
COUNTS = listing(TableCount, 1024, attrgetter("table"))

REGISTRY: dict[int, Any] = {}
"""Message types by code."""


def message(name: str, code: int, lane: int, stream: str = "none", check: Any = None, /,
            **fields: Any) -> Any:
    """Registers a message type; `stream` is none, snapshot or call (FRM-015)."""
    made = struct(name, check, **fields)
    made.TYPE, made.LANE, made.STREAM, made.NAME = code, lane, stream, name
    REGISTRY[code] = made
    return made


def _even_is_critical(value: int, at: int) -> None:
    if value % 2 == 0:
        raise Fault(Code.UNKNOWN_CRITICAL, "unknownCritical", at)  # EXT-004, EXT-005


def _read_extensions(r: Reader) -> list[Any]:
    found: list[Any] = []
    while r.at < len(r.data):
        at = r.at
        malformed(len(found) == 32, at, "limitExceeded")  # LIM-025
        type = int.from_bytes(r.take(2), "big")
        malformed(bool(found) and found[-1].type >= type, at, "notAscending")
        _even_is_critical(type, at)
        start = r.at
        found.append(Extension(type, r.take(r.number(2), start)))
    return found


def _write_extensions(out: bytearray, extensions: list[Any]) -> None:
    for type, value in extensions:
        out += type.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def _check_operations(m: Any, at: dict[str, int], r: Reader) -> None:
    from .blocks import read_groups
    malformed(m.first + m.count > WHOLE, at["first"], "outOfRange")
    groups = read_groups(m.groups, at["groups"] + 4)
    malformed(sum(len(group.operations) for group in groups) != m.count, at["count"], "contradiction")


def _check_range(m: Any, at: dict[str, int], r: Reader) -> None:
    malformed(m.first_bucket > m.last_bucket, at["last_bucket"], "outOfRange")


def _check_chunk(m: Any, at: dict[str, int], r: Reader) -> None:
    malformed(m.raw_length > MESSAGE_LIMIT, at["raw_length"], "limitExceeded")
    plain = m.codec == Codec.none
    malformed(m.raw_length != len(m.data) if plain else m.raw_length > 1032 * len(m.data),
              at["raw_length"], "contradiction")  # no zlib stream holds more than 1032 times its length
    malformed(plain and m.raw_crc != 0, at["raw_crc"], "reservedNotZero")  # SNP-030


def _check_reply(m: Any, at: dict[str, int], r: Reader) -> None:
    malformed((m.code != 0) != isinstance(m.result, Failure), at["result"], "contradiction")  # CAL-009


Hello: Any = message(
    "HELLO", 0x0002, CONTROL, role=ROLE, intent=INTENT, cluster=U128, node=U128, incarnation=U64, clock=U64,
    nonce=fixed(32), heartbeat_interval=U32, heartbeat_deadline=U32,
    maximum_frame_body=integer(4, 65536, FRAME_BODY), replication_credit=U32, bulk_credit=U32, name=NODE_NAME,
    address=ADDRESS_OR_NONE, features=listing(U16, 32, int, each=_even_is_critical),
    codecs=listing(U16, 32, int), extensions=Kind(_read_extensions, _write_extensions, 0))
Auth: Any = message("AUTH", 0x0004, CONTROL, key=U32, mac=fixed(32))
Close: Any = message("CLOSE", 0x0006, CONTROL, code=U16, offending_type=U16, offending_sequence=U64,
                     retry=U32, detail=U64, text=TEXT)
Ping: Any = message("PING", 0x0008, CONTROL, number=U64, clock=U64, received=array(U64, 4), view_hash=U64,
                    tables=listing(TableHash, 128, attrgetter("table")))
Pong: Any = message("PONG", 0x000A, CONTROL, number=U64, echo=U64, clock=U64)


def _credit_lane(r: Reader) -> Any:
    lane = LANE.read(r)
    malformed(lane < REPLICATION, r.at - 1, "outOfRange")  # FRM-033
    return lane


Credit: Any = message("CREDIT", 0x000C, CONTROL, lane=Kind(_credit_lane, LANE.write, 1), limit=U64)
Members: Any = message("MEMBERS", 0x0102, MEMBERSHIP, records=RECORDS)
ProbeRequest: Any = message("PROBE_REQUEST", 0x0104, MEMBERSHIP, number=U64, target=U128)
ProbeReply: Any = message("PROBE_REPLY", 0x0106, MEMBERSHIP, number=U64, target=U128, is_reachable=BOOL)
Definitions: Any = message("DEFINITIONS", 0x0108, MEMBERSHIP, definitions=DEFINITIONS)
JoinRequest: Any = message("JOIN_REQUEST", 0x010A, MEMBERSHIP, mode=JOIN_MODE, is_dry_run=BOOL, tables=COUNTS)
JoinAccept: Any = message("JOIN_ACCEPT", 0x010C, MEMBERSHIP, cluster=U128, joined=U64, members=RECORDS,
                          definitions=DEFINITIONS, tables=COUNTS)
JoinReject: Any = message("JOIN_REJECT", 0x010E, MEMBERSHIP, code=U16, text=TEXT, tables=COUNTS)
Operations: Any = message("OPERATIONS", 0x0202, REPLICATION, "none", _check_operations, table=TABLE_NAME,
                          origin=Origin, first=integer(8, 1), count=integer(4, 1), groups=BYTES)
Ack: Any = message("ACK", 0x0204, REPLICATION, table=TABLE_NAME, origin=Origin, received=U64, applied=U64,
                   durable=U64)
TableState: Any = message("TABLE_STATE", 0x0206, REPLICATION, table=TABLE_NAME, vector=VECTOR, digest=U64,
                          rows=U64, streamable=U64, origin=Origin, wants_reply=BOOL)
DigestRequest: Any = message("DIGEST_REQUEST", 0x0208, REPLICATION, table=TABLE_NAME)
Digests: Any = message("DIGESTS", 0x020A, REPLICATION, table=TABLE_NAME, vector=VECTOR,
                       buckets=array(U64, 1024))
BUCKET = integer(2, high=1023)
SnapRequest: Any = message("SNAP_REQUEST", 0x020C, REPLICATION, "snapshot", _check_range, table=TABLE_NAME,
                           first_bucket=BUCKET, last_bucket=BUCKET, have=VECTOR)
SnapBegin: Any = message("SNAP_BEGIN", 0x0302, BULK, "snapshot", table=TABLE_NAME, vector=VECTOR,
                         collected=VECTOR, is_complete=BOOL, rows=U64)
SnapChunk: Any = message("SNAP_CHUNK", 0x0304, BULK, "snapshot", _check_chunk, number=U32,
                         next_bucket=integer(2, high=1024), codec=CODEC, raw_length=integer(4, 1),
                         raw_crc=U32, data=BYTES)
SnapEnd: Any = message("SNAP_END", 0x0306, BULK, "snapshot", chunks=U32, rows=U64, digest=U64)
SnapCancel: Any = message("SNAP_CANCEL", 0x0308, BULK, "snapshot", code=U16, text=TEXT)

METHODS: dict[int, Any] = {}
"""Methods by code (chapter 12). An instance of one is the arguments of a CALL."""
REPLIES: dict[int, Any] = {}
"""Reply kinds by value."""


def _variant(table: dict[int, Any], name: str, code: int, /, **fields: Any) -> Any:
    made = struct(name, **fields)
    made.CODE, made.NAME = code, name
    table[code] = made
    return made


POSITION = optional(WatchPosition)
ClusterStatusCall: Any = _variant(METHODS, "clusterStatus", 0x0001)
ClusterJoin: Any = _variant(METHODS, "clusterJoin", 0x0002, address=ADDRESS, mode=JOIN_MODE, is_dry_run=BOOL)
ClusterLeave: Any = _variant(METHODS, "clusterLeave", 0x0003)
ClusterRemove: Any = _variant(METHODS, "clusterRemove", 0x0004, name=NODE_NAME)
ClusterConflicts: Any = _variant(METHODS, "clusterConflicts", 0x0005, after=U64, limit=U32)
ClusterWatch: Any = _variant(METHODS, "clusterWatch", 0x0006, position=POSITION)
TableCreate: Any = _variant(METHODS, "tableCreate", 0x0101, definition=TableDefinition)
TableDrop: Any = _variant(METHODS, "tableDrop", 0x0102, table=TABLE_NAME)
TableList: Any = _variant(METHODS, "tableList", 0x0103)
TableInfoCall: Any = _variant(METHODS, "tableInfo", 0x0104, table=TABLE_NAME)
RowWriteCall: Any = _variant(METHODS, "rowWrite", 0x0201, write=RowWrite)
RowGet: Any = _variant(METHODS, "rowGet", 0x0202, table=TABLE_NAME, key=KEY)
RowScanCall: Any = _variant(METHODS, "rowScan", 0x0203, scan=RowScan)
RowWatch: Any = _variant(METHODS, "rowWatch", 0x0204, table=TABLE_NAME, position=POSITION)
NodeInfoCall: Any = _variant(METHODS, "nodeInfo", 0x0301)
NodePrepare: Any = _variant(METHODS, "nodePrepare", 0x0302)
NodeResume: Any = _variant(METHODS, "nodeResume", 0x0303)
NodeBlock: Any = _variant(METHODS, "nodeBlock", 0x0304, names=listing(NODE_NAME, 1024))

Done: Any = _variant(REPLIES, "done", 0)
Failure: Any = _variant(REPLIES, "failure", 1, text=TEXT)
StatusReply: Any = _variant(REPLIES, "clusterStatus", 2, status=ClusterStatus)
Joined: Any = _variant(REPLIES, "joined", 3, joined=JoinResult)
Conflicts: Any = _variant(REPLIES, "conflicts", 4, conflicts=listing(Conflict, order=attrgetter("number")))
MemberEventReply: Any = _variant(REPLIES, "memberEvent", 5, event=MemberEvent)
Tables: Any = _variant(REPLIES, "tables", 6, tables=listing(TableInfo, 1024, attrgetter("definition.name")))
Written: Any = _variant(REPLIES, "written", 7, written=WriteResult)
Rows: Any = _variant(REPLIES, "rows", 8, page=RowPage)
RowEvents: Any = _variant(REPLIES, "rowEvents", 9, events=listing(RowEvent))
NodeInfoReply: Any = _variant(REPLIES, "nodeInfo", 10, info=NodeInfo)


def _union(table: dict[int, Any], size: int, code: int) -> Kind:
    """A selector and the fields that it names. Of a CALL, what is refused is told to the caller (CAL-004)."""
    def read(r: Reader) -> Any:
        at, r.in_call = r.at, table is METHODS
        selector = r.number(size)
        if selector not in table:
            raise Fault(code, "unknownValue", at, refusal=r.in_call)
        return table[selector].wire.read(r)

    def write(out: bytearray, value: Any) -> None:
        out += value.CODE.to_bytes(size, "big")
        value.wire.write(out, value)
    return Kind(read, write, size)


Call: Any = message("CALL", 0x0210, REPLICATION, "call", arguments=_union(METHODS, 2, Code.UNKNOWN_METHOD))
Reply: Any = message("REPLY", 0x0212, REPLICATION, "call", _check_reply, code=U16, is_last=BOOL,
                     result=_union(REPLIES, 1, Code.MALFORMED))
Cancel: Any = message("CANCEL", 0x0214, REPLICATION, "call")

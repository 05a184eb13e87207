"""What a client can ask (chapter 12)."""
from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from . import messages as m
from .handshake import GONE
from .link import BACKLOG, Link
from .messages import MergeRule, Readiness, Row, State, Storage, TableType
from .tables import Table
from .versions import Origin, RowVersion, Vector
from .wire import BATCH_LIMIT, MESSAGE_LIMIT, Arrival, Code, Fault

if TYPE_CHECKING:
    from .node import Node

CALLS_LIMIT, PAGE_BYTES, KEPT_EVENTS = 1024, 262144, 4096  # LIM-023, LIM-024
VERSION = "tablewire-python 1"


class Feed:
    """The latest events of one kind, and who watches them (CAL-040 to CAL-044)."""

    def __init__(self) -> None:
        self.events: deque[tuple[int, Any]] = deque()
        self.floor = 0
        self.watchers: set[tuple[Link, int]] = set()

    def add(self, number: int, reply: Any) -> None:
        """Keeps an event and tells it to the watchers."""
        self.events.append((number, reply))
        if len(self.events) > KEPT_EVENTS:
            self.floor = self.events.popleft()[0]
        for link, stream in list(self.watchers):
            if link.over_at:
                self.watchers.discard((link, stream))
            elif link.waiting > BACKLOG:
                self.end(link, stream, Fault(Code.POSITION_TOO_OLD, "the watcher does not read"))
            else:
                link.reply(stream, reply, last=False)

    def end(self, link: Link, stream: int, fault: Fault) -> None:
        """The last reply of a watch."""
        self.watchers.discard((link, stream))
        link.calls.discard(stream)
        link.refuse(stream, fault)


class Calls:
    """Answers CALLs."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.number = 0
        self.members, self.rows = Feed(), dict[str, Feed]()
        self.methods = {
            m.ClusterStatusCall: self.cluster_status, m.ClusterJoin: self.cluster_join,
            m.ClusterLeave: self.cluster_leave, m.ClusterRemove: self.cluster_remove,
            m.ClusterConflicts: lambda call: m.Conflicts([]), m.TableCreate: self.table_create,
            m.TableDrop: self.table_drop, m.TableInfoCall: self.table_info, m.RowGet: self.row_get,
            m.TableList: lambda call: m.Tables([self.info(d.name) for d in node.catalogue.existing()]),
            m.RowWriteCall: self.row_write, m.RowScanCall: self.row_scan, m.NodeInfoCall: self.node_info,
            m.NodePrepare: lambda call: self.prepare(True), m.NodeResume: lambda call: self.prepare(False)}

    def handle(self, link: Link, arrival: Arrival) -> None:
        """CALL: taken in the order in which they come (CAL-002, CAL-005, CAL-008, CAL-027)."""
        stream = arrival.stream
        if stream in link.calls:
            raise link.unexpected(arrival, "has the stream of a call in progress")
        try:
            if arrival.refusal:
                raise arrival.refusal
            if len(link.calls) >= CALLS_LIMIT:
                raise Fault(Code.TOO_MANY_CALLS, "too many calls in progress")
            call = arrival.message.arguments
            if isinstance(call, m.ClusterWatch | m.RowWatch):
                return self.watch(link, stream, call)
            if type(call) not in self.methods:
                raise Fault(Code.NOT_SUPPORTED, f"this node does not do {call.NAME}")  # CAL-023
            result = self.methods[type(call)](call)
            if not isinstance(result, Coroutine):
                return link.reply(stream, result)
            link.calls.add(stream)
            self.node.spawn(self.later(link, stream, result))
        except Fault as fault:
            link.refuse(stream, fault)

    async def later(self, link: Link, stream: int, result: Coroutine[Any, Any, Any]) -> None:
        """The answer of a call that waits; it holds nobody up."""
        try:
            link.reply(stream, await result)
        except Fault as fault:
            link.refuse(stream, fault)
        finally:
            link.calls.discard(stream)

    def handle_cancel(self, link: Link, message: Any, stream: int) -> None:
        """CANCEL (CAL-006)."""
        for feed in [self.members, *self.rows.values()]:
            if (link, stream) in feed.watchers:
                feed.end(link, stream, Fault(Code.CANCELLED, "cancelled"))

    # The cluster

    def cluster_status(self, call: Any) -> Any:
        """CAL-010."""
        node = self.node
        return m.StatusReply(m.ClusterStatus(
            node.cluster, node.id, node.members.coordinator(),
            [self.status(record) for record in sorted(node.members.records.values())],
            [self.info(d.name) for d in node.catalogue.existing()]))

    def status(self, record: Any) -> Any:
        """One member as this node sees it."""
        link, own = self.node.links.get(record.node), record.node == self.node.id
        reason = "" if link or own else "no link" if record.state not in GONE else "no member any more"
        return m.MemberStatus(record, own or bool(link), int(link.round_trip * 1e6) if link else 0,
                              link.clock_offset if link else 0, self.behind(link) if link else 0, reason)

    def behind(self, link: Link) -> int:
        """Operations of this node that a member has not acknowledged."""
        tables = self.node.tables
        return sum(max(tables[name].last - stream.applied, 0)
                   for name, stream in link.streams.items() if name in tables and stream.next)

    async def cluster_join(self, call: Any) -> Any:
        """CAL-011."""
        return m.Joined(await self.node.joining.join(*call))

    async def cluster_leave(self, call: Any) -> Any:
        """CAL-012."""
        await self.node.joining.leave()
        return m.Done()

    def cluster_remove(self, call: Any) -> Any:
        """CAL-013, MBR-024."""
        if call.name == self.node.members.own.name:
            raise Fault(Code.INVALID_ARGUMENT, "a node cannot remove itself: leave")
        for record in self.node.members.others():
            if record.name == call.name:
                self.node.members.change(record.node, state=State.removed)
                return m.Done()
        raise Fault(Code.NO_SUCH_MEMBER, "no member of that name")

    def node_info(self, call: Any) -> Any:
        """CAL-028."""
        node = self.node
        counters = {"links.members": len(node.links), "members.known": len(node.members.records),
                    "tables.rows": sum(table.live for table in node.tables.values())}
        return m.NodeInfoReply(m.NodeInfo(node.id, node.name, node.origin.incarnation, node.cluster, VERSION,
                                          int((time.monotonic() - node.started) * 1000), len(node.all_links),
                                          [m.Counter(*each) for each in sorted(counters.items())]))

    def prepare(self, prepared: bool) -> Any:
        """CAL-021, CAL-022: there are no checkpoints to write here."""
        self.node.prepared = prepared
        return m.Done()

    # Tables

    def info(self, name: str) -> Any:
        """A table as this node sees it."""
        table = self.node.tables.get(name)
        if not table:
            definition = self.node.catalogue.definitions[name]
            return m.TableInfo(definition, Readiness.ready, 0, 0, 0, 0, Vector(), "")
        readiness, reason = self.readiness(name, table)
        memory = sum(len(h.row.key) + len(h.row.value) + 200 for h in table.rows.values())
        return m.TableInfo(table.definition, readiness, table.live, len(table.rows) - table.live, memory,
                           table.digest, table.vector.copy(), reason)

    def readiness(self, name: str, table: Table) -> tuple[Any, str]:
        """CAL-030."""
        links = [link for link in self.node.links.values() if self.node.replication.table(link, name)]
        if self.node.snapshots.active(name) or any(self.node.snapshots.needed(link, name) for link in links):
            return Readiness.catching_up, "a snapshot is needed or coming in"
        for link in links:
            first, origin = link.streams[name].first, Origin(link.peer.node, link.peer.incarnation)
            if first and first[origin] > table.vector[origin]:
                return Readiness.catching_up, f"operations of {link.peer.name} have not all come"
        if not table.compared and self.node.replication.live_replicas(table) - {self.node.id}:
            return Readiness.local, "no other replica has told what it has"
        return Readiness.ready, ""

    def table_create(self, call: Any) -> Any:
        """CAL-015, TAB-018. A table on disk is refused: this node could not keep it."""
        node, wish = self.node, call.definition
        mine = node.catalogue.definitions.get(wish.name)
        rules = [definition[1:6] for definition in (wish, mine) if definition]
        if mine and mine.exists:
            if rules[0] != rules[1]:
                raise Fault(Code.TABLE_EXISTS, f"there is another table '{wish.name}'")
            return m.Tables([self.info(wish.name)])
        if wish.merge == MergeRule.strong or wish.storage == Storage.disc:  # TAB-006
            raise Fault(Code.NOT_SUPPORTED, "this node has no strong tables and keeps none on disk")
        if not mine and len(node.catalogue.definitions) >= 1024:
            raise Fault(Code.TOO_MANY_TABLES, "as many tables as allowed")
        stamp = node.clock.stamp()
        node.catalogue.define(wish._replace(exists=True, version=RowVersion(stamp, node.origin, stamp),
                                            floor=mine.floor if mine else 0))
        return m.Tables([self.info(wish.name)])

    def table_drop(self, call: Any) -> Any:
        """CAL-016, TAB-014."""
        definition, stamp = self.definition(call.table), self.node.clock.stamp()
        self.node.catalogue.define(definition._replace(
            exists=False, version=RowVersion(stamp, self.node.origin, stamp), floor=stamp))
        return m.Done()

    def table_info(self, call: Any) -> Any:
        """CAL-017."""
        return m.Tables([self.info(self.definition(call.table).name)])

    def definition(self, name: str) -> Any:
        """A table that exists, or NO_SUCH_TABLE (CAL-024)."""
        definition = self.node.catalogue.definitions.get(name)
        if not definition or not definition.exists:
            raise Fault(Code.NO_SUCH_TABLE, f"there is no table '{name}'")
        return definition

    def table(self, name: str) -> Table:
        """A table whose rows are here, or NOT_REPLICATED (CAL-024)."""
        self.definition(name)
        if name not in self.node.tables:
            raise Fault(Code.NOT_REPLICATED, f"this node does not replicate '{name}'")
        return self.node.tables[name]

    # Rows

    def row_write(self, call: Any) -> Any:
        """CAL-018: written at once; the answer waits for the level."""
        write, table = call.write, self.table(call.write.table)
        if self.node.prepared:
            raise Fault(Code.NOT_READY, "writes are stopped")
        operations = table.plain(write.operations)
        size = sum(9 + len(each.key) + len(each.value) for each in operations)
        if len(operations) > BATCH_LIMIT or size > MESSAGE_LIMIT - 512:
            raise Fault(Code.BATCH_TOO_LARGE, "more operations or bytes than one group takes")
        stamp, last = table.write(operations)
        return self.acknowledged(table, stamp, last, write)

    async def acknowledged(self, table: Table, stamp: int, last: int, write: Any) -> Any:
        """REP-030."""
        have, wanted = await self.node.replication.written(table, last, write.level, write.timeout)
        return m.Written(m.WriteResult(have, wanted, stamp, last))

    def visible(self, row: Row) -> bool:
        """MRG-012."""
        if row.is_tombstone or row.owner is None:
            return not row.is_tombstone
        record = self.node.members.records.get(row.owner)
        return not record or record.state not in (State.down, *GONE)

    def row_get(self, call: Any) -> Any:
        """CAL-019."""
        return m.Rows(m.RowPage([r for r in self.table(call.table).of_key(call.key) if self.visible(r)], b""))

    def row_scan(self, call: Any) -> Any:
        """CAL-050 to CAL-054: a cursor is the place of the last row, sealed with the name of the table."""
        scan, table = call.scan, self.table(call.scan.table)
        ordered = table.definition.type == TableType.ordered_set
        after: tuple[Any, ...] = ()
        if scan.cursor:
            if self.seal(scan.table, scan.cursor[4:]) != scan.cursor:
                raise Fault(Code.INVALID_ARGUMENT, "not a cursor of this table")
            bucket, owner, size, rest = scan.cursor[4:].split(b" ", 3)
            after = (int(bucket), rest[:int(size)], int(owner), rest[int(size):])
        places = sorted((0 if ordered else held.hash >> 54, *held.row.id) for held in table.rows.values()
                        if held.row.key.startswith(scan.prefix) and self.visible(held.row))
        rows: list[Row] = []
        size, next = 0, b""
        for bucket, key, owner, value in places:
            if (bucket, key, owner, value if table.is_bag else b"") <= after:
                continue
            row = table.rows[table.row_id(key, owner, value)].row
            size += len(row.key) + len(row.value)
            if rows and size > PAGE_BYTES:
                place = b"%d %d %d %s%s" % (*last, rows[-1].key, rows[-1].value if table.is_bag else b"")
                next = self.seal(scan.table, place)
                break
            rows.append(row)
            last = bucket, owner, len(key)
        return m.Rows(m.RowPage(rows, next))

    @staticmethod
    def seal(table: str, place: bytes) -> bytes:
        """A cursor: a check sum over table and place, and the place."""
        return zlib.crc32(place, zlib.crc32(table.encode())).to_bytes(4, "big") + place

    # Watches

    def watch(self, link: Link, stream: int, call: Any) -> None:
        """CAL-040 to CAL-042."""
        feed = self.members if isinstance(call, m.ClusterWatch) else \
            self.rows.setdefault(self.table(call.table).definition.name, Feed())
        if call.position:
            incarnation, number = call.position
            if incarnation != self.node.origin.incarnation or not feed.floor <= number <= self.number:
                raise Fault(Code.POSITION_TOO_OLD, "the changes after that are not kept")
            for event, reply in feed.events:
                if event > number:
                    link.reply(stream, reply, last=False)
        link.calls.add(stream)
        feed.watchers.add((link, stream))

    def position(self) -> Any:
        """The next position."""
        self.number += 1
        return m.WatchPosition(self.node.origin.incarnation, self.number)

    def member_changed(self, record: Any) -> None:
        """A record or the reachability of a member has changed."""
        own = record.node == self.node.id
        event = m.MemberEvent(self.position(), record, own or record.node in self.node.links)
        self.members.add(self.number, m.MemberEventReply(event))

    def row_changed(self, name: str, row: Row, before: Row | None) -> None:
        """A row has changed: what was or is visible is told."""
        if self.visible(row) or (before and self.visible(before) and row.is_tombstone):
            shown = row if not row.is_tombstone or self.node.tables[name].is_bag else row._replace(value=b"")
            feed = self.rows.setdefault(name, Feed())
            feed.add(self.number + 1, m.RowEvents([m.RowEvent(self.position(), shown)]))

    def owner_changed(self, node: int, before: Any) -> None:
        """The rows of an owner leave the view when it goes down, and come back (MRG-012)."""
        hidden = (State.down, *GONE)
        was, now = bool(before) and before.state in hidden, self.node.members.records[node].state in hidden
        for name, table in self.node.tables.items() if was != now else ():
            for held in [h for h in table.rows.values() if h.row.owner == node and not h.row.is_tombstone]:
                value = held.row.value if table.is_bag or not now else b""
                row = held.row._replace(is_tombstone=now, value=value)
                feed = self.rows.setdefault(name, Feed())
                feed.add(self.number + 1, m.RowEvents([m.RowEvent(self.position(), row)]))

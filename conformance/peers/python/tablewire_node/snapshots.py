"""Delta snapshots, served and fetched (chapter 10)."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .blocks import CHUNK_RAW, pack, read_block, unpack, write_block
from .link import Link
from .messages import SnapBegin, SnapCancel, SnapChunk, SnapEnd, SnapRequest
from .tables import RowID, Table
from .versions import Vector, row_digest
from .wire import BULK, WHOLE, Code, Fault

if TYPE_CHECKING:
    from .node import Node

AT_ONCE, STALL_SECONDS, RETRY_SECONDS, RETRY_LIMIT = 4, 30.0, 0.5, 30.0  # LIM-026, chapter 5
ROW_OVERHEAD = 64  # at most, of a row in a block beside its key and value
CHUNK_SENT = 65536  # far below LIM-009: making a chunk holds up the heartbeats


class Fetch:
    """A snapshot that this node receives."""

    def __init__(self, table: Table, link: Link, first: int = 0, last: int = 1023) -> None:
        self.table, self.link, self.first, self.last = table, link, first, last
        self.begin: Any = None
        self.come: set[RowID] = set()
        self.chunks = self.rows = self.digest = 0
        self.next_bucket, self.heard = first, time.monotonic()

    def take(self, chunk: Any) -> None:
        """Merges the rows of a chunk (SNP-017, SNP-023 to SNP-025, SNP-027, MRG-011, LIM-009)."""
        if chunk.number != self.chunks or not self.next_bucket <= chunk.next_bucket <= self.last + 1:
            raise Fault(Code.SNAPSHOT_MISMATCH, "not the next chunk")
        rows = read_block(unpack(chunk))
        if chunk.raw_length > CHUNK_RAW and len(rows) > 1:
            raise Fault(Code.MALFORMED, "a chunk above the limit")
        for row in rows:
            if (row.owner is not None) != self.table.has_owners:
                raise Fault(Code.MALFORMED, "an owner where none belongs, or none")
            id = self.table.row_id(row.key, row.version.origin.node, row.value)
            self.table.merge(row, from_snapshot=True)
            held = self.table.rows.get(id)
            hash = held.hash if held else self.table.hash_of(row)
            digest = held.digest if held and held.row is row else row_digest(hash, row.version)
            if not self.next_bucket <= hash >> 54 <= min(chunk.next_bucket, self.last):
                raise Fault(Code.SNAPSHOT_MISMATCH, "a row of another bucket")
            self.come.add(id)
            self.digest = (self.digest + digest) & WHOLE
        self.chunks, self.rows, self.next_bucket = self.chunks + 1, self.rows + len(rows), chunk.next_bucket

    def finish(self, end: Any) -> bool:
        """The end of the snapshot; true when it has raised the vector (SNP-011, SNP-012, SNP-031)."""
        if (end.chunks, end.rows, end.digest) != (self.chunks, self.rows, self.digest):
            raise Fault(Code.SNAPSHOT_MISMATCH, "the sums differ")
        table, begin = self.table, self.begin
        if begin.is_complete:
            for id in [id for id, held in table.rows.items() if self.first <= held.hash >> 54 <= self.last
                       and id not in self.come and begin.vector.covers(held.row.version)]:
                table.remove_one(id)
            table.collected.merge(begin.collected)
        if (self.first, self.last) != (0, 1023):
            return False
        table.vector.merge(begin.vector)
        for origin in list(table.beyond):
            table.close_gaps(origin)
        return True


class Snapshots:
    """Both sides of the snapshots of one node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.retry: dict[tuple[str, int], tuple[float, float]] = {}  # table and member: not before, pause
        self.ranges: dict[str, list[tuple[int, int]]] = {}  # per table: what is still to be repaired

    # Sending

    def handle_request(self, link: Link, request: Any, stream: int) -> None:
        """SNAP_REQUEST (SNP-002, SNP-007, SNP-008, SNP-026)."""
        odd = link.peer.node < self.node.id
        if stream == 0 or stream in link.serving or (link.kind == "member" and stream % 2 != odd):
            raise Fault(Code.UNEXPECTED_MESSAGE, "a stream of the wrong kind or in use")
        table = self.node.tables.get(request.table)
        if not table or not table.definition.exists:
            link.send(SnapCancel(Code.NO_SUCH_TABLE, "no such table here"), stream)
        elif len(link.serving) >= AT_ONCE:
            link.send(SnapCancel(Code.BUSY, "as many snapshots as allowed"), stream)
        else:
            link.serving[stream] = self._messages(table, request, link.peer.codecs)
            link.pull = link.pull if link.kind == "member" else lambda lane: lane == BULK and self.pull(link)
            link.wake.set()

    def pull(self, link: Link) -> bool:
        """Puts the next message of a snapshot on the bulk lane, each snapshot in its turn."""
        while link.serving:
            stream, messages = next(iter(link.serving.items()))
            del link.serving[stream]
            message = next(messages, None)
            if message:
                link.send(message, stream)
                if not isinstance(message, SnapEnd | SnapCancel):
                    link.serving[stream] = messages
                return True
        return False

    def _messages(self, table: Table, request: Any, codecs: list[int]) -> Iterator[Any]:
        """SNAP_BEGIN, the chunks and SNAP_END (SNP-009, SNP-010, SNP-015 to SNP-021)."""
        have, first, last = request.have, request.first_bucket, request.last_bucket
        complete = not have.items() or not have.covers_all(table.collected)
        held = [h for h in table.in_range(first, last) if complete or not have.covers(h.row.version)]
        held.sort(key=lambda held: (held.hash >> 54, held.row.id))
        yield SnapBegin(request.table, table.vector.copy(), table.collected.copy(), complete, table.live)
        at = number = digest = 0
        while at < len(held):
            start, size = at, ROW_OVERHEAD
            while at < len(held) and (at == start or size + self._size(held[at]) <= CHUNK_SENT):
                size += self._size(held[at])
                at += 1
            next_bucket = held[at].hash >> 54 if at < len(held) else last + 1
            block = write_block(sorted((h.row for h in held[start:at]), key=lambda row: row.id))
            codec, crc, data = pack(block, codecs)
            digest += sum(each.digest for each in held[start:at])
            if not table.definition.exists:
                yield SnapCancel(Code.NO_SUCH_TABLE, "the table was dropped")
                return
            yield SnapChunk(number, next_bucket, codec, len(block), crc, data)
            number += 1
        yield SnapEnd(number, len(held), digest & WHOLE)

    @staticmethod
    def _size(held: Any) -> int:
        return ROW_OVERHEAD + len(held.row.key) + len(held.row.value)

    # Receiving

    def request(self, link: Link, name: str, table: Table, have: Vector, first: int = 0,
                last: int = 1023) -> None:
        """SNAP_REQUEST under a stream that was not used on this link (SNP-007)."""
        link.last_stream += 2
        stream = link.last_stream - (self.node.id < link.peer.node)
        link.fetching[stream] = Fetch(table, link, first, last)
        link.send(SnapRequest(name, first, last, have), stream)

    def active(self, name: str) -> bool:
        """Whether a snapshot of a table is coming in."""
        return any(fetch and fetch.table is self.node.tables.get(name)
                   for link in self.node.links.values() for fetch in link.fetching.values())

    def needed(self, link: Link, name: str) -> bool:
        """Whether the peer has what no link streams without a gap (REP-023)."""
        found = self.node.replication.table(link, name)
        if not found or not found[1].told:
            return False
        vector = found[0].vector
        return any(sequence > vector[origin] and not self._streamed(origin, name, vector)
                   for origin, sequence in found[1].told.items())

    def _streamed(self, origin: Any, name: str, vector: Vector) -> bool:
        link = self.node.links.get(origin.node)
        if not link or link.peer.incarnation != origin.incarnation or name not in link.streams:
            return False
        return link.streams[name].streamable <= vector[origin] + 1

    def consider(self, name: str) -> None:
        """Requests a snapshot where one is needed and none is coming (REP-023)."""
        if self.active(name):
            return
        for link in self.node.links.values():
            not_before, _ = self.retry.get((name, link.peer.node), (0.0, 0.0))
            if time.monotonic() >= not_before and self.needed(link, name):
                table = self.node.tables[name]
                self.request(link, name, table, table.vector.copy())
                return

    def repair(self, link: Link, name: str, ranges: list[tuple[int, int]]) -> None:
        """Ranges whose digests differ, one after the other, with an empty `have` (DIG-013)."""
        self.ranges[name] = ranges
        if ranges and not self.active(name):
            self.request(link, name, self.node.tables[name], Vector(), *ranges.pop(0))

    def handle(self, link: Link, message: Any, stream: int) -> None:
        """SNAP_BEGIN, SNAP_CHUNK, SNAP_END and SNAP_CANCEL (SNP-017, SNP-018, SNP-028, SNP-029)."""
        if isinstance(message, SnapCancel) and stream in link.serving:
            del link.serving[stream]
            return
        if isinstance(message, SnapCancel) and stream not in link.fetching:
            return
        if stream not in link.fetching:
            raise Fault(Code.UNEXPECTED_MESSAGE, "a snapshot that was not asked for")
        fetch: Fetch | None = link.fetching[stream]
        if fetch is None:
            return
        fetch.heard = time.monotonic()
        if isinstance(message, SnapCancel):
            self.give_up(link, stream, None)
        elif isinstance(message, SnapBegin):
            if fetch.begin or message.table != fetch.table.definition.name:
                raise Fault(Code.UNEXPECTED_MESSAGE, "another beginning")
            fetch.begin = message
        elif not fetch.begin:
            raise Fault(Code.UNEXPECTED_MESSAGE, "a snapshot without its beginning")
        else:
            try:
                if isinstance(message, SnapChunk):
                    fetch.take(message)
                else:
                    self._end(link, stream, fetch, fetch.finish(message))
            except Fault as fault:
                self.give_up(link, stream, fault)

    def _end(self, link: Link, stream: int, fetch: Fetch, raised: bool) -> None:
        link.fetching[stream] = None
        name = fetch.table.definition.name
        self.retry.pop((name, link.peer.node), None)
        if link.kind != "member":
            self.node.joining.copied(fetch)
        elif raised:
            self.node.replication.tell_all(name)
            self.consider(name)
        else:
            self.repair(link, name, self.ranges.get(name, []))

    def give_up(self, link: Link, stream: int, fault: Fault | None) -> None:
        """Ends a snapshot that came to nothing; it is asked for again later (SNP-005)."""
        fetch, link.fetching[stream] = link.fetching[stream], None
        if fault:
            link.send(SnapCancel(fault.code, fault.text), stream)
        if link.kind != "member":
            link.close(Fault(Code.JOINED, "the copy failed"))
            return
        key = fetch.table.definition.name, link.peer.node
        pause = min(max(self.retry.get(key, (0.0, 0.0))[1] * 2, RETRY_SECONDS), RETRY_LIMIT)
        self.retry[key] = time.monotonic() + pause, pause

    def check(self) -> None:
        """From time to time: what has stalled, what was dropped, and what may be asked for again."""
        for link in list(self.node.links.values()):
            for stream, fetch in link.fetching.items():
                if fetch and not fetch.table.definition.exists:
                    self.give_up(link, stream, Fault(Code.NO_SUCH_TABLE, "the table was dropped"))
                elif fetch and time.monotonic() - fetch.heard > STALL_SECONDS:
                    self.give_up(link, stream, Fault(Code.CANCELLED, "nothing came"))
        for name in list(self.node.tables):
            self.consider(name)

"""Own operations to each member, theirs into the tables, and what each one has (chapters 9 and 11)."""
from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .blocks import read_groups
from .link import Link
from .messages import (Ack, AckLevel, DigestRequest, Digests, Operations, State, Storage, TableState)
from .tables import Table
from .versions import Origin, Vector
from .wire import REPLICATION, WHOLE, Code, Fault

if TYPE_CHECKING:
    from .node import Node

BATCH_BYTES, COMPARE_SECONDS, DIGEST_GAP = 65536, 10.0, 16  # DIG-015, DIG-013


class Stream:
    """Where one table stands on one link."""

    def __init__(self) -> None:
        self.told: Vector | None = None     # the vector that the peer told last
        self.first: Vector | None = None    # and the one that it told first
        self.streamable = WHOLE             # the first operation of its own that the peer can stream
        self.next = 0                       # of our own operations; 0 until the peer has told its vector
        self.received = 0                   # last of the peer's operations on this link
        self.applied = self.durable = 0     # what the peer has acknowledged of ours
        self.differs, self.asked = 0, 0.0   # PINGs in a row with another hash (REP-024)
        self.equal: tuple[int, float] = (0, 0.0)
        self.compared = -1                  # the hash whose digests were compared (DIG-015)
        self.digest_differs = 0


class Write:
    """A rowWrite that waits for replicas (REP-030)."""

    def __init__(self, table: Table, last: int, level: Any, replicas: set[int]) -> None:
        self.table, self.last, self.level, self.replicas = table, last, level, replicas
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.have = self.wanted = 1


class Replication:
    """Streams, acknowledgements, table state, digests and write levels."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.writes: set[Write] = set()

    # Which tables

    def table(self, link: Link, name: str) -> tuple[Table, Stream] | None:
        """A table that both ends replicate, and its stream (TAB-016)."""
        table = self.node.tables.get(name)
        replicas = table.definition.replicas if table else []
        if not table or not table.definition.exists or (replicas and link.peer.node not in replicas):
            return None
        return table, link.streams.setdefault(name, Stream())

    def shared(self, link: Link) -> list[str]:
        """The names of the tables that both ends replicate, ascending."""
        return [name for name in sorted(self.node.tables) if self.table(link, name)]

    # Table state

    def linked(self, link: Link) -> None:
        """A member link is established (REP-022)."""
        link.pull = lambda lane: self._pull(link) if lane == REPLICATION else self.node.snapshots.pull(link)
        for name in self.shared(link):
            self.tell(link, name, False)

    def appeared(self, name: str) -> None:
        """A table that both ends replicate appears later (REP-022)."""
        for link in self.node.links.values():
            if self.table(link, name):
                self.tell(link, name, True)

    def tell(self, link: Link, name: str, wants_reply: bool) -> None:
        """TABLE_STATE (REP-020, REP-021)."""
        t = self.node.tables[name]
        link.send(TableState(name, t.vector, t.digest, t.live, t.streamable, self.node.origin, wants_reply))

    def tell_all(self, name: str) -> None:
        """A snapshot has raised the vector (REP-022)."""
        for link in self.node.links.values():
            if self.table(link, name):
                self.tell(link, name, False)

    def handle_state(self, link: Link, message: Any, stream: int) -> None:
        """TABLE_STATE."""
        if message.origin != (link.peer.node, link.peer.incarnation):  # REP-028
            raise Fault(Code.MALFORMED, "the origin is not that of HELLO")
        found = self.table(link, message.table)
        if not found:
            return
        table, state = found
        if state.told:
            self._take_floors(table, state.told, message.vector)
        state.told, state.streamable, table.compared = message.vector, message.streamable, True
        table.told[message.origin] = message.vector, time.monotonic()
        if state.first is None:  # REP-007
            state.first = message.vector
            state.applied = state.durable = message.vector[self.node.origin]
            state.next = max(table.streamable, message.vector[self.node.origin] + 1)
            link.wake.set()
        if message.wants_reply:
            self.tell(link, message.table, False)
        if message.vector == table.vector and message.digest != table.digest:  # DIG-012
            state.digest_differs += 1
            if state.digest_differs >= 2:
                state.digest_differs = 0
                link.send(DigestRequest(message.table))
        else:
            state.digest_differs = 0
        self.node.snapshots.consider(message.table)
        self.check_writes()

    @staticmethod
    def _take_floors(table: Table, before: Vector, told: Vector) -> None:
        """A floor over entries in which both agreed is taken over (VER-010)."""
        for node, incarnation in told.floors.items():
            if table.vector.floors.get(node, -1) < incarnation:
                ours, theirs = ([(origin, sequence) for origin, sequence in vector.items()
                                 if origin.node == node and origin.incarnation <= incarnation]
                                for vector in (table.vector, before))
                if ours == theirs and ours:
                    table.vector.raise_to(ours[-1][0]._replace(incarnation=incarnation), WHOLE)

    def compare(self, link: Link, name: str, hash: int) -> None:
        """A vector hash in a PING (REP-024, DIG-015)."""
        found, now = self.table(link, name), time.monotonic()
        if not found:
            return
        table, state = found
        if hash != table.vector.hash():
            state.differs += 1
            if state.differs >= 2 and now - state.asked >= 1:
                state.asked = now
                self.tell(link, name, True)
            return
        state.differs, state.told = 0, table.vector.copy()
        table.told[Origin(link.peer.node, link.peer.incarnation)] = state.told, now
        if state.equal[0] != hash:
            state.equal = hash, now
        elif now - state.equal[1] >= COMPARE_SECONDS and state.compared != hash:
            state.compared = hash
            self.tell(link, name, True)

    # Operations

    def _pull(self, link: Link) -> bool:
        """Puts the next own operations on a lane that has run empty (REP-005, REP-006, REP-026, REP-027)."""
        for name, state in link.streams.items():
            table = self.node.tables.get(name)
            if not table or not state.next or state.next > table.last or not self.table(link, name):
                continue
            if state.next not in table.recent:  # given up in the meantime
                state.next = max(table.streamable, state.next)
                self.tell(link, name, False)
                if state.next not in table.recent:
                    state.next = table.last + 1
                return True
            first, data, count = state.next, bytearray(), 0
            while (batch := table.recent.get(first + count)) and (not data or len(data) < BATCH_BYTES):
                data += batch.data
                count += batch.count
            state.next = first + count
            link.send(Operations(name, self.node.origin, first, count, bytes(data)))
            return True
        return False

    def handle_operations(self, link: Link, message: Any, stream: int) -> None:
        """OPERATIONS: merged and acknowledged at once (REP-010, REP-012, MRG-023)."""
        if message.origin != (link.peer.node, link.peer.incarnation):  # REP-005
            raise Fault(Code.MALFORMED, "operations of another origin")
        found = self.table(link, message.table)
        if found:
            table, state = found
            last = table.apply(message.origin, message.first, read_groups(message.groups))
            state.received = max(state.received, last)
            durable = state.received if table.definition.storage == Storage.ram else 0  # REP-013
            link.send(Ack(message.table, message.origin, state.received, state.received, durable))

    def handle_ack(self, link: Link, message: Any, stream: int) -> None:
        """ACK (REP-014)."""
        found = self.table(link, message.table)
        if not found or message.origin != self.node.origin:
            return
        _, state = found
        descending = message.received >= message.applied >= message.durable
        if not descending or message.received >= max(state.next, 1):
            raise Fault(Code.MALFORMED, "acknowledges what was not sent")
        state.applied = max(state.applied, message.applied)
        state.durable = max(state.durable, message.durable)
        self.check_writes()

    # Digests

    def handle_digest_request(self, link: Link, message: Any, stream: int) -> None:
        """DIGEST_REQUEST (DIG-011)."""
        if found := self.table(link, message.table):
            link.send(Digests(message.table, found[0].vector, list(found[0].buckets)))

    def handle_digests(self, link: Link, message: Any, stream: int) -> None:
        """DIGESTS: what differs is asked for again (DIG-013)."""
        found = self.table(link, message.table)
        if not found or message.vector != found[0].vector:
            return
        ranges: list[tuple[int, int]] = []
        for bucket, (ours, theirs) in enumerate(zip(found[0].buckets, message.buckets)):
            if ours != theirs:
                joins = ranges and bucket - ranges[-1][1] <= DIGEST_GAP
                ranges.append((ranges.pop()[0] if joins else bucket, bucket))
        self.node.snapshots.repair(link, message.table, ranges)

    # Write levels

    def live_replicas(self, table: Table) -> set[int]:
        """The members that replicate a table and are up or suspect (chapter 9)."""
        members = self.node.members
        return {r.node for r in members.records.values() if r.state in (State.up, State.suspect)
                and (not table.definition.replicas or r.node in table.definition.replicas)}

    async def written(self, table: Table, last: int, level: Any, timeout: int) -> tuple[int, int]:
        """Waits until as many replicas have a write as its level asks for (REP-030 to REP-034)."""
        write = Write(table, last, level, self.live_replicas(table) - self.node.members.unlinked)
        for link in self.node.links.values():
            link.wake.set()
        self.writes.add(write)
        self.check_writes()
        try:
            async with asyncio.timeout(timeout / 1000):
                await write.done
        except TimeoutError:
            raise Fault(Code.ACKNOWLEDGEMENT_TIMEOUT,
                        f"{write.have} of {write.wanted} replicas have the write, which stays") from None
        finally:
            self.writes.discard(write)
        return write.have, write.wanted

    def check_writes(self) -> None:
        """Ends those waits whose level is reached (REP-031, REP-034)."""
        for write in list(self.writes):
            definition, live = write.table.definition, write.replicas & self.live_replicas(write.table)
            synced = definition.storage == Storage.disc and definition.sync_interval_milliseconds == 0
            write.have = 0 if synced else 1  # this node never syncs
            for node in live - {self.node.id}:
                link = self.node.links.get(node)
                state = link.streams.get(definition.name) if link else None
                write.have += bool(state and (state.durable if synced else state.applied) >= write.last)
            majority = len(live) // 2 + 1
            write.wanted = {AckLevel.local: 1, AckLevel.majority: majority}.get(write.level, len(live))
            if write.have >= write.wanted and not write.done.done():
                write.done.set_result(None)

"""Who is who: member records, their merging, suspicion and probes (chapters 5 and 6)."""
from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from .handshake import GONE
from .link import Link
from .messages import MemberRecord, Members, ProbeReply, ProbeRequest, Role, State
from .versions import milliseconds
from .wire import Code, Fault

if TYPE_CHECKING:
    from .node import Node

MEMBERS_LIMIT, HELPERS, RECHECK_SECONDS, JOINING_SECONDS = 1024, 3, 5.0, 600.0  # LIM-011, LIM-019, LIM-027
LIVE = (State.up, State.suspect)


def rank(record: Any) -> tuple[Any, ...]:
    """Of two records of one node the one of higher rank wins (MBR-010)."""
    return (record.joined, record.state in GONE, record.incarnation, record.refutation, record.state,
            -record.down_since, record.name.encode(), record.address.encode())


class Membership:
    """The member list of one node, and what it believes of each member."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.records: dict[int, Any] = {}
        self.held_back: dict[int, Any] = {}              # suspicions of members with a living link (MBR-013)
        self.suspicions: dict[int, asyncio.Task[None]] = {}
        self.signs: dict[int, tuple[int, bool]] = {}     # per suspicion: helpers to answer, one said yes
        self.reached: dict[int, float] = {}              # when a member was last known to be reachable
        self.failed: dict[int, float] = {}               # when dialing it last failed
        self.unlinked: set[int] = set()                  # became live and had no link since (REP-034)

    @property
    def own(self) -> Any:
        """The record of this node."""
        return self.records[self.node.id]

    def others(self) -> list[Any]:
        """The records of the other members that are not gone."""
        return [r for r in self.records.values() if r.node != self.node.id and r.state not in GONE]

    def coordinator(self) -> int:
        """MBR-030."""
        up = [(record.joined, record.node) for record in self.records.values() if record.state == State.up]
        return min(up, default=(0, 0))[1]

    def message(self) -> Any:
        """MEMBERS with all records."""
        return Members(sorted(self.records.values()))

    # Records

    def change(self, node: int, **fields: Any) -> None:
        """Changes a record by this node's own decision."""
        record = self.records[node]._replace(**fields)
        self.put(record if record.state == State.down else record._replace(down_since=0))  # MBR-018

    def put(self, record: Any, source: Link | None = None) -> None:
        """Takes a record: on the disk first, then to the others (MBR-011, MBR-015)."""
        before, node = self.records.get(record.node), record.node
        if before is None and len(self.records) >= MEMBERS_LIMIT:  # MBR-017
            gone = [(r.joined, r.node) for r in self.records.values() if r.state in GONE]
            if not gone:
                return
            del self.records[min(gone)[1]]
        self.records[node] = record
        if record.state in LIVE and before and before.state not in LIVE and node not in self.node.links:
            self.unlinked.add(node)
        is_suspicion = before and before.state in LIVE and record.state in LIVE \
            and before._replace(state=0, refutation=0) == record._replace(state=0, refutation=0)
        self.node.view_changed(save=not is_suspicion)
        for link in list(self.node.links.values()):
            if link is not source and link.peer.node != node:
                link.send(Members([record]))
        for table in self.node.tables.values():
            table.forget_owner(node, record.incarnation, record.state in GONE)
        if before is None or (before.state, before.incarnation) != (record.state, record.incarnation):
            self.node.calls.owner_changed(node, before)
        self.node.calls.member_changed(record)
        if node == self.node.id:
            return
        if record.state in GONE:  # MBR-016
            code = Code.LEAVING if record.state == State.left else Code.REMOVED
            for link in self.node.links_with(node):
                link.send(Members([record]))
                detail = record.joined if code == Code.REMOVED else 0  # LNK-044
                link.close(Fault(code, "no member any more", detail=detail))
        else:
            if node in self.node.links and source is not self.node.links[node]:
                self.node.links[node].send(Members([record]))
            self.node.keep_dialing(node)
        self.node.replication.check_writes()

    def take(self, record: Any, link: Link) -> None:
        """A record that a member told."""
        mine = self.records.get(record.node)
        if mine and rank(record) <= rank(mine):
            return
        if record.node == self.node.id:
            self._about_me(record)
        elif (mine and record.node in self.node.links and record.state in (State.suspect, State.down)
              and (record.joined, record.incarnation) == (mine.joined, mine.incarnation)):
            self.held_back[record.node] = record
            self.node.links[record.node].send(Members([record]))  # MBR-013
        else:
            self.put(record, link)

    def _about_me(self, record: Any) -> None:
        if record.state in GONE:
            self.node.expelled(record)
        elif record.incarnation > self.own.incarnation:
            self.node.outdated(record.incarnation)
        else:  # MBR-012
            refutation = max(record.refutation, self.own.refutation) + 1
            self.change(self.node.id, joined=record.joined, refutation=refutation)

    def handle_members(self, link: Link, message: Any, stream: int) -> None:
        """MEMBERS."""
        for record in message.records:
            self.take(record, link)

    # Links

    def linked(self, link: Link) -> None:
        """A member link is established (MBR-014)."""
        peer, record = link.peer, self.records[link.peer.node]
        self.unlinked.discard(peer.node)
        self.held_back.pop(peer.node, None)
        self.reached[peer.node] = time.monotonic()
        if peer.incarnation > record.incarnation:
            self.change(peer.node, incarnation=peer.incarnation, refutation=0, state=State.up, name=peer.name,
                        address=peer.address)
        link.send(self.message())

    def lost(self, link: Link) -> None:
        """A member link ended: by the table before FDT-001."""
        node, close = link.peer.node, link.ended_by
        held = self.held_back.pop(node, None)
        if held:
            self.take(held, link)
        if close and close.code == Code.SHUTTING_DOWN:  # FDT-007
            self.declare_down(node)
        elif not close and (link.final is None or link.timed_out):
            self.suspect(node)

    def declare_down(self, node: int) -> None:
        """FDT-005, FDT-007, FDT-008."""
        record = self.records[node]
        if record.state == State.leaving:
            self.change(node, state=State.left)
        elif record.state in (State.up, State.suspect):
            self.change(node, state=State.down, down_since=milliseconds())

    # Suspicion

    def suspect(self, node: int, quietly: bool = False) -> None:
        """A sign that a member is in trouble (FDT-002, FDT-003)."""
        record = self.records.get(node)
        if self.node.stopping or not record or node in self.suspicions or \
                record.state not in (*LIVE, State.leaving):
            return
        if record.state == State.up and not quietly:
            self.change(node, state=State.suspect)
        self.suspicions[node] = asyncio.ensure_future(self._suspicion(node, self.records[node]))

    async def _suspicion(self, node: int, record: Any) -> None:
        try:
            while not self._is_over(node, record):
                if not await self._probe(node, record):
                    self.declare_down(node)
                    return
                await asyncio.sleep(RECHECK_SECONDS)  # somebody reaches it: ask again (FDT-020)
        finally:
            self.suspicions.pop(node, None)

    def _is_over(self, node: int, record: Any) -> bool:
        now = self.records.get(node)
        return node in self.node.links or now is None or now.state not in (*LIVE, State.leaving) \
            or (now.incarnation, now.refutation) > (record.incarnation, record.refutation)

    async def _probe(self, node: int, record: Any) -> bool:
        """Whether a member lives, by its own answer or a helper's (FDT-003 to FDT-006)."""
        start, interval = time.monotonic(), self.node.interval
        others = [link for id, link in self.node.links.items() if id != node]
        helpers = random.sample(others, min(HELPERS, len(others)))
        number = random.getrandbits(63)
        self.signs[number] = (len(helpers), False)
        for link in helpers:
            link.send(ProbeRequest(number, node))
        doublings = max(0, (len(self.others()) // 16).bit_length() - 1)
        end = start + (2 + doublings) * interval * (1 + self.node.awareness)
        try:
            while (now := time.monotonic()) < end:
                pending, yes = self.signs[number]
                if yes or self.reached.get(node, 0) > start or self._is_over(node, record):
                    return True
                dialed = self.failed.get(node, 0) > start or now > start + 2 * interval
                if dialed and not (pending and any(link in self.node.links.values() for link in helpers)):
                    return False
                await asyncio.sleep(0.02)
            return False
        finally:
            del self.signs[number]

    def handle_reply(self, link: Link, message: Any, stream: int) -> None:
        """PROBE_REPLY (FDT-012)."""
        if message.number in self.signs:
            pending, yes = self.signs[message.number]
            self.signs[message.number] = (pending - 1, yes or message.is_reachable)

    def handle_probe(self, link: Link, message: Any, stream: int) -> None:
        """PROBE_REQUEST (FDT-011)."""
        self.node.spawn(self._look(link, message))

    async def _look(self, link: Link, message: Any) -> None:
        interval = self.node.interval
        since = time.monotonic() - interval
        target = self.node.links.get(message.target)
        if target:
            self.node.heartbeats.ping(target)
        elif message.target in self.records:
            self.node.dial_now(message.target)
        end = since + 2 * interval
        while True:
            target = self.node.links.get(message.target)
            heard = max(target.heard if target else 0.0, self.reached.get(message.target, 0.0))
            reached = message.target == self.node.id or heard >= since
            if reached or time.monotonic() >= end:
                return link.send(ProbeReply(message.number, message.target, reached))
            await asyncio.sleep(0.02)

    # Decisions

    def admit(self, peer: Any) -> Any:
        """Makes the record of a joiner `joining` under a new stamp (JON-006)."""
        joined = self.node.clock.stamp()
        self.put(MemberRecord(peer.node, joined, peer.incarnation, 0, State.joining, Role.core, 0, peer.name,
                              peer.address))
        return self.records[peer.node]

    async def clean(self) -> None:
        """The coordinator removes members that never finished to join (MBR-025, LIM-027)."""
        since: dict[tuple[int, int], float] = {}
        while True:
            await asyncio.sleep(5)
            now = time.monotonic()
            joining = {(r.node, r.refutation): r for r in self.others() if r.state == State.joining}
            since = {key: now if key[0] in self.node.links else since.get(key, now) for key in joining}
            for key, record in joining.items():
                if now - since[key] > JOINING_SECONDS and self.coordinator() == self.node.id:
                    self.change(record.node, state=State.removed)

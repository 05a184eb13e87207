"""Joining a cluster from either side, and leaving it (chapter 6)."""
from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .client import connect
from .handshake import GONE
from .link import Link
from .messages import (Intent, JoinAccept, JoinMode, JoinReject, JoinRequest, JoinResult, State, TableCount)
from .members import MEMBERS_LIMIT
from .snapshots import AT_ONCE, STALL_SECONDS, Fetch
from .tables import Table
from .versions import Vector
from .wire import Code, Fault

if TYPE_CHECKING:
    from .node import Node

REFRESH_SECONDS, LEAVE_SECONDS = 150.0, 5.0  # a quarter of LIM-027; how long acknowledgements are waited for


class Joining:
    """The joiner of one cluster, and the member that lets others join."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.link: Link | None = None
        self.answer: asyncio.Future[Any] | None = None
        self.rows = 0

    # As joiner

    async def join(self, address: str, mode: Any, is_dry_run: bool) -> Any:
        """Runs a join from beginning to end (CAL-011, JON-001); a Fault says why it failed."""
        node = self.node
        if self.answer:
            raise Fault(Code.BUSY, "a join is under way")
        if node.members.others():
            raise Fault(Code.ALREADY_MEMBER, "this node is a member of a cluster with others")
        self.answer = asyncio.get_running_loop().create_future()
        try:
            counts = [TableCount(name, node.tables[name].live) for name in sorted(node.tables)
                      if node.tables[name].live]
            link = self.link = await self._link(address)
            link.send(JoinRequest(mode, is_dry_run, counts))
            accept = await self.answer
            if isinstance(accept, JoinReject):
                code = accept.code if accept.code in list(Code) else Code.INTERNAL_ERROR
                raise Fault(code, accept.text)
            if is_dry_run:
                return JoinResult(accept.cluster, True, sum(count.rows for count in accept.tables),
                                  sum(count.rows for count in counts) if mode == JoinMode.merge else 0, 0)
            if mode == JoinMode.refuse and counts:  # JON-004
                raise Fault(Code.NOT_EMPTY, "this node holds rows")
            node.is_member = False  # LNK-039: from here on it is changing its cluster
            copies = {definition.name for definition in accept.definitions if definition.exists}
            tables, merged = self._generation(accept, mode)
            copied = await self._copy(link, [(name, tables[name]) for name in tables if name in copies])
            node.adopt(accept, tables)
            return JoinResult(accept.cluster, False, copied, merged, 0)
        finally:
            self.answer, node.is_member = None, True
            if self.link:
                self.link.close(Fault(Code.JOINED, "the join link has done its work"))  # JON-013
            self.link = None

    async def _link(self, address: str) -> Link:
        try:
            link = Link(await connect(address), dialed=True)
        except OSError as error:
            raise Fault(Code.UNREACHABLE, str(error)) from None
        self.node.spawn(self.node.run_link(link, Intent.join, None))
        while not link.established:
            if link.over_at:
                raise self._why(link)
            await asyncio.sleep(0.01)
        return link

    def _generation(self, accept: Any, mode: Any) -> tuple[dict[str, Table], int]:
        """New tables, with the own rows when they are to be merged (JON-004, JON-007, VER-002)."""
        tables, merged, node = {}, 0, self.node
        for definition in accept.definitions:
            if definition.replicas and node.id not in definition.replicas:
                continue
            table = tables[definition.name] = Table(definition, node.origin, node.clock)
            before = node.tables.get(definition.name)
            if before:
                table.last = before.last
                table.vector.raise_to(node.origin, before.last)
                if mode == JoinMode.merge and before.definition[1:4] == definition[1:4]:  # the same rules
                    for held in before.rows.values():
                        merged += table.merge(held.row) and not held.row.is_tombstone
                    table.vector, table.collected = before.vector.copy(), before.collected.copy()
                    table.recent, table.kept = dict(before.recent), before.kept
        if mode == JoinMode.merge:  # tables that the cluster does not know come along as they are
            known = {definition.name for definition in accept.definitions}
            accept.definitions.extend(d for d in node.catalogue.definitions.values() if d.name not in known)
            brought = {name: table for name, table in node.tables.items() if name not in known}
            tables |= brought
            merged += sum(table.live for table in brought.values())
        return tables, merged

    async def _copy(self, link: Link, waiting: list[tuple[str, Table]]) -> int:
        """Copies tables over the join link, some at a time (JON-007)."""
        self.rows = 0
        while waiting or any(link.fetching.values()):
            running = [fetch for fetch in link.fetching.values() if fetch]
            if waiting and len(running) < AT_ONCE:
                name, table = waiting.pop()
                have = table.vector.copy() if table.rows else Vector()
                self.node.snapshots.request(link, name, table, have)
                continue
            await asyncio.sleep(0.005)
            if link.over_at or link.final:
                raise Fault(Code.UNREACHABLE, "the join link ended")
            if max(fetch.heard for fetch in running) + STALL_SECONDS < time.monotonic():
                raise Fault(Code.UNREACHABLE, "the copy has stalled")
        return self.rows

    def copied(self, fetch: Fetch) -> None:
        """A table has come."""
        self.rows += fetch.rows

    def lost(self, link: Link) -> None:
        """A join link ended."""
        if link is self.link and self.answer and not self.answer.done():
            self.answer.set_exception(self._why(link))

    @staticmethod
    def _why(link: Link) -> Fault:
        """UNREACHABLE, or the code of the CLOSE of either side."""
        close = link.ended_by or link.reason
        return Fault(close.code, close.text) if close else Fault(Code.UNREACHABLE, "the join link ended")

    def handle_answer(self, link: Link, message: Any, stream: int) -> None:
        """JOIN_ACCEPT and JOIN_REJECT."""
        if not self.answer or self.answer.done():
            raise Fault(Code.UNEXPECTED_MESSAGE, "an answer to nothing")
        self.answer.set_result(message)

    # As member

    def handle_request(self, link: Link, message: Any, stream: int) -> None:
        """JOIN_REQUEST (JON-002, JON-003, JON-005, JON-006)."""
        node, peer = self.node, link.peer
        record = node.members.records.get(peer.node)
        names = {r.name for r in [*node.members.others(), node.members.own] if r.node != peer.node}
        counted = [count for count in message.tables if count.rows]
        for refused, code, text in (
                (record and record.state not in (*GONE, State.joining), Code.ALREADY_MEMBER,
                 "a member already"),
                (peer.name in names, Code.NAME_CONFLICT, "another member has this name"),
                (not record and len(names) >= MEMBERS_LIMIT, Code.TOO_MANY_MEMBERS, "no room"),
                (message.mode == JoinMode.refuse and counted, Code.NOT_EMPTY, "say merge or replace"),
                (self.answer or not node.is_member or node.stopping, Code.BUSY,
                 "joining, leaving or stopping")):
            if refused:
                return link.send(JoinReject(code, text, counted if code == Code.NOT_EMPTY else []))
        joined = node.clock.stamp() if message.is_dry_run else node.members.admit(peer).joined
        counts = [TableCount(d.name, node.tables[d.name].live) for d in node.catalogue.existing()
                  if d.name in node.tables]
        link.send(JoinAccept(node.cluster, joined, node.members.message().records,
                             node.catalogue.message().definitions, counts))
        if not message.is_dry_run:
            node.spawn(self._refresh(link))

    async def _refresh(self, link: Link) -> None:
        """A long copy must not expire (JON-011)."""
        while not link.over_at:
            await asyncio.sleep(REFRESH_SECONDS)
            record = self.node.members.records.get(link.peer.node)
            if not link.over_at and record and record.state == State.joining:
                self.node.members.change(record.node, refutation=record.refutation + 1)

    # Leaving

    async def leave(self) -> None:
        """JON-020, MBR-042."""
        node = self.node
        if not node.members.others():
            raise Fault(Code.NO_SUCH_MEMBER, "this node is alone")
        if self.answer or not node.is_member:
            raise Fault(Code.BUSY, "joining or leaving already")
        node.members.change(node.id, state=State.leaving)
        node.is_member = False
        loop = asyncio.get_running_loop()
        end = loop.time() + LEAVE_SECONDS
        while loop.time() < end and any(node.calls.behind(link) for link in node.links.values()):
            await asyncio.sleep(0.02)
        node.members.change(node.id, state=State.left)
        node.alone(Code.LEAVING, keep_rows=True)

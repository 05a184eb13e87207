"""PING, PONG and the clocks of a link (chapter 5)."""
from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from .link import Link
from .messages import Ping, Pong, TableHash
from .versions import milliseconds
from .wire import Code, Fault

if TYPE_CHECKING:
    from .node import Node

TABLES_IN_A_PING = 128  # LIM-029


class Heartbeats:
    """Sends PINGs, answers those of others, and ends links that have gone silent."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def ping(self, link: Link) -> None:
        """One PING (HRT-001, HRT-004, HRT-011)."""
        names = self.node.replication.shared(link) if link.kind == "member" else []
        at = link.pings * TABLES_IN_A_PING % len(names) if len(names) > TABLES_IN_A_PING else 0
        names = sorted((names[at:] + names[:at])[:TABLES_IN_A_PING])
        link.pings += 1
        link.unanswered.setdefault(link.pings, time.monotonic())
        link.send(Ping(link.pings, milliseconds(), list(link.incoming.last), self.node.view_hash(),
                       [TableHash(name, self.node.tables[name].vector.hash()) for name in names]))

    async def beat(self, link: Link) -> None:
        """Until the link ends: PINGs at random distances, and the deadline (HRT-003, HRT-005, HRT-007)."""
        ours, theirs = link.hello, link.peer
        interval = max(ours.heartbeat_interval, theirs.heartbeat_interval) / 1000
        deadline = max(ours.heartbeat_deadline / 1000, theirs.heartbeat_deadline / 1000, 2 * interval)
        deadline *= 1 if link.kind == "member" else 4
        while link.final is None:
            self.ping(link)
            until = time.monotonic() + interval * random.uniform(0.75, 1)
            while (now := time.monotonic()) < until and link.final is None:
                oldest = min(link.heard, next(iter(link.unanswered.values()), now))
                if now > oldest + deadline:
                    link.timed_out = True
                    link.close(Fault(Code.HEARTBEAT_TIMEOUT, "nothing heard for a deadline"))
                    break
                pause = min(until, oldest + deadline + 0.005) - now
                await asyncio.sleep(pause)
                late = time.monotonic() - now - pause
                self.node.notice(late, interval)
                if late > interval / 5:  # this node itself was not run (FDT-030)
                    link.heard += late
                    link.unanswered = {number: at + late for number, at in link.unanswered.items()}

    def handle_ping(self, link: Link, message: Any, stream: int) -> None:
        """PONG at once (HRT-002), then what differs (HRT-013, REP-024)."""
        link.send(Pong(message.number, message.clock, milliseconds()))
        if link.kind != "member":
            return
        link.view_differs = link.view_differs + 1 if message.view_hash != self.node.view_hash() else 0
        now = time.monotonic()
        if link.view_differs >= 2 and now - link.view_sent >= 1:
            link.view_sent = now
            link.send(self.node.members.message())
            link.send(self.node.catalogue.message())
        for table, hash in message.tables:
            self.node.replication.compare(link, table, hash)

    def handle_pong(self, link: Link, message: Any, stream: int) -> None:
        """Round trip and clock offset; HRT-006."""
        if message.number > link.pings or message.number == 0:
            raise Fault(Code.UNEXPECTED_MESSAGE, "PONG without a PING")
        sent = link.unanswered.get(message.number)
        if sent is not None:
            link.round_trip = time.monotonic() - sent
            link.clock_offset = message.clock - milliseconds() + int(link.round_trip * 500)
        link.unanswered = {number: at for number, at in link.unanswered.items() if number > message.number}

"""A node: it listens, dials, and hands each message to the part that it concerns."""
from __future__ import annotations

import asyncio
import logging
import random
import secrets
import socket
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from . import messages as m
from .calls import Calls
from .catalogue import Catalogue
from .client import connect
from .collection import Collection
from .handshake import GONE, Identity, Silence, check_identity, read_secret, shake_hands
from .heartbeats import Heartbeats
from .joining import Joining
from .link import Link
from .members import Membership
from .messages import Intent, MemberRecord, Role, State
from .replication import Replication
from .snapshots import Snapshots
from .store import Store
from .tables import Table
from .versions import Clock, Origin, RowVersion, xxh64
from .wire import PREFACE, Code, Fault, encode

PENDING_LIMIT, PAUSE_FIRST, PAUSE_LIMIT = 64, 0.05, 5.0  # LIM-008, chapter 5


class Node:
    """One node with its parts. Single-threaded: whatever does not await happens at one moment."""

    def __init__(self, name: str, address: str, data: Path, secret_file: Path) -> None:
        self.name, self.address, self.secret_file = name, address, secret_file
        self.keys = read_secret(secret_file)
        self.store = Store(data)
        self.id, self.cluster = int(self.store.data["node"], 16), int(self.store.data["cluster"], 16)
        self.origin = Origin(self.id, self.store.data["incarnation"])
        self.clock = Clock(self.store.data["bound"])
        self.interval = 0.25
        self.links: dict[int, Link] = {}        # member links that are established, by node id
        self.all_links: set[Link] = set()
        self.tables: dict[str, Table] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self.dialing: dict[int, asyncio.Task[None]] = {}
        self.kicks: dict[int, asyncio.Event] = {}
        self.is_member, self.stopping, self.prepared = True, False, False
        self.awareness, self.in_time = 0, 0
        self.started, self._view_hash = time.monotonic(), None
        self.members, self.catalogue, self.calls = Membership(self), Catalogue(self), Calls(self)
        self.replication, self.snapshots = Replication(self), Snapshots(self)
        self.heartbeats, self.joining, self.collection = Heartbeats(self), Joining(self), Collection(self)
        rows, copies, joining = self.replication, self.snapshots, self.joining
        self.handlers: dict[Any, Any] = {
            m.Ping: self.heartbeats.handle_ping, m.Pong: self.heartbeats.handle_pong,
            m.Members: self.members.handle_members, m.Definitions: self.catalogue.handle,
            m.ProbeRequest: self.members.handle_probe, m.ProbeReply: self.members.handle_reply,
            m.JoinRequest: joining.handle_request, m.JoinAccept: joining.handle_answer,
            m.JoinReject: joining.handle_answer, m.Operations: rows.handle_operations, m.Ack: rows.handle_ack,
            m.TableState: rows.handle_state, m.DigestRequest: rows.handle_digest_request,
            m.Digests: rows.handle_digests, m.SnapRequest: copies.handle_request, m.SnapBegin: copies.handle,
            m.SnapChunk: copies.handle, m.SnapEnd: copies.handle, m.SnapCancel: copies.handle,
            m.Cancel: self.calls.handle_cancel, m.Reply: lambda link, message, stream: None}
        self.clock.keep = self.save
        self._begin()

    def _begin(self) -> None:
        """The state of the last life, with the own record raised (MBR-001, MBR-003)."""
        self.members.records = {r.node: r for r in self.store.records()}
        self.catalogue.definitions = {d.name: d for d in self.store.definitions()}
        for definition in self.catalogue.definitions.values():
            self.catalogue.use(definition)
        own = self.members.records.get(self.id)
        if own is None:
            self._found()
        else:
            self.members.records[self.id] = own._replace(
                incarnation=self.origin.incarnation, refutation=0, state=State.up, name=self.name,
                address=self.address, down_since=0)
        self.view_changed()

    def _found(self) -> None:
        """A cluster of one."""
        self.members.records = {self.id: self._record(self.clock.stamp())}

    def _record(self, joined: int) -> Any:
        """The record of this node after a join."""
        return MemberRecord(self.id, joined, self.origin.incarnation, 0, State.up, Role.core, 0, self.name,
                            self.address)

    # State of the whole

    def save(self) -> None:
        """Everything that must survive a restart."""
        self.store.save(self.cluster, self.origin.incarnation, self.clock.bound, self.members.message(),
                        self.catalogue.message())

    def view_changed(self, save: bool = True) -> None:
        """Members or catalogue have changed."""
        self._view_hash = None
        if save:
            self.save()

    def view_hash(self) -> int:
        """HRT-012."""
        if self._view_hash is None:
            self._view_hash = xxh64(encode(self.members.message()) + encode(self.catalogue.message()))
        return self._view_hash

    def identity(self) -> Identity:
        """What this node says in HELLO."""
        return Identity(Role.core, self.cluster, self.id, self.origin.incarnation, self.name, self.address)

    def links_with(self, node: int) -> list[Link]:
        """Every link with a node, whatever its kind."""
        return [link for link in self.all_links if link.peer and link.peer.node == node and link.established]

    def notice(self, late: float, interval: float) -> None:
        """How late this node's own timers are (FDT-031)."""
        if late > interval:
            self.awareness, self.in_time = min(8, self.awareness + 1), 0
        else:
            self.in_time += 1
            if self.in_time >= 10:
                self.awareness, self.in_time = max(0, self.awareness - 1), 0

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs something beside; what it raises is logged."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)

        def done(task: asyncio.Task[Any]) -> None:
            self.tasks.discard(task)
            if not task.cancelled() and task.exception():
                logging.error("a task failed", exc_info=task.exception())
        task.add_done_callback(done)
        return task

    # Changes of the cluster

    def adopt(self, accept: Any, tables: dict[str, Table]) -> None:
        """The end of a join: the new cluster in one step (JON-008, JON-010)."""
        self.cluster, self.tables = accept.cluster, tables
        self.members.records = {r.node: r for r in accept.members}
        self.members.records[self.id] = self._record(accept.joined)
        self.catalogue.definitions = {d.name: d for d in accept.definitions}
        for name, table in tables.items():
            table.changed = lambda row, before, name=name: self.calls.row_changed(name, row, before)
            self.clock.saw(table.definition.version.stamp)
            for record in self.members.records.values():
                table.forget_owner(record.node, record.incarnation, record.state in GONE)
        self.is_member = True
        self.view_changed()
        for record in self.members.others():
            self.keep_dialing(record.node)

    def alone(self, code: int, keep_rows: bool) -> None:
        """A cluster of one again (MBR-042, MBR-045)."""
        for link in list(self.links.values()):
            link.close(Fault(code, "this node has left the cluster"))
        ended, self.dialing, self.links = self.dialing, {}, {}
        for node in ended:
            self.dial_now(node)  # whoever is no longer in `dialing` ends
        self.cluster = int.from_bytes(secrets.token_bytes(16), "big")
        if not keep_rows:
            self.tables, self.catalogue.definitions = {}, {}
        self._found()
        self.is_member = True
        self.view_changed()

    def expelled(self, record: Any) -> None:
        """This node learns that it is gone (MBR-045)."""
        if record.joined >= self.members.own.joined and self.is_member:
            logging.warning("this node was removed from its cluster and goes on alone, without rows")
            self.alone(Code.LEAVING, keep_rows=False)

    def outdated(self, incarnation: int) -> None:
        """A higher incarnation of this node is known: new dots, then new links (MBR-020, MBR-021)."""
        old, self.origin = self.origin, Origin(self.id, incarnation + 1)
        for table in self.tables.values():
            own = sorted((h for h in table.rows.values() if h.row.version.origin == old),
                         key=lambda h: h.row.version.sequence)
            table.remove(lambda held: held.row.version.origin == old)
            table.vector.entries.pop(old, None)
            table.origin, table.recent, table.kept, table.last = self.origin, {}, 0, len(own)
            for sequence, (row, _) in enumerate(own, 1):
                table.merge(row._replace(version=RowVersion(row.version.stamp, self.origin, sequence)))
            table.vector.raise_to(self.origin, len(own))
        self.members.records[self.id] = self.members.own._replace(incarnation=incarnation + 1, refutation=0)
        self.view_changed()
        for link in list(self.links.values()):
            link.close(Fault(Code.DUPLICATE_LINK, "linking anew under another incarnation"))

    # Links

    async def run_link(self, link: Link, intent: Any, dialed: int | None) -> None:
        """A link from its first byte to its last."""
        self.all_links.add(link)
        beat = None
        try:
            await shake_hands(link, self.identity(), intent, self._current_keys())
            if dialed is not None:  # it has answered with its proof (FDT-006)
                self.members.reached[link.peer.node] = time.monotonic()
            check_identity(link, self.identity(), self.is_member, self.members.records, dialed)
            kind = "from client" if link.peer.role == Role.client else "member"
            if link.intent == Intent.join:
                kind = "to joiner" if link.dialed else "from joiner"
            link.open(kind)
            timer = asyncio.get_running_loop().call_later(
                5, lambda: link.established or link.close(Fault(Code.HANDSHAKE_TIMEOUT, "no frame came")))
            if kind != "member" or not link.dialed:
                beat = self._establish(link)
            while arrival := await link.receive():
                if not link.established:  # LNK-026; meanwhile much may have changed
                    check_identity(link, self.identity(), self.is_member, self.members.records, dialed)
                    beat = self._establish(link)
                self._dispatch(link, arrival)
            timer.cancel()
        except Silence as silence:
            link.end()
            logging.debug("link ended: %s", silence)
        except Fault as fault:
            logging.info("link closed: %s, %s", Code(fault.code).name, fault.text)
            await link.drain(fault)
        except Exception:
            logging.exception("a fault of this node's own")
            await link.drain(Fault(Code.INTERNAL_ERROR, "a fault of this node's own"))
        finally:
            link.over_at = time.monotonic()
            if beat:
                beat.cancel()
            await self._over(link)

    def _current_keys(self) -> dict[int, bytes]:
        """The secret as the file has it now, or as it had it last (SEC-010)."""
        try:
            self.keys = read_secret(self.secret_file)
        except (OSError, ValueError) as error:
            logging.warning("the secret stays as it was: %s", error)
        return self.keys

    def _dispatch(self, link: Link, arrival: Any) -> None:
        try:
            if arrival.type == m.Call.TYPE:
                self.calls.handle(link, arrival)
            else:
                self.handlers[type(arrival.message)](link, arrival.message, arrival.stream)
        except Fault as fault:
            fault.type, fault.sequence = arrival.type, arrival.sequence  # LNK-046
            raise

    def _establish(self, link: Link) -> asyncio.Task[Any] | None:
        """The link is taken, unless another one wins (LNK-060, LNK-052, LNK-053)."""
        if link.kind == "member":
            other = self.links.get(link.peer.node)
            if other and link.peer.incarnation <= other.peer.incarnation and link.dialed != other.dialed \
                    and (other.dialed == (self.id > link.peer.node)):
                raise Fault(Code.DUPLICATE_LINK, "another link is kept")
            if other:
                other.close(Fault(Code.DUPLICATE_LINK, "another link is kept"))
            self.links[link.peer.node] = link
        link.established = True
        if link.kind == "member":
            self.members.linked(link)
            link.send(self.catalogue.message())  # TAB-009
            self.replication.linked(link)
            self.calls.member_changed(self.members.records[link.peer.node])
            logging.info("linked with %s", link.peer.name)
        return None if link.kind == "from client" else self.spawn(self.heartbeats.beat(link))

    async def _over(self, link: Link) -> None:
        self.all_links.discard(link)
        if link.peer and self.links.get(link.peer.node) is link:
            del self.links[link.peer.node]
            self._told(link)
            if self.is_member and not self.stopping and link.peer.node in self.members.records:
                self.members.lost(link)
                self.calls.member_changed(self.members.records[link.peer.node])
                if not link.ended_by:
                    self.dial_now(link.peer.node)  # FDT-002
            self.replication.check_writes()
        elif link.peer and link.kind != "before HELLO" and link.kind != "before AUTH":
            self._told(link)
        if link.kind == "to joiner":
            self.joining.lost(link)
        await link.over()

    def _told(self, link: Link) -> None:
        """What a CLOSE of a peer that has proved itself says about this node (LNK-038, MBR-020, MBR-045)."""
        close = link.ended_by
        if close and link.kind == "member" and close.code == Code.REMOVED:
            self.expelled(self.members.own._replace(joined=close.detail))
        elif close and link.kind == "member" and close.code == Code.STALE_INCARNATION:
            if close.detail > self.origin.incarnation:
                self.outdated(close.detail)

    # Dialing

    def keep_dialing(self, node: int) -> None:
        """LNK-050."""
        if node not in self.dialing and not self.stopping:
            self.kicks[node] = asyncio.Event()
            self.dialing[node] = self.spawn(self._dial(node))

    def dial_now(self, node: int) -> None:
        """Without waiting for the pause to end (FDT-002)."""
        if node in self.kicks:
            self.kicks[node].set()

    async def _dial(self, node: int) -> None:
        pause, task = PAUSE_FIRST, asyncio.current_task()
        try:
            while (record := self.members.records.get(node)) and record.state not in GONE \
                    and self.dialing.get(node) is task and not self.stopping:
                self.kicks[node].clear()
                if node not in self.links:
                    retry = 0.0
                    try:
                        link = Link(await connect(record.address), dialed=True)
                        await self.run_link(link, Intent.member, node)
                        retry = min(link.ended_by.retry / 1000, PAUSE_LIMIT) if link.ended_by else 0.0
                        pause = PAUSE_FIRST if link.established else pause
                        if not link.established:
                            self.members.failed[node] = time.monotonic()
                    except OSError:
                        self.members.failed[node] = time.monotonic()
                        if time.monotonic() - self.members.reached.get(node, self.started) > 5:
                            self.members.suspect(node, quietly=True)
                    wait = max(pause * random.uniform(0.5, 1), retry)  # LNK-047
                    pause = min(pause * 2, PAUSE_LIMIT)
                else:
                    wait = PAUSE_LIMIT
                try:
                    async with asyncio.timeout(wait):
                        await self.kicks[node].wait()
                except TimeoutError:
                    pass
        finally:
            if self.dialing.get(node) is task:
                del self.dialing[node]

    # Running

    async def run(self, listen: str, join: list[str]) -> None:
        """Until `stop`."""
        host, port = listen.rsplit(":", 1)
        self.server = socket.create_server((host.strip("[]"), int(port)),
                                           family=socket.AF_INET6 if "[" in host else socket.AF_INET)
        self.server.setblocking(False)
        self.save()
        self.stopped = asyncio.Event()
        for record in self.members.others():
            self.keep_dialing(record.node)
        for work in self._accept(), self._tick(), self.members.clean():
            self.spawn(work)
        if join and not self.members.others():
            self.spawn(self._join_first(join))
        logging.info("%s is ready at %s", self.name, listen)
        await self.stopped.wait()

    async def _join_first(self, addresses: list[str]) -> None:
        while not self.members.others() and not self.stopping:
            for address in addresses:
                try:
                    await self.joining.join(address, m.JoinMode.refuse, False)
                    logging.info("joined the cluster of %s", address)
                    return
                except Fault as fault:
                    logging.warning("cannot join %s: %s, %s", address, Code(fault.code).name, fault.text)
            await asyncio.sleep(1)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self.server)
            link = Link(sock, dialed=False)
            pending = [each for each in self.all_links if not each.dialed and each.kind.startswith("before")]
            if len(pending) < PENDING_LIMIT:
                self.spawn(self.run_link(link, Intent.member, None))
            else:
                self.spawn(self._turn_away(link))

    async def _turn_away(self, link: Link) -> None:
        """LNK-015."""
        await asyncio.get_running_loop().sock_sendall(link.sock, PREFACE)
        await link.drain(Fault(Code.TOO_MANY_LINKS, "as many links as this node takes"))
        await link.over()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.snapshots.check()
            self.collection.check()

    async def stop(self) -> None:
        """In good order: CLOSE on every link (FDT-007)."""
        self.stopping = True
        self.server.close()
        for link in list(self.all_links):
            if link.established:
                link.close(Fault(Code.SHUTTING_DOWN, "the node stops"))
            else:
                link.end()
        end = time.monotonic() + 1
        while self.all_links and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self.save()
        self.stopped.set()

"""Runs real clusters of this node and the reference node on loopback.

TABLEWIRE_BINARY names the `tablewire` program of the reference node. With TABLEWIRE_WIREDUMP, the `wiredump`
program, what the reference node sends and receives is captured and checked. TABLEWIRE_TEST_PORT moves the
ports; TABLEWIRE_TEST_KEEP keeps logs and captures.
"""
from __future__ import annotations

import asyncio
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tablewire_node import messages as m
from tablewire_node.client import Client
from tablewire_node.handshake import read_secret
from tablewire_node.versions import Origin, RowVersion
from tablewire_node.wire import Code, Fault

BINARY = os.environ.get("TABLEWIRE_BINARY", "")
WIREDUMP = os.environ.get("TABLEWIRE_WIREDUMP", "")
HERE = Path(__file__).resolve().parent
if not BINARY:
    print("test_cluster: NOTHING IS TESTED, TABLEWIRE_BINARY does not name the reference node",
          file=sys.stderr)
PORTS = iter(range(int(os.environ.get("TABLEWIRE_TEST_PORT", "21300")), 22000))
NOWHERE = RowVersion(0, Origin(0, 0), 0)


class Member:
    """A node in a process of its own."""

    def __init__(self, root: Path, kind: str, name: str) -> None:
        self.kind, self.name, self.root = kind, f"{name}@127.0.0.1", root
        self.address = f"127.0.0.1:{next(PORTS)}"
        self.process: subprocess.Popen[bytes] | None = None
        self.client: Client | None = None

    async def start(self, join: Member | None = None) -> None:
        """Starts the process and waits until it answers a call."""
        program = [BINARY, "node"] if self.kind == "swift" else [sys.executable, "-m", "tablewire_node"]
        options = ["--name", self.name, "--listen", self.address, "--data", str(self.root / self.name),
                   "--secret-file", str(self.root / "secret")]
        if self.kind == "swift":
            options.append("--allow-faults")  # for nodeBlock
        if WIREDUMP and self.kind == "swift":
            options += ["--capture", str(self.root / f"{self.name}-{time.time_ns()}.pcapng")]
        with open(self.root / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen([*program, *options, *(["--join", join.address] if join else [])],
                                            cwd=HERE, stdout=log, stderr=log)
        await eventually(self._answers, f"{self.name} answers")
        if join:
            await eventually(lambda: self._is_linked(join), f"{self.name} has joined")

    async def _answers(self) -> bool:
        try:
            self.client = await Client.connect(self.address, read_secret(self.root / "secret"))
            return True
        except Exception:
            return False

    async def _is_linked(self, other: Member) -> bool:
        return any(each.record.name == other.name and each.is_reachable and each.record.state == m.State.up
                   for each in (await self.status()).members)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends the process by a signal; its exit code."""
        if self.client:
            await self.client.close()
            self.client = None
        if not self.process:
            return 0
        self.process.send_signal(number)
        code = await asyncio.to_thread(self.process.wait, 15)
        self.process = None
        return code

    async def call(self, arguments: Any) -> Any:
        """A call on this node."""
        assert self.client
        return await self.client.call(arguments)

    async def status(self) -> Any:
        return (await self.call(m.ClusterStatusCall())).status

    async def info(self, table: str) -> Any:
        return (await self.call(m.TableInfoCall(table))).tables[0]

    async def create(self, table: str, type: Any = m.TableType.set, merge: Any = m.MergeRule.lww,
                     storage: Any = m.Storage.ram) -> Any:
        definition = m.TableDefinition(table, type, storage, merge, 0, [], True, NOWHERE, 0)
        return await self.call(m.TableCreate(definition))

    async def write(self, table: str, *operations: tuple[str, str, str], level: Any = m.AckLevel.all) -> Any:
        """Operations like ("put", key, value), as one group."""
        made = [m.Operation(m.OperationKind[kind], key.encode(), value.encode())
                for kind, key, value in operations]
        return (await self.call(m.RowWriteCall(m.RowWrite(table, level, 5000, made)))).written

    async def scan(self, table: str, prefix: str = "") -> list[Any]:
        rows, cursor = [], b""
        while True:
            page = (await self.call(m.RowScanCall(m.RowScan(table, prefix.encode(), cursor)))).page
            rows += page.rows
            cursor = page.next
            if not cursor:
                return rows


async def eventually(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if await check():
                return
        except Fault:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"not in {seconds} s: {what}")


@unittest.skipUnless(BINARY, "SKIPPED: TABLEWIRE_BINARY does not name the reference node")
class ClusterTests(unittest.IsolatedAsyncioTestCase):
    """Mixed clusters."""

    async def asyncSetUp(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="tablewire-python-"))
        secret = self.root / "secret"
        secret.touch(0o600)
        secret.write_text(f"1 {secrets.token_hex(32)}\n")
        self.nodes: list[Member] = []

    async def asyncTearDown(self) -> None:
        for node in self.nodes:
            await node.stop(signal.SIGKILL if not WIREDUMP else signal.SIGTERM)
        for capture in self.root.glob("*.pcapng") if WIREDUMP else ():
            checked = await asyncio.to_thread(subprocess.run, [WIREDUMP, "--check", "--count", capture],
                                              capture_output=True, timeout=60)
            self.assertIn(checked.returncode, (0, 3), f"{capture.name}: {checked.stderr.decode()}")
        if os.environ.get("TABLEWIRE_TEST_KEEP"):
            print("kept", self.root)
        else:
            shutil.rmtree(self.root)

    async def cluster(self, *kinds: str) -> list[Member]:
        """Nodes of these kinds, each one joined to the first."""
        for kind in kinds:
            node = Member(self.root, kind, f"{kind}{len(self.nodes) + 1}")
            self.nodes.append(node)
            await node.start(self.nodes[0] if len(self.nodes) > 1 else None)
        return self.nodes

    async def converged(self, nodes: list[Member], *tables: str) -> None:
        """Vectors, digests, counts and rows are equal everywhere."""
        for table in tables:
            async def equal() -> bool:
                infos = [await node.info(table) for node in nodes]
                told = [(info.digest, info.vector, info.rows) for info in infos]
                return all(each == told[0] for each in told) and \
                    all(info.readiness == m.Readiness.ready for info in infos)
            await eventually(equal, f"{table} is the same on all")
            seen = [sorted(await node.scan(table)) for node in nodes]
            self.assertTrue(all(rows == seen[0] for rows in seen), table)

    async def make_tables(self, node: Member) -> list[str]:
        await node.create("plain")
        await node.create("ordered", m.TableType.ordered_set)
        await node.create("bag", m.TableType.bag)
        await node.create("owned", merge=m.MergeRule.owner)
        await node.create("owned-bag", m.TableType.bag, m.MergeRule.owner)
        names = ["plain", "ordered", "bag", "owned", "owned-bag"]
        for each in self.nodes:
            async def known() -> bool:
                return len((await each.call(m.TableList())).tables) == len(names)
            await eventually(known, "the tables are known")
        return names

    async def scribble(self, nodes: list[Member], tables: list[str], count: int = 40) -> None:
        """Writes on all nodes at once: puts, deletes and batches on few keys, so that they meet."""
        async def one(node: Member, seed: int) -> None:
            dice = random.Random(seed)
            for _ in range(count):
                operations = [(dice.choice(["put", "put", "put", "delete"]), f"k{dice.randrange(25)}",
                               dice.choice(["", "v", "v" * 300]) + str(dice.randrange(9)))
                              for _ in range(dice.choice([1, 1, 5, 40]))]
                await node.write(dice.choice(tables), *operations,
                                 level=dice.choice([m.AckLevel.local, m.AckLevel.majority, m.AckLevel.all]))
        await asyncio.gather(*(one(node, seed) for seed, node in enumerate(nodes)))

    async def mixed(self, *kinds: str) -> None:
        nodes = await self.cluster(*kinds)
        for creator in nodes[0], nodes[-1]:
            tables = await self.make_tables(creator)
        await self.scribble(nodes, tables)
        await self.converged(nodes, *tables)
        for node in nodes:
            status = await node.status()
            self.assertEqual([each.record.state for each in status.members], [m.State.up] * 3)
            self.assertTrue(all(each.is_reachable for each in status.members))
        self.assertEqual(len({(await node.status()).coordinator for node in nodes}), 1)

    async def test_two_swift_one_python(self) -> None:
        await self.mixed("swift", "swift", "python")

    async def test_one_swift_two_python(self) -> None:
        await self.mixed("swift", "python", "python")

    async def test_swift_joins_python(self) -> None:
        await self.mixed("python", "swift", "python")

    async def test_snapshots_both_ways(self) -> None:
        first, second = await self.cluster("swift", "python")
        await first.create("big", m.TableType.bag)
        for start in range(0, 4000, 500):
            await first.write("big", *(("put", f"key/{i // 3}", f"{i} " + "value " * (i % 60))
                                       for i in range(start, start + 500)))
        await first.write("big", ("put", "huge", "x" * 3_000_000),
                          *(("delete", f"key/{i}", "") for i in range(50)))
        await self.converged([first, second], "big")
        third, fourth = Member(self.root, "python", "late"), Member(self.root, "swift", "later")
        self.nodes += [third, fourth]
        await third.start(first)    # served by the reference node
        await fourth.start(second)  # served by this node
        await self.converged(self.nodes, "big")
        self.assertEqual(len(await fourth.scan("big", "key/")), 4000 - 150)

    async def test_kill_and_restart(self) -> None:
        nodes = await self.cluster("swift", "python", "python")
        tables = await self.make_tables(nodes[0])
        await self.scribble(nodes, tables, 15)
        for victim in (nodes[1], nodes[0], nodes[2]):
            others = [node for node in nodes if node is not victim]
            await victim.stop(signal.SIGKILL)

            async def down() -> bool:
                states = [each.record.state for node in others for each in (await node.status()).members
                          if each.record.name == victim.name]
                return states == [m.State.down] * 2
            await eventually(down, f"{victim.name} is down")
            await self.scribble(others, tables, 15)
            await victim.start()
            for node in others:
                await eventually(lambda: victim._is_linked(node), "linked again")
            await self.converged(nodes, *tables)

    async def test_tombstones_go_when_nothing_older_can_come(self) -> None:
        nodes = await self.cluster("swift", "python", "python")
        await nodes[0].create("t")
        for node in nodes:
            await eventually(lambda: self.knows(node, "t"), "the table is known")
            await node.write("t", *(("put", f"{node.name}{i}", "x") for i in range(50)))
        for node in nodes:
            await node.write("t", *(("delete", f"{nodes[0].name}{i}", "") for i in range(30)))

        async def gone() -> bool:
            return all([(await node.info("t")).tombstones == 0 for node in nodes])
        await eventually(gone, "the tombstones are gone", 60)
        await nodes[1].stop(signal.SIGKILL)
        await nodes[0].write("t", ("delete", f"{nodes[0].name}40", ""), level=m.AckLevel.local)
        await nodes[1].start()
        await self.converged(nodes, "t")
        self.assertEqual((await nodes[2].info("t")).rows, 119)

    async def knows(self, node: Member, table: str) -> bool:
        return bool(await node.info(table))

    async def test_a_frozen_member_is_down_and_comes_back(self) -> None:
        nodes = await self.cluster("swift", "python", "python")
        await nodes[0].create("t")
        for victim in nodes[1], nodes[0]:
            other = nodes[2]
            assert victim.process
            victim.process.send_signal(signal.SIGSTOP)

            async def has(state: Any) -> bool:
                return any(each.record.name == victim.name and each.record.state == state
                           for each in (await other.status()).members)
            await eventually(lambda: has(m.State.down), f"{victim.name} is down", 5)
            await other.write("t", ("put", victim.name, "1"))
            victim.process.send_signal(signal.SIGCONT)
            await eventually(lambda: has(m.State.up), f"{victim.name} is up again", 10)
            await self.converged(nodes, "t")

    async def test_tables_of_some_members_and_tables_made_anew(self) -> None:
        nodes = await self.cluster("swift", "python", "swift")
        ids = {each.record.name: each.record.node for each in (await nodes[0].status()).members}
        for name, members in ("some", nodes[1:]), ("other", nodes[:1]):
            replicas = sorted(ids[node.name] for node in members)
            definition = m.TableDefinition(name, m.TableType.set, m.Storage.ram, m.MergeRule.lww, 0, replicas,
                                           True, NOWHERE, 0)
            await nodes[0].call(m.TableCreate(definition))
            await eventually(lambda: self.knows(nodes[1], name), "the table is known")
            self.assertEqual((await members[0].write(name, ("put", "a", "1"))).wanted, len(members))
            stranger = next(node for node in nodes if node not in members)
            with self.assertRaises(Fault) as caught:
                await stranger.write(name, ("put", "a", "1"))
            self.assertEqual(caught.exception.code, Code.NOT_REPLICATED)
        await self.converged(nodes[1:], "some")
        for maker, type in zip(nodes, (m.TableType.bag, m.TableType.set, m.TableType.bag)):
            await maker.create("anew", type)
            for node in nodes:
                await eventually(lambda: self.knows(node, "anew"), "the table is known")
            for node in nodes:
                await node.write("anew", ("put", "k", node.name), ("put", node.name, "x"))
            await self.converged(nodes, "anew")
            self.assertEqual(len(await maker.scan("anew", "k")), 3 if type == m.TableType.bag else 1)
            await nodes[1].call(m.TableDrop("anew"))

            async def dropped() -> bool:
                return all(["anew" not in [info.definition.name for info in (await node.status()).tables]
                            for node in nodes])
            await eventually(dropped, "the table is dropped")

    async def test_a_member_that_others_reach_is_not_down(self) -> None:
        first, second, third = await self.cluster("swift", "python", "python")
        await first.create("t")
        await self.converged(self.nodes, "t")
        await first.call(m.NodeBlock([second.name]))
        await second.write("t", ("put", "a", "1"), level=m.AckLevel.local)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            for node in self.nodes:
                self.assertNotIn(m.State.down, [each.record.state for each in (await node.status()).members])
            await asyncio.sleep(0.25)
        self.assertFalse(await second._is_linked(first))
        self.assertEqual(len(await first.scan("t")), 1)  # by way of the third
        await first.call(m.NodeBlock([]))
        await eventually(lambda: second._is_linked(first), "linked again")
        await self.converged(self.nodes, "t")

    async def test_rows_of_an_owner_hide_while_it_is_down(self) -> None:
        first, second = await self.cluster("swift", "python")
        await first.create("owned", merge=m.MergeRule.owner)
        await first.write("owned", ("put", "k", "swift"))
        await second.write("owned", ("put", "k", "python"))
        await self.converged([first, second], "owned")
        _, events = second.client.watch(m.RowWatch("owned", None))  # type: ignore[union-attr]
        self.assertEqual(await first.stop(), 0)

        async def hidden() -> bool:
            page = (await second.call(m.RowGet("owned", b"k"))).page
            return [row.value for row in page.rows] == [b"python"]
        await eventually(hidden, "the row of the stopped node is hidden")
        event = (await asyncio.wait_for(events.get(), 5)).result.events[0]
        self.assertTrue(event.row.is_tombstone)

    async def test_watches(self) -> None:
        first, second = await self.cluster("swift", "python")
        await first.create("t")
        await self.converged([first, second], "t")
        for here, there in (first, second), (second, first):
            stream, events = here.client.watch(m.RowWatch("t", None))  # type: ignore[union-attr]
            await asyncio.sleep(0.2)
            await there.write("t", ("put", "a", "1"), ("delete", "a", ""), ("put", "b", there.kind))
            seen: list[Any] = []
            while not seen or seen[-1].row.key != b"b":
                seen += (await asyncio.wait_for(events.get(), 5)).result.events
            here.client.cancel(stream)  # type: ignore[union-attr]
            self.assertEqual((await asyncio.wait_for(events.get(), 5)).code, Code.CANCELLED)

    async def test_leave_and_remove(self) -> None:
        nodes = await self.cluster("swift", "python", "swift", "python")
        await nodes[0].create("t")
        await nodes[0].write("t", ("put", "a", "1"))
        for leaver in nodes[3], nodes[2]:
            await leaver.call(m.ClusterLeave())
            status = await leaver.status()
            self.assertEqual(len(status.members), 1)
            self.assertEqual(len(await leaver.scan("t")), 1)
            for other in nodes[:2]:
                async def left() -> bool:
                    return any(each.record.name == leaver.name and each.record.state == m.State.left
                               for each in (await other.status()).members)
                await eventually(left, f"{leaver.name} has left")
        await nodes[0].call(m.ClusterRemove(nodes[1].name))

        async def removed() -> bool:
            return len((await nodes[1].status()).members) == 1
        await eventually(removed, "the removed node is alone")
        self.assertEqual((await nodes[1].call(m.TableList())).tables, [])
        result = (await nodes[1].call(m.ClusterJoin(nodes[0].address, m.JoinMode.refuse, False))).joined
        self.assertEqual(result.copied, 1)
        await self.converged(nodes[:2], "t")
        await nodes[1].call(m.ClusterRemove(nodes[0].name))

        async def swift_removed() -> bool:
            return len((await nodes[0].status()).members) == 1
        await eventually(swift_removed, "the reference node is alone")

    async def test_join_modes(self) -> None:
        first, second = await self.cluster("swift", "swift")
        lone = Member(self.root, "python", "lone")
        self.nodes.append(lone)
        await lone.start()
        for node in first, lone:
            await node.create("t")
            await node.write("t", ("put", node.kind, "1"), ("put", "both", node.kind))
        await lone.create("brought")
        await lone.write("brought", ("put", "a", "1"))
        with self.assertRaises(Fault) as caught:
            await lone.call(m.ClusterJoin(first.address, m.JoinMode.refuse, False))
        self.assertEqual(caught.exception.code, Code.NOT_EMPTY)
        dry = (await lone.call(m.ClusterJoin(first.address, m.JoinMode.merge, True))).joined
        self.assertTrue(dry.is_dry_run)
        self.assertEqual(len((await lone.status()).members), 1)
        await lone.call(m.ClusterJoin(first.address, m.JoinMode.merge, False))
        await self.converged(self.nodes, "t", "brought")
        self.assertEqual(len(await first.scan("brought")), 1)
        self.assertEqual({row.key for row in await second.scan("t")}, {b"swift", b"python", b"both"})

    async def test_disc_tables_are_refused_and_never_said_to_be_durable(self) -> None:
        first, second = await self.cluster("swift", "python")
        with self.assertRaises(Fault) as caught:
            await second.create("d", storage=m.Storage.disc)
        self.assertEqual(caught.exception.code, Code.NOT_SUPPORTED)
        await first.create("d", storage=m.Storage.disc)
        self.assertEqual((await first.write("d", ("put", "a", "1"), level=m.AckLevel.local)).replicas, 1)
        await self.converged([first, second], "d")
        with self.assertRaises(Fault) as caught:
            await first.write("d", ("put", "a", "2"))
        self.assertEqual(caught.exception.code, Code.ACKNOWLEDGEMENT_TIMEOUT)


if __name__ == "__main__":
    unittest.main()

"""A client of any node: one link, calls and their answers (chapter 12)."""
from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any

from .handshake import Identity, check_identity, shake_hands
from .link import Link
from .messages import Call, Cancel, Failure, Intent, Role
from .wire import Code, Fault


async def connect(address: str) -> socket.socket:
    """A connection to HOST:PORT within a second."""
    host, port = address.rsplit(":", 1)
    family, kind, proto, _, target = (await asyncio.get_running_loop().getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM))[0]
    sock = socket.socket(family, kind, proto)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(1):
            await asyncio.get_running_loop().sock_connect(sock, target)
    except (OSError, TimeoutError):
        sock.close()
        raise OSError(f"nobody answers at {address}") from None
    return sock


class Client:
    """`await Client.connect(...)`, then `await client.call(RowGet("t", b"key"))`."""

    def __init__(self, link: Link) -> None:
        self.link, self.last = link, 0
        self.calls: dict[int, asyncio.Queue[Any]] = {}
        self.reading = asyncio.ensure_future(self._read())

    @classmethod
    async def connect(cls, address: str, keys: dict[int, bytes], cluster: int = 0) -> Client:
        """Opens a link as a client (LNK-020, LNK-023)."""
        link = Link(await connect(address), dialed=True)
        identity = Identity(Role.client, cluster, int.from_bytes(secrets.token_bytes(16), "big"), 1,
                            "client@localhost", "")
        try:
            await shake_hands(link, identity, Intent.member, keys)
            check_identity(link, identity, True, {}, None)
        except Exception:
            link.end()
            await link.over()
            raise
        link.open("to client")
        link.established = True
        return cls(link)

    async def _read(self) -> None:
        try:
            while arrival := await self.link.receive():
                if arrival.stream in self.calls:
                    self.calls[arrival.stream].put_nowait(arrival.message)
        finally:
            for queue in self.calls.values():
                queue.put_nowait(None)
            await self.link.over()

    def watch(self, arguments: Any) -> tuple[int, asyncio.Queue[Any]]:
        """Begins a call; its replies come by the queue, None when the link ends."""
        self.last += 1
        queue = self.calls[self.last] = asyncio.Queue()
        self.link.send(Call(arguments), self.last)
        return self.last, queue

    def cancel(self, stream: int) -> None:
        """Ends a watch (CAL-006)."""
        self.link.send(Cancel(), stream)

    async def call(self, arguments: Any, timeout: float = 15.0) -> Any:
        """The result of a call; raises the Fault of its failure."""
        stream, queue = self.watch(arguments)
        async with asyncio.timeout(timeout):
            reply = await queue.get()
        del self.calls[stream]
        if reply is None:
            raise Fault(Code.UNREACHABLE, "the link ended")
        if isinstance(reply.result, Failure):
            raise Fault(reply.code, reply.result.text)
        return reply.result

    async def close(self) -> None:
        """Ends the link; a client owes no reason."""
        self.link.end()
        await self.reading

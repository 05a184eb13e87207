"""One connection: lanes, credit, what is permitted, and closing (chapters 3 and 4)."""
from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from . import messages as m
from .messages import REGISTRY, Close, Credit, Failure, Reply
from .wire import (BULK, FIRST_CREDIT, FRAME_BEFORE_AUTHENTICATION, FRAME_BODY, NEVER, NOW, REPLICATION,
                   TEXT_LIMIT, Arrival, Code, Fault, FrameReader, encode, frame)

DRAIN_SECONDS, BACKLOG, FLOOD_LIMIT, FRAME_SENT = 1.0, 33554432, 1000, 65536  # LIM-020, LIM-031, LIM-021
ALWAYS = {m.Close, m.Ping, m.Pong, m.Credit}
PERMITTED: dict[str, set[Any]] = {  # LNK-022: what may come, by the kind of the link and the sender
    "before HELLO": {m.Hello, m.Close},
    "before AUTH": {m.Auth, m.Close},
    "member": set(REGISTRY.values()) - {m.Hello, m.Auth, m.JoinRequest, m.JoinAccept, m.JoinReject},
    "from client": ALWAYS | {m.Call, m.Cancel},
    "to client": ALWAYS | {m.Reply},
    "from joiner": ALWAYS | {m.JoinRequest, m.SnapRequest, m.SnapCancel},
    "to joiner": ALWAYS | {m.JoinAccept, m.JoinReject, m.SnapBegin, m.SnapChunk, m.SnapEnd, m.SnapCancel},
}


class Link:
    """A socket that speaks frames. `send` puts messages on their lanes, `receive` gives those of the peer."""

    def __init__(self, sock: socket.socket, dialed: bool) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 131072)  # FRM-023
        self.sock, self.dialed, self.kind = sock, dialed, "before HELLO"
        self.hello: Any = None              # what this end said
        self.peer: Any = None               # what the other end said
        self.incoming = FrameReader(REGISTRY, FRAME_BEFORE_AUTHENTICATION)
        self.granted = self.incoming.credit = dict(FIRST_CREDIT)
        self.credit: dict[int, int] = {REPLICATION: 0, BULK: 0}
        self.sent, self.sequence, self.turn = [0] * 4, 0, REPLICATION
        self.queues: list[deque[tuple[int, int, bytes]]] = [deque() for _ in range(4)]
        self.parts: dict[int, tuple[int, int, memoryview]] = {}  # what is being sent, in frames
        self.waiting = 0                    # bytes on lane 2 that wait for the peer
        self.pull: Callable[[int], bool] = lambda lane: False   # asked to fill an empty lane
        self.final: bytes | None = None     # the body of our CLOSE
        self.reason: Fault | None = None    # and why
        self.ended_by: Any = None           # the CLOSE of the peer
        self.wake, self.writer = asyncio.Event(), asyncio.ensure_future(self._write())
        self.heard = self.since = time.monotonic()
        self.ignored: deque[float] = deque()
        self.established = self.timed_out = False
        self.pings, self.unanswered, self.round_trip, self.clock_offset = 0, dict[int, float](), 0.0, 0
        self.view_differs, self.view_sent = 0, 0.0
        self.streams: dict[str, Any] = {}   # per table: where replication stands (replication.py)
        self.serving: dict[int, Any] = {}   # snapshots that this end sends (snapshots.py)
        self.fetching: dict[int, Any] = {}  # snapshots that this end receives, None when over
        self.last_stream = 0
        self.calls: set[int] = set()        # streams of calls in progress
        self.over_at = 0.0

    @property
    def intent(self) -> Any:
        """Why the dialer opened the link; the acceptor has no say in it."""
        return (self.hello if self.dialed else self.peer).intent

    # Sending

    def send(self, message: Any, stream: int = 0) -> None:
        """Puts a message on its lane (FRM-021)."""
        if self.final is None and self.ended_by is None:
            body = encode(message)
            self.queues[message.LANE].append((message.TYPE, stream, body))
            self.waiting += len(body) if message.LANE == REPLICATION else 0
            self.wake.set()

    def reply(self, stream: int, result: Any, code: int = 0, last: bool = True) -> None:
        """Answers a call (CAL-002)."""
        self.send(Reply(code, last, result), stream)

    def refuse(self, stream: int, fault: Fault) -> None:
        """Answers a call with a failure (CAL-009)."""
        self.reply(stream, Failure(fault.text[:TEXT_LIMIT // 2]), fault.code)

    def close(self, fault: Fault) -> None:
        """CLOSE behind what waits on the lanes 0 and 1, then shut down this direction (LNK-041)."""
        if self.final is None and self.ended_by is None:
            retry = 2**32 - 1 if fault.code in NEVER else 0 if fault.code in NOW else 1000
            self.reason = fault
            self.final = encode(Close(fault.code, fault.type, fault.sequence, retry, fault.detail,
                                      fault.text[:TEXT_LIMIT // 2]))
            self.wake.set()
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, self.end)

    async def drain(self, fault: Fault) -> None:
        """CLOSE, and what still comes is discarded (LNK-042)."""
        self.close(fault)
        while await self.receive():
            pass

    def end(self) -> None:
        """Ends both directions without another word."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self.ended_by is None:
                data = self._next_frame()
                if data:
                    await loop.sock_sendall(self.sock, data)
                    self._grant()
                    await asyncio.sleep(0)  # sending often ends at once; the others have their turn (FRM-025)
                elif self.final is not None:
                    await loop.sock_sendall(self.sock, frame(Close.TYPE, 0, self.final, 0, self.sequence))
                    break
                else:
                    self.wake.clear()
                    await self.wake.wait()
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the reader goes on until the end and sees a CLOSE that is on its way (LNK-049)

    def _next_frame(self) -> bytes | None:
        """The most urgent frame that credit allows (FRM-022, FRM-030)."""
        self.turn = BULK if self.turn == REPLICATION else REPLICATION
        for lane in (0, 1) if self.final is not None else (0, 1, self.turn, 5 - self.turn):
            if lane not in self.parts:
                if not self.queues[lane] and (lane < REPLICATION or not self.pull(lane)):
                    continue
                if not self.queues[lane]:
                    continue
                type, stream, whole = self.queues[lane].popleft()
                self.parts[lane] = type, stream, memoryview(whole)
            type, stream, body = self.parts[lane]
            room = self.credit[lane] - self.sent[lane] if lane >= REPLICATION else FRAME_SENT
            if room <= 0 and len(body):
                continue
            part, rest = body[:min(FRAME_SENT, room)], body[min(FRAME_SENT, room):]
            self.sent[lane] += len(part)
            self.waiting -= len(part) if lane == REPLICATION else 0
            if len(rest):
                self.parts[lane] = (type, stream, rest)
            else:
                del self.parts[lane]
            self.sequence += 1
            return frame(type, lane, bytes(part), stream, self.sequence - 1, len(rest) > 0)
        return None

    # Receiving

    async def read(self) -> bytes:
        """The next bytes, none at the end of the connection."""
        try:
            await asyncio.sleep(0)
            return await asyncio.get_running_loop().sock_recv(self.sock, 65536)
        except OSError:
            return b""

    async def receive(self) -> Arrival | None:
        """The next message, or None when the link is over; raises the Fault to close with (FRM-018)."""
        while True:
            arrival = None if self.final is not None else next(self.incoming.feed(b""), None)
            if arrival is None:
                self._grant()
                data = await self.read()
                if not data:
                    return None
                self.heard = time.monotonic()
                if self.final is None:  # after our CLOSE what comes is discarded (LNK-042)
                    self.incoming.buffer += data
            elif self._own(arrival):
                return arrival

    def _own(self, arrival: Arrival) -> bool:
        """Handles what concerns the link itself; true for what is left to its user."""
        message = arrival.message
        if message is None and arrival.refusal is None:
            now = time.monotonic()
            self.ignored.append(now)
            while now - self.ignored[0] > 1:
                self.ignored.popleft()
            if len(self.ignored) > FLOOD_LIMIT:
                raise Fault(Code.FLOOD, "too many frames of unknown types", 0, arrival.type, arrival.sequence)
            return False
        if REGISTRY[arrival.type] not in PERMITTED[self.kind]:
            raise self.unexpected(arrival)
        if isinstance(message, Close):  # LNK-043
            self.ended_by = message
            self.wake.set()
            self.end()
            return False
        if isinstance(message, Credit):
            if message.limit < self.credit[message.lane]:
                raise Fault(Code.MALFORMED, "credit was lowered", 1, arrival.type, arrival.sequence)
            self.credit[message.lane] = message.limit
            self.wake.set()
            return False
        return True

    @staticmethod
    def unexpected(arrival: Arrival, why: str = "does not belong here") -> Fault:
        """The fault of a message that is not permitted now."""
        return Fault(Code.UNEXPECTED_MESSAGE, f"{REGISTRY[arrival.type].NAME} {why}", 0, arrival.type,
                     arrival.sequence)

    def _grant(self) -> None:
        """New credit when half of the first is left and the peer reads its replies (FRM-034, LIM-031)."""
        for lane, limit in self.granted.items() if self.established and self.waiting < BACKLOG else ():
            if limit - self.incoming.received[lane] <= FIRST_CREDIT[lane] // 2:
                self.granted[lane] = self.incoming.received[lane] + FIRST_CREDIT[lane]
                self.send(Credit(m.Lane(lane), self.granted[lane]))

    def open(self, kind: str) -> None:
        """Both proofs have passed: the limits of the handshake go (LIM-002)."""
        self.kind, self.incoming.limit = kind, FRAME_BODY
        self.credit = {REPLICATION: max(self.credit[REPLICATION], self.peer.replication_credit),
                       BULK: max(self.credit[BULK], self.peer.bulk_credit)}

    async def over(self) -> None:
        """Waits for the last bytes and gives the socket back."""
        self.ended_by = self.ended_by or (None if self.final is not None else False)
        self.wake.set()
        await asyncio.wait([self.writer], timeout=DRAIN_SECONDS)
        self.writer.cancel()
        self.sock.close()

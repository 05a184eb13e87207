"""The handshake, its proofs, and who a peer may be (chapter 4)."""
from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
import re
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from .link import Link
from .messages import Auth, Codec, Hello, Intent, MemberRecord, Role, State
from .versions import milliseconds
from .wire import FIRST_CREDIT, FRAME_BODY, GREASE, PREFACE, Code, Fault, check_preface, encode, frame

HANDSHAKE_SECONDS, CLOCK_SKEW = 5.0, 60_000  # LIM-007, LIM-015
GONE = (State.left, State.removed)


class Silence(Exception):
    """The other side does not speak this protocol: end without a word (FRM-003, FRM-004)."""


class Identity(NamedTuple):
    """What a program says of itself in every HELLO."""
    role: Any
    cluster: int
    node: int
    incarnation: int
    name: str
    address: str
    interval: int = 250
    deadline: int = 750

    def hello(self, intent: Any) -> Any:
        """A HELLO with a new nonce and GREASE (LNK-010, LNK-016, EXT-011)."""
        return Hello(self.role, intent, self.cluster, self.node, self.incarnation, milliseconds(),
                     secrets.token_bytes(32), self.interval, self.deadline, FRAME_BODY,
                     *FIRST_CREDIT.values(), self.name, self.address, [random.choice(GREASE)],
                     [Codec.none, Codec.zlib], [])


def read_secret(path: Path) -> dict[int, bytes]:
    """The keys of a secret file by their ids, the first one first (LNK-031, SEC-001, SEC-004)."""
    if path.stat().st_mode & 0o077:
        raise ValueError(f"others can read {path}; say chmod 600")
    keys: dict[int, bytes] = {}
    for line in path.read_text("ascii").splitlines():
        if line.strip() and not line.startswith("#"):
            match = re.fullmatch(r"(?:(\d+)\s+)?((?:[0-9A-Fa-f]{2}){32,})", line.strip())
            if not match:
                raise ValueError(f"{path} has a line that is no key of at least 256 bits")
            keys.setdefault(int(match[1] or 1), bytes.fromhex(match[2]))
    if not keys:
        raise ValueError(f"{path} has no key")
    return keys


def proof(secret: bytes, dialer: Any, acceptor: Any, role: bytes, transcript: bytes) -> bytes:
    """The mac of one end (LNK-032 to LNK-034)."""
    prk = hmac.digest(dialer.nonce + acceptor.nonce, secret, "sha256")
    key = hmac.digest(prk, b"tablewire 1 " + role + b"\x01", "sha256")  # HKDF-Expand of 32 bytes is one block
    return hmac.digest(key, hashlib.sha256(transcript).digest(), "sha256")


async def shake_hands(link: Link, identity: Identity, intent: Any, keys: dict[int, bytes]) -> None:
    """Runs the handshake of either end up to the peer's proof; identity checks are the caller's.

    Raises Silence, or the Fault to close with.
    """
    spoke = False
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            theirs = await _prefaces(link)
            spoke = True
            await _hellos_and_proofs(link, identity, intent, keys, theirs)
    except TimeoutError:
        if not spoke:
            raise Silence("nothing came") from None
        raise Fault(Code.HANDSHAKE_TIMEOUT, "not authenticated in time") from None


async def _prefaces(link: Link) -> bytes:
    loop, buffer = asyncio.get_running_loop(), link.incoming.buffer
    if link.dialed:
        await loop.sock_sendall(link.sock, PREFACE)  # LNK-001
    while len(buffer) < 16:
        data = await link.read()
        buffer += data
        try:
            low, high = check_preface(bytes(buffer[:16]), whole=not data)
        except Fault as fault:
            raise Silence(f"no preface came: {fault.text}") from None
    theirs = bytes(buffer[:16])
    del buffer[:16]
    if not link.dialed:
        await loop.sock_sendall(link.sock, PREFACE)  # LNK-002
    if not low <= 1 <= high:
        raise Fault(Code.VERSION_UNSUPPORTED, "this node speaks version 1")  # LNK-008
    return theirs


async def _expect(link: Link) -> tuple[Any, bytes]:
    """The next message of the handshake, and its frame."""
    arrival = await link.receive()
    if arrival is None:
        raise Silence("the peer ended the connection")
    return arrival.message, frame(arrival.type, 0, encode(arrival.message), 0, arrival.sequence)


async def _hellos_and_proofs(link: Link, identity: Identity, intent: Any, keys: dict[int, bytes],
                             theirs: bytes) -> None:
    key, secret = next(iter(keys.items()))

    def send(message: Any) -> bytes:
        link.send(message)
        return frame(message.TYPE, 0, encode(message), 0, len(sent))

    def check(auth: Any, role: bytes, transcript: bytes) -> None:
        expected = proof(keys.get(auth.key, bytes(32)), dialer, acceptor, role, transcript)
        if not hmac.compare_digest(expected, auth.mac) or auth.key not in keys:  # LNK-035, LNK-036
            raise Fault(Code.AUTHENTICATION_FAILED, "the proof is not right", 0, Auth.TYPE,
                        link.incoming.sequence - 1)
    sent: list[bytes] = []
    if link.dialed:
        link.hello = dialer = identity.hello(intent)
        sent.append(send(dialer))
        link.peer, their_hello = await _expect(link)
        acceptor, link.kind = link.peer, "before AUTH"
        t1 = PREFACE + theirs + sent[0] + their_hello
        t2 = t1 + send(Auth(key, proof(secret, dialer, acceptor, b"dialer", t1)))  # LNK-005
        auth, _ = await _expect(link)
        check(auth, b"acceptor", t2)
    else:
        link.peer, their_hello = await _expect(link)
        dialer, link.kind = link.peer, "before AUTH"
        link.hello = acceptor = identity.hello(dialer.intent)  # LNK-025
        sent.append(send(acceptor))
        t1 = theirs + PREFACE + their_hello + sent[0]
        auth, their_auth = await _expect(link)
        check(auth, b"dialer", t1)
        send(Auth(key, proof(secret, dialer, acceptor, b"acceptor", t1 + their_auth)))  # LNK-006


def check_identity(link: Link, identity: Identity, is_member: bool, records: dict[int, Any],
                   dialed: int | None) -> None:
    """The table of LNK-039 without its last line; the Fault is the first check that fails."""
    peer = link.peer
    client, member = Role.client in (peer.role, identity.role), link.intent == Intent.member
    record: MemberRecord | None = records.get(peer.node)
    among = member and not client
    earlier = [r for r in records.values() if r.name == peer.name and r.state not in GONE
               and record and (r.joined, r.node) < (record.joined, record.node)]
    skewed = abs(peer.clock - milliseconds()) > CLOCK_SKEW
    for fails, code, text in (
            (not client and not is_member, Code.LEAVING, "this node is changing its cluster"),
            (peer.role == Role.replica, Code.ROLE_NOT_ALLOWED, "the role replica is reserved"),
            (client and not member, Code.ROLE_NOT_ALLOWED, "a client cannot join"),
            (client and 0 != peer.cluster != identity.cluster != 0, Code.WRONG_CLUSTER, "another cluster"),
            (not client and peer.node == identity.node, Code.SELF_LINK, "a node has reached itself"),
            (among and peer.cluster != identity.cluster, Code.WRONG_CLUSTER, "another cluster"),
            (among and not record, Code.NOT_MEMBER, "no record of this node"),
            (among and record and record.state in GONE, Code.REMOVED, "no member any more"),
            (not client and record and peer.incarnation < record.incarnation, Code.STALE_INCARNATION,
             "a higher incarnation is known"),
            (among and bool(earlier), Code.NAME_CONFLICT, "another member has this name"),
            (not client and skewed, Code.CLOCK_SKEW, "the clocks differ"),
            (among and dialed not in (None, peer.node), Code.NOT_MEMBER, "another node answered")):
        if fails:
            detail = {Code.STALE_INCARNATION: record and record.incarnation, Code.CLOCK_SKEW: milliseconds(),
                      Code.REMOVED: record and record.joined}  # LNK-044
            raise Fault(code, text, detail=detail.get(code) or 0)

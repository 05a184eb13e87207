"""Encoding conventions and frames: the README of the specification and chapters 2, 3 and 15.

A `Kind` knows how to read and write one type of the text. `struct` makes a named tuple of kinds; its
fields are declared in the order in which they travel, so a declaration reads like a field table.
"""
from __future__ import annotations

import re
import struct as packing
import zlib
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

PREFACE_MAGIC = bytes.fromhex("d45457520d0a000a")
PREFACE = PREFACE_MAGIC + packing.pack(">HHI", 1, 1, 0)
FRAME_MAGIC, HEADER, MORE = 0xD457, packing.Struct(">HHBBHIIQII"), 1
FRAME_BEFORE_AUTHENTICATION, FRAME_BODY, MESSAGE_LIMIT = 1024, 262144, 17825792  # LIM-001, LIM-002, LIM-003
KEY_LIMIT, VALUE_LIMIT, BATCH_LIMIT, TEXT_LIMIT = 65536, 16777216, 10000, 256  # LIM-004 to LIM-006, LIM-013
FIRST_CREDIT = {2: 1048576, 3: 262144}  # LIM-018; less on the bulk lane, so that a PING waits less behind it
GREASE = tuple(range(0xFA01, 0xFB00, 16))  # EXT-010
WHOLE = 2**64 - 1  # a floor of a vector (VER-007), and a mask of 64 bits
CONTROL, MEMBERSHIP, REPLICATION, BULK = range(4)

Code = IntEnum("Code", {  # the error registry (chapter 15)
    "NONE": 0, "SHUTTING_DOWN": 1, "DUPLICATE_LINK": 2, "LEAVING": 3, "IDLE": 4, "JOINED": 5,
    "VERSION_UNSUPPORTED": 0x101, "BAD_HEADER": 0x102, "BAD_BODY": 0x103, "FRAME_TOO_LARGE": 0x104,
    "MESSAGE_TOO_LARGE": 0x105, "SEQUENCE_GAP": 0x106, "UNKNOWN_CRITICAL": 0x107, "MALFORMED": 0x108,
    "UNEXPECTED_MESSAGE": 0x109, "WRONG_LANE": 0x10A, "CREDIT_EXCEEDED": 0x10B, "FLOOD": 0x10C,
    "HANDSHAKE_TIMEOUT": 0x10D, "HEARTBEAT_TIMEOUT": 0x10E, "TOO_MANY_LINKS": 0x10F, "INTERNAL_ERROR": 0x110,
    "SNAPSHOT_MISMATCH": 0x111, "AUTHENTICATION_FAILED": 0x201, "WRONG_CLUSTER": 0x202,
    "NAME_CONFLICT": 0x203, "STALE_INCARNATION": 0x204, "CLOCK_SKEW": 0x205, "REMOVED": 0x206,
    "NOT_MEMBER": 0x207, "SELF_LINK": 0x208, "ROLE_NOT_ALLOWED": 0x209,
    "NOT_EMPTY": 0x301, "BUSY": 0x302, "ALREADY_MEMBER": 0x303,
    "TOO_MANY_MEMBERS": 0x304, "INCOMPATIBLE": 0x305, "UNKNOWN_METHOD": 0x401, "INVALID_ARGUMENT": 0x402,
    "NO_SUCH_TABLE": 0x403, "TABLE_EXISTS": 0x404, "TOO_MANY_TABLES": 0x405, "KEY_TOO_LARGE": 0x406,
    "VALUE_TOO_LARGE": 0x407, "BATCH_TOO_LARGE": 0x408, "ACKNOWLEDGEMENT_TIMEOUT": 0x409,
    "STORAGE_FAILED": 0x40A, "DISK_FULL": 0x40B, "POSITION_TOO_OLD": 0x40C, "NO_SUCH_MEMBER": 0x40D,
    "NOT_READY": 0x40E, "UNREACHABLE": 0x40F, "TOO_MANY_CALLS": 0x410, "NOT_SUPPORTED": 0x411,
    "CANCELLED": 0x412, "NOT_REPLICATED": 0x413})
NEVER = {Code.VERSION_UNSUPPORTED, Code.WRONG_CLUSTER, Code.NAME_CONFLICT, Code.REMOVED, Code.SELF_LINK,
         Code.ROLE_NOT_ALLOWED}
NOW = {Code.DUPLICATE_LINK, Code.IDLE, Code.JOINED, Code.UNEXPECTED_MESSAGE, Code.HANDSHAKE_TIMEOUT,
       Code.HEARTBEAT_TIMEOUT, Code.STALE_INCARNATION}


class Fault(Exception):
    """What went wrong, with the registered code; `offset` counts from the start of header or body."""

    def __init__(self, code: int, text: str, offset: int = 0, type: int = 0, sequence: int = 0,
                 refusal: bool = False, detail: int = 0) -> None:
        super().__init__(text)
        self.code, self.text, self.offset, self.detail = code, text, offset, detail
        self.type, self.sequence, self.refusal = type, sequence, refusal


class Reader:
    """Reads fields from a body and stops at the first that breaks a rule."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at, self.in_call = data, at, False

    def take(self, count: int, start: int | None = None) -> bytes:
        """The next bytes; ENC-007 when they are not there."""
        if count > len(self.data) - self.at:
            raise Fault(Code.MALFORMED, "truncated", self.at if start is None else start)
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size: int) -> int:
        """An unsigned integer (ENC-001)."""
        return int.from_bytes(self.take(size), "big")

    def end(self) -> None:
        """Nothing may follow the last field (ENC-007)."""
        if self.at != len(self.data):
            raise Fault(Code.MALFORMED, "leftover", self.at)

    def limit(self, broken: bool, at: int, text: str, code: int) -> None:
        """A limit or a name's grammar: a call is refused with `code` and the link stays (CAL-004)."""
        if broken:
            raise Fault(code if self.in_call else Code.MALFORMED, text, at, refusal=self.in_call)


class Kind(NamedTuple):
    """How a type of the text is read and written, and the fewest bytes that it takes."""
    read: Callable[[Reader], Any]
    write: Callable[[bytearray, Any], None]
    least: int


def malformed(broken: bool, at: int, text: str) -> None:
    """Raises MALFORMED (ERR-001)."""
    if broken:
        raise Fault(Code.MALFORMED, text, at)


def integer(size: int, low: int = 0, high: int | None = None) -> Kind:
    """An unsigned big-endian integer (ENC-001)."""
    def read(r: Reader) -> int:
        value, top = r.number(size), high
        malformed(value < low or (top is not None and value > top), r.at - size, "outOfRange")
        return value
    return Kind(read, lambda out, value: out.extend(value.to_bytes(size, "big")), size)


U8, U16, U32, U64, U128 = (integer(size) for size in (1, 2, 4, 8, 16))
I64 = Kind(lambda r: int.from_bytes(r.take(8), "big", signed=True),
           lambda out, value: out.extend(value.to_bytes(8, "big", signed=True)), 8)


def _read_bool(r: Reader) -> bool:
    value = r.number(1)
    malformed(value > 1, r.at - 1, "notBoolean")  # ENC-002
    return value == 1


BOOL = Kind(_read_bool, lambda out, value: out.append(1 if value else 0), 1)


def enumeration(name: str, values: str, size: int = 1, start: int = 1) -> tuple[Any, Kind]:
    """An enumeration and its kind (ENC-006)."""
    cases: Any = IntEnum(name, values, start=start)
    known = {int(case): case for case in cases}

    def read(r: Reader) -> Any:
        value = r.number(size)
        malformed(value not in known, r.at - size, "unknownValue")
        return known[value]
    return cases, Kind(read, lambda out, value: out.extend(int(value).to_bytes(size, "big")), size)


def text(limit: int = TEXT_LIMIT, valid: Callable[[str], bool] = lambda value: True) -> Kind:
    """UTF-8 with a 16-bit length (ENC-003, LIM-006), perhaps of a grammar."""
    def read(r: Reader) -> str:
        start = r.at
        data = r.take(r.number(2), start)
        r.limit(len(data) > limit, start, "limitExceeded", Code.INVALID_ARGUMENT)
        try:
            value = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(Code.MALFORMED, "notUnicode", start) from None
        r.limit(not valid(value), start, "invalidName", Code.INVALID_ARGUMENT)
        return value

    def write(out: bytearray, value: str) -> None:
        data = value.encode()
        out += len(data).to_bytes(2, "big") + data
    return Kind(read, write, 2)


def is_address(value: str) -> bool:
    """MBR-006."""
    match = re.fullmatch(r"(?:\[([!-Z\\^-~]+)\]|([!-9;-Z\\^-~]+)):([1-9][0-9]{0,4})", value)
    return bool(match) and int(match[3]) <= 65535 and (match[1] is None or ":" in match[1])


TEXT = text()
NODE_NAME = text(255, lambda v: bool(re.fullmatch(r"[A-Za-z0-9_-]+@[A-Za-z0-9.:-]+", v)))          # MBR-005
TABLE_NAME = text(64, lambda v: bool(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", v)))            # TAB-001
ADDRESS, ADDRESS_OR_NONE = text(261, is_address), text(261, lambda v: not v or is_address(v))


def blob(limit: int = MESSAGE_LIMIT, code: int = Code.INVALID_ARGUMENT) -> Kind:
    """Bytes with a 32-bit length (ENC-004)."""
    def read(r: Reader) -> bytes:
        start = r.at
        data = r.take(r.number(4), start)
        r.limit(len(data) > limit, start, "limitExceeded", code)
        return data

    def write(out: bytearray, value: bytes) -> None:
        out += len(value).to_bytes(4, "big") + value
    return Kind(read, write, 4)


BYTES, KEY, VALUE = blob(), blob(KEY_LIMIT, Code.KEY_TOO_LARGE), blob(VALUE_LIMIT, Code.VALUE_TOO_LARGE)


def fixed(size: int) -> Kind:
    """Bytes without a length."""
    return Kind(lambda r: r.take(size), lambda out, value: out.extend(value), size)


def array(kind: Kind, count: int) -> Kind:
    """A fixed number of elements."""
    def write(out: bytearray, values: list[Any]) -> None:
        for value in values:
            kind.write(out, value)
    return Kind(lambda r: [kind.read(r) for _ in range(count)], write, count * kind.least)


def listing(of: Any, limit: int = WHOLE, order: Callable[[Any], Any] | None = None, least: int = 0,
            code: int = Code.INVALID_ARGUMENT, each: Callable[[Any, int], None] | None = None) -> Kind:
    """A counted list, ascending by `order` when that is given (ENC-005, ENC-008)."""
    kind: Kind = kind_of(of)

    def read(r: Reader) -> list[Any]:
        start, values = r.at, []
        count = r.number(4)
        malformed(count * kind.least > len(r.data) - r.at, start, "truncated")
        r.limit(count > limit, start, "limitExceeded", code)
        r.limit(count < least, start, "outOfRange", Code.INVALID_ARGUMENT)
        for _ in range(count):
            at = r.at
            value = kind.read(r)
            if order and values:
                malformed(order(values[-1]) >= order(value), at, "notAscending")
            if each:
                each(value, at)
            values.append(value)
        return values

    def write(out: bytearray, values: list[Any]) -> None:
        out += len(values).to_bytes(4, "big")
        for value in values:
            kind.write(out, value)
    return Kind(read, write, 4)


def optional(of: Any) -> Kind:
    """A mark, and the value when it is 1 (ENC-011)."""
    kind: Kind = kind_of(of)

    def write(out: bytearray, value: Any) -> None:
        out.append(value is not None)
        if value is not None:
            kind.write(out, value)
    return Kind(lambda r: kind.read(r) if _read_bool(r) else None, write, 1)


def kind_of(of: Any) -> Kind:
    """The kind of a struct, or the kind itself."""
    return of if isinstance(of, Kind) else of.wire


def struct(name: str, check: Callable[[Any, dict[str, int], Reader], None] | None = None, /,
           **fields: Any) -> Any:
    """A named tuple with a kind: its fields in the order of their declaration, and a check of the whole."""
    made: Any = namedtuple(name, fields)
    kinds = {key: kind_of(of) for key, of in fields.items()}

    def read(r: Reader) -> Any:
        values, starts = [], {}
        for key, kind in kinds.items():
            starts[key] = r.at
            values.append(kind.read(r))
        value = made(*values)
        if check:
            check(value, starts, r)
        return value

    def write(out: bytearray, value: Any) -> None:
        for kind, part in zip(kinds.values(), value):
            kind.write(out, part)
    made.wire = Kind(read, write, sum(kind.least for kind in kinds.values()))
    return made


def encode(value: Any) -> bytes:
    """The one encoding of a struct or message (ENC-009)."""
    out = bytearray()
    value.wire.write(out, value)
    return bytes(out)


def decode(of: Any, data: bytes) -> Any:
    """All of `data` as one struct or message, or a Fault."""
    reader = Reader(data)
    value = kind_of(of).read(reader)
    reader.end()
    return value


def check_preface(data: bytes, whole: bool = True) -> tuple[int, int]:
    """The versions in a preface (FRM-001); with `whole` false, only what has come is judged (FRM-003)."""
    for at, byte in enumerate(data[:8]):
        if byte != PREFACE_MAGIC[at]:
            raise Fault(Code.BAD_HEADER, "wrongMagic", at)
    if len(data) < 16:
        if whole:
            raise Fault(Code.BAD_HEADER, "truncated", len(data))
        return 0, 0
    low, high, zero = packing.unpack(">HHI", data[8:16])
    for broken, at, why in ((low == 0, 8, "outOfRange"), (high < low, 10, "contradiction"),
                            (zero, 12, "reservedNotZero")):
        if broken:
            raise Fault(Code.BAD_HEADER, why, at)
    return low, high


def frame(type: int, lane: int, body: bytes, stream: int, sequence: int, more: bool = False) -> bytes:
    """One frame (FRM-005, FRM-006)."""
    head = HEADER.pack(FRAME_MAGIC, type, MORE if more else 0, lane, 0, len(body), stream, sequence,
                       zlib.crc32(body), 0)[:28]
    return head + zlib.crc32(head).to_bytes(4, "big") + body


class Arrival(NamedTuple):
    """A message that has come whole. `message` is None for an ignorable type; `refusal` is for its CALL."""
    type: int
    lane: int
    stream: int
    sequence: int
    size: int
    message: Any = None
    refusal: Fault | None = None


@dataclass
class FrameReader:
    """The receiving side of framing: checks each frame in the order of FRM-018, and joins messages."""
    registry: dict[int, Any]
    limit: int = FRAME_BODY
    message_limit: int = MESSAGE_LIMIT
    credit: dict[int, int] = field(default_factory=lambda: {REPLICATION: WHOLE, BULK: WHOLE})
    buffer: bytearray = field(default_factory=bytearray)
    sequence: int = 0
    last: list[int] = field(default_factory=lambda: [0] * 4)       # per lane: last sequence + 1 (HRT-004)
    received: list[int] = field(default_factory=lambda: [0] * 4)   # per lane: body bytes
    parts: dict[int, tuple[int, int, list[bytes]]] = field(default_factory=dict)
    header: tuple[int, ...] = ()

    def feed(self, data: bytes) -> Iterator[Arrival]:
        """Takes bytes and yields the messages that they complete; a Fault names the frame that is bad."""
        self.buffer += data
        while True:
            if not self.header:
                if len(self.buffer) < HEADER.size:
                    return
                self.header = self._check_header(bytes(self.buffer[:HEADER.size]))
                del self.buffer[:HEADER.size]
            size = self.header[5]
            if len(self.buffer) < size:
                return
            body = bytes(self.buffer[:size])
            del self.buffer[:size]
            header, self.header = self.header, ()
            arrival = self._take(header, body)
            if arrival:
                yield arrival

    def _check_header(self, data: bytes) -> tuple[int, ...]:
        header = HEADER.unpack(data)
        magic, type, flags, lane, zero, size, stream, sequence, _, crc = header

        def check(broken: Any, code: int, why: str, at: int) -> None:
            if broken:
                told = (0, 0) if code == Code.BAD_HEADER else (type, sequence)
                raise Fault(code, why, at, *told)
        check(magic != FRAME_MAGIC, Code.BAD_HEADER, "wrongMagic", 0)
        check(crc != zlib.crc32(data[:28]), Code.BAD_HEADER, "wrongChecksum", 28)
        check(zero, Code.BAD_HEADER, "reservedNotZero", 6)
        check(flags & ~MORE, Code.BAD_HEADER, "reservedNotZero", 4)
        check(size > self.limit, Code.FRAME_TOO_LARGE, "limitExceeded", 8)
        check(sequence != self.sequence, Code.SEQUENCE_GAP, "wrongSequence", 16)
        check(lane > BULK, Code.WRONG_LANE, "wrongLane", 5)
        known = self.registry.get(type)
        if known:
            check(lane != known.LANE, Code.WRONG_LANE, "wrongLane", 5)
            check(known.STREAM == "none" and stream, Code.MALFORMED, "reservedNotZero", 12)
            check(known.STREAM == "call" and not stream, Code.MALFORMED, "outOfRange", 12)
        else:
            check(type % 2 == 0, Code.UNKNOWN_CRITICAL, "unknownCritical", 2)
        part = self.parts.get(lane)
        if part:
            check(type != part[0], Code.MALFORMED, "wrongContinuation", 2)
            check(stream != part[1], Code.MALFORMED, "wrongContinuation", 12)
        check((part or flags & MORE) and not size, Code.MALFORMED, "wrongContinuation", 8)
        check(size + (sum(map(len, part[2])) if part else 0) > self.message_limit,
              Code.MESSAGE_TOO_LARGE, "limitExceeded", 8)
        check(self.received[lane] + size > self.credit.get(lane, WHOLE), Code.CREDIT_EXCEEDED, "no credit", 8)
        return header

    def _take(self, header: tuple[int, ...], body: bytes) -> Arrival | None:
        _, type, flags, lane, _, size, stream, sequence, crc, _ = header
        if zlib.crc32(body) != crc:
            raise Fault(Code.BAD_BODY, "wrongChecksum", 24, type, sequence)
        self.sequence, self.last[lane] = sequence + 1, sequence + 1
        self.received[lane] += size
        parts = self.parts.pop(lane, (type, stream, []))
        parts[2].append(body)
        if flags & MORE:
            self.parts[lane] = parts
            return None
        body = b"".join(parts[2])
        message, refusal = None, None
        try:
            message = decode(self.registry[type], body) if type in self.registry else None
        except Fault as fault:
            fault.type, fault.sequence = type, sequence
            if not fault.refusal:
                raise
            refusal = fault
        return Arrival(type, lane, stream, sequence, len(body), message, refusal)

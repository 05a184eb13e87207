"""Stamps, row versions and version vectors (chapter 8), and the hashes that the protocol is built on."""
from __future__ import annotations

import struct as packing
import time
from collections.abc import Callable, Iterable
from typing import Any

from .wire import U64, U128, WHOLE, Kind, Reader, integer, listing, malformed, struct

Origin: Any = struct("Origin", node=U128, incarnation=U64)
RowVersion: Any = struct("RowVersion", stamp=U64, origin=Origin, sequence=integer(8, high=WHOLE - 1))
VectorEntry: Any = struct("VectorEntry", origin=Origin, sequence=U64)

MASK = WHOLE
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def _rotate(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & MASK


def _round(lane: int, word: int) -> int:
    lane = (lane + word * P2) & MASK
    return ((lane << 31) | (lane >> 33)) * P1 & MASK


def xxh64(data: bytes, seed: int = 0) -> int:
    """XXH64 as published (VER-020)."""
    size, stripes = len(data), len(data) & ~31
    if stripes:
        one, two, three, four = (seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK
        for a, b, c, d in packing.iter_unpack("<4Q", data[:stripes]):
            one, two, three, four = _round(one, a), _round(two, b), _round(three, c), _round(four, d)
        h = (_rotate(one, 1) + _rotate(two, 7) + _rotate(three, 12) + _rotate(four, 18)) & MASK
        for lane in one, two, three, four:
            h = ((h ^ _round(0, lane)) * P1 + P4) & MASK
    else:
        h = (seed + P5) & MASK
    h = (h + size) & MASK
    at = stripes
    while at + 8 <= size:
        h = (_rotate(h ^ _round(0, int.from_bytes(data[at:at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= size:
        h = (_rotate(h ^ int.from_bytes(data[at:at + 4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = _rotate(h ^ byte * P5 & MASK, 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


def row_digest(row_hash: int, version: Any) -> int:
    """DIG-001."""
    return xxh64(b"".join(part.to_bytes(size, "big") for part, size in (
        (row_hash, 8), (version.stamp, 8), (version.origin.node, 16), (version.origin.incarnation, 8),
        (version.sequence, 8))))


def milliseconds() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Clock:
    """A hybrid logical clock (VER-001, VER-003, VER-004)."""

    AHEAD = 10_000 << 16

    def __init__(self, bound: int = 0) -> None:
        self.latest = self.bound = bound
        self.keep: Callable[[], None] = lambda: None  # makes a raised bound durable

    def stamp(self) -> int:
        """A stamp above every stamp that was issued or seen, in this life or an earlier one."""
        self.latest = max(self.latest + 1, milliseconds() << 16)
        if self.latest > self.bound:
            self.bound = self.latest + self.AHEAD
            self.keep()
        return self.latest

    def saw(self, stamp: int) -> None:
        """Takes a stamp of somebody else as seen."""
        self.latest = max(self.latest, stamp)


class Vector:
    """A version vector: for each origin the sequence up to which everything is incorporated (VER-006)."""

    def __init__(self, entries: Iterable[tuple[Any, int]] = ()) -> None:
        self.entries: dict[Any, int] = {}   # no entry at or below a floor
        self.floors: dict[int, int] = {}    # node: the incarnation that is covered whole, and all before it
        for origin, sequence in entries:
            self.raise_to(origin, sequence)

    def raise_to(self, origin: Any, sequence: int) -> None:
        """Raises one entry; never lowers it."""
        if sequence == WHOLE and self.floors.get(origin.node, -1) < origin.incarnation:
            self.floors[origin.node] = origin.incarnation
            self.entries = {o: s for o, s in self.entries.items() if o.node != origin.node or o > origin}
        elif sequence > self[origin]:
            self.entries[origin] = sequence

    def __getitem__(self, origin: Any) -> int:
        if origin.incarnation <= self.floors.get(origin.node, -1):
            return WHOLE
        return self.entries.get(origin, 0)

    def covers(self, version: Any) -> bool:
        """Whether the dot of a row version is covered."""
        return self[version.origin] >= version.sequence

    def items(self) -> list[tuple[Any, int]]:
        """The canonical entries (VER-007)."""
        floors = [(Origin(node, incarnation), WHOLE) for node, incarnation in self.floors.items()]
        return sorted(floors + list(self.entries.items()))

    def covers_all(self, other: Vector) -> bool:
        """Whether each entry of the other one is covered."""
        return all(self[origin] >= sequence for origin, sequence in other.items())

    def merge(self, other: Vector) -> None:
        """Becomes the least vector that covers both."""
        for origin, sequence in other.items():
            self.raise_to(origin, sequence)

    def union(self, other: Vector) -> Vector:
        """The least vector that covers both, as a new one."""
        made = self.copy()
        made.merge(other)
        return made

    def meet(self, other: Vector) -> Vector:
        """The greatest vector that both cover."""
        origins = [origin for origin, _ in self.items() + other.items()]
        return Vector((origin, min(self[origin], other[origin])) for origin in origins)

    def copy(self) -> Vector:
        """A vector of its own."""
        return Vector(self.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self.items() == other.items()

    def hash(self) -> int:
        """VER-012."""
        out = bytearray()
        VECTOR.write(out, self)
        return xxh64(bytes(out[4:]))


def _read_vector(r: Reader) -> Vector:
    entries: list[Any] = []

    def check(entry: Any, at: int) -> None:
        last = entries[-1] if entries else None
        malformed(entry.sequence == 0, at, "notCanonical")
        if last:
            behind_floor = last.origin.node == entry.origin.node and entry.sequence == WHOLE
            malformed(last.origin >= entry.origin or behind_floor, at, "notCanonical")
        entries.append(entry)
    listing(VectorEntry, 16384, each=check).read(r)
    return Vector(entries)


def _write_vector(out: bytearray, vector: Vector) -> None:
    listing(VectorEntry).write(out, vector.items())  # type: ignore[arg-type]


VECTOR = Kind(_read_vector, _write_vector, 4)

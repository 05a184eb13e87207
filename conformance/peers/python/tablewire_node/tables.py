"""Tables in memory and the rules of merging (chapters 7 and 8)."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from .blocks import Group, write_group
from .messages import MergeRule, Operation, OperationKind, Row, TableType
from .versions import Clock, RowVersion, Vector, row_digest, xxh64
from .wire import WHOLE

RECENT_BYTES = 8388608  # LIM-017
RowID = tuple[bytes, int, bytes]


def row_hash(is_bag: bool, key: bytes, owner: int | None, value: bytes) -> int:
    """The hash of a row id; its upper 10 bits are the bucket (SNP-006)."""
    seed = xxh64(value) if is_bag else 0
    if owner is not None:
        seed = xxh64(owner.to_bytes(16, "big"), seed)
    return xxh64(key, seed)


class Held(NamedTuple):
    """A row, the hash of its id, and its digest."""
    row: Row
    hash: int
    digest: int


class Batch(NamedTuple):
    """A group of this node's own operations, as OPERATIONS carries it."""
    count: int
    data: bytes


class Table:
    """A replica: rows and tombstones, what is incorporated of whom, and the operations of this life."""

    def __init__(self, definition: Any, origin: Any, clock: Clock) -> None:
        self.definition, self.origin, self.clock = definition, origin, clock
        self.rows: dict[RowID, Held] = {}
        self.keys: dict[bytes, set[RowID]] = {}
        self.vector, self.collected = Vector(), Vector()
        self.beyond: dict[Any, list[tuple[int, int]]] = {}  # applied beyond a gap (REP-008)
        self.buckets = [0] * 1024                           # digests of live rows (DIG-002)
        self.live = self.last = self.kept = 0
        self.recent: dict[int, Batch] = {}                  # own groups that can still be streamed, by first
        self.compared = False                               # a TABLE_STATE has come since the start
        self.told: dict[Any, tuple[Vector, float]] = {}     # per witness: its latest vector, and when it came
        self.witnesses: frozenset[Any] = frozenset()        # of TAB-013, with its two moments
        self.moment: tuple[Vector, Vector] | None = None
        self.settled: Vector | None = None
        self.oldest: dict[int, int] = {}                    # per owner: the incarnation whose rows count
        self.gone: set[int] = set()                         # owners that left or were removed
        self.changed: Callable[[Row, Row | None], None] = lambda row, before: None
        self.is_bag = definition.type == TableType.bag
        self.has_owners = definition.merge == MergeRule.owner

    # What is there

    @property
    def digest(self) -> int:
        """DIG-003."""
        return sum(self.buckets) & WHOLE

    @property
    def streamable(self) -> int:
        """The first own operation that can still be streamed (REP-021)."""
        return next(iter(self.recent), self.last + 1)

    def of_key(self, key: bytes) -> list[Row]:
        """The live rows of a key, by owner, then value (CAL-019)."""
        rows = (self.rows[id].row for id in sorted(self.keys.get(key, ())))
        return [row for row in rows if not row.is_tombstone]

    def in_range(self, first: int, last: int) -> Iterator[Held]:
        """Rows and tombstones of a range of buckets."""
        return (held for held in self.rows.values() if first <= held.hash >> 54 <= last)

    def row_id(self, key: bytes, owner: int, value: bytes) -> RowID:
        """TAB-003."""
        return key, owner if self.has_owners else -1, value if self.is_bag else b""

    def hash_of(self, row: Row) -> int:
        """The row hash of a row of this table."""
        return row_hash(self.is_bag, row.key, row.owner, row.value)

    # Merging

    def merge(self, row: Row, from_snapshot: bool = False) -> bool:
        """Merges a row or tombstone; true when it is now held (MRG-001, MRG-002, MRG-005, MRG-013)."""
        version = row.version
        self.clock.saw(version.stamp)
        id = self.row_id(row.key, version.origin.node, row.value)
        held = self.rows.get(id)
        if version.stamp <= self.definition.floor or self._outlived(version.origin):  # TAB-011
            return False
        if held and held.row.version >= version:
            return False
        if not held and from_snapshot and self.vector.covers(version):
            return False
        hash = held.hash if held else self.hash_of(row)
        self._put(id, Held(row, hash, row_digest(hash, version)), held)
        return True

    def _outlived(self, origin: Any) -> bool:
        node, incarnation = origin
        return self.has_owners and (node in self.gone or incarnation < self.oldest.get(node, 0))

    def _put(self, id: RowID, held: Held | None, before: Held | None) -> None:
        for each, sign in (before, -1), (held, 1):
            if each and not each.row.is_tombstone:
                bucket = each.hash >> 54
                self.buckets[bucket] = (self.buckets[bucket] + sign * each.digest) & WHOLE
                self.live += sign
        if held:
            self.rows[id] = held
            self.keys.setdefault(id[0], set()).add(id)
            self.changed(held.row, before.row if before else None)
        elif before:
            del self.rows[id]
            self.keys[id[0]].discard(id)
            if not self.keys[id[0]]:
                del self.keys[id[0]]
            self.changed(before.row._replace(is_tombstone=True), before.row)

    def remove(self, unwanted: Callable[[Held], bool]) -> list[Any]:
        """Removes rows without a trace and gives their versions (TAB-011, MRG-013, SNP-011)."""
        found = [(id, held) for id, held in self.rows.items() if unwanted(held)]
        for id, held in found:
            self._put(id, None, held)
        return [held.row.version for _, held in found]

    def remove_one(self, id: RowID) -> None:
        """Removes one row without a trace."""
        self._put(id, None, self.rows[id])

    def forget_owner(self, node: int, incarnation: int, is_gone: bool) -> None:
        """An owner began a new life, or is no member any more (MRG-013, MRG-014)."""
        before = self.oldest.get(node, 0), node in self.gone
        self.oldest[node] = max(incarnation, before[0])
        (self.gone.add if is_gone else self.gone.discard)(node)
        if self.has_owners and before != (self.oldest[node], is_gone):
            self.remove(lambda held: held.row.owner == node and self._outlived(held.row.version.origin))

    def redefine(self, definition: Any) -> None:
        """The same table under a newer definition (TAB-011)."""
        self.definition = definition
        self.remove(lambda held: held.row.version.stamp <= definition.floor)

    def row_of(self, operation: Any, stamp: int, origin: Any, sequence: int) -> Row:
        """The row that an operation makes (MRG-010, TAB-012)."""
        delete = operation.kind == OperationKind.delete
        value = operation.value if self.is_bag or not delete else b""
        return Row(operation.key, origin.node if self.has_owners else None, value, delete,
                   RowVersion(stamp, origin, sequence))

    def apply(self, origin: Any, first: int, groups: Iterable[Group]) -> int:
        """Merges operations of a peer and returns the last sequence (REP-008, REP-009, MRG-004)."""
        have, remembered, sequence = self.vector[origin], self.beyond.get(origin, []), first
        for group in groups:
            for operation in group.operations:
                if sequence > have and not any(low <= sequence <= high for low, high in remembered):
                    self.merge(self.row_of(operation, group.stamp, origin, sequence))
                sequence += 1
        self.beyond[origin] = sorted({*remembered, (first, sequence - 1)})
        self.close_gaps(origin)
        return sequence - 1

    def close_gaps(self, origin: Any) -> None:
        """Raises the vector across what was remembered behind it (REP-009)."""
        left = []
        for low, high in self.beyond.get(origin, []):
            if low <= self.vector[origin] + 1:
                self.vector.raise_to(origin, max(high, self.vector[origin]))
            else:
                left.append((low, high))
        self.beyond[origin] = left
        if not left:
            del self.beyond[origin]

    def plain(self, operations: list[Any]) -> list[Any]:
        """A delete without a value stands for each value of the key in a bag (chapter 12, REP-002)."""
        return [each for operation in operations for each in self._plain(operation)]

    def _plain(self, operation: Any) -> list[Any]:
        if operation.kind == OperationKind.put or (self.is_bag and operation.value):
            return [operation]
        if not self.is_bag:
            return [Operation(operation.kind, operation.key, b"")]
        return [Operation(operation.kind, operation.key, row.value) for row in self.of_key(operation.key)
                if row.owner in (None, self.origin.node)]

    def write(self, operations: list[Any]) -> tuple[int, int]:
        """Gives own operations a stamp and sequences, merges and keeps them (VER-001, VER-002, CAL-018)."""
        if not operations:  # a bag held nothing of what was to be deleted
            return 0, 0
        group, first = Group(self.clock.stamp(), operations), self.last + 1
        for sequence, operation in enumerate(operations, first):
            self.merge(self.row_of(operation, group.stamp, self.origin, sequence))
        self.last += len(operations)
        self.vector.raise_to(self.origin, self.last)
        self.recent[first] = Batch(len(operations), write_group(group))
        self.kept += len(self.recent[first].data)
        while self.kept > RECENT_BYTES and len(self.recent) > 1:
            self.kept -= len(self.recent.pop(self.streamable).data)
        return group.stamp, self.last

"""What may be forgotten: tombstones (TAB-013) and the entries of dead incarnations (VER-008)."""
from __future__ import annotations

import time
from functools import reduce
from typing import TYPE_CHECKING, Any

from .handshake import GONE
from .tables import Table
from .versions import Origin, Vector
from .wire import WHOLE

if TYPE_CHECKING:
    from .node import Node

SETTLE_SECONDS = 60.0  # VER-008


class Collection:
    """Goes through the tables from time to time."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.known: dict[Any, float] = {}  # when a life of a node was first known

    def witnesses(self, table: Table) -> frozenset[Any]:
        """Everybody who could still send something older, each in the incarnation that is known of it."""
        replicas = table.definition.replicas
        found = {Origin(r.node, r.incarnation) for r in self.node.members.records.values()
                 if r.state not in GONE and (not replicas or r.node in replicas)}
        linked = {Origin(link.peer.node, link.peer.incarnation) for link in self.node.links.values()
                  if table.definition.name in link.streams}
        return frozenset(found | linked)

    def check(self) -> None:
        """Both rules for each table."""
        for record in self.node.members.records.values():
            self.known.setdefault(Origin(record.node, record.incarnation), time.monotonic())
        for name, table in self.node.tables.items():
            if not table.definition.exists:
                continue
            witnesses = self.witnesses(table)
            table.told[self.node.origin] = table.vector.copy(), time.monotonic()
            told = [table.told[witness] for witness in witnesses if witness in table.told]
            if len(told) < len(witnesses) or witnesses != table.witnesses:
                table.moment = table.settled = None
            table.witnesses = witnesses
            if len(told) == len(witnesses):
                self._tombstones(table, [vector for vector, _ in told], self.node.snapshots.active(name))
                self._floors(table, told)

    def _tombstones(self, table: Table, told: list[Vector], is_fetching: bool) -> None:
        """The two moments of TAB-013, then what is older than both goes (MRG-006)."""
        by_all, by_any = reduce(Vector.meet, told), reduce(Vector.union, told)
        if table.moment and by_all.covers_all(table.moment[1]):
            table.settled, table.moment = table.moment[0], None
        if table.moment is None and not is_fetching:
            table.moment = by_all, by_any
        if table.settled and table.live < len(table.rows):
            safe = table.settled.meet(by_all)
            for version in table.remove(lambda held: held.row.is_tombstone and safe.covers(held.row.version)):
                table.collected.raise_to(version.origin, version.sequence)

    def _floors(self, table: Table, told: list[tuple[Vector, float]]) -> None:
        """A floor where all have told equal entries long after the next life began (VER-008)."""
        for node in {origin.node for origin in table.vector.entries}:
            record = self.node.members.records.get(node)
            known = self.known.get(Origin(node, record.incarnation)) if record else None
            if not known or any(at < known + SETTLE_SECONDS for _, at in told):
                continue
            dead = [[(origin, sequence) for origin, sequence in vector.items()
                     if origin.node == node and origin.incarnation < record.incarnation]
                    for vector, _ in told]
            if dead[0] and dead[0][-1][1] != WHOLE and all(entries == dead[0] for entries in dead):
                table.vector.raise_to(dead[0][-1][0], WHOLE)

"""The definitions of all tables, dropped ones included (chapter 7)."""
from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .handshake import GONE
from .link import Link
from .messages import Definitions
from .tables import Table

if TYPE_CHECKING:
    from .node import Node

TABLES_LIMIT = 1024  # LIM-012


class Catalogue:
    """Every definition that this node knows; a `Table` for each one that it replicates."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.definitions: dict[str, Any] = {}

    def message(self) -> Any:
        """DEFINITIONS with the whole catalogue."""
        return Definitions([self.definitions[name] for name in sorted(self.definitions)])

    def existing(self) -> list[Any]:
        """The tables that exist, ascending by name."""
        return [d for _, d in sorted(self.definitions.items()) if d.exists]

    def handle(self, link: Link, message: Any, stream: int) -> None:
        """DEFINITIONS."""
        for definition in message.definitions:
            self.define(definition, link)

    def define(self, definition: Any, source: Link | None = None) -> None:
        """Takes a definition if it is newer: on the disk, into use, to the others (TAB-008, TAB-009)."""
        mine = self.definitions.get(definition.name)
        if mine:
            newer = max(mine, definition, key=lambda d: d.version)
            definition = newer._replace(floor=max(mine.floor, definition.floor))
            if definition == mine:
                return
        elif len(self.definitions) >= TABLES_LIMIT:
            logging.warning("a definition beyond %d was ignored", TABLES_LIMIT)  # TAB-017
            return
        self.node.clock.saw(definition.version.stamp)
        self.definitions[definition.name] = definition
        self.node.view_changed()
        for link in self.node.links.values():
            if link is not source:
                link.send(Definitions([definition]))
        if self.use(definition) and definition.exists:
            self.node.replication.appeared(definition.name)

    def use(self, definition: Any) -> bool:
        """Makes or changes the replica of a table; true when this node has one (TAB-007, TAB-015)."""
        tables, name = self.node.tables, definition.name
        table = tables.get(name)
        if definition.replicas and self.node.id not in definition.replicas:
            tables.pop(name, None)
            return False
        if table and (table.definition.type, table.definition.merge) == (definition.type, definition.merge):
            table.redefine(definition)
            return True
        made = tables[name] = Table(definition, self.node.origin, self.node.clock)
        made.changed = lambda row, before: self.node.calls.row_changed(name, row, before)
        if table:  # its rows were written under other rules; its numbers are never used again (VER-002)
            logging.warning("the rows of %s were discarded: it has another type or merge rule", name)
            made.last = table.last
            made.vector.raise_to(self.node.origin, table.last)
        for record in self.node.members.records.values():
            made.forget_owner(record.node, record.incarnation, record.state in GONE)
        return True

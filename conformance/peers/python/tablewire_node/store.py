"""What survives a restart: one JSON file, replaced in one step (MBR-002, MBR-003, MBR-015, VER-003)."""
from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from .messages import Definitions, Members
from .versions import milliseconds
from .wire import decode, encode


class Store:
    """The file `node.json` of a data directory. Rows are not in it: this node keeps them in memory only."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "node.json"
        if self.path.exists():
            self.data: dict[str, Any] = json.loads(self.path.read_text())
        else:
            self.data = {"node": secrets.token_hex(16), "cluster": secrets.token_hex(16), "incarnation": 0,
                         "bound": 0, "members": "", "catalogue": ""}
        self.data["incarnation"] = max(self.data["incarnation"] + 1, milliseconds())

    def records(self) -> list[Any]:
        """The member records of the last life."""
        return decode(Members, bytes.fromhex(self.data["members"])).records if self.data["members"] else []

    def definitions(self) -> list[Any]:
        """The catalogue of the last life."""
        found = self.data["catalogue"]
        return decode(Definitions, bytes.fromhex(found)).definitions if found else []

    def save(self, cluster: int, incarnation: int, bound: int, members: Any, catalogue: Any) -> None:
        """Writes beside, syncs, renames, syncs the directory."""
        self.data |= {"cluster": f"{cluster:032x}", "incarnation": incarnation, "bound": bound,
                      "members": encode(members).hex(), "catalogue": encode(catalogue).hex()}
        beside = self.path.with_suffix(".tmp")
        with open(beside, "w") as file:
            json.dump(self.data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        directory = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

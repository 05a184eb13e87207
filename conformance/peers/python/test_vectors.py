"""Reads every test vector, positive and negative, and writes the positive ones again."""
from __future__ import annotations

import json
import unittest
import zlib
from enum import IntEnum
from pathlib import Path
from typing import Any

from tablewire_node import blocks, messages, versions
from tablewire_node.tables import row_hash
from tablewire_node.wire import (FRAME_BODY, MESSAGE_LIMIT, PREFACE_MAGIC, Code, Fault, FrameReader,
                                 check_preface, decode, encode, frame)

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
NAMES = {made.NAME: made for made in messages.REGISTRY.values()}


def camel(name: str) -> str:
    """snake_case as the vectors write it."""
    first, *rest = name.split("_")
    return first + "".join("CRC" if part == "crc" else part.capitalize() for part in rest)


def matches(ours: Any, theirs: Any) -> bool:
    """Whether a decoded value says what the JSON of a vector says."""
    if isinstance(ours, versions.Vector):
        return matches([{"node": origin.node, "incarnation": origin.incarnation, "sequence": sequence}
                        for origin, sequence in ours.items()], theirs)
    if isinstance(ours, bool) or ours is None:
        return ours is theirs
    if isinstance(ours, IntEnum):
        return camel(ours.name) == theirs
    if isinstance(ours, int):
        if isinstance(theirs, int):
            return ours == theirs
        return str(ours) == theirs or f"{ours:032x}" == theirs
    if isinstance(ours, bytes):
        return ours.hex() == theirs
    if isinstance(ours, str):
        return ours == theirs or (ours == "" and theirs is None)
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(matches, ours, theirs))
    ours = ours if isinstance(ours, dict) else fields(ours)
    return set(ours) == set(theirs) and all(matches(ours[key], theirs[key]) for key in ours)


def fields(value: Any) -> dict[str, Any]:
    """The fields of a struct under the names of the vectors: origins, calls and replies stand flat there."""
    found = {camel(name): getattr(value, name) for name in value._fields}
    if isinstance(value, messages.RowVersion):
        found |= found.pop("origin")._asdict()
    if isinstance(value, messages.RowWriteCall | messages.RowScanCall):
        return fields(value[0])
    if isinstance(value, messages.Call):
        return {"method": value.arguments.NAME} | fields(value.arguments)
    if isinstance(value, messages.Reply):
        result = found.pop("result")
        found |= {"kind": result.NAME} | fields(result)
    return found


class VectorTests(unittest.TestCase):
    """One test for each file; each vector is a subtest."""

    def test_vectors(self) -> None:
        count = 0
        for path in sorted(VECTORS.glob("*.json")):
            for vector in json.loads(path.read_text())["vectors"]:
                count += 1
                with self.subTest(vector["name"], file=path.name):
                    self.check(vector)
        self.assertGreater(count, 300)

    def check(self, vector: dict[str, Any]) -> None:
        """Decodes the vector; its error and offset, or its value and its bytes, must be the same."""
        data, expected = bytes.fromhex(vector["hex"]), vector.get("decoded")
        read = getattr(self, "read_" + vector["kind"])
        if "error" in vector:
            with self.assertRaises(Fault) as caught:
                read(vector, data, None)
            self.assertEqual((Code(caught.exception.code).name, caught.exception.offset),
                             (vector["error"], vector["offset"]))
        else:
            read(vector, data, expected)

    def read_preface(self, vector: Any, data: bytes, expected: Any) -> None:
        low, high = check_preface(data)
        self.assertEqual({"minimumVersion": low, "maximumVersion": high}, expected)
        self.assertEqual(PREFACE_MAGIC + low.to_bytes(2, "big") + high.to_bytes(2, "big") + bytes(4), data)

    def read_frames(self, vector: Any, data: bytes, expected: Any) -> None:
        limits = vector.get("input", {})
        reader = FrameReader(messages.REGISTRY, limits.get("frameBody", FRAME_BODY),
                             limits.get("message", MESSAGE_LIMIT))
        arrivals = list(reader.feed(data))
        if expected is None:
            return
        self.assertEqual(len(arrivals), len(expected))
        for ours, theirs in zip(arrivals, expected):
            head = {"type": ours.type, "lane": ours.lane, "stream": ours.stream,
                    "sequence": str(ours.sequence), "bodyBytes": ours.size}
            self.assertEqual(head, {key: theirs[key] for key in head})
            self.assertEqual(ours.message is None and ours.refusal is None, theirs.get("ignored", False))
            if ours.refusal:
                self.assertEqual(Code(ours.refusal.code).name, theirs["refused"])
            elif ours.message is not None:
                self.assertTrue(matches(ours.message, theirs["message"]))
                if len(arrivals) == 1 and not limits and len(data) == 32 + ours.size:
                    again = frame(ours.type, ours.lane, encode(ours.message), ours.stream, ours.sequence)
                    self.assertEqual(again, data)

    def read_message(self, vector: Any, data: bytes, expected: Any) -> None:
        value = decode(NAMES[vector["type"]], data)
        self.assertTrue(matches(value, expected), f"{value} is not {expected}")
        self.assertEqual(encode(value), data)

    def read_chunk(self, vector: Any, data: bytes, expected: Any) -> None:
        self.assertEqual(blocks.unpack(decode(messages.SnapChunk, data)).hex(), (expected or {}).get("raw"))

    def read_rowBlock(self, vector: Any, data: bytes, expected: Any) -> None:
        rows = blocks.read_block(data)
        self.assertTrue(matches(rows, expected), f"{rows} is not {expected}")
        self.assertEqual(blocks.write_block(rows), data)

    def read_groups(self, vector: Any, data: bytes, expected: Any) -> None:
        groups = blocks.read_groups(data)
        self.assertTrue(matches(groups, expected))
        self.assertEqual(b"".join(map(blocks.write_group, groups)), data)

    def read_hash(self, vector: Any, data: bytes, expected: Any) -> None:
        given, size = vector.get("input", {}), 16
        if vector["type"] == "CRC32":
            value, size = zlib.crc32(data), 8
        elif vector["type"] == "XXH64":
            value = versions.xxh64(data, int(given["seed"]))
        elif vector["type"] == "ROW_HASH":
            owner = given["owner"] and int(given["owner"], 16)
            key, value = bytes.fromhex(given["key"]), bytes.fromhex(given["value"])
            value = row_hash(given["type"] == "bag", key, owner, value)
            self.assertEqual(value >> 54, expected["bucket"])
        elif vector["type"] == "ROW_DIGEST":
            origin = versions.Origin(int(given["node"], 16), int(given["incarnation"]))
            version = versions.RowVersion(int(given["stamp"]), origin, int(given["sequence"]))
            value = versions.row_digest(int(given["rowHash"], 16), version)
        elif vector["type"] == "VECTOR_HASH":
            value = decode(versions.VECTOR, data).hash()
        else:
            value = versions.xxh64(data)
        self.assertEqual(f"{value:0{size}x}", expected["value"])


if __name__ == "__main__":
    unittest.main()

"""Row blocks, operation groups and the packing of chunks (REP-004, SNP-020 to SNP-025)."""
from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from .messages import Codec, Operation, OperationKind, Row
from .versions import Origin, RowVersion
from .wire import BATCH_LIMIT, KEY_LIMIT, VALUE_LIMIT, WHOLE, Code, Fault, Reader, malformed

CHUNK_RAW = 262144  # LIM-009


class Group(NamedTuple):
    """Operations that share a stamp and are merged all or none (REP-003)."""
    stamp: int
    operations: list[Any]


def write_group(group: Group) -> bytes:
    """The layout of REP-004."""
    out = bytearray(group.stamp.to_bytes(8, "big") + len(group.operations).to_bytes(4, "big"))
    for kind, key, value in group.operations:
        out.append(kind)
        out += len(key).to_bytes(4, "big") + len(value).to_bytes(4, "big") + key + value
    return bytes(out)


def read_groups(data: bytes, base: int = 0) -> list[Group]:
    """The groups of OPERATIONS; faults count their offset from `base`."""
    r, groups = Reader(data), []
    try:
        while r.at < len(data):
            malformed(len(data) - r.at < 12, r.at, "truncated")
            stamp, at, count, operations = r.number(8), r.at, r.number(4), []
            malformed(count == 0, at, "outOfRange")
            malformed(count > BATCH_LIMIT, at, "limitExceeded")
            for _ in range(count):
                at = r.at
                malformed(len(data) - at < 9, at, "truncated")
                kind, keys, values = r.number(1), r.number(4), r.number(4)
                malformed(kind not in (1, 2), at, "unknownValue")
                malformed(keys > KEY_LIMIT, at + 1, "limitExceeded")
                malformed(values > VALUE_LIMIT, at + 5, "limitExceeded")
                operations.append(Operation(OperationKind(kind), r.take(keys), r.take(values)))
            groups.append(Group(stamp, operations))
    except Fault as fault:
        fault.offset += base
        raise
    return groups


def _leb(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _zigzag(difference: int) -> int:
    difference &= WHOLE
    return difference << 1 if difference < 2**63 else (2**64 - difference) * 2 - 1


def _unzigzag(value: int) -> int:
    return value >> 1 if value % 2 == 0 else -(value >> 1) - 1


class _Column(Reader):
    """One column of a row block: a length, and its bytes."""

    def __init__(self, r: Reader) -> None:
        start = r.at
        size = int.from_bytes(r.take(4, start), "big")
        malformed(size > len(r.data) - r.at, start, "truncated")
        super().__init__(r.data[:r.at + size], r.at)
        r.at += size

    def leb(self) -> int:
        """One LEB128 integer in its shortest form (ENC-010)."""
        start, value, shift = self.at, 0, 0
        while True:
            malformed(self.at == len(self.data), start, "truncated")
            byte = self.data[self.at]
            self.at += 1
            malformed(shift == 63 and byte > 1, start, "notCanonical")
            value |= (byte & 127) << shift
            if byte < 128:
                malformed(byte == 0 and shift > 0, start, "notCanonical")
                return value
            shift += 7


def write_block(rows: Iterable[Row]) -> bytes:
    """The one encoding of rows that ascend by key, owner and value (SNP-022)."""
    rows = list(rows)
    origins = sorted({row.version.origin for row in rows})
    index = {origin: _leb(i) for i, origin in enumerate(origins)}
    columns = [bytearray() for _ in range(8)]
    sequence, stamp, key = 0, 0, b""
    for row in rows:
        shared, version = _shared(key, row.key), row.version
        parts = (bytes([row.is_tombstone | (row.owner is not None) << 1]), index[version.origin],
                 _leb(_zigzag(version.sequence - sequence)), _leb(_zigzag(version.stamp - stamp)),
                 _leb(shared) + _leb(len(row.key) - shared), row.key[shared:],
                 _leb(len(row.value)), row.value)
        for column, part in zip(columns, parts):
            column += part
        sequence, stamp, key = version.sequence, version.stamp, row.key
    out = bytearray(len(rows).to_bytes(4, "big") + len(origins).to_bytes(4, "big"))
    for origin in origins:
        Origin.wire.write(out, origin)
    for column in columns:
        out += len(column).to_bytes(4, "big") + column
    return bytes(out)


def _shared(a: bytes, b: bytes) -> int:
    size = min(len(a), len(b))
    return next((i for i in range(size) if a[i] != b[i]), size) if a[:size] != b[:size] else size


def read_block(data: bytes) -> list[Row]:
    """The rows of a block, or a Fault when it is not the encoding of its rows (SNP-024)."""
    r = Reader(data)
    count = r.number(4)
    malformed(count == 0, 0, "outOfRange")
    many = r.number(4)
    malformed(many == 0 or many > count, 4, "outOfRange")
    malformed(many * 24 > len(data) - r.at, 4, "truncated")
    origins: list[Any] = []
    for _ in range(many):
        at = r.at
        origins.append(Origin.wire.read(r))
        malformed(len(origins) > 1 and origins[-2] >= origins[-1], at, "notAscending")
    flags_at = r.at
    columns = [_Column(r) for _ in range(8)]
    flags, indexes, sequences, stamps, shapes, rests, lengths, values = columns
    malformed(len(flags.data) - flags.at != count, flags_at, "contradiction")
    rows: list[Row] = []
    used, sequence, stamp, key = set(), 0, 0, b""
    for _ in range(count):
        starts = [column.at for column in columns]
        flag, index = flags.number(1), indexes.leb()
        malformed(flag > 3, starts[0], "reservedNotZero")
        malformed(index >= many, starts[1], "outOfRange")
        used.add(index)
        sequence = (sequence + _unzigzag(sequences.leb())) & WHOLE
        malformed(sequence in (0, WHOLE), starts[2], "outOfRange")
        stamp = (stamp + _unzigzag(stamps.leb())) & WHOLE
        shared, rest_at = shapes.leb(), shapes.at
        rest = shapes.leb()
        malformed(shared > len(key), starts[4], "outOfRange")
        malformed(shared + rest > KEY_LIMIT, rest_at, "limitExceeded")
        next_key = key[:shared] + rests.take(rest)
        malformed(_shared(key, next_key) != shared, starts[4], "notCanonical")
        size = lengths.leb()
        malformed(size > VALUE_LIMIT, starts[6], "limitExceeded")
        origin, key = origins[index], next_key
        row = Row(key, origin.node if flag & 2 else None, values.take(size), bool(flag & 1),
                  RowVersion(stamp, origin, sequence))
        malformed(bool(rows) and rows[-1].id >= row.id, starts[4], "notAscending")
        rows.append(row)
    for column in columns:
        column.end()
    unused = sorted(set(range(many)) - used)
    malformed(bool(unused), 8 + 24 * unused[0] if unused else 0, "notCanonical")
    r.end()
    return rows


def pack(block: bytes, codecs: list[int]) -> tuple[Any, int, bytes]:
    """Codec, CRC and data of a chunk (SNP-020, SNP-030)."""
    packed = zlib.compress(block, 4) if Codec.zlib in codecs else block
    return (Codec.zlib, zlib.crc32(block), packed) if len(packed) < len(block) else (Codec.none, 0, block)


def unpack(chunk: Any) -> bytes:
    """The row block of a chunk, never a byte more than declared (SNP-023, SNP-025)."""
    if chunk.codec == Codec.none:
        return bytes(chunk.data)
    unpacker = zlib.decompressobj()
    try:
        block = unpacker.decompress(chunk.data, chunk.raw_length)
        if not unpacker.eof:
            block += unpacker.decompress(unpacker.unconsumed_tail, 1)  # the checksum may still wait
    except zlib.error:
        block = b""
    if len(block) != chunk.raw_length or not unpacker.eof or unpacker.unused_data:
        raise Fault(Code.MALFORMED, "wrongCompression", 16)
    if zlib.crc32(block) != chunk.raw_crc:
        raise Fault(Code.MALFORMED, "wrongChecksum", 12)
    return block

"""Checks a file of vectors with nothing but the standard library: `python3 read_vectors.py frames.json ...`.

An example for people who begin in another language: the preface, the frame header and both checksums. What
it does not know, bodies above all, it counts as not checked.
"""
import json
import struct
import sys
import zlib

HEADER = struct.Struct(">HHBBHIIQII")  # magic, type, flags, lane, zero, length, stream, sequence, two CRCs


def frames(data: bytes) -> list[dict]:
    """The whole frames at the beginning of `data`; ValueError at the first that is wrong (FRM-018)."""
    found = []
    while len(data) >= HEADER.size:
        fields = HEADER.unpack(data[:32])
        magic, kind, flags, lane, zero, length, stream, sequence, body_crc, header_crc = fields
        body = data[32:32 + length]
        if magic != 0xD457 or header_crc != zlib.crc32(data[:28]) or zero or flags & ~1:
            raise ValueError("BAD_HEADER")
        if sequence != len(found):
            raise ValueError("SEQUENCE_GAP")
        if lane > 3:
            raise ValueError("WRONG_LANE")
        if len(body) < length:
            break
        if body_crc != zlib.crc32(body):
            raise ValueError("BAD_BODY")
        found.append({"type": kind, "lane": lane, "stream": stream, "sequence": str(sequence),
                      "more": flags & 1})
        data = data[32 + length:]
    return found


def check(vector: dict) -> bool | None:
    """Whether the vector holds; None when this reader does not know it."""
    data, error = bytes.fromhex(vector["hex"]), vector.get("error")
    if vector["kind"] == "preface":
        low, high, zero = struct.unpack(">HHI", data[8:16]) if len(data) == 16 else (0, 0, 0)
        return (data[:8].hex() == "d45457520d0a000a" and 0 < low <= high and not zero) == (error is None)
    if vector["kind"] == "hash" and vector["type"] == "CRC32":
        return f"{zlib.crc32(data):08x}" == vector["decoded"]["value"]
    if vector["kind"] != "frames" or error not in (None, "BAD_HEADER", "BAD_BODY", "SEQUENCE_GAP"):
        return None
    try:
        last = [each for each in frames(data) if not each.pop("more")]
        told = vector.get("decoded", [])
        return error is None and all(one.items() <= other.items() for one, other in zip(last, told))
    except ValueError as wrong:
        return str(wrong) == error


if __name__ == "__main__":
    results = [check(v) for path in sys.argv[1:] for v in json.load(open(path, encoding="utf-8"))["vectors"]]
    print(f"{results.count(True)} hold, {results.count(False)} do not, {results.count(None)} not checked")
    sys.exit(False in results)

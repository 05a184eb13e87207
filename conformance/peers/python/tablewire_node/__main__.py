"""`python3 -m tablewire_node`: runs a node until SIGTERM or SIGINT."""
from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import signal
import sys
from pathlib import Path

from .node import Node
from .wire import ADDRESS, NODE_NAME, Fault, Reader


def _checked(kind: object, value: str) -> str:
    data = value.encode()
    kind.read(Reader(len(data).to_bytes(2, "big") + data))  # type: ignore[attr-defined]
    return value


async def _run(options: argparse.Namespace) -> None:
    node = Node(options.name, options.advertise or options.listen, options.data, options.secret_file)
    for number in signal.SIGTERM, signal.SIGINT:
        asyncio.get_running_loop().add_signal_handler(number, lambda: node.spawn(node.stop()))
    await node.run(options.listen, options.join)


def main() -> int:
    """0: stopped by a signal; 1: cannot start or go on; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="tablewire_node",
                                     description="A Tablewire node that keeps tables in memory.")
    parser.add_argument("--name", required=True, metavar="NAME@HOST")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--advertise", metavar="HOST:PORT", help="what the other members dial")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--secret-file", required=True, type=Path, metavar="FILE")
    parser.add_argument("--join", action="append", default=[], metavar="HOST:PORT", help="a member to join")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    options = parser.parse_args()
    logging.basicConfig(level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    try:
        _checked(NODE_NAME, options.name)
        for address in [options.listen, *([options.advertise] if options.advertise else []), *options.join]:
            _checked(ADDRESS, address)
    except Fault as fault:
        parser.error(f"a name or address is not valid ({fault.text})")
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        with open(options.data / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"another node runs on {options.data}") from None
            asyncio.run(_run(options))
    except (OSError, ValueError, Fault) as error:
        print(f"tablewire_node: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

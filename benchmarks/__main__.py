"""``python -m benchmarks [NAME ...] [--rounds N] [--seconds N]``; without a name, all."""

from __future__ import annotations

import argparse
import asyncio

from benchmarks import fanout, http, library, memory, relay, writes
from benchmarks.report import machine

NAMES = ("fanout", "http", "library", "memory", "relay", "writes")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=[])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=5)
    chosen = parser.parse_args()
    print(machine())
    names = chosen.names or NAMES
    if "library" in names:
        asyncio.run(library.run())
    if "memory" in names:
        asyncio.run(memory.run())
    if "writes" in names:
        asyncio.run(writes.run())
    if "relay" in names:
        asyncio.run(relay.run())
    if "http" in names:
        http.run(chosen.rounds, chosen.seconds)
    if "fanout" in names:
        fanout.run(6 * chosen.seconds)


if __name__ == "__main__":
    main()

"""``python -m benchmarks [NAME ...] [--rounds N] [--seconds N] [--people N]``; or all.

``--people`` is how many the campus has that is searched.
"""

from __future__ import annotations

import argparse
import asyncio

from benchmarks import fanout, http, library, memory, relay, search, writes
from benchmarks.report import machine

NAMES = ("fanout", "http", "library", "memory", "relay", "search", "writes")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=[])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--people", type=int, default=100_000)
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
    if "search" in names:
        search.run(chosen.rounds, chosen.seconds, chosen.people)
    if "fanout" in names:
        fanout.run(6 * chosen.seconds)


if __name__ == "__main__":
    main()

"""``python -m benchmarks [NAME ...] [--rounds N] [--seconds N] [--people N]``; or all.

``--people`` is how many the campus has that is searched.
"""

from __future__ import annotations

import argparse
import asyncio

from benchmarks import chat, fanout, http, library, memory, relay, search, writes
from benchmarks.report import machine

NAMES = ("chat", "fanout", "http", "library", "memory", "relay", "search", "writes")
INSIDE = {
    "library": library.run,
    "memory": memory.run,
    "writes": writes.run,
    "relay": relay.run,
}
"""Those that need no server of their own."""


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
    for name, benchmark in INSIDE.items():
        if name in names:
            asyncio.run(benchmark())
    if "http" in names:
        http.run(chosen.rounds, chosen.seconds)
    if "search" in names:
        search.run(chosen.rounds, chosen.seconds, chosen.people)
    if "chat" in names:
        chat.run(chosen.rounds, chosen.seconds)
    if "fanout" in names:
        fanout.run(6 * chosen.seconds)


if __name__ == "__main__":
    main()

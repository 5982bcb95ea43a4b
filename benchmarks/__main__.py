"""``python -m benchmarks [NAME ...] [OPTION ...]``; all of them where none is named.

``--people`` is how many the campus has that is searched, and ``--queries`` how many questions come
before the first one comes again.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

from benchmarks import (
    activities,
    audit,
    backtests,
    boards,
    chat,
    deciding,
    fanout,
    http,
    library,
    memory,
    policies,
    relay,
    scenarios,
    search,
    writes,
)
from benchmarks.report import machine

NAMES = (
    "activities",
    "audit",
    "backtests",
    "boards",
    "chat",
    "deciding",
    "fanout",
    "http",
    "library",
    "memory",
    "policies",
    "relay",
    "scenarios",
    "search",
    "writes",
)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=[])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=search.QUERIES)
    chosen = parser.parse_args()
    if min(chosen.rounds, chosen.seconds, chosen.people, chosen.queries) < 1:
        parser.error("numbers are 1 or more")
    print(machine())
    deeds: dict[str, Callable[[], object]] = {
        "activities": activities.run,
        "audit": lambda: asyncio.run(audit.run()),
        "backtests": lambda: asyncio.run(backtests.run()),
        "boards": lambda: boards.run(chosen.people),
        "chat": lambda: chat.run(chosen.rounds, chosen.seconds),
        "deciding": lambda: deciding.run(2 * chosen.seconds),
        "fanout": lambda: fanout.run(6 * chosen.seconds),
        "http": lambda: http.run(chosen.rounds, chosen.seconds),
        "library": lambda: asyncio.run(library.run()),
        "memory": lambda: asyncio.run(memory.run()),
        "policies": lambda: policies.run(chosen.rounds),
        "relay": lambda: asyncio.run(relay.run()),
        "scenarios": scenarios.run,
        "search": lambda: search.run(chosen.rounds, chosen.seconds, chosen.people, chosen.queries),
        "writes": lambda: asyncio.run(writes.run()),
    }
    for name in chosen.names or NAMES:
        deeds[name]()


if __name__ == "__main__":
    main()

"""Units of work per second, with commits shared and with a commit for each."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles
from unittest.mock import patch

import anyio
import attrs

from benchmarks.report import table
from divan_core.social.model import Friendship
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.factories import file_address
from divan_core.stores.sql import sqlite
from divan_core.stores.sql.sqlite_threads import MOST_IN_GROUP
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import person, populate, running, user_id

PEOPLE = 300
SECONDS = 3.0
IMPORTED = 100_000


async def run() -> None:
    """Print the tables."""
    rows = [await _rate(most, callers) for callers in (32, 1) for most in (MOST_IN_GROUP, 1)]
    header = ("callers", "most in a commit", "units/s", "p50 ms", "p95 ms", "p99 ms")
    title = "SQLite file, synchronous=FULL: units that read a person, change them and add a friend"
    table(title, header, rows)
    table(
        f"SQLite file: {IMPORTED:,} people and as many friendships in one unit",
        ("first s", "again s"),
        [await _bulk()],
    )


async def _rate(most: int, callers: int) -> tuple[object, ...]:
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder, patch.object(sqlite, "MOST_IN_GROUP", most):
        async with running(
            open_sql(file_address(Path(folder, "divan.db")), migrate=True)
        ) as stores:
            await populate(stores, PEOPLE)
            async with anyio.create_task_group() as group:
                for seed in range(callers):
                    group.start_soon(_call, stores, seed, taken)
    cuts = quantiles(taken, n=100)
    rate = f"{len(taken) / SECONDS:,.0f}"
    return callers, most, rate, *(f"{cuts[cut - 1] * 1000:.1f}" for cut in (50, 95, 99))


async def _call(stores: RelationalStores, seed: int, taken: list[float]) -> None:
    chance = random.Random(seed)
    end = time.perf_counter() + SECONDS
    while (started := time.perf_counter()) < end:
        await stores.units.write(_change(*chance.sample(range(1, PEOPLE + 1), 2)))
        taken.append(time.perf_counter() - started)


def _change(number: int, friend: int) -> Callable[[StoreUnit], Awaitable[None]]:
    async def body(unit: StoreUnit) -> None:
        found = await unit.people.get(user_id(number))
        if found is not None:
            name = f"{found.display_name[:20]} {friend}"
            await unit.people.put([attrs.evolve(found, display_name=name)])
        await unit.relations.befriend([Friendship.between(user_id(number), user_id(friend))])

    return body


async def _bulk() -> tuple[object, ...]:
    people = [person(number) for number in range(1, IMPORTED + 1)]
    pairs = zip(people, [*people[1:], people[0]], strict=True)
    friendships = [Friendship.between(one.id, other.id) for one, other in pairs]

    async def body(unit: StoreUnit) -> None:
        await unit.people.put(people)
        await unit.relations.befriend(friendships)

    seconds: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with running(
            open_sql(file_address(Path(folder, "divan.db")), migrate=True)
        ) as stores:
            await populate(stores, 0)
            for _ in range(2):
                started = time.perf_counter()
                await stores.units.write(body)
                seconds.append(f"{time.perf_counter() - started:.1f}")
    return tuple(seconds)


if __name__ == "__main__":
    anyio.run(run)

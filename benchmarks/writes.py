"""What a key costs: the same write without one, with one, and replayed, in turns in one run."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import anyio
import attrs

from benchmarks.report import table
from benchmarks.world import CAMPUS, CENTRE, settings
from divan_core import Divan, embedded_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.social.messages import SendInvite
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import production_stores
from divan_core.stores.sql.migrate import upgrade
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

PEOPLE = 600
ROUNDS = 5
WRITES = {32: 1_600, 1: 250}
"""How many writes a round has, by the number of callers at once."""

FULL = "SQLite file, synchronous=FULL"


@attrs.frozen
class Write:
    """One invite, with a key or without."""

    actor: Actor
    command: SendInvite
    key: str | None


async def run() -> None:
    """Print a table for SQLite, and one for PostgreSQL and Valkey on loopback."""
    with tempfile.TemporaryDirectory() as folder:
        await _measure(FULL, embedded_stores(Path(folder, "divan.sqlite3")))
    with (
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, _migrate) as databases,
        databases.migrated() as url,
    ):
        stores = production_stores(url, valkey.url, key=bytes(32))
        await _measure("PostgreSQL (fsync off) and Valkey", stores)


def _migrate(url: str) -> None:
    upgrade(url)


async def _measure(name: str, stores: Stores) -> None:
    async with _populated(stores) as (divan, actors):
        pairs = _pairs(actors)
        rows = []
        for callers, count in WRITES.items():
            rows += await _compared(divan, pairs, callers, count)
    header = ("callers", "write", "per second", "of unkeyed", "p50 ms", "of unkeyed", "p95", "p99")
    table(f"Invites through the library, one process: {name}", header, rows)


@asynccontextmanager
async def _populated(stores: Stores) -> AsyncIterator[tuple[Divan, list[Actor]]]:
    """No worker runs beside, so that only the writes are measured."""
    quiet = attrs.evolve(settings(), workers_enabled=False)
    async with Divan.open(quiet, stores=stores) as divan:
        await divan.accounts.create_campus(CreateCampus("Bench", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        actors = []
        for number in range(1, PEOPLE + 1):
            person = CreatePerson(CAMPUS, f"person{number}", "P", id=UserId(UUID(int=number)))
            await divan.accounts.create_person(person)
            actors.append(await divan.accounts.actor(UserId(UUID(int=number))))
        yield divan, actors


def _pairs(actors: list[Actor]) -> Iterator[tuple[Actor, UserId]]:
    """Each pair of people once, neighbours in the sequence with different senders."""
    for distance in range(1, len(actors) // 2):
        for place, actor in enumerate(actors):
            yield actor, actors[(place + distance) % len(actors)].user_id


async def _compared(
    divan: Divan, pairs: Iterator[tuple[Actor, UserId]], callers: int, count: int
) -> list[tuple[object, ...]]:
    kinds: dict[str, list[list[float]]] = {"without a key": [], "first": [], "replayed": []}
    spans: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(ROUNDS + 1):  # the first warms up
        plain = [
            Write(one, SendInvite(other), None) for one, other in itertools.islice(pairs, count)
        ]
        keyed = [
            Write(one, SendInvite(other), f"{callers}-{turn}-{number}")
            for number, (one, other) in enumerate(itertools.islice(pairs, count))
        ]
        for name, writes in zip(kinds, (plain, keyed, keyed), strict=True):
            began = time.perf_counter()
            took = await _performed(divan, writes, callers)
            if turn:
                spans[name].append(time.perf_counter() - began)
                kinds[name].append(took)
    return list(_rows(kinds, spans, callers, count))


async def _performed(divan: Divan, writes: list[Write], callers: int) -> list[float]:
    took: list[float] = []
    waiting = iter(writes)

    async def call() -> None:
        for one in waiting:
            began = time.perf_counter()
            await divan.social.invite(one.actor, one.command, idempotency_key=one.key)
            took.append(time.perf_counter() - began)

    await _together(call, callers)
    return took


async def _together(call: Callable[[], Coroutine[None, None, None]], callers: int) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(callers):
            group.start_soon(call)


def _rows(
    kinds: dict[str, list[list[float]]],
    spans: dict[str, list[float]],
    callers: int,
    count: int,
) -> Iterator[tuple[object, ...]]:
    base = [median(one) for one in kinds["without a key"]]
    for name, rounds in kinds.items():
        faster = [a / b for a, b in zip(spans["without a key"], spans[name], strict=True)]
        slower = [median(one) / b for one, b in zip(rounds, base, strict=True)]
        cuts = quantiles(itertools.chain.from_iterable(rounds), n=100)
        yield (
            callers,
            name,
            f"{count / median(spans[name]):,.0f}",
            f"{median(faster):.2f}",
            f"{cuts[49] * 1e3:.2f}",
            f"{median(slower):.2f}",
            f"{cuts[94] * 1e3:.2f}",
            f"{cuts[98] * 1e3:.2f}",
        )


if __name__ == "__main__":
    asyncio.run(run())

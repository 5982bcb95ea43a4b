"""Events per second from the outbox to Valkey, and from there to a group that has handled them."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

from benchmarks.report import table
from benchmarks.world import CAMPUS
from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event, EventId
from divan_core.observability.metrics import Metrics
from divan_core.observability.workers import LoggedWorkers
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.factories import file_address, production_stores
from divan_core.stores.sql.migrate import upgrade
from divan_core.system import SystemClock, SystemEntropy
from divan_core.workers.consumer import Consumer
from divan_core.workers.relay import Relay, Route
from divan_core.workers.subscription import Subscription, groups_of
from divan_core.workers.turns import Worker, WorkerTools
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

EVENTS = 20_000
IN_A_UNIT = 500
AGGREGATES = 1_000
GROUP = Group("bench", "bench")


async def run() -> None:
    """Print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, RedisServer(valkey_binary()) as valkey:
        url = file_address(Path(folder, "divan.sqlite3"))
        upgrade(url)
        rows.append(await _measured("SQLite file", url, valkey.url))
    with (
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, _migrate) as databases,
        databases.migrated() as url,
    ):
        rows.append(await _measured("PostgreSQL", url, valkey.url))
    title = f"{EVENTS:,} events of {AGGREGATES:,} aggregates, one process, Valkey on loopback"
    table(title, ("outbox", "relayed/s", "handled/s"), rows)


def _migrate(url: str) -> None:
    upgrade(url)


async def _measured(name: str, database_url: str, redis_url: str) -> tuple[object, ...]:
    stores = production_stores(database_url, redis_url, key=bytes(32))
    subscription = Subscription(GROUP, _nothing)
    tools = WorkerTools(SystemClock(), SystemEntropy(), LoggedWorkers(Metrics()))
    async with AsyncExitStack() as stack:
        for part in stores.lifecycle:
            await stack.enter_async_context(part.running())
        await _record(stores)
        relayed = await _rate(Relay(Route.of(stores, groups_of([subscription])), tools))
        handled = await _rate(Consumer(subscription, stores, tools))
    return name, f"{relayed:,.0f}", f"{handled:,.0f}"


async def _nothing(_unit: StoreUnit, _event: Event) -> None:
    """The effect is the record that it was handled."""


async def _record(stores: Stores) -> None:
    events = _events()
    while batch := list(itertools.islice(events, IN_A_UNIT)):
        await stores.units.write(_adding(batch))


def _adding(batch: list[Event]) -> Callable[[StoreUnit], Awaitable[None]]:
    return lambda unit: unit.outbox.add(*batch)


def _events() -> Iterator[Event]:
    for number in range(EVENTS):
        data = {"invite_id": str(UUID(int=number)), "sender_id": str(UUID(int=1))}
        yield Event(
            id=EventId(uuid4()),
            topic=GROUP.topic,
            name="bench.done",
            campus_id=CAMPUS,
            aggregate=f"pair:{number % AGGREGATES}",
            at=Millis(0),
            data=data,
        )


async def _rate(worker: Worker) -> float:
    began = time.perf_counter()
    while (await worker.turn(hurry=True)).done:
        pass
    took = time.perf_counter() - began
    await worker.leave()
    return EVENTS / took


if __name__ == "__main__":
    asyncio.run(run())

"""That processes on one PostgreSQL database hear of each other's events."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import asyncpg
import pytest
from anyio.lowlevel import checkpoint

from divan_core.errors import StoreUnavailable
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.sql import outbox, wakeup
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.migrate import upgrade
from divan_core.stores.sql.store import open_sql
from divan_core.stores.sql.wakeup import APART_S, CHANNEL, PostgresWakeup
from divan_core.testing.contracts.outboxevents import claim, event, record
from divan_core.testing.contracts.samples import running
from tests.servers.postgres import PostgresServer
from tests.unit.stores.sql.conftest import Backdoor

pytestmark = pytest.mark.anyio

POLL_S = 1.0
LONG_S = 60.0
END_LISTENERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query ~ '^(LISTEN|NOTIFY)'"
)


async def rung(stores: RelationalStores, heard: int) -> None:
    """Wait until the bell has rung after ``heard``."""
    await stores.outbox.bell.wait(heard, 10)
    assert stores.outbox.bell.rings > heard


async def listening(stores: RelationalStores) -> None:
    """Wait for the ring with which listening begins."""
    await rung(stores, 0)


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(postgres_url)) as opened:
        await listening(opened)
        yield opened


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(postgres_url)) as opened:
        await listening(opened)
        yield opened


async def test_a_commit_rings_the_bell_of_another_process(
    stores: RelationalStores, other: RelationalStores
) -> None:
    """At once: a busy machine may be late for some, but not for each."""
    taken_s: list[float] = []
    for number in range(5):
        mine, theirs = stores.outbox.bell.rings, other.outbox.bell.rings
        began = time.perf_counter()
        await record(stores, event(number))
        assert stores.outbox.bell.rings == mine + 1
        await rung(other, theirs)
        taken_s.append(time.perf_counter() - began)
        assert len(await claim(other, "a")) == 1
    assert min(taken_s) < POLL_S / 2


async def test_a_process_does_not_hear_itself(
    stores: RelationalStores, other: RelationalStores
) -> None:
    mine, theirs = stores.outbox.bell.rings, other.outbox.bell.rings
    await record(stores, event(1))
    await rung(other, theirs)
    theirs = stores.outbox.bell.rings
    await record(other, event(2))
    await rung(stores, theirs)
    assert stores.outbox.bell.rings == mine + 2


async def test_who_carries_their_own_tells_nobody(
    stores: RelationalStores, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "CARRIES_S", LONG_S)
    async with notices(postgres_url) as heard:
        await claim(stores, "a")
        await record(stores, event(1))
        await anyio.sleep(10 * APART_S)
        monkeypatch.setattr(outbox, "CARRIES_S", 0.0)  # as if that were long ago
        await record(stores, event(2))
        await heard(1)
        await anyio.sleep(10 * APART_S)
        assert await heard(1) == 1


async def test_a_connection_that_was_ended_comes_back(
    stores: RelationalStores, other: RelationalStores, postgres_backdoor: Backdoor
) -> None:
    mine, theirs = stores.outbox.bell.rings, other.outbox.bell.rings
    assert postgres_backdoor(END_LISTENERS) == 2
    await rung(stores, mine)
    await rung(other, theirs)
    theirs = other.outbox.bell.rings
    await record(stores, event(1))
    await rung(other, theirs)


async def test_what_is_told_meanwhile_is_told_afterwards(
    stores: RelationalStores, postgres_url: str, postgres_backdoor: Backdoor
) -> None:
    async with notices(postgres_url) as heard:
        assert postgres_backdoor(END_LISTENERS) >= 1
        await record(stores, event(1))
        await heard(1)


async def test_a_burst_is_one_notice_or_two(postgres_url: str) -> None:
    listener = PostgresWakeup(parse_address(postgres_url))
    async with notices(postgres_url) as heard, listener.running():
        await listener.bell.wait(0, 10)
        for _ in range(100):
            listener.tell()
            await checkpoint()
        assert await heard(1) <= 2


async def test_nobody_waits_for_a_server_that_is_away(
    breakable_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(breakable_postgres.url)
    async with running(open_sql(breakable_postgres.url)) as stores:
        await listening(stores)
        breakable_postgres.stop()
        monkeypatch.setattr(wakeup, "FIRST_PAUSE_S", LONG_S)  # from the next connection on
        with pytest.raises(StoreUnavailable):
            await record(stores, event(1))
        heard = stores.outbox.bell.rings
        breakable_postgres.start()
        await rung(stores, heard)
        await record(stores, event(1))
        assert await claim(stores, "a") == [event(1)]
        breakable_postgres.stop()
        began = time.perf_counter()
    assert time.perf_counter() - began < LONG_S / 3


async def test_a_store_opens_while_the_server_is_away(
    breakable_postgres: PostgresServer,
) -> None:
    upgrade(breakable_postgres.url)
    breakable_postgres.stop()
    async with running(open_sql(breakable_postgres.url)) as stores:
        with pytest.raises(StoreUnavailable):
            await record(stores, event(1))
        breakable_postgres.start()
        await listening(stores)
        await record(stores, event(1))


async def test_it_closes_while_the_server_is_frozen(breakable_postgres: PostgresServer) -> None:
    listener = PostgresWakeup(parse_address(breakable_postgres.url))
    async with listener.running():
        await listener.bell.wait(0, 10)
        breakable_postgres.pause()
        listener.tell()
        await checkpoint()
        began = time.perf_counter()
    assert time.perf_counter() - began < 5
    breakable_postgres.resume()


class notices:  # noqa: N801 - a context manager, used as a function is
    """Counts the notices of all processes, inside the context."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._count = 0
        self._any = anyio.Event()

    async def __aenter__(self) -> Callable[[int], Any]:
        self._connection = await asyncpg.connect(self._url)
        await self._connection.add_listener(CHANNEL, self._hear)
        await self._connection.execute("SELECT 1")  # not to be taken for a store's own
        return self.at_least

    async def __aexit__(self, *_exc: object) -> None:
        await self._connection.close()

    async def at_least(self, number: int) -> int:
        """Wait for so many, and for what was sent until then; how many there were."""
        with anyio.fail_after(10):
            while self._count < number:
                await self._any.wait()
        await self._connection.execute("SELECT 1")
        return self._count

    def _hear(self, *_notice: object) -> None:
        self._count += 1
        self._any.set()

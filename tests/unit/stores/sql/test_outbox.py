"""What the contract cannot show of the outbox: real transactions, plans, statements, the clock."""

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import anyio
import asyncpg
import pytest
from sqlalchemy import Engine, event, text

from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.connection import SqlConnection, ThreadConnection
from divan_core.stores.sql.outbox import SqlOutboxQueue
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.postgres_connection import LoopConnection
from divan_core.stores.sql.spelling import DialectName, driver_text
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.outbox import GROUPS
from divan_core.testing.contracts.outboxevents import (
    ALL,
    LEASE_MS,
    begin,
    claim,
    give_up,
    id_of,
    ids,
    publish,
    record,
)
from divan_core.testing.contracts.outboxevents import event as event_of
from divan_core.testing.contracts.samples import running
from tests.unit.stores.sql.test_postgres import FAIL, Failing

pytestmark = pytest.mark.anyio

Sent = list[tuple[str, Sequence[Any]]]

INSERT = """
INSERT INTO outbox (id, topic, name, campus_id, aggregate, at, data, recorded_at)
VALUES ($1, 'topic', 'thing.done', $1, $2, now(), '{}', now())
"""
FILL_POSTGRES = """
INSERT INTO outbox
    (id, topic, name, campus_id, aggregate, at, data, recorded_at, published_at)
SELECT gen_random_uuid(), 'topic', 'thing.done', gen_random_uuid(), 'thing:' || n % 700,
       now(), '{}', now() - interval '1 hour', CASE WHEN n <= 20000 THEN now() END
FROM generate_series(1, 22000) AS n
"""
FILL_SQLITE = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 22000)
INSERT INTO outbox
    (id, topic, name, campus_id, aggregate, at, data, recorded_at, published_at)
SELECT randomblob(16), 'topic', 'thing.done', randomblob(16), 'thing:' || n % 700,
       0, '{}', 0, CASE WHEN n <= 20000 THEN 0 END
FROM number
"""


@pytest.fixture(params=["sqlite_url", "postgres_url"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(request.getfixturevalue(request.param))) as opened:
        yield opened


@contextmanager
def noted() -> Iterator[Sent]:
    """Note what is sent to any database."""
    sent: Sent = []

    def note(_c: object, _cursor: object, sql: str, parameters: Sequence[Any], *_: object) -> None:
        sent.append((sql, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patch:
        for kind in (ThreadConnection, LoopConnection):
            patch.setattr(kind, "rows", _noting_rows(kind.rows, kind.dialect, sent))
        yield sent
    event.remove(Engine, "before_cursor_execute", note)


def _noting_rows(
    run: Callable[..., Awaitable[Any]], dialect: DialectName, sent: Sent
) -> Callable[..., Any]:
    """Note what is sent past SQLAlchemy."""

    async def noting(connection: object, statement: Any, parameters: Any) -> object:
        written = driver_text(statement, dialect)
        sent.append((written.sql, written.values(parameters)))
        return await run(connection, statement, parameters)

    return noting


async def test_leases_go_by_the_clock_of_the_database(stores: RelationalStores) -> None:
    await record(stores, event_of(1))
    assert len(await stores.outbox.claim("a", ALL, -1)) == 1
    assert len(await stores.outbox.claim("b", ALL, 60_000)) == 1
    assert await stores.outbox.claim("a", ALL, -1) == []


async def test_ages_go_by_the_clock_of_the_database(stores: RelationalStores) -> None:
    await publish(stores, event_of(1))
    assert await begin(stores, "one", event_of(2))
    await record(stores, event_of(3))
    oldest_ms = (await stores.outbox.lag({})).oldest_ms
    assert oldest_ms is not None
    assert 0 <= oldest_ms < 60_000
    assert await stores.outbox.settle({}, 60_000, ALL) == 0
    assert await stores.outbox.settle({}, -60_000, ALL) == 1
    assert await stores.outbox.forget_handled(60_000, ALL) == 0
    assert await stores.outbox.forget_handled(-60_000, ALL) == 1


def _noting(run: Callable[..., Awaitable[Any]], asked: list[object]) -> Callable[..., Any]:
    """Note what is run in the drivers."""

    async def noting(connection: object, statement: object, parameters: object) -> object:
        asked.append(statement)
        return await run(connection, statement, parameters)

    return noting


async def test_each_call_is_one_statement(
    stores: RelationalStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(stores, event_of(1), event_of(2), event_of(3))
    queue = stores.outbox
    with noted() as sent:
        assert len(await claim(stores, "a")) == 3
        await queue.published("a", [id_of(1), id_of(2)])
        await queue.release("a", [id_of(3)])
        assert await queue.republish(GROUPS) == 2
        await queue.settle(GROUPS, 0, 10)
        await queue.forget_handled(0, 10)
        await queue.lag(GROUPS)
    assert len(sent) == 7
    asked: list[object] = []
    for kind in (ThreadConnection, LoopConnection):
        monkeypatch.setattr(kind, "rows", _noting(kind.rows, asked))
        monkeypatch.setattr(kind, "later", _noting(kind.later, asked))
    await begin(stores, "one", event_of(1))
    assert len(asked) == 1
    await give_up(stores, "one", event_of(2))
    assert len(asked) == 2


async def test_no_call_reads_all_events_on_postgres(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    async with running(open_sql(postgres_url)) as stores:
        await connection.execute(FILL_POSTGRES)
        for analysed in (False, True):
            if analysed:
                await connection.execute("ANALYZE outbox, handled_events")
            for sql, parameters in await hot_calls(stores):
                rows = await connection.fetch(f"EXPLAIN {sql}", *parameters)
                plan = "\n".join(row[0] for row in rows)
                assert "Seq Scan on outbox" not in plan, plan
    await connection.close()


async def test_no_call_reads_all_events_on_sqlite(
    sqlite_url: str, sqlite_backdoor: sqlite3.Connection
) -> None:
    async with running(open_sql(sqlite_url)) as stores:
        sqlite_backdoor.execute(FILL_SQLITE)
        for sql, parameters in await hot_calls(stores):
            rows = sqlite_backdoor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
            scans = [row[3] for row in rows if row[3].startswith("SCAN")]
            assert set(scans) <= {"SCAN waiting USING INDEX ix_outbox_waiting", "SCAN first"}


async def hot_calls(stores: RelationalStores) -> Sent:
    """Do what a relay does all the time, and tell with which statements."""
    with noted() as sent:
        claimed = await claim(stores, "a", 50)
        await stores.outbox.published("a", ids(claimed[:30]))
        await stores.outbox.release("a", ids(claimed[30:]))
        await stores.outbox.settle(GROUPS, 60_000, 50)
    return sent


async def test_a_late_commit_is_found(postgres_url: str) -> None:
    early, late = await asyncpg.connect(postgres_url), await asyncpg.connect(postgres_url)
    async with running(open_sql(postgres_url)) as stores:
        slow = early.transaction()
        await slow.start()
        await early.execute(INSERT, UUID(int=1), "x")
        await late.execute(INSERT, UUID(int=2), "y")
        assert [one.id.int for one in await claim(stores, "a")] == [2]
        await stores.outbox.published("a", [id_of(2)])
        await slow.commit()
        assert [one.id.int for one in await claim(stores, "a")] == [1]
    await early.close()
    await late.close()


async def test_a_claim_waits_for_nobody(postgres_url: str) -> None:
    async with running(open_sql(postgres_url)) as stores:
        await record(stores, event_of(1, "x"), event_of(2, "y"), event_of(3, "x"))
        connection = await asyncpg.connect(postgres_url)
        with anyio.fail_after(5):
            async with connection.transaction():
                await connection.execute("SELECT FROM outbox WHERE position = 1 FOR UPDATE")
                assert [one.id.int for one in await claim(stores, "a")] == [2]
        assert [one.id.int for one in await claim(stores, "a")] == [1, 3]
        await connection.close()


async def test_units_do_not_run_again_because_of_the_queue(postgres_url: str) -> None:
    runs = 0

    async def body(unit: StoreUnit) -> None:
        nonlocal runs
        runs += 1
        await unit.handled.begin("one", event_of(runs))
        await unit.outbox.add(event_of(runs, f"thing:{runs % 8}"))

    async def write(stores: RelationalStores) -> None:
        for _ in range(100):
            await stores.units.write(body)

    async with running(open_sql(postgres_url)) as stores, anyio.create_task_group() as writers:
        writers.start_soon(write, stores)
        while runs < 100:
            events = await claim(stores, "a", 20)
            await stores.outbox.published("a", ids(events[::2]))
            await stores.outbox.release("a", ids(events[1::2]))
            await stores.outbox.settle({}, 0, 10)
    assert runs == 100


async def test_a_change_is_run_again(postgres_engine: PostgresEngine) -> None:
    body = Failing(FAIL.format("40P01"), 0)
    await postgres_engine.change(body)
    runs = 0

    async def fails_twice(connection: SqlConnection) -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            await connection.execute(text(FAIL.format("40P01")))

    await postgres_engine.change(fails_twice)
    assert runs == 3


async def test_data_is_what_others_may_have_written(sqlite_url: str) -> None:
    data = {"nested": [{"é": 1}], "text": "\u2028"}
    row = (uuid4().bytes, uuid4().bytes, json.dumps(data))
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute(
        "INSERT INTO outbox (id, topic, name, campus_id, aggregate, at, data, recorded_at)"
        " VALUES (?, 't', 'n', ?, 'a', 0, ?, 0)",
        row,
    )
    connection.commit()
    connection.close()
    async with running(open_sql(sqlite_url)) as stores:
        assert isinstance(stores.outbox, SqlOutboxQueue)
        assert [one.data for one in await stores.outbox.claim("a", 1, LEASE_MS)] == [data]

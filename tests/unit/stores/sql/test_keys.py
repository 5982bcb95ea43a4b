"""Idempotency keys where the databases differ: their clocks, their locks, what breaks them."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import anyio
import asyncpg
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import text

from divan_core.errors import IdempotencyInProgress, StoreUnavailable
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.units import UnitMisused
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.sql.catalogue import Catalogue
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.keys import SqlKeys, SqlKeyStore
from divan_core.stores.sql.keystatements import TRIES, KeyStatements, purge_statement
from divan_core.stores.sql.pending import Pending
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.sqlite import SqliteEngine
from divan_core.stores.sql.store import open_sql
from divan_core.stores.sql.tables import IDEMPOTENCY_KEYS
from divan_core.stores.sql.unit import SqlUnit, SqlUnits
from divan_core.testing.contracts.keys import PRINT, SCOPE, TTL_S, event, keyed, record
from divan_core.testing.contracts.samples import running

pytestmark = pytest.mark.anyio

Engine = PostgresEngine | SqliteEngine
CLAIM: Final = (
    "INSERT INTO idempotency_keys VALUES ('person.1', 'invites.send', 'key.1', '', '', {})"
)
OVER: Final = "UPDATE idempotency_keys SET expires_at = {}"


@pytest.fixture(params=["sqlite_engine", "postgres_engine"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def rung() -> list[None]:
    """One for each time that somebody was to be woken."""
    return []


@pytest.fixture
def units(engine: Engine, rung: list[None]) -> SqlUnits:
    return SqlUnits(engine, Catalogue(), lambda _events: rung.append(None))


@pytest.fixture
def keys(engine: Engine) -> SqlKeyStore:
    return SqlKeyStore(engine)


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(postgres_url)) as stores:
        yield stores


@pytest.fixture
async def stranger(postgres_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Another process, with a connection of its own."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


def run(*statements: str) -> Callable[[SqlConnection], Awaitable[list[Any]]]:
    async def body(connection: SqlConnection) -> list[Any]:
        found = [await connection.execute(text(one)) for one in statements]
        return [one.scalar() if one.returns_rows else None for one in found]

    return body


async def test_answers_expire_by_the_database(
    engine: Engine, units: SqlUnits, keys: SqlKeyStore
) -> None:
    await units.write(keyed(b"1"))
    assert await keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")
    assert await keys.purge(10) == 0
    left = {
        "postgresql": "extract(epoch FROM expires_at - now())",
        "sqlite": "expires_at / 1000.0 - strftime('%s', 'now')",
    }
    (seconds,) = await engine.write(
        run(f"SELECT {left[engine.dialect]} FROM idempotency_keys")  # noqa: S608 - no input
    )
    assert TTL_S - 5 < float(seconds) <= TTL_S + 1
    await engine.write(run(OVER.format(just_now(engine))))
    assert await keys.recall(SCOPE) is None
    assert await units.write(keyed(b"2")) is None
    assert await keys.recall(SCOPE) == StoredAnswer(PRINT, b"2")
    await engine.write(run(OVER.format(just_now(engine))))
    assert await keys.purge(10) == 1


def just_now(engine: Engine) -> str:
    """SQL for a moment a little ago, but for what SQLite's clock is behind its own milliseconds."""
    if engine.dialect == "postgresql":
        return "now() - interval '1 millisecond'"
    return "CAST(strftime('%s', 'now') AS INTEGER) * 1000 - 1"


@pytest.mark.parametrize(
    "breakage",
    [
        "DROP TABLE idempotency_keys",
        "ALTER TABLE idempotency_keys RENAME COLUMN fingerprint TO other",
    ],
)
async def test_a_broken_table_is_no_storage(
    engine: Engine, units: SqlUnits, keys: SqlKeyStore, breakage: str
) -> None:
    await engine.write(run(breakage))
    with pytest.raises(StoreUnavailable):
        await units.write(keyed(b"1"))
    with pytest.raises(StoreUnavailable):
        await keys.recall(SCOPE)
    with pytest.raises(StoreUnavailable):
        await keys.probe()
    if "DROP" in breakage:
        with pytest.raises(StoreUnavailable):
            await keys.purge(1)


async def test_a_probe_leaves_no_row(engine: Engine, keys: SqlKeyStore) -> None:
    await keys.probe()
    assert await engine.write(run("SELECT count(*) FROM idempotency_keys")) == [0]


async def test_an_answer_that_cannot_be_kept_undoes_the_unit(
    engine: Engine, units: SqlUnits, rung: list[None]
) -> None:
    (answers, events) = ("idempotency_keys", "outbox")

    async def write(unit: SqlUnit) -> None:
        await keyed(b"1")(unit)
        await unit.outbox.add(event(1))

    for missing in (events, answers):
        await engine.write(run(f"ALTER TABLE {missing} RENAME TO elsewhere"))
        with pytest.raises(StoreUnavailable):
            await units.write(write)
        await engine.write(run(f"ALTER TABLE elsewhere RENAME TO {missing}"))
        counted = [f"SELECT count(*) FROM {table}" for table in (answers, events)]  # noqa: S608
        assert await engine.write(run(*counted)) == [0, 0]
    assert rung == []


async def test_the_bell_rings_after_a_commit_with_events(units: SqlUnits, rung: list[None]) -> None:
    async def fails(unit: SqlUnit) -> None:
        await unit.outbox.add(event(1))
        raise LookupError

    await units.write(keyed(b"1"))
    with pytest.raises(LookupError):
        await units.write(fails)
    assert rung == []
    await units.write(record(event(1), event(2)))
    assert len(rung) == 1
    with pytest.raises(UnitMisused, match="recorded once"):
        await units.write(record(event(2)))
    assert len(rung) == 1


async def test_another_process_is_waited_for_in_vain(
    postgres: RelationalStores, stranger: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with stranger.transaction():
        await stranger.execute(CLAIM.format("now() + interval '1 hour'"))
        started = time.monotonic()
        with pytest.raises(IdempotencyInProgress) as raised:
            await postgres.units.write(lambda unit: unit.keys.claim(SCOPE, PRINT, 300))
        assert 0.3 <= time.monotonic() - started < 2
        assert raised.value.retry_after == 1
        with pytest.raises(IdempotencyInProgress):
            await postgres.units.write(lambda unit: unit.keys.claim(SCOPE, PRINT, 0))


@pytest.mark.parametrize("kept", [True, False])
async def test_another_process_ends_in_time(
    postgres: RelationalStores, stranger: "asyncpg.Connection[asyncpg.Record]", kept: bool
) -> None:
    transaction = stranger.transaction()
    await transaction.start()
    await stranger.execute(CLAIM.format("now() + interval '1 hour'"))
    found: list[StoredAnswer | None] = []

    async def claim() -> None:
        found.append(await postgres.units.write(keyed(b"1")))

    async with anyio.create_task_group() as group:
        group.start_soon(claim)
        await blocked(stranger)
        assert found == []
        await (transaction.commit() if kept else transaction.rollback())
    assert found == [StoredAnswer(b"", b"") if kept else None]


async def blocked(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until somebody waits for this connection's transaction."""
    waits = "SELECT pg_backend_pid() = ANY(pg_blocking_pids(pid)) FROM pg_stat_activity"
    while True not in {row[0] for row in await connection.fetch(waits)}:
        await checkpoint()


async def test_the_patience_of_a_claim_is_its_own(postgres_engine: PostgresEngine) -> None:
    async def body(connection: SqlConnection) -> list[Any]:
        keys = SqlKeys(connection, None, Pending())
        shown = await run("SHOW lock_timeout")(connection)
        for scope in (SCOPE, SCOPE, KeyScope("person.1", "invites.send", "key.2")):
            await keys.claim(scope, PRINT, 50)
            shown += await run("SHOW lock_timeout")(connection)
        await run("SET LOCAL lock_timeout = '7s'")(connection)
        await keys.claim(KeyScope("person.1", "invites.send", "key.3"), PRINT, 50)
        return [*shown, *await run("SHOW lock_timeout")(connection)]

    assert await postgres_engine.write(body) == ["0", "0", "0", "0", "7s"]
    assert await postgres_engine.write(run("SHOW lock_timeout")) == ["0"]


async def test_a_keyed_unit_depends_on_no_other_key(postgres_engine: PostgresEngine) -> None:
    """Under SERIALIZABLE, what a unit has read others cannot change without a conflict."""

    async def body(connection: SqlConnection) -> list[Any]:
        unit = SqlUnit(connection, await Catalogue().tables(connection))
        await keyed(b"1")(unit)
        await unit.outbox.add(event(1))
        await unit.end()
        reads = "SELECT relation::regclass::text FROM pg_locks WHERE mode = 'SIReadLock'"
        return list((await connection.execute(text(reads))).scalars())

    assert not {"idempotency_keys", "pk_idempotency_keys", "outbox"} & set(
        await postgres_engine.write(body)
    )


async def test_who_reads_committed_rows_is_answered_after_waiting(
    postgres_engine: PostgresEngine, stranger: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """As a host's transaction does: its statement began before the answer was there."""
    transaction = stranger.transaction()
    await transaction.start()
    await stranger.execute(CLAIM.format("now() + interval '1 hour'"))
    found: list[StoredAnswer | None] = []

    async def claim(connection: SqlConnection) -> None:
        found.append(await SqlKeys(connection, None, Pending()).claim(SCOPE, PRINT, 5000))

    async with anyio.create_task_group() as group:
        group.start_soon(postgres_engine.change, claim)
        await blocked(stranger)
        await transaction.commit()
    assert found == [StoredAnswer(b"", b"")]


async def test_a_key_that_comes_and_goes_is_in_progress() -> None:
    claiming = KeyStatements(IDEMPOTENCY_KEYS, "sqlite").claiming(SCOPE, PRINT, 10)
    next(claiming)
    for _ in range(2 * TRIES - 1):
        claiming.send(None)
    with pytest.raises(IdempotencyInProgress):
        claiming.send(None)


async def test_a_purge_leaves_what_is_being_replaced(
    postgres: RelationalStores, stranger: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await postgres.units.write(keyed(b"1"))
    await postgres.units.write(keyed(b"2", KeyScope("person.1", "invites.send", "key.2")))
    await stranger.execute(OVER.format("now()"))
    async with stranger.transaction():
        await stranger.execute("UPDATE idempotency_keys SET body = '' WHERE key = 'key.1'")
        assert await postgres.keys.purge(10) == 1
    assert await postgres.keys.purge(10) == 1


async def test_a_purge_finds_its_keys_by_their_end(postgres_engine: PostgresEngine) -> None:
    statement = str(purge_statement(IDEMPOTENCY_KEYS, "postgresql").compile()).replace(":most", "9")

    async def body(connection: SqlConnection) -> str:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join((await connection.execute(text(f"EXPLAIN {statement}"))).scalars())

    assert "ix_idempotency_keys_expires_at" in await postgres_engine.write(body)

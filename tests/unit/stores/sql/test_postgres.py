"""What is PostgreSQL's own: repeats, lost connections, timeouts and the pool."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import NoReturn

import anyio
import asyncpg
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from divan_core.errors import ConfigurationError, OutcomeUnknown, StoreUnavailable
from divan_core.kernel.units import UnitMisused
from divan_core.stores.sql import postgres
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.lone import Conclusion, LoneConnection
from divan_core.stores.sql.postgres import TRIES, PostgresEngine
from divan_core.stores.sql.postgres_connection import LoopConnection
from divan_core.stores.sql.store import open_sql
from divan_core.stores.sql.types import Id
from divan_core.testing.contracts.samples import campus_id, person, populate, running, user_id
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.unit.stores.sql.conftest import Backdoor

pytestmark = pytest.mark.anyio

Body = Callable[[SqlConnection], Awaitable[None]]

FAIL = "DO $$ BEGIN RAISE EXCEPTION 'told to' USING ERRCODE = '{}'; END $$"
END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"
END_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
FUNCTION = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM {}; RETURN NULL; END $$
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON campuses
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""
COUNT = "SELECT count(*) FROM campuses"


async def add_campus(connection: SqlConnection) -> None:
    statement = text("INSERT INTO campuses VALUES (:id, 'x', 0, 0, 'UTC', 100)")
    await connection.execute(statement, {"id": campus_id(1)})


def at_commit(backdoor: Backdoor, action: str) -> None:
    """Let something happen within each commit that follows a new campus."""
    backdoor(FUNCTION.format(action))
    backdoor(TRIGGER)


async def count(connection: SqlConnection) -> int:
    found: int = (await connection.execute(text(COUNT))).scalar_one()
    return found


class Failing:
    """A unit that adds a campus, and whose first runs end with a statement of their own."""

    def __init__(self, statement: str, times: int) -> None:
        self.runs = 0
        self._statement = statement
        self._times = times

    async def __call__(self, connection: SqlConnection) -> None:
        self.runs += 1
        await add_campus(connection)
        if self.runs <= self._times:
            await connection.execute(text(self._statement))


async def test_a_connection_knows_types_from_the_beginning(postgres_engine: PostgresEngine) -> None:
    """It asks about none of them before a statement that has such a parameter."""
    asked: list[str] = []
    ids = bindparam("ids", type_=ARRAY(Id()))

    async def body(connection: SqlConnection) -> None:
        assert isinstance(connection, LoopConnection)
        driver = connection._driver  # noqa: SLF001 - it tells what it asks
        with driver.query_logger(lambda query: asked.append(query.query)):
            await connection.rows(select(func.cardinality(ids)), {"ids": [campus_id(1)]})
            await connection.rows(select(func.cardinality(ids)), {"ids": []})

    await postgres_engine.ask(body)
    await checkpoint()
    assert [query.partition("(")[0] for query in asked] == ["SELECT cardinality"] * 2


async def test_a_connection_that_is_there_is_taken_at_once(
    postgres_engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postgres_engine.ask(count)

    async def wait(_pool: AsyncEngine) -> NoReturn:
        pytest.fail("there is nothing to wait for")

    monkeypatch.setattr(AsyncEngine, "raw_connection", wait)
    assert await postgres_engine.ask(count) == 0


async def test_a_reader_sees_one_moment(
    postgres_engine: PostgresEngine, postgres_backdoor: Backdoor
) -> None:
    async def twice(connection: SqlConnection) -> tuple[int, int]:
        before = await count(connection)
        postgres_backdoor("INSERT INTO campuses VALUES (gen_random_uuid(), 'x', 0, 0, 'UTC', 100)")
        return before, await count(connection)

    assert await postgres_engine.read(twice) == (0, 0)
    assert await postgres_engine.ask(twice) == (1, 2)


async def test_a_reader_sees_what_was_committed_before(
    postgres_engine: PostgresEngine,
) -> None:
    await postgres_engine.write(add_campus)
    assert await postgres_engine.read(count) == await postgres_engine.ask(count) == 1


@pytest.mark.parametrize(
    "statement",
    [FAIL.format("40001"), FAIL.format("40P01"), FAIL.format("57P01"), END_MYSELF],
    ids=["serialisation", "deadlock", "shutdown", "lost"],
)
async def test_a_unit_is_run_again(postgres_engine: PostgresEngine, statement: str) -> None:
    body = Failing(statement, 2)
    await postgres_engine.write(body)
    assert body.runs == 3
    assert await postgres_engine.read(count) == 1


async def test_not_for_ever(postgres_engine: PostgresEngine) -> None:
    body = Failing(FAIL.format("40001"), 99)
    with pytest.raises(StoreUnavailable, match="Too many writers"):
        await postgres_engine.write(body)
    assert body.runs == TRIES
    assert await postgres_engine.read(count) == 0


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("57014", StoreUnavailable),
        ("55P03", StoreUnavailable),
        ("53100", StoreUnavailable),
        ("25006", StoreUnavailable),
        ("42P01", StoreUnavailable),
        ("23503", UnitMisused),
    ],
)
async def test_what_is_not_run_again(
    postgres_engine: PostgresEngine, state: str, error: type[Exception]
) -> None:
    body = Failing(FAIL.format(state), 1)
    with pytest.raises(error):
        await postgres_engine.write(body)
    assert body.runs == 1
    assert await postgres_engine.read(count) == 0


async def test_a_body_that_hides_a_conflict_is_run_again(postgres_engine: PostgresEngine) -> None:
    failing = Failing(FAIL.format("40001"), 1)

    async def hides(connection: SqlConnection) -> None:
        try:
            await failing(connection)
        except StoreUnavailable as fault:
            raise LookupError from fault

    await postgres_engine.write(hides)
    assert failing.runs == 2
    assert await postgres_engine.read(count) == 1


async def test_connections_that_went_stale(
    postgres_engine: PostgresEngine, postgres_backdoor: Backdoor
) -> None:
    await postgres_engine.read(count)
    assert postgres_backdoor(END_OTHERS) >= 1
    assert await postgres_engine.read(count) == 0
    postgres_backdoor(END_OTHERS)
    assert await postgres_engine.ask(count) == 0
    postgres_backdoor(END_OTHERS)
    await postgres_engine.write(add_campus)
    assert await postgres_engine.read(count) == 1


async def test_a_connection_lost_during_the_commit(
    postgres_engine: PostgresEngine, postgres_backdoor: Backdoor
) -> None:
    at_commit(postgres_backdoor, "pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(OutcomeUnknown):
        await postgres_engine.write(add_campus)
    assert await postgres_engine.read(count) == 0


@pytest.mark.parametrize("turns", range(4))
async def test_a_connection_that_ends_before_the_commit(
    postgres_engine: PostgresEngine,
    postgres_backdoor: Backdoor,
    monkeypatch: pytest.MonkeyPatch,
    turns: int,
) -> None:
    """The server's last word and the end come in turns of the loop, and COMMIT in between."""
    commit = LoopConnection.commit

    async def late(unit: LoopConnection) -> None:
        postgres_backdoor(END_OTHERS)
        for _ in range(turns):
            await checkpoint()
        await commit(unit)

    monkeypatch.setattr(LoopConnection, "commit", late)
    with pytest.raises(OutcomeUnknown):
        await postgres_engine.write(add_campus)
    assert await postgres_engine.read(count) == 0


async def test_a_commit_that_is_refused(
    postgres_engine: PostgresEngine, postgres_backdoor: Backdoor
) -> None:
    at_commit(postgres_backdoor, "1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        await postgres_engine.write(add_campus)
    assert await postgres_engine.read(count) == 0


@pytest.mark.parametrize("native", [True, False], ids=["task", "scope"])
async def test_cancellation_during_the_commit(
    postgres_url: str, postgres_backdoor: Backdoor, *, native: bool
) -> None:
    at_commit(postgres_backdoor, "pg_advisory_xact_lock(7)")
    holder = await asyncpg.connect(postgres_url)
    await holder.execute("SELECT pg_advisory_lock(7)")
    engine = PostgresEngine(parse_address(postgres_url))
    scope = anyio.CancelScope()

    async def write() -> None:
        with scope:
            await engine.write(add_campus)

    async with engine.running():
        writing = asyncio.create_task(write())
        while not await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await checkpoint()
        for _ in range(3):
            if native:
                writing.cancel()
            else:
                scope.cancel()
            await checkpoint()
        assert not writing.done()
        await holder.execute("SELECT pg_advisory_unlock(7)")
        await asyncio.wait([writing])
        assert writing.cancelled() is native
        assert await engine.read(count) == 1
    await holder.close()


async def test_cancellation_before_the_commit(
    postgres_engine: PostgresEngine, postgres_backdoor: Backdoor
) -> None:
    async def waits(connection: SqlConnection) -> None:
        await add_campus(connection)
        await connection.execute(text("SELECT pg_sleep(60)"))

    for cancelled in range(1, 4):  # more often than there are connections
        writing = asyncio.create_task(postgres_engine.write(waits))
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        while not await asyncio.to_thread(postgres_backdoor, sleeping):
            await checkpoint()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await postgres_engine.read(count) == 0, cancelled


async def test_a_table_that_is_changed_meanwhile(
    postgres_url: str, postgres_backdoor: Backdoor
) -> None:
    async with running(open_sql(postgres_url)) as stores:
        await populate(stores, 1)
        for length in (90, 100, 110):
            assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == person(1)
            assert set(await stores.people.cards([user_id(1)])) == {user_id(1)}
            await stores.units.write(lambda unit: unit.people.get(user_id(1)))
            postgres_backdoor(f"ALTER TABLE people ALTER display_name TYPE varchar({length})")


async def test_an_optional_table_that_goes_away(
    postgres_url: str, postgres_backdoor: Backdoor
) -> None:
    async with running(open_sql(postgres_url)) as stores:
        await populate(stores, 1)
        postgres_backdoor("DROP TABLE profiles")
        assert set(await stores.people.cards([user_id(1)])) == {user_id(1)}
        postgres_backdoor("DROP TABLE standings")
        await stores.units.write(lambda unit: unit.people.put([person(1, handle="other")]))


async def test_one_connection_serves_many(postgres_url: str) -> None:
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    async with engine.running(), anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(engine.read, count)
            group.start_soon(engine.ask, count)
            group.start_soon(engine.write, count)


async def test_what_is_prepared_stays_so(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long nobody asks: preparing is a round trip, and the first plans are thrown away."""
    asked: list[object] = []
    connect: Callable[..., Awaitable[object]] = asyncpg.connect

    async def noted(address: str, **how: object) -> object:
        asked.append(how["max_cached_statement_lifetime"])
        return await connect(address, **how)

    monkeypatch.setattr(asyncpg, "connect", noted)
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    async with engine.running():
        assert await engine.read(count) == 0
    assert asked == [0]


async def test_a_statement_has_a_time(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_TIMEOUT_S", 0.5)
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    body = Failing("SELECT pg_sleep(60)", 1)
    async with engine.running():
        with pytest.raises(StoreUnavailable, match="in time"):
            await engine.write(body)
        assert body.runs == 1
        assert await engine.read(count) == 0


async def test_what_is_supposed_has_a_time(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for twice, neither before the one statement nor for it."""
    monkeypatch.setattr(postgres, "STATEMENT_TIMEOUT_S", 0.5)
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    endless = select(func.pg_sleep(60))

    async def glances(connection: LoneConnection) -> None:
        await connection.glance(endless, {})

    async def concludes(connection: LoneConnection) -> None:
        connection.conclude(Conclusion("thing", "name", endless, {}))

    async with engine.running():
        with pytest.raises(StoreUnavailable, match="in time"):
            await engine.suppose(glances)
        with pytest.raises(OutcomeUnknown):
            await engine.suppose(concludes)
        assert await engine.read(count) == 0


async def test_who_gets_no_turn_is_told_so(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "QUEUE_TIMEOUT_S", 0.05)
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    begun = anyio.Event()
    stranger = await asyncpg.connect(postgres_url)
    await stranger.execute("SELECT pg_advisory_lock(1)")

    async def keep_busy(connection: SqlConnection) -> None:
        begun.set()
        await connection.execute(text("SELECT pg_advisory_xact_lock(1)"))

    async with engine.running(), anyio.create_task_group() as group:
        group.start_soon(engine.write, keep_busy)
        await begun.wait()
        for refused in (engine.write, engine.read):
            with pytest.raises(StoreUnavailable, match="in time"):
                await refused(count)
        await stranger.close()


async def test_two_who_lock_each_other_out(
    postgres_engine: PostgresEngine, postgres_backdoor: Backdoor
) -> None:
    postgres_backdoor("ALTER ROLE CURRENT_USER SET deadlock_timeout = '10ms'")
    runs = 0

    def locks(one: int, other: int) -> Body:
        async def body(connection: SqlConnection) -> None:
            nonlocal runs
            runs += 1
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            await connection.execute(lock, {"key": one})
            if runs <= 2:  # wait for the other, so that both hold one and want the other's
                held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
                while (await connection.execute(held)).scalar_one() < 2:
                    await connection.execute(text("SELECT pg_sleep(0.001)"))
            await connection.execute(lock, {"key": other})

        return body

    async with anyio.create_task_group() as group:
        group.start_soon(postgres_engine.write, locks(1, 2))
        group.start_soon(postgres_engine.write, locks(2, 1))
    assert runs == 3


async def test_a_server_that_lets_nobody_in_any_more(databases: Databases) -> None:
    """It answers, as one that starts or ends does, and refuses to go on."""
    with ExitStack() as there:
        engine = PostgresEngine(parse_address(there.enter_context(databases.empty())))
        async with engine.running():
            there.close()  # the database is dropped
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                await engine.ask(lambda connection: connection.execute(text("SELECT 1")))


async def test_a_server_that_is_not_there() -> None:
    async with running(open_sql(f"postgresql://a:b@127.0.0.1:{free_port()}/none")) as stores:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await stores.units.write(lambda unit: unit.people.put([person(1)]))
        health = (await stores.lifecycle[0].health())["database"]
        assert not health.ok
        assert health.detail == {"error": "The database cannot be reached."}


@pytest.mark.parametrize("fault", ["password", "database"])
async def test_what_can_never_work(postgres_url: str, fault: str) -> None:
    url = parse_address(postgres_url).url
    wrong = url.set(password="wrong") if fault == "password" else url.set(database="missing")
    with pytest.raises(ConfigurationError, match="refuses") as raised:
        async with running(open_sql(wrong.render_as_string(hide_password=False))):
            pass
    assert "wrong" not in raised.value.detail


async def test_a_server_that_comes_and_goes(
    breakable_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_TIMEOUT_S", 1.0)
    async with running(open_sql(breakable_postgres.url, migrate=True)) as stores:
        await populate(stores, 1)
        await asyncio.to_thread(breakable_postgres.pause)
        with monkeypatch.context() as hasty, anyio.fail_after(10):
            hasty.setattr(postgres, "CONNECT_TIMEOUT_S", 0.2)
            with pytest.raises(StoreUnavailable):
                await stores.people.cards([user_id(1)])
            health = (await stores.lifecycle[0].health())["database"]
        assert not health.ok
        await asyncio.to_thread(breakable_postgres.resume)
        assert set(await stores.people.cards([user_id(1)])) == {user_id(1)}
        await asyncio.to_thread(breakable_postgres.stop)
        with pytest.raises(StoreUnavailable):
            await stores.units.read(lambda unit: unit.people.get(user_id(1)))
        await asyncio.to_thread(breakable_postgres.start)
        assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == person(1)
        assert (await stores.lifecycle[0].health())["database"].ok

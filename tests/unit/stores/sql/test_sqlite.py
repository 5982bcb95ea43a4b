"""What is SQLite's own: groups of commits, threads, locks and files."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from contextvars import ContextVar
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import Integer, bindparam, insert, literal_column, select, text, update

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.urgency import patient
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.sql import sqlite, sqlite_threads
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.spelling import Together
from divan_core.stores.sql.sqlite import SqliteEngine
from divan_core.stores.sql.sqlite_session import Outcome, SqliteSession
from divan_core.stores.sql.sqlite_threads import Inbox, Job, commit_group
from divan_core.stores.sql.store import open_sql
from divan_core.stores.sql.tables import CAMPUSES
from divan_core.testing.contracts.samples import campus, campus_id, person, running, user_id
from tests.servers.forked import ran

pytestmark = pytest.mark.anyio

NAME = ContextVar("NAME", default="nobody")


class Gate:
    """A unit that stands still in the writing thread until it is let through."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    async def __call__(self, connection: SqlConnection) -> str:
        await add_campus(1)(connection)
        self.entered.set()
        self.opened.wait(30)
        return "through"


def add_campus(number: int) -> Callable[[SqlConnection], Awaitable[None]]:
    async def body(connection: SqlConnection) -> None:
        statement = text("INSERT INTO campuses VALUES (:id, 'x', 0, 0, 'UTC', 100)")
        await connection.execute(statement, {"id": campus_id(number).bytes})

    return body


async def count(connection: SqlConnection) -> int:
    found: int = (await connection.execute(text("SELECT count(*) FROM campuses"))).scalar_one()
    return found


async def until(happened: threading.Event) -> None:
    await asyncio.to_thread(happened.wait, 30)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[SqliteSession]:
    made: list[SqliteSession] = []
    commit = SqliteSession.commit

    def counted(self: SqliteSession) -> None:
        commit(self)
        made.append(self)

    monkeypatch.setattr(SqliteSession, "commit", counted)
    return made


async def test_units_that_wait_are_committed_together(
    sqlite_engine: SqliteEngine, commits: list[SqliteSession]
) -> None:
    gate = Gate()
    async with anyio.create_task_group() as group:
        group.start_soon(sqlite_engine.write, gate)
        await until(gate.entered)
        for number in range(2, 22):
            group.start_soon(sqlite_engine.write, add_campus(number))
        await checkpoint()
        gate.opened.set()
    assert len(commits) == 1
    assert await sqlite_engine.read(count) == 21


async def test_a_reader_does_not_see_half_a_group(sqlite_engine: SqliteEngine) -> None:
    gate = Gate()
    async with anyio.create_task_group() as group:
        group.start_soon(sqlite_engine.write, gate)
        await until(gate.entered)
        assert await sqlite_engine.read(count) == 0
        gate.opened.set()
    assert await sqlite_engine.read(count) == 1


async def test_a_reader_sees_one_moment(
    sqlite_engine: SqliteEngine, sqlite_backdoor: sqlite3.Connection
) -> None:
    async def twice(connection: SqlConnection) -> tuple[int, int]:
        before = await count(connection)
        sqlite_backdoor.execute("INSERT INTO campuses VALUES (x'01', 'x', 0, 0, 'UTC', 100)")
        return before, await count(connection)

    assert await sqlite_engine.read(twice) == (0, 0)
    assert await sqlite_engine.read(count) == 1


async def test_a_unit_that_waits_is_withdrawn_when_cancelled(
    sqlite_engine: SqliteEngine,
) -> None:
    gate = Gate()
    began = threading.Event()

    async def never(_connection: SqlConnection) -> None:
        began.set()

    async with anyio.create_task_group() as group:
        group.start_soon(sqlite_engine.write, gate)
        await until(gate.entered)
        waiting = asyncio.create_task(sqlite_engine.write(never))
        await checkpoint()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.opened.set()
    await sqlite_engine.write(add_campus(2))
    assert not began.is_set()


async def test_a_unit_that_runs_is_awaited_when_cancelled(sqlite_engine: SqliteEngine) -> None:
    gate = Gate()
    writing = asyncio.create_task(sqlite_engine.write(gate))
    await until(gate.entered)
    for _ in range(3):
        writing.cancel()
        await checkpoint()
    assert not writing.done()
    gate.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await sqlite_engine.read(count) == 1


async def test_a_reader_that_runs_is_left_when_cancelled(sqlite_engine: SqliteEngine) -> None:
    entered, opened = threading.Event(), threading.Event()

    async def stands(_connection: SqlConnection) -> None:
        entered.set()
        opened.wait(30)

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(sqlite_engine.read, stands)
            await until(entered)
            scope.cancel()
    assert scope.cancelled_caught
    opened.set()
    assert await sqlite_engine.read(count) == 0


async def test_closing_ends_what_was_handed_over(sqlite_url: str) -> None:
    engine = SqliteEngine(parse_address(sqlite_url))
    gate = Gate()
    async with engine.running():
        writing = asyncio.create_task(engine.write(gate))
        behind = asyncio.create_task(engine.write(add_campus(2)))
        await until(gate.entered)
        gate.opened.set()
    assert await writing == "through"
    await behind
    with pytest.raises(StoreUnavailable, match="not open"):
        await engine.write(count)
    async with engine.running():
        assert await engine.read(count) == 2


async def test_a_body_sees_the_context_of_its_caller(sqlite_engine: SqliteEngine) -> None:
    async def name(_connection: SqlConnection) -> str:
        return NAME.get()

    NAME.set("caller")
    assert await sqlite_engine.write(name) == "caller"
    assert await sqlite_engine.read(name) == "caller"


async def test_the_pragmas(sqlite_engine: SqliteEngine) -> None:
    async def pragmas(connection: SqlConnection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [(await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in names]

    expected = ["wal", 2, 1, 5000]
    assert await sqlite_engine.write(pragmas) == expected
    assert await sqlite_engine.read(pragmas) == expected


async def test_another_process_keeps_the_lock(
    sqlite_url: str, sqlite_backdoor: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    engine = SqliteEngine(parse_address(sqlite_url))
    async with engine.running():
        sqlite_backdoor.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="in time"):
            await engine.write(add_campus(1))
        assert await engine.read(count) == 0
        sqlite_backdoor.execute("ROLLBACK")
        await engine.write(add_campus(1))
        assert await engine.read(count) == 1


async def test_a_transaction_that_ends_by_itself_takes_all_along(
    sqlite_engine: SqliteEngine,
) -> None:
    gate = Gate()

    async def ends(connection: SqlConnection) -> None:
        await connection.execute(text("ROLLBACK"))  # as SQLite does when its disk is full

    refused: list[StoreUnavailable] = []

    async def expect_refusal(body: Callable[[SqlConnection], Awaitable[object]]) -> None:
        with pytest.raises(StoreUnavailable) as raised:
            await sqlite_engine.write(body)
        refused.append(raised.value)

    async with anyio.create_task_group() as group:
        group.start_soon(expect_refusal, gate)
        await until(gate.entered)
        for body in (ends, add_campus(2), add_campus(3)):
            group.start_soon(expect_refusal, body)
            await checkpoint()
        gate.opened.set()
    assert len(refused) == 4
    assert await sqlite_engine.read(count) == 0
    await sqlite_engine.write(add_campus(4))
    assert await sqlite_engine.read(count) == 1


class BrokenSession(SqliteSession):
    """A session whose disk is full."""

    def __init__(self, *, at: str) -> None:
        self._at = at

    @property
    def in_transaction(self) -> bool:
        return True

    def begin(self) -> None:
        self._perhaps("begin")

    def commit(self) -> None:
        self._perhaps("commit")

    def roll_back(self) -> None:
        self._perhaps("roll back")

    def write(self, body: Callable[[SqlConnection], Awaitable[object]]) -> Outcome:
        del body
        return Outcome("done")

    def _perhaps(self, step: str) -> None:
        if step == self._at:
            raise sqlite3.OperationalError("disk is full")


@pytest.mark.parametrize("at", ["begin", "commit"])
async def test_a_group_that_fails_is_refused_as_a_whole(at: str) -> None:
    inbox, jobs = Inbox(), [Job(count, reading=False) for _ in range(3)]
    for job in jobs[1:]:
        inbox.put(job)
    done = commit_group(BrokenSession(at=at), jobs[0], inbox, 9)
    assert [job for job, _ in done] == jobs
    for _, outcome in done:
        assert isinstance(outcome.error, StoreUnavailable)


async def test_a_group_has_an_end() -> None:
    inbox, jobs = Inbox(), [Job(count, reading=False) for _ in range(5)]
    for job in jobs[1:]:
        inbox.put(job)
    inbox.close()
    session = BrokenSession(at="")
    assert [job for job, _ in commit_group(session, jobs[0], inbox, 3)] == jobs[:3]
    assert inbox.take() is jobs[3]
    assert [job for job, _ in commit_group(session, jobs[3], inbox, 3)] == jobs[3:]
    assert inbox.take() is None


def left(*moods: str) -> tuple[Inbox, list[Job[int]]]:
    """An inbox, and jobs left there: those that are patient, and urgent ones."""
    inbox, jobs = Inbox(), list[Job[int]]()
    for mood in moods:
        with patient() if mood == "patient" else nullcontext():
            jobs.append(Job(count, reading=False))
        inbox.put(jobs[-1])
    return inbox, jobs


async def test_who_is_in_a_hurry_is_committed_first_and_alone() -> None:
    inbox, jobs = left("patient", "urgent", "patient", "urgent")
    first = inbox.take()
    assert first is jobs[1]
    assert list(inbox.beside(jobs[1])) == [jobs[3]]
    assert inbox.take() is jobs[0]
    assert list(inbox.beside(jobs[0])) == [jobs[2]]


async def test_who_comes_in_a_hurry_joins_those_in_none_and_waits_for_no_more_of_them() -> None:
    inbox, (first, *others) = left("patient", "patient", "patient")
    assert inbox.take() is first
    beside = inbox.beside(first)
    assert next(beside) is others[0]
    late: Job[int] = Job(count, reading=False)
    inbox.put(late)
    assert list(beside) == [late]
    assert inbox.take() is others[1]


async def test_nobody_is_patient_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_threads, "PATIENCE_S", -1)
    inbox, jobs = left("urgent", "patient", "patient")
    assert inbox.take() is jobs[0]
    assert list(inbox.beside(jobs[0])) == [jobs[1]]


async def test_opening_waits_for_who_migrates(
    tmp_path: Path, sqlite_backdoor: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, released = threading.Event(), threading.Event()

    def pause(_seconds: float) -> None:
        refused.set()
        released.wait(30)

    monkeypatch.setattr(time, "sleep", pause)
    sqlite_backdoor.execute("BEGIN IMMEDIATE")
    sqlite_backdoor.execute("CREATE TABLE campuses (id BLOB)")
    engine = SqliteEngine(parse_address(f"sqlite:///{tmp_path}/divan.db"))
    async with anyio.create_task_group() as group:

        async def lets_go() -> None:
            await until(refused)
            sqlite_backdoor.execute("COMMIT")
            released.set()

        group.start_soon(lets_go)
        async with engine.running():
            assert await engine.read(count) == 0
    assert refused.is_set()


async def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "divan.db").write_bytes(b"This is a letter, not a database. " * 99)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        async with running(open_sql(f"sqlite:///{tmp_path}/divan.db")):
            pass


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        async with running(open_sql(f"sqlite:///{tmp_path}")):
            pass


async def test_a_database_that_is_not_migrated(tmp_path: Path) -> None:
    async with running(open_sql(f"sqlite:///{tmp_path}/divan.db")) as stores:
        with pytest.raises(StoreUnavailable, match="divan migrate"):
            await stores.units.read(lambda unit: unit.people.get(user_id(1)))
        with pytest.raises(StoreUnavailable, match="divan migrate"):
            await stores.people.cards([user_id(1)])


async def test_an_optional_table_that_goes_away(
    sqlite_url: str, sqlite_backdoor: sqlite3.Connection
) -> None:
    async with running(open_sql(sqlite_url)) as stores:

        async def put(unit: StoreUnit) -> None:
            await unit.campuses.put([campus()])
            await unit.people.put([person(1)])

        await stores.units.write(put)
        sqlite_backdoor.execute("DROP TABLE profiles")
        assert set(await stores.people.cards([user_id(1)])) == {user_id(1)}
        sqlite_backdoor.execute("DROP TABLE standings")
        await stores.units.write(put)
        assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == person(1)


KILLED = """
import os, sys
import anyio
from divan_core.stores.sql.store import open_sql
from divan_core.stores.sql.tables import CAMPUSES
from divan_core.testing.contracts.samples import campus, running

async def main():
    async with running(open_sql(sys.argv[1])) as stores:
        await stores.units.write(lambda unit: unit.campuses.put([campus(1)]))

        async def dies(unit):
            await unit.campuses.put([campus(2)])
            os._exit(9)

        await stores.units.write(dies)

anyio.run(main)
"""


async def test_a_process_that_is_killed(sqlite_url: str) -> None:
    environment = dict(os.environ)
    done = await asyncio.to_thread(
        partial(ran, KILLED, sqlite_url, environment=environment, timeout_s=60)
    )
    assert done.returncode == 9, done.stderr
    async with running(open_sql(sqlite_url)) as stores:
        page = await stores.units.read(lambda unit: unit.campuses.page(None, 9))
        assert list(page) == [campus(1)]


async def test_memory_is_each_stores_own() -> None:
    async with running(open_sql("sqlite://")) as one, running(open_sql("sqlite://")) as other:
        await one.units.write(lambda unit: unit.campuses.put([campus(1)]))
        assert list(await other.units.read(lambda unit: unit.campuses.page(None, 9))) == []


async def test_a_look_is_taken_here_and_now(sqlite_engine: SqliteEngine) -> None:
    """On the thread of whoever asks, while the readers and the writer stand still."""

    async def where(connection: SqlConnection) -> tuple[int, int]:
        return threading.get_ident(), await count(connection)

    gate = Gate()
    async with anyio.create_task_group() as group:
        group.start_soon(sqlite_engine.write, gate)
        await until(gate.entered)
        assert await sqlite_engine.look(where) == (threading.get_ident(), 0)
        gate.opened.set()
    assert await sqlite_engine.look(where) == (threading.get_ident(), 1)
    with pytest.raises(UnitMisused, match="reading"):
        await sqlite_engine.look(add_campus(2))


async def test_a_look_of_another_event_loop(sqlite_engine: SqliteEngine) -> None:
    """A connection is its thread's own."""
    found = await asyncio.to_thread(lambda: asyncio.run(sqlite_engine.look(count)))
    assert found == 0


async def test_statements_together_survive_their_first_unit(sqlite_engine: SqliteEngine) -> None:
    """What a connection is told with a unit that is undone, it is told again."""
    row = {"id": campus_id(1), "at": 7}
    adding = insert(CAMPUSES).values(
        id=bindparam("id", type_=CAMPUSES.c.id.type),
        name=literal_column("'x'"),
        lat=bindparam("at", type_=Integer()),
        lon=bindparam("at", type_=Integer()),
        timezone=literal_column("'UTC'"),
        radius_m=literal_column("100"),
    )
    renaming = update(CAMPUSES).values(name=literal_column("'y'"))
    both = Together("both", (adding, renaming))

    async def fails(connection: SqlConnection) -> None:
        await connection.rows(both, row)
        raise LookupError

    async def names(connection: SqlConnection) -> list[tuple[str, float]]:
        await connection.rows(both, row)
        return [(one.name, one.lat) for one in await connection.execute(select(CAMPUSES))]

    with pytest.raises(LookupError):
        await sqlite_engine.write(fails)
    assert await sqlite_engine.write(names) == [("y", 7.0)]

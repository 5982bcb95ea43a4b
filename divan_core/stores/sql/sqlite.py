"""SQLite: one thread writes and commits in groups, a few read, and no unit waits inside.

What is over at once is read where it is asked for, on the event loop's own thread: handing it to
another one, which has to get hold of the interpreter first, takes longer than to read it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final, TypeVar

from anyio.lowlevel import checkpoint_if_cancelled
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.kernel.telemetry import Readings
from divan_core.stores.sql.address import Address
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.figures import Failures
from divan_core.stores.sql.lone import LoneConnection, SupposedWrongly
from divan_core.stores.sql.sqlite_session import SqliteSession, sqlite_engine
from divan_core.stores.sql.sqlite_threads import MOST_IN_GROUP, Inbox, Job, SqliteThread

ResultT = TypeVar("ResultT")
Body = Callable[[SqlConnection], Awaitable[ResultT]]
Prepare = Callable[[Connection], None]

BUSY_TIMEOUT_S: Final = 5.0
"""How long to wait for the lock of another process."""

READERS: Final = 2
"""Threads that read. Python runs one at a time, so more would only take turns."""

_HOPELESS: Final = ("SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_PERM", "SQLITE_READONLY")


def _nothing(_connection: Connection) -> None:
    """Leave the database as it is."""


def _never_wait(connection: Connection) -> None:
    """Refuse at once what another process has locked."""
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")


class SqliteEngine:
    """Runs units in threads of its own, over a file or in memory.

    A database in memory has one connection, hence one thread, which reads as well.
    """

    dialect: DialectName = "sqlite"

    def __init__(self, address: Address, prepare: Prepare = _nothing) -> None:
        """Use the database at ``address``, after ``prepare`` has had the writer's connection."""
        self._address = address
        self._prepare = prepare
        self._inboxes: tuple[Inbox, Inbox] | None = None
        self._near: tuple[SqliteSession, int] | None = None
        self._failures = Failures()

    def tell(self, readings: Readings) -> None:
        """See :class:`~divan_core.stores.sql.engine.SqlEngine`."""
        self._failures.tell(readings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The threads exist inside the context; what was handed to them is done before it ends.

        Raises:
            ConfigurationError: the file cannot be opened, or is no database.
            StoreUnavailable: another process keeps it locked.
        """
        engine = sqlite_engine(self._address, BUSY_TIMEOUT_S)
        writing = Inbox()
        reading = writing if self._address.in_memory else Inbox()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_serving(writing, [self._writer(engine, writing)]))
            if reading is not writing:
                readers = [_reader(engine, reading) for _ in range(READERS)]
                await stack.enter_async_context(_serving(reading, readers))
                near = stack.enter_context(_session(engine, _never_wait, only_reads=True))
                self._near = near, threading.get_ident()
            self._inboxes = writing, reading
            try:
                yield
            finally:
                self._inboxes = self._near = None

    async def write(self, body: Body[ResultT], *, locking: bool = False) -> ResultT:
        """Run ``body`` in the writing thread; its commit is shared with those who wait as well."""
        del locking  # units that write are alone
        return await self._done_by(0, Job(body, reading=False))

    async def suppose(self, body: Callable[[LoneConnection], Awaitable[ResultT]]) -> ResultT:
        """Run nothing: units wait for nobody here, so there is nothing to be gained."""
        del body
        raise SupposedWrongly

    async def read(self, body: Body[ResultT]) -> ResultT:
        """Run ``body`` on the snapshot of the last commit."""
        return await self._done_by(1, Job(body, reading=True))

    ask = read
    change = write

    async def look(self, body: Body[ResultT]) -> ResultT:
        """Run ``body`` here and now; by a thread that reads where it would have to wait.

        Whoever was cancelled before gets an answer, as it takes less to find one than to ask.
        """
        near = self._near
        if near is not None and near[1] == threading.get_ident():
            try:
                return near[0].look(body)
            except StoreUnavailable:
                pass  # another process holds what is looked at
        return await self.read(body)

    async def _done_by(self, which: int, job: Job[ResultT]) -> ResultT:
        await checkpoint_if_cancelled()  # else the thread may be quicker than the cancellation
        with self._failures:
            if self._inboxes is None:
                raise StoreUnavailable("The store is not open.")
            self._inboxes[which].put(job)
            return await job.finished()

    def _writer(self, engine: Engine, inbox: Inbox) -> SqliteThread:
        most = 1 if self._address.in_memory else MOST_IN_GROUP
        return SqliteThread(inbox, lambda: _session(engine, self._prepare), most)


def _reader(engine: Engine, inbox: Inbox) -> SqliteThread:
    return SqliteThread(inbox, lambda: _session(engine, _nothing, only_reads=True), 1)


@contextmanager
def _session(
    engine: Engine, prepare: Prepare, *, only_reads: bool = False
) -> Iterator[SqliteSession]:
    with engine.connect() as connection:
        prepare(connection)
        yield SqliteSession(connection, only_reads=only_reads)


@asynccontextmanager
async def _serving(inbox: Inbox, threads: Sequence[SqliteThread]) -> AsyncIterator[None]:
    """Run threads over one inbox, and end them in good order."""
    started: list[SqliteThread] = []
    try:
        for thread in threads:
            await _start(thread)
            started.append(thread)
        yield
    finally:
        for _ in started:
            inbox.close()
        for thread in started:
            await thread.join()


async def _start(thread: SqliteThread) -> None:
    try:
        await thread.start()
    except (DBAPIError, sqlite3.Error) as fault:
        driver = fault.orig if isinstance(fault, DBAPIError) else fault
        if str(getattr(driver, "sqlite_errorname", "")).startswith(_HOPELESS):
            raise ConfigurationError(f"The database cannot be opened: {driver}.") from fault
        raise StoreUnavailable(f"The database cannot be opened now: {driver}.") from fault

"""One way to run a statement, whatever the database.

Repositories are written once, over :class:`SqlConnection`. On PostgreSQL its ``execute`` waits on
the event loop; on SQLite it never waits, because the unit runs in the database's own thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Executable, TextClause
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from divan_core.kernel.units import AWAITS_NOTHING_ELSE, UnitMisused
from divan_core.stores.sql.faults import refusal
from divan_core.stores.sql.spelling import Statement, driver_text, spelled

ResultT = TypeVar("ResultT")

DialectName = Literal["postgresql", "sqlite"]
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class SqlConnection(Protocol):
    """The connection of one unit, in its transaction."""

    @property
    def dialect(self) -> DialectName:
        """Which SQL it speaks."""
        ...

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement, once for each of the parameters when they are a sequence.

        Once it has raised, nothing of the unit is kept.

        Raises:
            HandleTaken: the constraint of that name was broken.
            StoreUnavailable: the database cannot be reached, or did not answer in time.
            UnitMisused: it writes in a unit for reading, or refers to a row that does not exist.
        """
        ...

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """Run one statement in the quickest way there is, and give its first row if it has one.

        The statement is one of those that are kept for good, and the row is as the driver has it.
        Else it is as ``execute``.
        """
        ...

    async def rows(
        self, statement: TextClause, parameters: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run a text that reads in the quickest way there is, and give all its rows.

        They are as the driver has them. So are the parameters on SQLite: ids are bytes.
        Else it is as ``execute``.
        """
        ...

    def confirm(self) -> None:
        """Raise what a statement of this unit has raised, if one did."""
        ...


class _Failing:
    """Remembers the first failure, so that a body cannot hide it.

    PostgreSQL refuses everything after a failed statement and turns the commit into a rollback
    without a word.
    """

    failure: BaseException | None = None

    def __init__(self, *, reading: bool) -> None:
        self._reading = reading

    def failed(self, fault: BaseException) -> BaseException:
        """Keep what the fault means, and give it back to be raised."""
        meaning = refusal(fault, reading=self._reading)
        self.failure = self.failure or meaning
        return meaning

    def confirm(self) -> None:
        """Raise the failure if there was one."""
        if self.failure is not None:
            raise self.failure


class LoopConnection(_Failing):
    """Runs statements on the event loop, over asyncpg."""

    dialect: DialectName = "postgresql"

    def __init__(self, connection: AsyncConnection, *, reading: bool = False) -> None:
        """Wrap a connection that is in a transaction, or about to begin one."""
        super().__init__(reading=reading)
        self._connection = connection
        self.busy = False

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement; see :class:`SqlConnection`."""
        self.busy = True
        try:
            return await self._connection.execute(statement, parameters)
        except (SQLAlchemyError, OSError) as fault:
            raise self.failed(fault) from fault
        finally:
            self.busy = False

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """Run one statement; see :class:`SqlConnection`."""
        done = await self.execute(spelled(statement), parameters)
        return done.first() if done.returns_rows else None

    async def rows(
        self, statement: TextClause, parameters: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run one text; see :class:`SqlConnection`."""
        return (await self.execute(statement, parameters)).all()


class ThreadConnection(_Failing):
    """Runs statements in the calling thread; nothing here ever waits on an event loop."""

    dialect: DialectName = "sqlite"

    def __init__(self, connection: Connection, *, reading: bool = False) -> None:
        """Wrap a connection of this thread."""
        super().__init__(reading=reading)
        self._connection = connection
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement; see :class:`SqlConnection`."""
        try:
            return self._connection.execute(statement, parameters)
        except SQLAlchemyError as fault:
            raise self.failed(fault) from fault

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """Run one statement in the driver; see :class:`SqlConnection`."""
        written = driver_text(statement)
        try:
            if isinstance(parameters, Mapping):
                done = self._driver.execute(written.sql, written.values(parameters))
            else:
                done = self._driver.executemany(written.sql, map(written.values, parameters))
            rows = done.fetchall()  # to the end, or the statement would stay open
        except sqlite3.Error as fault:
            raise self.failed(fault) from fault
        return rows[0] if rows else None

    async def rows(
        self, statement: TextClause, parameters: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run one text in the driver; see :class:`SqlConnection`."""
        try:
            return self._driver.execute(statement.text, parameters).fetchall()
        except sqlite3.Error as fault:
            raise self.failed(fault) from fault

    async def fill(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run text of SQLite once for each row, whose values are as the driver takes them."""
        try:
            self._driver.executemany(sql, rows)
        except sqlite3.Error as fault:
            raise self.failed(fault) from fault


class OnlyItsUnit(Generic[ResultT]):
    """Awaits a body, and refuses it once it awaits anything but its unit's statements.

    SQLite and memory cannot run such a body at all; so nobody finds out only in production, in
    one direction or the other.
    """

    def __init__(self, body: Awaitable[ResultT], connection: LoopConnection) -> None:
        """Watch ``body``, which runs its statements over ``connection``."""
        self._body = body
        self._connection = connection

    def __await__(self) -> Generator[Any, Any, ResultT]:
        """Step through the body; at its first fault it is cancelled, and may still tidy up.

        Raises:
            UnitMisused: it waited while no statement was running.
        """
        steps = self._body.__await__()
        proceed: Callable[[], Any] = partial(next, steps)
        refused = False
        while True:
            try:
                waits_for = proceed()
            except StopIteration as end:
                result: ResultT = end.value
                return result
            except asyncio.CancelledError:
                if refused:
                    self._connection.confirm()
                raise
            if self._connection.busy or refused:
                proceed = yield from _pause(waits_for, steps)
            else:
                refused = True
                self._connection.failed(UnitMisused(AWAITS_NOTHING_ELSE))
                proceed = partial(steps.throw, asyncio.CancelledError())


def _pause(waits_for: object, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Wait, and give what to do next: go on with what came, or raise what came."""
    try:
        return partial(steps.send, (yield waits_for))
    except BaseException as thrown:  # noqa: BLE001 - whatever it is, it is the body's to handle
        return partial(steps.throw, thrown)

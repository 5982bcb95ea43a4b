"""One way to run a statement, whatever the database.

Repositories are written once, over :class:`SqlConnection`. On PostgreSQL it waits on the event
loop; on SQLite it never waits, because the unit runs in the database's own thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, CursorResult, Executable, TextClause
from sqlalchemy.exc import SQLAlchemyError

from divan_core.stores.sql.faults import refusal, refuse
from divan_core.stores.sql.spelling import (
    DialectName,
    DriverText,
    Statement,
    Together,
    driver_text,
    together_text,
)

__all__ = ["DialectName", "Failing", "Parameters", "SqlConnection", "ThreadConnection"]

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

    async def rows(
        self, statement: Statement | Together, parameters: Parameters
    ) -> Sequence[Sequence[Any]]:
        """Run one statement in the quickest way there is, and give all its rows.

        The statement is one of those that are kept for good, and rows are as the driver has them.
        Else it is as ``execute``. Several together are for SQLite only.
        """
        ...

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """The first one of :meth:`rows`, if there is any."""
        ...

    async def later(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Run one statement as ``rows`` does, at some time before anybody could tell.

        It changes something, and its unit wants no rows of it. What it raises may be raised by
        another statement, or by :meth:`catch_up`.
        """
        ...

    async def catch_up(self) -> None:
        """Run what is left of :meth:`later`; to be called at the end of a unit."""
        ...

    async def rows_of_text(
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


class Failing:
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


class ThreadConnection(Failing):
    """Runs statements in the calling thread; nothing here ever waits on an event loop."""

    dialect: DialectName = "sqlite"

    def __init__(
        self, connection: Connection, driver: sqlite3.Connection, *, reading: bool = False
    ) -> None:
        """Wrap a connection of this thread; ``driver`` is what it wraps itself."""
        super().__init__(reading=reading)
        self._connection = connection
        self._driver = driver

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement; see :class:`SqlConnection`."""
        try:
            return self._connection.execute(statement, parameters)
        except SQLAlchemyError as fault:
            refuse(fault, self.failed(fault))

    async def rows(
        self, statement: Statement | Together, parameters: Parameters
    ) -> Sequence[Sequence[Any]]:
        """Run one statement in the driver; see :class:`SqlConnection`."""
        try:
            if isinstance(statement, Together):
                done = self._together(statement, parameters)
            else:
                done = self._execute(driver_text(statement, "sqlite"), parameters)
            return done.fetchall()  # to the end, or the statement would stay open
        except sqlite3.Error as fault:
            refuse(fault, self.failed(fault))

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """Run one statement in the driver; see :class:`SqlConnection`."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def later(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Run it now: the database is here."""
        await self.rows(statement, parameters)

    async def catch_up(self) -> None:
        """Do nothing: all is run."""

    def _execute(self, written: DriverText, parameters: Parameters) -> sqlite3.Cursor:
        if isinstance(parameters, Mapping):
            return self._driver.execute(written.sql, written.values(parameters))
        return self._driver.executemany(written.sql, map(written.values, parameters))

    def _together(self, together: Together, parameters: Parameters) -> sqlite3.Cursor:
        """Run statements together; the connection may have to be told how, or to be told again.

        What it is told is undone with the unit that told it.
        """
        whole = together_text(together)
        try:
            return self._execute(whole.text, parameters)
        except sqlite3.OperationalError as fault:
            if f"no such table: {together.name}" not in str(fault):
                raise
        for one in whole.making:
            self._driver.execute(one)
        return self._execute(whole.text, parameters)

    async def rows_of_text(
        self, statement: TextClause, parameters: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run one text in the driver; see :class:`SqlConnection`."""
        try:
            return self._driver.execute(statement.text, parameters).fetchall()
        except sqlite3.Error as fault:
            refuse(fault, self.failed(fault))

    async def fill(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run text of SQLite once for each row, whose values are as the driver takes them."""
        try:
            self._driver.executemany(sql, rows)
        except sqlite3.Error as fault:
            refuse(fault, self.failed(fault))

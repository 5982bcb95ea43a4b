"""One SQLite connection in one thread: transactions, and units driven to their end."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

import attrs
from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from divan_core.errors import DivanError
from divan_core.kernel.units import run_through
from divan_core.stores.sql.address import Address
from divan_core.stores.sql.connection import SqlConnection, ThreadConnection
from divan_core.stores.sql.faults import refusal, unusable

ResultT = TypeVar("ResultT")
Body = Callable[[SqlConnection], Awaitable[Any]]

_STATEMENTS_KEPT: Final = 512


def sqlite_engine(address: Address, busy_timeout_s: float) -> Engine:
    """SQLAlchemy's engine for a file or for memory; transactions are begun by hand.

    ``busy_timeout_s`` is how long a statement waits for another process's lock.
    """
    engine = create_engine(
        address.url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": busy_timeout_s, "cached_statements": _STATEMENTS_KEPT},
    )

    def prepare(driver: sqlite3.Connection, _record: object) -> None:
        _keep_write_ahead_log(driver, busy_timeout_s)
        driver.execute("PRAGMA synchronous = FULL")  # a commit is durable before it is answered
        driver.execute("PRAGMA foreign_keys = ON")

    event.listen(engine, "connect", prepare)
    return engine


def _keep_write_ahead_log(driver: sqlite3.Connection, patience_s: float) -> None:
    """Let readers see the last commit while another one is made.

    A database is changed to this once. Who meets another process that does it is refused at once,
    whatever the busy timeout, and asks again here.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            driver.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


@attrs.frozen
class Outcome:
    """What became of a unit: its result, or the error that undid it."""

    result: Any = None
    error: BaseException | None = None


class SqliteSession:
    """Runs units on a connection of the calling thread."""

    def __init__(self, connection: Connection, *, only_reads: bool = False) -> None:
        """Use ``connection``, in which nothing has begun; ``only_reads``: it refuses to write."""
        self._connection = connection
        self._only_reads = only_reads
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        if only_reads:
            self._driver.execute("PRAGMA query_only = ON")

    @property
    def in_transaction(self) -> bool:
        """Whether what was begun is still open: a full disk, for one, ends it."""
        return self._driver.in_transaction

    def begin(self) -> None:
        """Begin a transaction that holds the write lock.

        Raises:
            sqlite3.Error: another process held it for too long.
        """
        self._driver.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make everything since ``begin`` durable.

        Raises:
            sqlite3.Error: it is not, or the transaction has ended already (a full disk ends it).
        """
        self._driver.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo everything since ``begin``, if that has not happened already."""
        with contextlib.suppress(sqlite3.Error):
            self._driver.rollback()

    def write(self, body: Body) -> Outcome:
        """Run a unit inside the transaction: all of it, or nothing, whatever it raises."""
        unit = ThreadConnection(self._connection, self._driver)
        try:
            self._driver.execute("SAVEPOINT unit")
            result = run_through(body(unit))
            unit.confirm()
            self._driver.execute("RELEASE unit")
        except BaseException as fault:  # noqa: BLE001 - it is its caller's, in another thread
            self._undo()
            return Outcome(error=_meaning(fault))
        return Outcome(result)

    def read(self, body: Body) -> Outcome:
        """Run a unit on one snapshot."""
        try:
            self._allow_writing(allowed=False)
            self._driver.execute("BEGIN")
            return Outcome(run_through(body(self._reading())))
        except BaseException as fault:  # noqa: BLE001 - it is its caller's, in another thread
            return Outcome(error=_meaning(fault))
        finally:
            self.roll_back()
            with contextlib.suppress(sqlite3.Error):  # then every unit that follows is refused
                self._allow_writing(allowed=True)

    def look(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """Run a body of statements that stand alone, on a connection that only reads."""
        return run_through(body(self._reading()))

    def _reading(self) -> ThreadConnection:
        return ThreadConnection(self._connection, self._driver, reading=True)

    def _allow_writing(self, *, allowed: bool) -> None:
        """Refuse statements that write, on a connection that also runs units that may."""
        if not self._only_reads:
            self._driver.execute(f"PRAGMA query_only = {'OFF' if allowed else 'ON'}")

    def _undo(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # without a transaction nothing is left to undo
            self._driver.execute("ROLLBACK TO unit")
            self._driver.execute("RELEASE unit")


def _meaning(fault: BaseException) -> BaseException:
    """What a body raises stays as it is; that its unit cannot begin or end is the store's error."""
    if not isinstance(fault, sqlite3.Error):
        return fault
    meaning = refusal(fault)
    return meaning if isinstance(meaning, DivanError) else unusable()

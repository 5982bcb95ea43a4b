"""A connection to PostgreSQL on the event loop, in a transaction or without one.

A transaction is begun and ended here, in the driver: SQLAlchemy, which lends the connection, knows
of none. So statements that are kept for good go past it, for a fifth of what it takes around one,
and all others go through it, in the same transaction.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar, cast

import asyncpg
from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    PoolProxiedConnection,
    TextClause,
)
from sqlalchemy.exc import MissingGreenlet, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from divan_core.kernel.units import AWAITS_NOTHING_ELSE, UnitMisused
from divan_core.stores.sql.connection import DialectName, Failing, Parameters
from divan_core.stores.sql.faults import disconnected, refuse
from divan_core.stores.sql.plans import DISCARD, Plans
from divan_core.stores.sql.postponed import Postponed
from divan_core.stores.sql.spelling import DriverText, Statement, Together, driver_text

if TYPE_CHECKING:
    from sqlalchemy import QueuePool

    Driver: TypeAlias = asyncpg.Connection[asyncpg.Record]

ResultT = TypeVar("ResultT")

FAULTS: Final = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What a statement fails with, on either way. A timeout is an OSError, too.

An internal error of the client is what a statement meets after the server's last word and before
the end of the connection, which come one after the other.
"""


async def lent(pool: AsyncEngine) -> PoolProxiedConnection:
    """A connection of the pool, and none whose other end has gone; its plans are good."""
    while True:
        connection = _idle(pool.sync_engine) or await pool.raw_connection()
        if not _driver_of(connection).is_closed() and await _is_ready(connection):
            return connection
        connection.invalidate()
        connection.close()


async def _is_ready(connection: PoolProxiedConnection) -> bool:
    """Let plans be made anew that may be old; whether the connection is good for more."""
    if not Plans.of(connection.info).are_over():
        return True
    try:
        await _driver_of(connection).execute(DISCARD)
    except FAULTS:
        return False
    except BaseException:
        connection.close()
        raise
    return True


def _idle(engine: Engine) -> PoolProxiedConnection | None:
    """A connection that is there at once, if one is.

    SQLAlchemy would start a greenlet to wait for it, which takes longer than all else about it.
    """
    if not cast("QueuePool", engine.pool).checkedin():
        return None
    try:
        return engine.raw_connection()
    except MissingGreenlet:  # it was lost, and is to be made anew
        return None


def _driver_of(connection: PoolProxiedConnection) -> Driver:
    return cast("Driver", connection.driver_connection)


class Watched(Failing):
    """Says whether a statement is running now, which is all that its unit may wait for."""

    busy = False


class LoopConnection(Watched):
    """Runs statements on the event loop, over asyncpg."""

    dialect: DialectName = "postgresql"

    def __init__(
        self, pool: AsyncEngine, connection: PoolProxiedConnection, *, reading: bool = False
    ) -> None:
        """Wrap what a pool has lent, whose connections begin nothing by themselves."""
        super().__init__(reading=reading)
        self._pool = pool
        self._lent = connection
        self._driver = _driver_of(connection)
        self._begun = False
        self._beginning: str | None = None
        self._serial = False
        self._postponed = Postponed()

    @functools.cached_property
    def _connection(self) -> AsyncConnection:
        """The same to SQLAlchemy, made once it is needed; it must not be given back twice."""
        return AsyncConnection(self._pool, Connection(self._pool.sync_engine, self._lent))

    async def begin(self, how: str) -> None:
        """Begin a transaction; ``how`` is what PostgreSQL is told.

        Raises:
            StoreUnavailable: the database cannot be reached, or did not answer in time.
        """
        self._begun = True
        try:
            await self._driver.execute(how)
        except FAULTS as fault:
            refuse(fault, self.failed(fault))

    def begin_with_the_first(self, how: str, *, serial: bool) -> None:
        """Begin a transaction once a statement is to be run; see :meth:`begin`.

        A unit may come to what it is to write alone. Where that says which events are handled, it
        is kept by one statement without a transaction: if nobody learns of that, the unit is not
        kept a second time. A ``serial`` one may say nothing else so: what others have read who are
        serial is nothing that they could not have read after it.
        """
        self._beginning, self._serial = how, serial

    async def _begin(self) -> None:
        if self._beginning is not None:
            how, self._beginning = self._beginning, None
            await self.begin(how)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement; see :class:`SqlConnection`."""
        await self._run_postponed()
        self.busy = True
        try:
            await self._begin()
            return await self._connection.execute(statement, parameters)
        except FAULTS as fault:
            refuse(fault, self.failed(fault))
        finally:
            self.busy = False

    async def rows_of_text(
        self, statement: TextClause, parameters: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run one text in the driver; see :class:`SqlConnection`."""
        await self._run_postponed()
        return await self._rows(driver_text(statement, "postgresql"), parameters)

    async def rows(
        self, statement: Statement | Together, parameters: Parameters
    ) -> Sequence[Sequence[Any]]:
        """Run one statement in the driver; see :class:`SqlConnection`."""
        if isinstance(statement, Together):
            raise UnitMisused("Statements run together on SQLite only.")
        if self._postponed and self._postponed.concern(statement):
            await self._run_postponed()
        return await self._rows(driver_text(statement, "postgresql"), parameters)

    async def _rows(self, written: DriverText, parameters: Parameters) -> Sequence[Sequence[Any]]:
        if isinstance(parameters, Mapping):
            return await self._fetched(written.sql, written.values(parameters))
        self.busy = True
        try:
            await self._begin()
            await self._driver.executemany(written.sql, map(written.values, parameters))
        except FAULTS as fault:
            refuse(fault, self.failed(fault))
        finally:
            self.busy = False
        return ()

    async def _fetched(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        self.busy = True
        try:
            await self._begin()
            found: Sequence[Any] = await self._driver.fetch(sql, *values)
        except FAULTS as fault:
            refuse(fault, self.failed(fault))
        finally:
            self.busy = False
        return found

    async def run(self, statement: Statement, parameters: Parameters) -> Sequence[Any] | None:
        """Run one statement in the driver; see :class:`SqlConnection`."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def later(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Run one statement together with others; see :class:`SqlConnection`."""
        if self._postponed.add(statement, parameters):
            return
        await self._run_postponed()
        if not self._postponed.add(statement, parameters):
            await self.rows(statement, parameters)

    async def catch_up(self) -> None:
        """Run what is left, unless it is all that there is; see :class:`SqlConnection`."""
        if self._beginning is None or not self._postponed.is_handling(only=self._serial):
            await self._run_postponed()

    async def _run_postponed(self) -> None:
        if self._postponed:
            whole = self._postponed.take()
            await self._fetched(whole.sql, whole.values)

    def failed(self, fault: BaseException) -> BaseException:
        """Keep what the fault means; asyncpg has no code for a connection that has ended."""
        ended = isinstance(fault, asyncpg.InternalClientError) or (
            isinstance(fault, asyncpg.InterfaceError) and self._driver.is_closed()
        )
        return super().failed(disconnected() if ended else fault)

    async def commit(self) -> None:
        """Commit what was begun, or run what there is alone; raises what the driver raises."""
        if self._begun:
            await self._driver.execute("COMMIT")
            self._begun = False
        elif self._postponed:
            whole = self._postponed.take()
            await self._driver.fetch(whole.sql, *whole.values)

    async def give_back(self) -> None:
        """Return the connection to its pool, and undo what was begun and not committed."""
        try:
            if self._begun and not self._driver.is_closed():
                await self._driver.execute("ROLLBACK")
                self._begun = False
        except FAULTS:
            self._driver.terminate()
        if self._driver.is_closed() and self._lent.is_valid:
            self._lent.invalidate()
        self._lent.close()


class OnlyItsUnit(Generic[ResultT]):
    """Awaits a body, and refuses it once it awaits anything but its unit's statements.

    SQLite and memory cannot run such a body at all; so nobody finds out only in production, in
    one direction or the other.
    """

    def __init__(self, body: Awaitable[ResultT], connection: Watched) -> None:
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

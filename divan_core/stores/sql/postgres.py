"""PostgreSQL: units run on the event loop over asyncpg, and again when others were in the way."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Generator,
    Hashable,
    Sequence,
)
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Literal, TypeVar, cast

import asyncpg
import attrs
from sqlalchemy import QueuePool, event
from sqlalchemy.dialects.postgresql.asyncpg import (
    AsyncAdapt_asyncpg_connection,
    AsyncAdapt_asyncpg_dbapi,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from divan_core.errors import ConfigurationError, OutcomeUnknown, StoreUnavailable
from divan_core.kernel.telemetry import Readings
from divan_core.stores.sql.address import Address
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.convoys import Convoys
from divan_core.stores.sql.faults import ConnectionLost, UnitConflict, overdue, refuse
from divan_core.stores.sql.figures import POOL, Failures
from divan_core.stores.sql.lone import LoneConnection, SupposedWrongly
from divan_core.stores.sql.postgres_connection import (
    FAULTS,
    LoopConnection,
    OnlyItsUnit,
    lent,
)
from divan_core.stores.sql.postgres_lone import PostgresConvoy, PostgresLoneConnection
from divan_core.stores.sql.settling import settled
from divan_core.stores.sql.turns import Turns

ResultT = TypeVar("ResultT")
ConnectionT = TypeVar("ConnectionT", bound=LoopConnection)
Body = Callable[[SqlConnection], Awaitable[ResultT]]

POOL_SIZE: Final = 10
"""Connections of one process."""

CONNECT_TIMEOUT_S: Final = 5.0
"""How long to wait for a new connection."""

QUEUE_TIMEOUT_S: Final = 15.0
"""How long to wait for one's turn to write, and for a free connection of the pool.

It is the first come that is served first, so a server with more to do than it can do answers late
before it refuses: three hundred callers at once have their turn if twenty are served in a second.
"""

STATEMENT_TIMEOUT_S: Final = 10.0
"""How long one statement may take."""

TRIES: Final = 8
"""How often a unit is tried, ..."""

TRIES_TOGETHER: Final = 2
"""... and how many of these beside others; from then on no other unit of the process writes."""

Unreachable = (
    SQLAlchemyError,
    AsyncAdapt_asyncpg_dbapi.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
)
"""What connecting raises while the server is away, or refuses.

Of what a pool is refused when it lends a bare connection, SQLAlchemy makes no error of its own.
"""

# Wrong credentials; no such database.
_HOPELESS: Final = ("28", "3D")


async def connect(
    address: Address, statement_timeout_s: float | None
) -> asyncpg.Connection[asyncpg.Record]:
    """A new connection to an address, which asyncpg reads (``sslmode`` and all)."""
    name = {} if "application_name" in address.url.query else {"application_name": "divan"}
    return await asyncpg.connect(
        address.url.render_as_string(hide_password=False),
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=statement_timeout_s,
        max_cached_statement_lifetime=0,  # else all are prepared again every five minutes
        server_settings=name,
    )


@attrs.frozen
class _Connecting:
    """A connection that is made once it is waited for: the pool may find that it cannot wait."""

    address: Address
    statement_timeout_s: float | None

    def __await__(self) -> Generator[Any, None, asyncpg.Connection[asyncpg.Record]]:
        return connect(self.address, self.statement_timeout_s).__await__()


_SCALARS: Final = "uuid", "text", "varchar", "bytea", "bool", "int2", "int4", "int8", "timestamptz"
_KNOWN: Final = "SELECT " + ", ".join(
    f"${at}::{one}[]" for at, one in enumerate((*_SCALARS, "jsonb"), 1)
)
"""A query with arrays of all types that statements have parameters of."""


def _inform(connection: AsyncAdapt_asyncpg_connection, _record: object) -> None:
    """Let a new connection know what these types are.

    asyncpg asks the database about a type when it first meets it, on each connection again, which
    takes as long as twenty statements: so here, of all at once, and not before some statement.
    """
    connection.run_async(lambda driver: driver.prepare(_KNOWN))


def postgres_engine(
    address: Address,
    pool_size: int,
    statement_timeout_s: float | None,
    isolation: Literal["AUTOCOMMIT"] | None = None,
) -> AsyncEngine:
    """SQLAlchemy's engine for an address, over connections of ``connect``."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(_Connecting, address, statement_timeout_s),
        max_overflow=0,
        pool_size=pool_size,
        pool_timeout=QUEUE_TIMEOUT_S,
        isolation_level=isolation,
    )
    event.listen(engine.sync_engine, "connect", _inform)  # after SQLAlchemy's own, about JSON
    return engine


_SERIALIZABLE: Final = "BEGIN ISOLATION LEVEL SERIALIZABLE"
"""Units see what a serial order would show them; ..."""

_LOCKING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""... each statement of a locking one sees what was committed before it; ..."""

_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""... and readers see one snapshot."""


@attrs.frozen
class _Open:
    """What there is while the engine runs. Connections of the pool begin nothing by themselves."""

    turns: Turns
    pool: AsyncEngine


class PostgresEngine:
    """Runs units on PostgreSQL. Never holds two connections for one of them."""

    dialect: DialectName = "postgresql"

    def __init__(self, address: Address, pool_size: int = POOL_SIZE) -> None:
        """Use the database at ``address`` with at most ``pool_size`` connections."""
        self._address = address
        self._pool_size = pool_size
        self._now: _Open | None = None
        self._failures = Failures()
        self._convoys = Convoys(self._carry, QUEUE_TIMEOUT_S)

    def tell(self, readings: Readings) -> None:
        """See :class:`~divan_core.stores.sql.engine.SqlEngine`."""
        self._failures.tell(readings)
        if self._now is not None:
            pool = cast("QueuePool", self._now.pool.sync_engine.pool)
            readings.set(POOL, pool.checkedout(), "in_use")
            readings.set(POOL, pool.checkedin(), "idle")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The pool exists inside the context, even while the server cannot be reached.

        Raises:
            ConfigurationError: the server refuses these credentials, or has no such database.
        """
        pool = postgres_engine(
            self._address, self._pool_size, STATEMENT_TIMEOUT_S, isolation="AUTOCOMMIT"
        )
        self._now = _Open(Turns(self._pool_size, QUEUE_TIMEOUT_S), pool)
        try:
            await self._try_out(pool)
            yield
        finally:
            self._now = None
            await settled(pool.dispose())

    async def write(self, body: Body[ResultT], *, locking: bool = False) -> ResultT:
        """Run ``body`` in one transaction, again when another unit was in its way."""
        how = _LOCKING if locking else _SERIALIZABLE
        for _ in range(TRIES_TOGETHER):
            async with self._open.turns.beside_others():
                try:
                    return await self._write(how, body)
                except (UnitConflict, ConnectionLost):
                    continue
        async with self._open.turns.alone():
            for _ in range(TRIES_TOGETHER, TRIES - 1):
                try:
                    return await self._write(how, body)
                except (UnitConflict, ConnectionLost):
                    continue
            return await self._write(how, body)

    async def suppose(self, body: Callable[[LoneConnection], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` in one statement, together with those of others about the same."""
        unit = PostgresLoneConnection(self.ask)
        try:
            result = await OnlyItsUnit(body(unit), unit)
            unit.confirm()
        except Exception as fault:
            if isinstance(fault.__cause__, TimeoutError):
                raise
            raise SupposedWrongly from fault
        if not await settled(self._convoys.ride(unit.rider)):
            raise SupposedWrongly
        return result

    async def _carry(self, sql: str, each: Sequence[Sequence[Any]]) -> Collection[Hashable]:
        """Run a statement with each of some values in one transaction; whose were kept.

        Raises:
            SupposedWrongly: it failed, and nothing is kept.
            StoreUnavailable: it could not be begun.
            OutcomeUnknown: the answer of the server never came.
        """
        async with self._open.turns.beside_others():
            with self._failures:
                convoy = await self._connected(PostgresConvoy, reading=False)
                convoy.load = sql, each
                try:
                    await _commit(convoy)
                except OutcomeUnknown:
                    raise
                except Exception as fault:
                    raise SupposedWrongly from fault
                return convoy.names

    async def read(self, body: Body[ResultT]) -> ResultT:
        """Run ``body`` on one snapshot, again when its connection turned out to be stale."""
        try:
            return await self._look(body, _READING)
        except (UnitConflict, ConnectionLost):
            return await self._look(body, _READING)

    async def ask(self, body: Body[ResultT]) -> ResultT:
        """Run ``body`` without a transaction: one round trip for each statement."""
        try:
            return await self._look(body)
        except (UnitConflict, ConnectionLost):
            return await self._look(body)

    look = ask

    async def change(self, body: Body[ResultT]) -> ResultT:
        """Run ``body`` without a transaction, again when others were in its way."""
        for _ in range(TRIES - 1):
            try:
                return await self._look(body, reading=False)
            except (UnitConflict, ConnectionLost):
                continue
        return await self._look(body, reading=False)

    @property
    def _open(self) -> _Open:
        if self._now is None:
            raise StoreUnavailable("The store is not open.")
        return self._now

    async def _write(self, how: str, body: Body[ResultT]) -> ResultT:
        with self._failures:
            unit = await self._connected(LoopConnection, reading=False)
            try:
                unit.begin_with_the_first(how, serial=how is _SERIALIZABLE)
                result = await _run(body, unit)
            except BaseException:
                await settled(unit.give_back())
                raise
            await settled(_commit(unit))
            return result

    async def _look(
        self, body: Body[ResultT], how: str | None = None, *, reading: bool = True
    ) -> ResultT:
        with self._failures:
            unit = await self._connected(LoopConnection, reading=reading)
            try:
                if how is not None:
                    await unit.begin(how)
                return await _run(body, unit)
            finally:
                if how is None:
                    await unit.give_back()  # which waits for nothing then
                else:
                    await settled(unit.give_back())

    async def _connected(self, kind: type[ConnectionT], *, reading: bool) -> ConnectionT:
        try:
            pool = self._open.pool
            return kind(pool, await lent(pool), reading=reading)
        except NoneFree as fault:
            raise overdue() from fault
        except Unreachable as fault:
            raise StoreUnavailable("The database cannot be reached.") from fault

    async def _try_out(self, pool: AsyncEngine) -> None:
        try:
            connection = await pool.connect()
        except asyncpg.ClientConfigurationError as fault:
            raise ConfigurationError(f"The database's address is wrong: {fault}.") from fault
        except Unreachable as fault:
            driver = fault.orig if isinstance(fault, DBAPIError) else fault
            if str(getattr(driver, "sqlstate", "")).startswith(_HOPELESS):
                raise ConfigurationError(f"PostgreSQL refuses to connect: {driver}.") from fault
            return  # it may come back; until then every unit says so
        await settled(connection.close())


async def _run(body: Body[ResultT], unit: LoopConnection) -> ResultT:
    """Run a body to its end; its own error gives way to one that lets it run again."""
    try:
        result = await OnlyItsUnit(body(unit), unit)
    except Exception as fault:
        if isinstance(unit.failure, UnitConflict | ConnectionLost):
            raise unit.failure from fault
        raise
    unit.confirm()
    return result


async def _commit(unit: LoopConnection) -> None:
    """Commit, and give the connection back.

    Raises:
        OutcomeUnknown: the answer of the server never came.
    """
    try:
        await unit.commit()
    except FAULTS as fault:
        meaning = unit.failed(fault)
        if isinstance(meaning, ConnectionLost) or isinstance(fault, TimeoutError):
            raise OutcomeUnknown from fault
        refuse(fault, meaning)
    finally:
        await unit.give_back()

"""A replica of PostgreSQL, where the past is read while it is close enough behind."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Numbers
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from sqlalchemy import TextClause, text

from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Clock
from divan_core.kernel.telemetry import Counter, Gauge, Readings
from divan_core.stores.bundle import REPLICA, ReplicaAddress, StoreHealth
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.progress import Progress
from divan_core.stores.sql.settling import settled
from divan_core.stores.sql.wakeup import ended

ResultT = TypeVar("ResultT")

CONNECTIONS: Final = 3
"""Of one process to the replica: what is read there is long, and seldom."""

EVERY_S: Final = 1.0
"""How often it is looked how far the replica has come, ..."""

PATIENCE_S: Final = 1.0
"""... and how long that may take."""

LAG: Final = Gauge("divan_sql_replica_lag_seconds", "How old what the replica has may be")
READS: Final = Counter(
    "divan_sql_replica_reads_total", "Readings of the past, by who did them", ("by",)
)

_PRIMARY: Final = text(
    "SELECT system_identifier, (pg_current_wal_flush_lsn() - '0/0')::bigint"
    " FROM pg_control_system()"
)
_REPLICA: Final = text(
    "SELECT system_identifier, (pg_last_wal_replay_lsn() - '0/0')::bigint, pg_is_in_recovery()"
    " FROM pg_control_system()"
)


class Replica:
    """Reads on the replica as long as that is of the same database and close behind.

    Else, and where it fails, the primary reads. A store's lifecycle of its own: that it is away
    keeps nothing from working.
    """

    def __init__(
        self, address: ReplicaAddress, primary: SqlEngine, clock: Clock | None = None
    ) -> None:
        """Use the server at ``address``; ``clock`` replaces the seconds that pass.

        Raises:
            ConfigurationError: the address is not one of Divan's.
        """
        self._lag_s = address.lag_s
        self._primary = primary
        self._engine = PostgresEngine(parse_address(address.url), CONNECTIONS)
        self._progress = Progress()
        self._trouble = "Nobody has looked yet."
        self._reads: Numbers[str] = Numbers()
        self._now: Callable[[], float] = (
            time.monotonic if clock is None else lambda: clock.now() / 1000
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """It is watched inside the context.

        Raises:
            ConfigurationError: the server refuses these credentials, or has no such database.
        """
        async with self._engine.running():
            await self._look()
            task = asyncio.create_task(self._keep_looking(), name="divan-replica")
            try:
                yield
            finally:
                await settled(ended(task))

    async def read(self, body: Callable[[SqlConnection], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` on one snapshot, which is at most as old as was allowed."""
        if self._fault() is None:
            try:
                result = await self._engine.read(body)
            except StoreUnavailable as fault:
                self._trouble = fault.detail
            else:
                self._reads["replica"] += 1
                return result
        self._reads["primary"] += 1
        return await self._primary.read(body)

    async def health(self) -> Mapping[str, StoreHealth]:
        """Whether the past is read on the replica; in the detail, why not."""
        started = time.perf_counter()
        await self._look()
        fault = self._fault()
        latency_ms = (time.perf_counter() - started) * 1000
        detail = {} if fault is None else {"error": fault}
        return {REPLICA: StoreHealth(ok=fault is None, latency_ms=latency_ms, detail=detail)}

    def tell(self, readings: Readings) -> None:
        """See :class:`~divan_core.stores.bundle.Measured`."""
        for by, number in self._reads.items():
            readings.total(READS, number, by)
        age = self._progress.age(self._now())
        if age is not None:
            readings.set(LAG, age)

    def _fault(self) -> str | None:
        """Why the replica is not read now; None where it is."""
        if self._trouble:
            return self._trouble
        age = self._progress.age(self._now())
        if age is None or age > self._lag_s:
            return f"The replica is more than {self._lag_s:g} s behind."
        return None

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self._look()

    async def _look(self) -> None:
        """Find out how far both have come; never raises."""
        trouble = "The replica, or its primary, did not tell how far it has come."
        with suppress(Exception):  # whatever it was, the next look may do
            async with asyncio.timeout(PATIENCE_S):
                trouble = await self._compared()
        self._trouble = trouble

    async def _compared(self) -> str:
        """Why the replica cannot be read at all, if that is so."""
        at = self._now()
        system, written = await _row(self._primary, _PRIMARY)
        other, replayed, follows = await _row(self._engine, _REPLICA)
        if other != system:
            return "The replica is not one of this database."
        if not follows:
            return "The replica follows nobody: it was made a primary."
        self._progress.mark(at, written)
        self._progress.reach(replayed)
        return ""


async def _row(engine: SqlEngine, query: TextClause) -> Sequence[Any]:
    async def body(connection: SqlConnection) -> Sequence[Any]:
        return (await connection.execute(query)).one()

    return await engine.ask(body)

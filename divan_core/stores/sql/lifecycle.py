"""Opening, probing and closing the database."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

import anyio
from sqlalchemy import text

from divan_core.errors import DivanError, StoreUnavailable
from divan_core.kernel.telemetry import Readings
from divan_core.stores.bundle import StoreHealth
from divan_core.stores.sql.catalogue import Catalogue
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.metadata import VERSION_TABLE
from divan_core.stores.sql.revisions import Revisions

PROBE_TIMEOUT_S: Final = 1.0

_HEADS: Final = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant


class SqlLifecycle:
    """Keeps the database's connections and threads, and tells how it is."""

    def __init__(
        self,
        engine: SqlEngine,
        catalogue: Catalogue,
        prepare: Callable[[], object],
        beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        """Call ``prepare`` in a thread, open ``engine``, and tell ``catalogue`` to look.

        ``beside`` is open for as long as the engine is.
        """
        self._prepare = prepare
        self._beside = beside
        self._engine = engine
        self._catalogue = catalogue
        self._revisions: Revisions | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The database can be used inside the context, as soon as it can be reached.

        Raises:
            ConfigurationError: it can never be used as configured.
        """
        await anyio.to_thread.run_sync(self._prepare)
        self._revisions = await anyio.to_thread.run_sync(Revisions)
        async with self._engine.running(), self._beside():
            with contextlib.suppress(StoreUnavailable):  # then the first unit looks
                await self._engine.ask(self._catalogue.tables)
            yield

    async def health(self) -> Mapping[str, StoreHealth]:
        """The database's latency; in the detail the revision of each branch, or the error."""
        started = time.perf_counter()
        ok, detail = await self._probe()
        latency_ms = (time.perf_counter() - started) * 1000
        return {"database": StoreHealth(ok=ok, latency_ms=latency_ms, detail=detail)}

    def tell(self, readings: Readings) -> None:
        """See :class:`~divan_core.stores.bundle.Measured`."""
        self._engine.tell(readings)

    async def _probe(self) -> tuple[bool, Mapping[str, str]]:
        with anyio.move_on_after(PROBE_TIMEOUT_S):
            try:
                heads = await self._engine.ask(_heads)
            except DivanError as fault:
                return False, {"error": fault.detail}
            revisions = self._revisions or Revisions()
            return True, revisions.current(heads)
        return False, {"error": f"The database did not answer within {PROBE_TIMEOUT_S:g} s."}


async def _heads(connection: SqlConnection) -> list[str]:
    return list((await connection.execute(_HEADS)).scalars())

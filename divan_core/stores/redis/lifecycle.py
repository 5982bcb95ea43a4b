"""Opens and closes the connection to Redis that all adapters of a process share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Final

import anyio

from divan_core.errors import StoreUnavailable
from divan_core.kernel.telemetry import Counter, Gauge, Readings
from divan_core.stores.bundle import StoreHealth
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy

CONNECTED: Final = Gauge(
    "divan_redis_connected",
    "1 while calls to every Redis server are sent; else they fail at once",
    across="least",
)
ROUND_TRIPS: Final = Counter("divan_redis_round_trips_total", "Calls sent to Redis")

_PROBE_S = 1.0

_Work = Callable[[RedisClient], Coroutine[None, None, None]]


class RedisLifecycle:
    """A :class:`~divan_core.stores.bundle.StoreLifecycle`, and where adapters get the client."""

    def __init__(self, url: str, policy: ConnectionPolicy | None = None) -> None:
        """Connect to ``url`` once running."""
        self._url = url
        self._policy = policy
        self._client: RedisClient | None = None
        self._beside: list[_Work] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def client(self) -> RedisClient:
        """The client, while running.

        Raises:
            StoreUnavailable: not running.
        """
        if self._client is None:
            raise StoreUnavailable("The Redis store is not open")
        return self._client

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See the port. A server that is away does not prevent the start."""
        async with RedisClient.open(self._url, self._policy) as client:
            self._client = client
            for work in self._beside:
                self._start(work, client)
            try:
                yield
            finally:
                self._client = None
                await self._stop()

    def beside(self, work: _Work) -> None:
        """Do this too while running, from now on if it runs already; it is cancelled in the end.

        Not in a task group, since whoever runs this may leave its context in any order.
        """
        self._beside.append(work)
        if self._client is not None:
            self._start(work, self._client)

    async def health(self) -> Mapping[str, StoreHealth]:
        """See the port."""
        began = time.perf_counter()
        detail = {}
        with anyio.move_on_after(_PROBE_S) as scope:
            try:
                await self.client.ping()
            except (StoreUnavailable, RedisReplyError) as fault:
                detail["error"] = str(fault)
        if scope.cancelled_caught:
            detail["error"] = "Redis did not answer in time"
        latency_ms = (time.perf_counter() - began) * 1000
        return {"redis": StoreHealth(not detail, latency_ms, detail)}

    def tell(self, readings: Readings) -> None:
        """See :class:`~divan_core.stores.bundle.Measured`."""
        if self._client is not None:
            readings.set(CONNECTED, float(self._client.connected))
            readings.total(ROUND_TRIPS, self._client.round_trips)

    def _start(self, work: _Work, client: RedisClient) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(work(client)))

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

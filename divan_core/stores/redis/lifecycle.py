"""Opens and closes the connection to Redis that all adapters of a process share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio

from divan_core.errors import StoreUnavailable
from divan_core.stores.bundle import StoreHealth
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy

_PROBE_S = 1.0


class RedisLifecycle:
    """A :class:`~divan_core.stores.bundle.StoreLifecycle`, and where adapters get the client."""

    def __init__(self, url: str, policy: ConnectionPolicy | None = None) -> None:
        """Connect to ``url`` once running."""
        self._url = url
        self._policy = policy
        self._client: RedisClient | None = None

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
            try:
                yield
            finally:
                self._client = None

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

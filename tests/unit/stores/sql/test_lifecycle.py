"""Opening and probing, on both databases."""

from pathlib import Path

import pytest

from divan_core.errors import ConfigurationError
from divan_core.stores.bundle import RelationalStores, StoreHealth
from divan_core.stores.sql.migrate import upgrade
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import campus, campus_id, running

pytestmark = pytest.mark.anyio

NEWEST = {"core": "core_0011", "moderation": "moderation_0009", "profile": "profile_0001"}


@pytest.fixture(params=["sqlite", "postgresql"])
def lasting_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is there before and after its store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/divan.db"
    found: str = request.getfixturevalue("empty_postgres_url")
    return found


@pytest.fixture(params=["sqlite", "sqlite in memory", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite in memory":
        return "sqlite://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/divan.db"
    found: str = request.getfixturevalue("empty_postgres_url")
    return found


async def health(stores: RelationalStores) -> StoreHealth:
    return (await stores.lifecycle[0].health())["database"]


async def test_health_names_the_revisions(url: str) -> None:
    async with running(open_sql(url, migrate=True)) as stores:
        found = await health(stores)
    assert found.ok
    assert 0 < found.latency_ms < 1000
    assert found.detail == NEWEST


async def test_health_leaves_out_missing_branches(lasting_url: str) -> None:
    upgrade(lasting_url, "profile")
    async with running(open_sql(lasting_url)) as stores:
        found = await health(stores)
    assert found.ok
    assert set(found.detail) == {"core", "profile"}


async def test_health_of_a_database_that_is_not_migrated(lasting_url: str) -> None:
    async with running(open_sql(lasting_url)) as stores:
        found = await health(stores)
    assert not found.ok
    assert found.detail == {"error": "The database is not migrated. Run: divan migrate"}


async def test_health_before_it_is_open(url: str) -> None:
    found = await health(open_sql(url))
    assert not found.ok
    assert found.detail == {"error": "The store is not open."}


async def test_a_store_can_be_opened_again(url: str) -> None:
    stores = open_sql(url, migrate=True)
    async with running(stores):
        await stores.units.write(lambda unit: unit.campuses.put([campus()]))
    async with running(stores):
        found = await stores.units.read(lambda unit: unit.campuses.get(campus_id(1)))
    assert found == (None if url == "sqlite://" else campus())


async def test_two_stores_share_a_database(lasting_url: str) -> None:
    async with (
        running(open_sql(lasting_url, migrate=True)) as one,
        running(open_sql(lasting_url)) as other,
    ):
        await one.units.write(lambda unit: unit.campuses.put([campus()]))
        found = await other.units.read(lambda unit: unit.campuses.get(campus_id(1)))
    assert found == campus()


def test_an_address_of_another_kind() -> None:
    with pytest.raises(ConfigurationError, match="Allowed are"):
        open_sql("mysql://somewhere/else")

"""What the tables hold beyond what the repositories tell."""

import sqlite3

import pytest

from divan_core.accounts.model import Person, Profile
from divan_core.kernel.visibility import Standing
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import person, populate, running
from tests.unit.stores.sql.conftest import Backdoor

pytestmark = pytest.mark.anyio

DECIDE = "UPDATE standings SET reason = 'spam', since = {since}"
REASONS = "SELECT count(*) FROM standings WHERE reason = 'spam' AND since IS NOT NULL"


async def put(stores: RelationalStores, *people: Person) -> None:
    await stores.units.write(lambda unit: unit.people.put(people))


async def test_a_standing_keeps_its_reason_on_sqlite(
    sqlite_url: str, sqlite_backdoor: sqlite3.Connection
) -> None:
    async with running(open_sql(sqlite_url)) as stores:
        await populate(stores, 1)
        await put(stores, person(1, standing=Standing.BANNED))
        sqlite_backdoor.execute(DECIDE.format(since=5))
        for standing, kept in (
            (Standing.BANNED, 1),
            (Standing.DELETED, 1),
            (Standing.BANNED, 1),
            (Standing.SHADOWED, 0),
        ):
            await put(stores, person(1, standing=standing, display_name="New"))
            assert sqlite_backdoor.execute(REASONS).fetchone() == (kept,), standing


async def test_a_standing_keeps_its_reason_on_postgres(
    postgres_url: str, postgres_backdoor: Backdoor
) -> None:
    async with running(open_sql(postgres_url)) as stores:
        await populate(stores, 1)
        await put(stores, person(1, standing=Standing.BANNED))
        postgres_backdoor(DECIDE.format(since="now()"))
        await put(stores, person(1, standing=Standing.BANNED, display_name="New"))
        assert postgres_backdoor(REASONS) == 1
        await put(stores, person(1, standing=Standing.SHADOWED))
        assert postgres_backdoor(REASONS) == 0


async def test_who_is_put_again_unchanged_is_not_written(
    postgres_url: str, postgres_backdoor: Backdoor
) -> None:
    same = person(1, profile=Profile("Geodesy"), standing=Standing.BANNED)
    version = "SELECT array_agg(xmin::text ORDER BY 1) FROM {}"
    async with running(open_sql(postgres_url)) as stores:
        await populate(stores, 1)
        await put(stores, same)
        tables = ("campuses", "people", "profiles", "standings")
        before = [postgres_backdoor(version.format(table)) for table in tables]
        await populate(stores, 0)
        await put(stores, same)
        assert [postgres_backdoor(version.format(table)) for table in tables] == before

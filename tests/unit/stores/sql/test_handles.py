"""People whose handles looked alike before that was looked at."""

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from divan_core.accounts.model import Person
from divan_core.errors import HandleTaken
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import campus, person, running, user_id
from tests.migrations.conftest import run_script
from tests.servers.sqlite import migrated

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{migrated(tmp_path / 'divan.db')}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def stores(url: str) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(url)) as stores:
        yield stores


async def test_their_key_stays_as_long_as_their_handle(url: str, stores: RelationalStores) -> None:
    """They can change everything else; another handle is judged like anybody's."""
    twin = person(2, handle="other")

    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus()])
        await unit.people.put([person(1), twin])

    await stores.units.write(body)
    run_script(
        url, "UPDATE people SET handle = 'pers0n.1', handle_key = '~2' WHERE handle = 'other'"
    )
    twin = attrs.evolve(twin, handle="pers0n.1", display_name="New name")
    await put(stores, twin)
    assert await stores.units.read(lambda unit: unit.people.get(user_id(2))) == twin
    found = await stores.units.read(lambda unit: unit.people.handles(["pers0n.1", "person.1"]))
    assert found == {"pers0n.1": user_id(2), "person.1": user_id(1)}
    for handle in ("p.ers0n1", "person1"):
        with pytest.raises(HandleTaken):
            await put(stores, attrs.evolve(twin, handle=handle))


async def put(stores: RelationalStores, one: Person) -> None:
    await stores.units.write(lambda unit: unit.people.put([one]))

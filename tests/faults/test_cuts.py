"""The connection to PostgreSQL is lost during COMMIT: a repetition with the key settles it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from divan_core.settings import Settings
from divan_core.stores.factories import sql_stores
from tests.faults.truth import Truth
from tests.http.world import World, open_world, problem
from tests.servers.cutting import Cut, CuttingProxy

pytestmark = pytest.mark.anyio


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[CuttingProxy]:
    with CuttingProxy(postgres_url) as made:
        yield made


@pytest.fixture
async def world(proxy: CuttingProxy) -> AsyncIterator[World]:
    async with open_world(Settings(env="test"), sql_stores(proxy.url)) as made:
        yield made


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_repetition_settles_it(
    world: World, proxy: CuttingProxy, postgres_url: str, cut: Cut
) -> None:
    body = {"to_user_id": str(world.ben)}
    headers = world.headers(Idempotency_Key="once")
    proxy.cut(cut, about="INTO invites")
    problem(
        await world.client.post("/invites/send", json=body, headers=headers),
        503,
        "outcome_unknown",
    )
    assert proxy.cuts == 1
    first = await world.client.post("/invites/send", json=body, headers=headers)
    assert first.status_code == (201 if cut is Cut.BEFORE else 200)
    again = await world.client.post("/invites/send", json=body, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    truth = await Truth.of(postgres_url)
    assert [row.id.hex for row in truth.invites] == [first.json()["id"].replace("-", "")]
    assert len(truth.keys) == len(truth.events) == 1

"""The connection to PostgreSQL is lost as a write ends: a repetition with the key settles it."""

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


async def spoken(world: World) -> int:
    """Begin a conversation; its last number."""
    body = {"to_user_id": str(world.ben), "body": "hello"}
    answer = await world.client.post("/chat/messages", json=body, headers=world.headers())
    last: int = answer.json()["seq"]
    return last


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_repetition_of_a_message_settles_it(
    world: World, proxy: CuttingProxy, postgres_url: str, cut: Cut
) -> None:
    """A message is one statement, and no commit is said."""
    last = await spoken(world)
    proxy.cut(cut, about="INTO messages")
    body = {"to_user_id": str(world.ben), "body": "once"}
    headers = world.headers(Idempotency_Key="once")
    first = await world.client.post("/chat/messages", json=body, headers=headers)
    assert proxy.cuts == 1
    problem(first, 503, "outcome_unknown")
    assert first.headers["retry-after"] == "1"
    settled = await world.client.post("/chat/messages", json=body, headers=headers)
    assert settled.status_code == (201 if cut is Cut.BEFORE else 200)
    again = await world.client.post("/chat/messages", json=body, headers=headers)
    assert (again.status_code, again.content) == (200, settled.content)
    assert settled.json()["seq"] == last + 1
    truth = await Truth.of(postgres_url)
    assert len(truth.keys) == 1
    assert await written(world) == last + 1


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_message_without_a_key_does_not(
    world: World, proxy: CuttingProxy, cut: Cut
) -> None:
    last = await spoken(world)
    proxy.cut(cut, about="INTO messages")
    body = {"to_user_id": str(world.ben), "body": "perhaps"}
    sent = await world.client.post("/chat/messages", json=body, headers=world.headers())
    problem(sent, 503, "outcome_unknown")
    assert await written(world) == last + (cut is Cut.AFTER)


async def written(world: World) -> int:
    """How many messages there are, counted by their numbers and one by one."""
    path = f"/chat/conversations/{world.ben}/messages"
    found = (await world.client.get(path, headers=world.headers())).json()["items"]
    assert [one["seq"] for one in found] == list(range(len(found), 0, -1))
    return len(found)

from uuid import UUID

import pytest

from divan_core.kernel.ids import UserId
from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio

NOBODY = UUID(int=1)
ACTIONS = ("block", "unblock", "remove")


async def act(world: World, other: UUID | str, action: str, by: UserId | None = None) -> int:
    answer = await world.client.post(f"/friends/{other}/{action}", headers=world.headers(by))
    assert answer.content == b""
    return answer.status_code


async def near(world: World, viewer: UserId) -> list[str]:
    answer = await world.get("/proximity/nearby", viewer, radius_m=50)
    return [item["handle"] for item in answer.json()["items"]]


async def test_a_block_hides_both_ways_and_ends_the_friendship(world: World) -> None:
    actor = await world.divan.accounts.actor(world.ana)
    await world.divan.social.befriend(actor, world.ben)
    await world.beat()
    await world.beat(world.ben)
    assert await act(world, world.ben, "block") == 204
    assert await near(world, world.ana) == await near(world, world.ben) == []
    assert await act(world, world.ben, "unblock") == 204
    assert await near(world, world.ana) == ["ben"]
    friends = await world.get("/proximity/nearby", radius_m=50, filter="friends")
    assert friends.json()["items"] == []


@pytest.mark.parametrize("action", ACTIONS)
async def test_hidden_people_answer_like_nobody(world: World, action: str) -> None:
    assert await act(world, world.zoe, action) == await act(world, NOBODY, action) == 204


@pytest.mark.parametrize("action", ACTIONS)
async def test_oneself(world: World, action: str) -> None:
    answer = await world.client.post(f"/friends/{world.ana}/{action}", headers=world.headers())
    problem(answer, 422, "invalid_input")


@pytest.mark.parametrize("action", ACTIONS)
async def test_somebody_who_is_no_uuid(world: World, action: str) -> None:
    answer = await world.client.post(f"/friends/ben/{action}", headers=world.headers())
    assert paths(problem(answer, 422, "validation_failed")) == ["path.user_id"]


async def test_blocks_are_limited(world: World) -> None:
    codes = [await act(world, UUID(int=number), "block") for number in range(2, 12)]
    assert codes == [204] * 10
    answer = await world.client.post(f"/friends/{world.ben}/block", headers=world.headers())
    assert answer.headers["retry-after"] == str(problem(answer, 429, "rate_limited")["retry_after"])

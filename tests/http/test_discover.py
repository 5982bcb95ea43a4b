"""Suggestions over HTTP."""

from typing import Any

import pytest

from divan_core.accounts.messages import CreatePerson
from divan_core.kernel.ids import UserId
from divan_core.settings import LimitSettings, Settings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faulty import FaultyStores
from tests.http.world import World, open_world, paths, problem

pytestmark = pytest.mark.anyio


async def person(world: World, handle: str, **more: Any) -> UserId:
    """Let somebody in."""
    command = CreatePerson(world.campus, handle, handle.title(), **more)
    return (await world.divan.accounts.create_person(command)).user_id


async def test_people_are_suggested_without_scores_or_distances(world: World) -> None:
    eve = await person(world, "eve")
    ben = await world.divan.accounts.actor(world.ben)
    await world.divan.social.befriend(ben, world.ana)
    await world.divan.social.befriend(ben, eve)
    await world.beat()
    await world.beat(eve)
    answer = await world.get("/discover/people")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "items": [
            {
                "user_id": str(eve),
                "handle": "eve",
                "display_name": "Eve",
                "avatar_url": None,
                "is_friend": False,
                "mutual_friends": 1,
            }
        ],
        "cursor": None,
    }


async def test_pages_go_on_where_they_ended(world: World) -> None:
    others = [await person(world, f"person{number}") for number in range(5)]
    for one in others:
        await world.beat(one)
        world.clock.advance(1)
    met: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await world.get("/discover/people", **query)).json()
        met += [one["user_id"] for one in page["items"]]
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    assert met == [str(one) for one in reversed(others)]


async def test_rooms_are_none_yet(world: World) -> None:
    assert (await world.get("/discover/rooms")).json() == {"items": [], "cursor": None}


@pytest.mark.parametrize("path", ["/discover/people", "/discover/rooms"])
async def test_wrong_questions(world: World, path: str) -> None:
    for limit in (0, 51, "many"):
        found = problem(await world.get(path, limit=limit), 422, "validation_failed")
        assert paths(found) == ["query.limit"]
    problem(await world.get(path, cursor="forged"), 422, "invalid_cursor")
    problem(await world.client.get(path), 401, "unauthenticated")


async def test_limits() -> None:
    settings = Settings(env="test", limit=LimitSettings(search_per_minute=3, enumeration_per_day=1))
    async with open_world(settings) as world:
        await world.beat(world.ben)
        assert (await world.get("/discover/people")).status_code == 200
        await world.beat(await person(world, "eve"))
        answer = await world.get("/discover/people")
        found = problem(answer, 429, "enumeration_budget")
        assert answer.headers["retry-after"] == str(found["retry_after"]) == "86400"
        assert (await world.get("/discover/rooms")).status_code == 200
        problem(await world.get("/discover/people"), 429, "rate_limited")


@pytest.mark.parametrize("port", ["turnstile", "signals"])
async def test_without_presence_there_is_no_answer(port: str) -> None:
    clock = ManualClock()
    faulty = FaultyStores(memory_stores(clock))
    async with open_world(stores=faulty.stores, clock=clock) as world:
        faulty.fail(port)
        problem(await world.get("/discover/people"), 503, "store_unavailable")
        faulty.mend()
        assert (await world.get("/discover/people")).status_code == 200

"""Searching by HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from divan_core.accounts.messages import ChangePrivacy, ChangeProfile, CreatePerson
from divan_core.accounts.model import Person
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import Standing
from divan_core.settings import LimitSettings, Settings
from divan_core.stores.bundle import StoreUnit

from .world import World, open_world, paths, problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Nobody runs out of questions but where it is the point."""
    roomy = LimitSettings(search_per_minute=10_000)
    async with open_world(Settings(env="test", limit=roomy)) as made:
        yield made


async def join(world: World, handle: str, name: str, **privacy: Any) -> UserId:
    command = CreatePerson(world.campus, handle, name, privacy=ChangePrivacy(**privacy))
    return (await world.divan.accounts.create_person(command)).user_id


async def test_somebody_is_found(world: World) -> None:
    bea = await join(world, "bea.lopez", "Beatriz López")
    answer = await world.get("/search/users", q="lopes")
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {
                "user_id": str(bea),
                "handle": "bea.lopez",
                "display_name": "Beatriz López",
                "avatar_url": None,
                "is_friend": False,
                "mutual_friends": 0,
            }
        ],
        "cursor": None,
    }
    actor = await world.divan.accounts.actor(bea)
    profile = ChangeProfile(major="Law", graduation_year=2031, passions=("chess", "go"))
    await world.divan.accounts.change_profile(actor, profile)
    (seen,) = (await world.get("/search/users", q="Beatriz")).json()["items"]
    told = {"major": "Law", "graduation_year": 2031, "passions": ["chess", "go"]}
    assert {name: seen[name] for name in told} == told
    assert not {"email", "birthday", "score", "lat", "lon", "visibility"} & set(seen)


async def test_pages_follow_each_other(world: World) -> None:
    for number in range(7):
        await join(world, f"pia{number}", "Pia")
    seen, cursor = [], None
    while True:
        query: dict[str, Any] = {"q": "pia", "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await world.get("/search/users", **query)).json()
        seen += [one["handle"] for one in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == [f"pia{number}" for number in range(7)]


@pytest.mark.parametrize("path", ["/search/users", "/search/rooms"])
async def test_what_cannot_be_asked_is_refused(world: World, path: str) -> None:
    missing = problem(await world.get(path), 422, "validation_failed")
    assert paths(missing) == ["query.q"]
    long = problem(await world.get(path, q="x" * 65), 422, "validation_failed")
    assert paths(long) == ["query.q"]
    many = problem(await world.get(path, q="xx", limit=51), 422, "validation_failed")
    assert paths(many) == ["query.limit"]
    problem(await world.get(path, q="xx", cursor="AAAA"), 422, "invalid_cursor")
    problem(await world.client.get(path, params={"q": "xx"}), 401, "unauthenticated")
    for short in ("", "b"):
        assert (await world.get(path, q=short)).json() == {"items": [], "cursor": None}
    assert (await world.get(path, q="x" * 64)).status_code == 200


async def test_search_and_lookup_share_their_limit() -> None:
    limits = LimitSettings(search_per_minute=3)
    async with open_world(Settings(env="test", limit=limits)) as world:
        await world.get("/search/users", q="b")
        await world.get("/search/rooms", q="ben")
        await world.get("/presence/lookup", user_ids=str(world.ben))
        refused = await world.get("/search/users", q="ben")
        assert problem(refused, 429, "rate_limited")["retry_after"] == 60


async def test_the_budget_of_people_is_a_problem_of_its_own() -> None:
    limits = LimitSettings(enumeration_per_day=1)
    async with open_world(Settings(env="test", limit=limits)) as world:
        await join(world, "bea", "Bea")
        await join(world, "bela", "Bela")
        refused = problem(await world.get("/search/users", q="be"), 429, "enumeration_budget")
        assert refused["retry_after"] == 86_400
        assert (await world.get("/search/users", q="be", limit=1)).status_code == 200


HIDDEN: dict[str, dict[str, Any]] = {
    "friends only": {"visibility": "friends"},
    "none": {"visibility": "none"},
    "ghost": {"ghost_mode": True},
    "ghost for friends": {"visibility": "friends", "ghost_mode": True},
}
STANDINGS = (Standing.BANNED, Standing.SHADOWED, Standing.DELETED)
ASKED = ("target", "tar", "Target Person", "arge", "tarhet", "@target")
CASES = (*HIDDEN, "blocked", "blocker", *STANDINGS, "elsewhere")


async def raw(world: World, viewer: UserId, q: str) -> tuple[Any, ...]:
    """All of an answer but what names the request itself."""
    answer = await world.get("/search/users", viewer, q=q)
    headers = {name: told for name, told in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, headers, answer.content


async def hide(world: World, case: object, viewer: UserId, target: UserId) -> None:
    accounts, social = world.divan.accounts, world.divan.social
    me, them = await accounts.actor(viewer), await accounts.actor(target)
    if case == "blocked":
        await social.block(me, target)
    elif case == "blocker":
        await social.block(them, viewer)
    elif case in HIDDEN:
        await accounts.change_privacy(them, ChangePrivacy(**HIDDEN[str(case)]))
    else:
        await decide(world, case, target)


async def decide(world: World, case: object, target: UserId) -> None:
    """Change somebody's standing, or move them, as what comes later will do."""

    async def body(unit: StoreUnit) -> None:
        known = await unit.people.get(target)
        assert isinstance(known, Person)
        changes = (
            {"standing": case} if isinstance(case, Standing) else {"campus_id": world.elsewhere}
        )
        await unit.people.put([attrs.evolve(known, **changes)])

    async with world.divan.audience.changing(world.campus, [target]):
        await world.divan.stores.units.write(body)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("friends", [False, True], ids=["stranger", "friend"])
async def test_whoever_is_hidden_is_like_whoever_is_not(
    world: World, case: object, *, friends: bool
) -> None:
    """Byte for byte, to a stranger and to a friend, as far as it is not the friend's to see."""
    viewer = world.ana
    nobody = [await raw(world, viewer, q) for q in ASKED]
    target = await join(world, "target", "Target Person")
    if friends:
        actor = await world.divan.accounts.actor(viewer)
        await world.divan.social.befriend(actor, target)
    assert [one[2] for one in nobody] != [(await raw(world, viewer, q))[2] for q in ASKED]
    await hide(world, case, viewer, target)
    for q, expected in zip(ASKED, nobody, strict=True):
        if friends and may_find(case, q):
            assert b'"target"' in (await raw(world, viewer, q))[2], q
        else:
            assert await raw(world, viewer, q) == expected, q


def may_find(case: object, q: str) -> bool:
    """Whether a friend finds somebody who hides like this."""
    return case in HIDDEN and (q in {"target", "@target"} or case == "friends only")


async def test_the_searcher_is_left_out(world: World) -> None:
    assert (await world.get("/search/users", q="ana")).json()["items"] == []
    (seen,) = (await world.get("/search/users", world.ben, q="ana")).json()["items"]
    assert seen["handle"] == "ana"


async def test_rooms_are_searched_where_there_are_none(world: World) -> None:
    assert (await world.get("/search/rooms", q="chess")).json() == {"items": [], "cursor": None}

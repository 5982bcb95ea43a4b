"""Invites and lists of friends over HTTP."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from divan_core.accounts.messages import CreatePerson
from divan_core.kernel.ids import UserId
from divan_core.safety.model import Restraint, Restriction, RestrictionId
from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio

DAY_S = 86_400
LISTS = (
    "/invites/inbox",
    "/invites/outbox",
    "/friends/list",
    "/friends/list?filter=blocked",
    "/friends/list?filter=pending",
)


async def post(world: World, path: str, by: UserId | None = None, **body: Any) -> httpx2.Response:
    return await world.client.post(path, json=body or None, headers=world.headers(by))


async def asked(world: World) -> str:
    """Ana asks Ben."""
    answer = await post(world, "/invites/send", to_user_id=str(world.ben))
    assert answer.status_code == 201
    number: str = answer.json()["id"]
    return number


async def items(world: World, path: str, by: UserId | None = None) -> list[dict[str, Any]]:
    answer = await world.client.get(path, headers=world.headers(by))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def named(user_id: UserId, name: str) -> dict[str, Any]:
    return {
        "user_id": str(user_id),
        "handle": name,
        "display_name": name.title(),
        "avatar_url": None,
    }


async def test_an_invite_in_both_boxes(world: World) -> None:
    number = await asked(world)
    (received,) = await items(world, "/invites/inbox", world.ben)
    (sent,) = await items(world, "/invites/outbox")
    common = {
        "id": number,
        "from_user_id": str(world.ana),
        "to_user_id": str(world.ben),
        "state": "open",
        "created_at": "2026-09-21T14:13:20.000Z",
        "expires_at": "2026-09-28T14:13:20.000Z",
    }
    assert received == {**common, "person": named(world.ana, "ana")}
    assert sent == {**common, "person": named(world.ben, "ben")}
    assert (
        await items(world, "/invites/inbox")
        == await items(world, "/invites/outbox", world.ben)
        == []
    )


async def test_accepting_is_repeatable(world: World) -> None:
    number = await asked(world)
    first = await post(world, f"/invites/{number}/accept", world.ben)
    assert (first.status_code, first.json()["state"]) == (200, "accepted")
    again = await post(world, f"/invites/{number}/accept", world.ben)
    assert (again.status_code, again.content) == (200, first.content)
    assert await items(world, "/friends/list") == [
        {**named(world.ben, "ben"), "is_friend": True, "online": False}
    ]
    await world.beat()
    (ana,) = await items(world, "/friends/list", world.ben)
    assert ana["online"] is True


@pytest.mark.parametrize(("reply", "state"), [("decline", "declined"), ("cancel", "cancelled")])
async def test_a_closed_invite_is_a_conflict(world: World, reply: str, state: str) -> None:
    number = await asked(world)
    by = world.ana if reply == "cancel" else world.ben
    for _ in range(2):
        answer = await post(world, f"/invites/{number}/{reply}", by)
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    problem(await post(world, f"/invites/{number}/accept", world.ben), 409, "invite_closed")


async def test_an_expired_invite_is_gone(world: World) -> None:
    number = await asked(world)
    world.clock.advance(7 * DAY_S)
    for reply, by in (("accept", world.ben), ("decline", world.ben), ("cancel", world.ana)):
        problem(await post(world, f"/invites/{number}/{reply}", by), 410, "invite_expired")


@pytest.mark.parametrize("reply", ["accept", "decline", "cancel"])
async def test_of_others_there_is_no_invite(world: World, reply: str) -> None:
    number = await asked(world)
    by = world.ben if reply == "cancel" else world.ana
    problem(await post(world, f"/invites/{number}/{reply}", by), 404, "not_found")
    problem(await post(world, f"/invites/{uuid4()}/{reply}", by), 404, "not_found")
    answer = await post(world, f"/invites/one/{reply}", by)
    assert paths(problem(answer, 422, "validation_failed")) == ["path.invite_id"]


async def test_pending_and_blocked(world: World) -> None:
    number = await asked(world)
    (sent,) = await items(world, "/friends/list?filter=pending")
    assert sent == {
        **named(world.ben, "ben"),
        "is_friend": False,
        "direction": "sent",
        "invite_id": number,
    }
    (received,) = await items(world, "/friends/list?filter=pending", world.ben)
    assert (received["handle"], received["direction"]) == ("ana", "received")
    await post(world, f"/friends/{world.ben}/block")
    assert await items(world, "/friends/list?filter=pending", world.ben) == []
    assert await items(world, "/friends/list?filter=blocked") == [
        {**named(world.ben, "ben"), "is_friend": False}
    ]
    assert await items(world, "/friends/list?filter=blocked", world.ben) == []


async def test_mutual_friends(world: World) -> None:
    assert await items(world, f"/friends/{world.ben}/mutual") == []
    problem(await world.get(f"/friends/{world.ana}/mutual"), 422, "invalid_input")
    problem(await world.get(f"/friends/{world.zoe}/mutual"), 404, "not_found")


@pytest.mark.parametrize("path", LISTS)
async def test_lists_have_limits_and_cursors(world: World, path: str) -> None:
    url = httpx2.URL(path)
    for limit in (1, 200):
        answer = await world.client.get(
            url.copy_merge_params({"limit": limit}), headers=world.headers()
        )
        assert answer.json() == {"items": [], "cursor": None}
    for name, value, code in (
        ("limit", "0", "validation_failed"),
        ("limit", "201", "validation_failed"),
        ("cursor", "nonsense", "invalid_cursor"),
    ):
        answer = await world.client.get(
            url.copy_merge_params({name: value}), headers=world.headers()
        )
        problem(answer, 422, code)


async def test_an_unknown_filter(world: World) -> None:
    answer = await world.get("/friends/list", filter="all")
    assert paths(problem(answer, 422, "validation_failed")) == ["query.filter"]


@pytest.mark.parametrize("path", [*LISTS, "/friends/x/mutual"])
async def test_lists_are_nobodys_without_credentials(world: World, path: str) -> None:
    problem(await world.client.get(path), 401, "unauthenticated")


async def test_refusals_do_not_count(world: World) -> None:
    await asked(world)
    ben = str(world.ben)
    for _ in range(20):
        problem(await post(world, "/invites/send", to_user_id=ben), 409, "invite_exists")
    made = await world.divan.accounts.create_person(CreatePerson(world.campus, "cyd", "Cyd"))
    answer = await post(world, "/invites/send", to_user_id=str(made.user_id))
    assert answer.status_code == 201


async def test_handles_of_the_hidden_are_like_those_of_nobody(world: World) -> None:
    """However often they are asked for, and whatever their asker is restricted to."""
    await post(world, f"/friends/{world.ana}/block", world.ben)

    async def told() -> list[tuple[int, str]]:
        """Every answer about either, without the number of its request."""
        answers = [
            await post(world, "/invites/send", to_handle=handle)
            for handle in ("ben", "nobody")
            for _ in range(20)
        ]
        return [
            (one.status_code, one.text.replace(one.headers["x-request-id"], "")) for one in answers
        ]

    absent = await told()
    assert len(set(absent)) == 1
    assert absent[0][0] == 404
    made = Restriction(
        id=RestrictionId(uuid4()),
        user_id=world.ana,
        campus_id=world.campus,
        restraint=Restraint.RESTRICT_INVITES,
        since=world.clock.now(),
    )
    async with world.divan.audience.changing(world.campus, (world.ana,)):
        await world.divan.stores.units.write(lambda unit: unit.restrictions.put(made))
    limited = await told()
    assert len(set(limited)) == 1
    assert limited[0][0] == 429


async def test_a_replay_is_for_whoever_may_still_see_the_recipient(world: World) -> None:
    headers = world.headers() | {"Idempotency-Key": "k"}
    body = {"to_user_id": str(world.ben)}
    first = await world.client.post("/invites/send", json=body, headers=headers)
    again = await world.client.post("/invites/send", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    await post(world, f"/friends/{world.ana}/block", world.ben)
    hidden = await world.client.post("/invites/send", json=body, headers=headers)
    problem(hidden, 404, "not_found")
    await post(world, f"/friends/{world.ana}/unblock", world.ben)
    again = await world.client.post("/invites/send", json=body, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)

"""Texts and moments that not every store can keep are refused by all, with where they stand."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from divan_core.testing.clock import ManualClock
from tests.http.keys import KINDS, stores_of
from tests.http.world import World, open_world, paths, problem

pytestmark = pytest.mark.anyio

MOD = "/api/mod/v1"
NUL = "A text of \0 and more."
REPORT = {"subject_type": "user", "reason_code": "spam"}
SOMEBODY = {
    "email": "eve@example.org",
    "password": "of no dictionary",
    "handle": "eve",
    "display_name": "Eve",
}


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = ManualClock()
    async with open_world(stores=stores_of(request.param, request, clock), clock=clock) as made:
        yield made


async def ask(world: World, method: str, path: str, **given: Any) -> httpx2.Response:
    """Ask as Ana, who is an admin."""
    headers = world.headers(X_User_Roles="staff.admin")
    return await world.client.request(method, path, headers=headers, **given)


async def refused(world: World, path: str, at: str, method: str = "POST", **body: Any) -> None:
    answer = await ask(world, method, path, json=body)
    assert paths(problem(answer, 422, "validation_failed")) == [at]


async def test_words_of_the_desk(world: World) -> None:
    report = {**REPORT, "subject_id": str(world.ben)}
    await refused(world, f"{MOD}/reports", "$.note", **report, note=NUL)
    assert (await ask(world, "POST", f"{MOD}/reports", json=report)).status_code == 201
    (case,) = (await ask(world, "GET", f"{MOD}/cases")).json()["items"]
    path, ban = f"{MOD}/cases/{case['id']}", {"action": "ban", "reason": "Because."}
    for act in ("escalate", "dismiss", f"actions/{uuid4()}/revert", f"actions/{uuid4()}/confirm"):
        await refused(world, f"{path}/{act}", "$.reason", reason=NUL)
    await refused(world, f"{path}/actions", "$.reason", **{**ban, "reason": NUL})
    await refused(world, f"{path}/actions", "$.note", **ban, note=NUL)
    batch = f"{MOD}/cases/batch_action"
    many: dict[str, Any] = {"case_ids": [case["id"]]}
    for name in ("assign", "escalate", "dismiss"):
        await refused(world, batch, "$.reason", **many, action=name, reason=NUL)
    said = {"action": "ban", "note": NUL}
    many |= {"action": "apply", "reason": "Because.", "payload": said}
    await refused(world, batch, "$.payload.note", **many)


async def test_words_of_appeals(world: World) -> None:
    number = str(uuid4())
    await refused(world, f"{MOD}/appeals", "$.note", case_id=number, note=NUL)
    verdict = {"status": "rejected", "note": NUL}
    await refused(world, f"{MOD}/appeals/{number}/resolve", "$.note", **verdict)


async def test_words_of_people(world: World) -> None:
    ben = str(world.ben)
    await refused(world, "/chat/messages", "$.body", to_user_id=ben, body=NUL)
    room = {"preset": "2-4", "visibility": "link"}
    await refused(world, "/rooms", "$.name", name=NUL, **room)
    for name in ("display_name", "major"):
        await refused(world, "/me/profile", f"$.{name}", "PATCH", **{name: NUL})
    await refused(world, "/me/profile", "$.passions[1]", "PATCH", passions=["tea", NUL])
    url = "https://example.org/\0"
    await refused(world, "/me/profile", "$.avatar_url", "PATCH", avatar_url=url)
    campus = str(world.campus)
    for name, text in (("handle", "eve\0"), ("display_name", NUL), ("email", "eve\0@example.org")):
        somebody = {**SOMEBODY, "campus_id": campus, name: text}
        await refused(world, "/auth/register", f"$.{name}", **somebody)


async def test_questions_with_odd_letters_are_answered(world: World) -> None:
    for path in ("/search/users", "/search/rooms", f"{MOD}/cases"):
        answer = await ask(world, "GET", path, params={"q": "be\0n"})
        assert answer.status_code == 200
    invited = await ask(world, "POST", "/invites/send", json={"to_handle": "ben\0"})
    problem(invited, 404, "not_found")


async def test_moments_beyond_the_calendar(world: World) -> None:
    for name in ("opened_from", "opened_before"):
        for moment, good in ((253_402_300_799_999, True), (253_402_300_800_000, False)):
            answer = await ask(world, "GET", f"{MOD}/cases", params={name: moment})
            assert (answer.status_code == 200) is good
            if not good:
                assert paths(problem(answer, 422, "validation_failed")) == [f"query.{name}"]
    rule = {"id": "r", "if": {"any": ["profanity>low"]}, "then": {"action": "warn", "severity": 1}}
    period = {"from": "0001-01-01T00:00:00+01:00", "to": "9999-12-31T23:59:59-01:00"}
    for name, other in (("from", "to"), ("to", "from")):
        body = {"policy": {"version": 7, "rules": [rule]}, name: period[name], other: "2026-01-01"}
        answer = await ask(world, "POST", f"{MOD}/policies/backtest", json=body)
        assert paths(problem(answer, 422, "validation_failed")) == [f"$.{name}"]

"""Appeals and statements of reasons over HTTP: who may do what, and how it is told."""

from typing import Any

import httpx2
import pytest

from divan_core.accounts.messages import CreatePerson
from divan_core.kernel.ids import UserId
from tests.http.world import World, problem

pytestmark = pytest.mark.anyio

MOD = "/api/mod/v1"
NOTE = "I did nothing of the sort."


def staff(world: World, role: str, *, elsewhere: bool = False) -> dict[str, str]:
    """Credentials of Ana, or of Zoe of the other campus, with a role."""
    if not elsewhere:
        return world.headers(X_User_Roles=role)
    names = world.headers(world.zoe, X_User_Roles=role)
    return names | {"X-Campus-Id": str(world.elsewhere)}


async def second(world: World) -> dict[str, str]:
    """Credentials of an admin who has no hand in anything."""
    made = await world.divan.accounts.create_person(CreatePerson(world.campus, "rita", "Rita"))
    return world.headers(made.user_id, X_User_Roles="staff.admin")


async def post(
    world: World, path: str, headers: dict[str, str] | None = None, **body: Any
) -> httpx2.Response:
    headers = headers or world.headers(world.ben)
    return await world.client.post(f"{MOD}/{path}", json=body, headers=headers)


async def banned(world: World) -> str:
    """Ben, whom Ana has reported and banned; the case."""
    subject = {"subject_type": "user", "subject_id": str(world.ben), "reason_code": "spam"}
    await post(world, "reports", world.headers(), **subject)
    headers = staff(world, "staff.admin")
    (case,) = (await world.client.get(f"{MOD}/cases", headers=headers)).json()["items"]
    done = await post(
        world, f"cases/{case['id']}/actions", headers, action="ban", reason="Because."
    )
    assert done.status_code == 201
    return str(case["id"])


async def test_from_a_ban_to_its_end(world: World) -> None:
    case_id = await banned(world)
    problem(await world.get("/me", world.ben), 403, "banned")
    mine = await world.get(f"{MOD}/mine", world.ben)
    (told,) = mine.json()["items"]
    assert (told["case_id"], told["action"], told["facts"], told["reason"]) == (
        case_id,
        "ban",
        "spam",
        "Because.",
    )
    assert (told["automatic"], told["may_appeal"], told["appeal"]) == (False, True, None)
    assert str(world.ana) not in mine.text
    problem(
        await post(world, "appeals", case_id=case_id, note="Too short"), 422, "validation_failed"
    )
    sent = await post(world, "appeals", case_id=case_id, note=NOTE)
    assert sent.status_code == 201
    problem(await post(world, "appeals", case_id=case_id, note=NOTE), 409, "already_appealed")
    admin = await second(world)
    shown = (await world.client.get(f"{MOD}/cases/{case_id}", headers=admin)).json()
    assert shown["case"]["appeal_open"] is True
    (appeal,) = shown["appeals"]
    assert appeal == {
        "id": sent.json()["id"],
        "case_id": case_id,
        "appellant": {"user_id": str(world.ben), "handle": "ben", "display_name": "Ben"},
        "note": NOTE,
        "status": "open",
        "created_at": sent.json()["created_at"],
        "resolved_at": None,
        "resolver_id": None,
        "outcome_note": None,
    }
    queue = {"appeal_open": "true"}
    listed = await world.client.get(f"{MOD}/cases", params=queue, headers=admin)
    assert [one["id"] for one in listed.json()["items"]] == [case_id]
    path = f"appeals/{appeal['id']}/resolve"
    acting = staff(world, "staff.admin")
    problem(await post(world, path, acting, status="accepted"), 403, "own_decision")
    problem(await post(world, path, admin, status="perhaps"), 422, "validation_failed")
    done = await post(world, path, admin, status="accepted", note="You did not.")
    assert (done.status_code, done.json()["case_status"]) == (200, "closed")
    problem(await post(world, path, admin, status="rejected"), 409, "appeal_resolved")
    assert (await world.get("/me", world.ben)).status_code == 200
    (told,) = (await world.get(f"{MOD}/mine", world.ben)).json()["items"]
    assert (told["end"], told["appeal"]["status"], told["appeal"]["outcome_note"]) == (
        "reverted",
        "accepted",
        "You did not.",
    )
    assert told["appeal"]["resolved_by"].startswith("mod-")


async def test_a_ban_closes_all_but_what_was_done_and_appeals(world: World) -> None:
    await banned(world)
    for path in ("/me", f"{MOD}/reports/mine", f"{MOD}/appeals", "/friends/list"):
        problem(await world.get(path, world.ben), 403, "banned")
    assert (await world.get(f"{MOD}/mine", world.ben)).status_code == 200
    nobody = {"X-User-Id": str(world.campus), "X-Campus-Id": str(world.campus)}
    answer = await world.client.get(f"{MOD}/mine", headers=nobody)
    problem(answer, 401, "unknown_user")
    problem(await world.client.get(f"{MOD}/mine"), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "elsewhere", "reads", "decides"),
    [
        ("staff.moderator", False, True, 403),
        ("staff.moderator", True, False, 403),
        ("staff.admin", False, True, 403),
        ("staff.admin", True, True, 200),
        ("staff.other", False, None, 403),
    ],
)
async def test_who_may_do_what(
    world: World, role: str, *, elsewhere: bool, reads: bool | None, decides: int
) -> None:
    case_id = await banned(world)
    appeal = (await post(world, "appeals", case_id=case_id, note=NOTE)).json()
    headers = staff(world, role, elsewhere=elsewhere)
    listed = await world.client.get(f"{MOD}/appeals", headers=headers)
    shown = await world.client.get(f"{MOD}/appeals/{appeal['id']}", headers=headers)
    if reads is None:
        problem(listed, 403, "forbidden")
        problem(shown, 403, "forbidden")
    else:
        assert [one["id"] for one in listed.json()["items"]] == [appeal["id"]] * reads
        assert shown.status_code == (200 if reads else 404)
    if reads is False:
        absent = await world.client.get(f"{MOD}/appeals/{world.campus}", headers=headers)
        texts = {one.text.replace(one.headers["x-request-id"], "") for one in (shown, absent)}
        assert len(texts) == 1
    answer = await post(world, f"appeals/{appeal['id']}/resolve", headers, status="rejected")
    assert answer.status_code == decides


async def test_a_case_of_somebody_else_is_like_none(world: World) -> None:
    case_id = await banned(world)
    zoe = staff(world, "", elsewhere=True)
    answers = [
        await post(world, "appeals", headers, case_id=one, note=NOTE)
        for headers in (world.headers(), zoe)
        for one in (case_id, str(world.campus))
    ]
    for one in answers:
        problem(one, 404, "not_found")
    assert len({one.text.replace(one.headers["x-request-id"], "") for one in answers}) == 1


async def test_an_appeal_is_sent_once_for_each_key(world: World) -> None:
    case_id = await banned(world)
    headers = world.headers(world.ben) | {"Idempotency-Key": "k"}
    first = await post(world, "appeals", headers, case_id=case_id, note=NOTE)
    again = await post(world, "appeals", headers, case_id=case_id, note=NOTE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    problem(
        await post(world, "appeals", headers, case_id=case_id, note=f"{NOTE} Really."),
        422,
        "idempotency_key_reused",
    )


async def test_the_banned_can_sign_in_to_appeal(world: World) -> None:
    from divan_core.auth.messages import CreateAccount  # noqa: PLC0415 - of this test alone

    password = "plum under seven bridges"
    eve = CreateAccount("eve@x.org", "eve", "Eve", world.campus, password)
    user_id: UserId = (await world.divan.auth.create_account(eve)).user_id
    await world.divan.auth.verify_account(eve.email, password)
    subject = {"subject_type": "user", "subject_id": str(user_id), "reason_code": "spam"}
    await post(world, "reports", world.headers(), **subject)
    headers = staff(world, "staff.admin")
    (case,) = (await world.client.get(f"{MOD}/cases", headers=headers)).json()["items"]
    await post(world, f"cases/{case['id']}/actions", headers, action="ban", reason="So.")
    form = {"email": "eve@x.org", "password": password}
    signed_in = await world.client.post("/auth/token", json=form)
    assert signed_in.status_code == 200
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    problem(await world.client.get("/me", headers=bearer), 403, "banned")
    sent = await post(world, "appeals", bearer, case_id=case["id"], note=NOTE)
    assert sent.status_code == 201
    refreshed = await world.client.post(
        "/auth/refresh", json={"refresh_token": signed_in.json()["refresh_token"]}
    )
    assert refreshed.status_code == 200

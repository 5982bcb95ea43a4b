"""Reports and cases over HTTP: who of which campus may do what, and how it is told."""

from typing import Any

import httpx2
import pytest

from tests.http.world import World, problem

pytestmark = pytest.mark.anyio

MOD = "/api/mod/v1"
REASON = {"reason": "Because."}
READS = ("cases", "cases/export.csv", "dashboard/kpis", "dashboard/trends", "dashboard/workload")
OF_CASE = ("assign", "escalate", "dismiss")


async def send(world: World, **changes: Any) -> httpx2.Response:
    """Report Ben as Ana."""
    body = {"subject_type": "user", "subject_id": str(world.ben), "reason_code": "spam"}
    return await world.client.post(f"{MOD}/reports", json=body | changes, headers=world.headers())


def staff(world: World, role: str, *, elsewhere: bool = False) -> dict[str, str]:
    """Credentials of Ana, or of Zoe of the other campus, with a role."""
    if not elsewhere:
        return world.headers(X_User_Roles=role)
    names = world.headers(world.zoe, X_User_Roles=role)
    return names | {"X-Campus-Id": str(world.elsewhere)}


async def only_case(world: World) -> str:
    answer = await world.client.get(f"{MOD}/cases", headers=staff(world, "staff.admin"))
    (case,) = answer.json()["items"]
    return str(case["id"])


async def test_a_report(world: World) -> None:
    answer = await send(world, note="Look.")
    assert answer.status_code == 201
    found = answer.json()
    assert found["outcome"] == "pending"
    for _ in range(60):  # refusals do not count against the limit
        problem(await send(world), 409, "already_reported")
    problem(await send(world, subject_id=str(world.ana)), 422, "invalid_input")
    problem(await send(world, reason_code="dull"), 422, "validation_failed")
    mine = await world.get(f"{MOD}/reports/mine")
    assert mine.json() == {"items": [found], "cursor": None}
    others = await world.get(f"{MOD}/reports/mine", world.ben)
    assert others.json()["items"] == []


async def test_who_is_hidden_is_like_nobody(world: World) -> None:
    nobody = await send(world, subject_id=str(world.campus))
    elsewhere = await send(world, subject_id=str(world.zoe))
    await world.client.post(f"/friends/{world.ana}/block", headers=world.headers(world.ben))
    hidden = await send(world)
    problem(nobody, 404, "not_found")
    texts = [
        one.text.replace(one.headers["x-request-id"], "") for one in (nobody, elsewhere, hidden)
    ]
    assert len(set(texts)) == 1


@pytest.mark.parametrize("path", [*READS, "cases/next"])
@pytest.mark.parametrize(
    ("role", "elsewhere", "shown"),
    [
        ("staff.moderator", False, True),
        ("staff.moderator", True, False),
        ("staff.admin", False, True),
        ("staff.admin", True, True),
        ("staff.other", False, None),
    ],
)
async def test_who_may_read(
    world: World, path: str, role: str, *, elsewhere: bool, shown: bool | None
) -> None:
    await send(world)
    headers = staff(world, role, elsewhere=elsewhere)
    answer = await world.client.get(f"{MOD}/{path}", headers=headers)
    if shown is None:
        problem(answer, 403, "forbidden")
        return
    assert answer.status_code == 200
    if path in {"cases", "cases/export.csv", "cases/next"}:
        assert (str(world.ben) in answer.text) is shown
    if path == "dashboard/kpis":
        assert answer.json()["open"] == int(shown)


@pytest.mark.parametrize("act", ["", *(f"/{one}" for one in OF_CASE)])
@pytest.mark.parametrize(
    ("role", "elsewhere", "status"),
    [
        ("staff.moderator", False, 200),
        ("staff.moderator", True, 404),
        ("staff.admin", False, 200),
        ("staff.admin", True, 200),
        ("staff.other", False, 403),
    ],
)
async def test_who_may_act(
    world: World, act: str, role: str, *, elsewhere: bool, status: int
) -> None:
    await send(world)
    case_id = await only_case(world)
    headers = staff(world, role, elsewhere=elsewhere)
    path = f"{MOD}/cases/{case_id}{act}"
    if act:
        answer = await world.client.post(path, json=REASON, headers=headers)
    else:
        answer = await world.client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 404:
        unknown = path.replace(case_id, str(world.campus))
        if act:
            absent = await world.client.post(unknown, json=REASON, headers=headers)
        else:
            absent = await world.client.get(unknown, headers=headers)
        texts = {one.text.replace(one.headers["x-request-id"], "") for one in (answer, absent)}
        assert len(texts) == 1


async def test_an_act_is_done_once_for_each_key(world: World) -> None:
    await send(world)
    path = f"{MOD}/cases/{await only_case(world)}/dismiss"
    headers = staff(world, "staff.moderator") | {"Idempotency-Key": "k"}
    first = await world.client.post(path, json=REASON, headers=headers)
    again = await world.client.post(path, json=REASON, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert [one.headers["idempotent-replayed"] for one in (first, again)] == ["false", "true"]
    other = await world.client.post(path, json={"reason": "Other."}, headers=headers)
    problem(other, 422, "idempotency_key_reused")


async def test_a_batch(world: World) -> None:
    await send(world)
    case_id = await only_case(world)
    body = {"case_ids": [case_id, str(world.campus)], "action": "dismiss", **REASON}
    headers = staff(world, "staff.moderator")
    for dry_run in (True, False):
        answer = await world.client.post(
            f"{MOD}/cases/batch_action", json=body | {"dry_run": dry_run}, headers=headers
        )
        good, bad = answer.json()["results"]
        assert (good["ok"], bad["error"]["code"]) == (True, "not_found")
    problem(
        await world.client.post(f"{MOD}/cases/batch_action", json=body, headers=world.headers()),
        403,
        "forbidden",
    )


@pytest.mark.parametrize(
    ("role", "elsewhere", "status"),
    [
        ("staff.moderator", False, 201),
        ("staff.moderator", True, 404),
        ("staff.admin", False, 201),
        ("staff.admin", True, 201),
        ("staff.other", False, 403),
    ],
)
async def test_who_may_do_and_undo(
    world: World, role: str, *, elsewhere: bool, status: int
) -> None:
    await send(world)
    path = f"{MOD}/cases/{await only_case(world)}/actions"
    body = {"action": "ban", **REASON}
    admin, theirs = staff(world, "staff.admin"), staff(world, role, elsewhere=elsewhere)
    assert (await world.client.post(path, json=body, headers=theirs)).status_code == status
    done = await world.client.post(path, json=body, headers=admin)
    assert done.status_code == 201
    (action,) = done.json()["actions"]
    problem(await world.get("/me", world.ben), 403, "banned")
    undo = f"{path}/{action['id']}/revert"
    answer = await world.client.post(undo, json=REASON, headers=theirs)
    assert answer.status_code == (200 if status == 201 else status)
    again = await world.client.post(undo, json=REASON, headers=admin)
    assert again.json()["end"] == "reverted"
    assert (await world.get("/me", world.ben)).status_code == 200


async def test_what_cannot_be_done(world: World) -> None:
    await send(world)
    path = f"{MOD}/cases/{await only_case(world)}/actions"
    headers = staff(world, "staff.moderator")
    for body, code in (
        ({"action": "remove", **REASON}, "invalid_input"),
        ({"action": "dance", **REASON}, "validation_failed"),
        ({"action": "ban"}, "validation_failed"),
        ({"action": "ban", "ttl_minutes": 0, **REASON}, "validation_failed"),
    ):
        problem(await world.client.post(path, json=body, headers=headers), 422, code)
    unknown = f"{path}/{world.campus}/revert"
    answer = await world.client.post(unknown, json=REASON, headers=headers)
    problem(answer, 404, "not_found")


async def test_actions_in_a_batch(world: World) -> None:
    await send(world)
    case_id = await only_case(world)
    body: dict[str, Any] = {
        "case_ids": [case_id, str(world.campus)],
        "action": "apply",
        "payload": {"action": "ban", "ttl_minutes": 5},
        **REASON,
    }
    headers, path = staff(world, "staff.moderator"), f"{MOD}/cases/batch_action"
    for dry_run, status in ((True, 200), (False, 403)):
        sent = body | {"dry_run": dry_run}
        answer = await world.client.post(path, json=sent, headers=headers)
        good, bad = answer.json()["results"]
        assert (good["ok"], bad["error"]["code"]) == (True, "not_found")
        assert (await world.get("/me", world.ben)).status_code == status
    found = problem(
        await world.client.post(path, json=body | {"payload": {}}, headers=headers),
        422,
        "validation_failed",
    )
    assert [one["path"] for one in found["errors"]] == ["$.payload.action"]


@pytest.mark.parametrize(
    ("role", "elsewhere", "status"),
    [
        ("staff.moderator", False, 403),
        ("staff.moderator", True, 404),
        ("staff.admin", False, 200),
        ("staff.admin", True, 403),
        ("staff.other", False, 403),
    ],
)
async def test_who_may_confirm_a_ban_of_the_deployment(
    world: World, role: str, *, elsewhere: bool, status: int
) -> None:
    await send(world)
    path = f"{MOD}/cases/{await only_case(world)}/actions"
    body = {"action": "ban", "scope": "deployment", **REASON}
    problem(
        await world.client.post(path, json=body, headers=staff(world, "staff.moderator")),
        403,
        "forbidden",
    )
    zoe = staff(world, "staff.admin", elsewhere=True)
    proposed = await world.client.post(path, json=body, headers=zoe)
    assert (proposed.status_code, proposed.json()["case"]["status"]) == (201, "escalated")
    (action,) = proposed.json()["actions"]
    assert (action["pending"], action["scope"]) == (True, "deployment")
    assert (await world.get("/me", world.ben)).status_code == 200
    headers = staff(world, role, elsewhere=elsewhere)
    answer = await world.client.post(f"{path}/{action['id']}/confirm", json={}, headers=headers)
    assert answer.status_code == status
    if role == "staff.admin" and elsewhere:
        problem(answer, 403, "own_decision")
    if status == 200:
        problem(await world.get("/me", world.ben), 403, "banned")
        again = await world.client.post(f"{path}/{action['id']}/confirm", headers=headers)
        assert again.json()["actions"] == answer.json()["actions"]
    world.clock.advance(24 * 3_600)
    await world.divan.actions.expire(9)
    late = await world.client.post(f"{path}/{action['id']}/confirm", headers=headers)
    if role == "staff.admin" and not elsewhere:
        assert late.json()["actions"][0]["pending"] is False
    else:
        assert late.status_code == status


async def test_csv_is_csv(world: World) -> None:
    await send(world)
    headers = staff(world, "staff.moderator")
    answer = await world.client.get(f"{MOD}/cases/export.csv", headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, row = answer.text.splitlines()
    assert len(header.split(",")) == len(row.split(","))


async def test_a_case_tells_who_reported_to_staff_alone(world: World) -> None:
    await send(world)
    case_id = await only_case(world)
    headers = staff(world, "staff.moderator")
    detail = (await world.client.get(f"{MOD}/cases/{case_id}", headers=headers)).json()
    assert detail["reports"][0]["reporter_id"] == str(world.ana)
    theirs = world.headers(world.ben)
    problem(await world.client.get(f"{MOD}/cases/{case_id}", headers=theirs), 403, "forbidden")

"""Policies of moderation through HTTP."""

from typing import Any

import httpx2
import pytest

from divan_core.safety.views import DEFAULT_ID
from tests.http.world import World

pytestmark = pytest.mark.anyio

ROOT = "/api/mod/v1/policies"
POLICY: dict[str, Any] = {
    "version": 7,
    "rules": [
        {
            "id": "r",
            "when": {"subject.type_in": ["post"]},
            "then": {"action": "warn", "severity": 1, "reason": "A post"},
        }
    ],
}


async def ask(
    world: World, method: str, path: str = "", role: str = "staff.admin", **given: Any
) -> httpx2.Response:
    headers = world.headers(X_User_Roles=role) | given.pop("headers", {})
    return await world.client.request(method, ROOT + path, headers=headers, **given)


async def test_from_draft_to_force(world: World) -> None:
    made = await ask(world, "POST", json=POLICY, headers={"Idempotency-Key": "k"})
    assert (made.status_code, made.headers["idempotent-replayed"]) == (201, "false")
    again = await ask(world, "POST", json=POLICY, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.content) == (200, made.content)
    body = made.json()
    assert (body["version"], body["active"], body["rules"]) == ("7", False, POLICY["rules"])
    listed = (await ask(world, "GET", params={"limit": 1})).json()
    assert [one["id"] for one in listed["items"]] == [body["id"]]
    rest = (await ask(world, "GET", params={"cursor": listed["cursor"]})).json()
    assert [(one["id"], one["active"]) for one in rest["items"]] == [(str(DEFAULT_ID), True)]
    event = {"subject_type": "post"}
    tried = await ask(world, "POST", "/dry_run", json={"event": event, "policy": POLICY})
    assert tried.json()["action"] == "warn"
    active = await ask(world, "POST", f"/{body['id']}/activate")
    assert (active.status_code, active.json()["active"]) == (200, True)
    decided = (await ask(world, "POST", "/dry_run", json={"event": event})).json()
    assert decided == {
        "version": "7",
        "action": "warn",
        "severity": 1,
        "reasons": ["A post"],
        "matched": [
            {
                "rule_id": "r",
                "action": "warn",
                "severity": 1,
                "signals": {"subject.type": "post"},
            }
        ],
        "shadow": [],
        "payload": {},
    }
    shown = await ask(world, "GET", f"/{body['id']}")
    assert shown.json() == active.json()


async def test_refusals(world: World) -> None:
    wrong = {"version": 1, "rules": [POLICY["rules"][0] | {"when": {"any": [{"a": 1}]}}]}
    found = await ask(world, "POST", json=wrong)
    assert (found.status_code, found.json()["code"]) == (422, "validation_failed")
    assert [one["path"] for one in found.json()["errors"]] == ["$.rules[0].when.any[0].a"]
    found = await ask(world, "POST", json={"version": 1, "rules": ["x"]})
    assert (found.status_code, found.json()["code"]) == (422, "validation_failed")
    assert (await ask(world, "POST", json=POLICY)).status_code == 201
    found = await ask(world, "POST", json=POLICY)
    assert (found.status_code, found.json()["code"]) == (409, "policy_exists")
    missing = "/00000000-0000-7000-8000-000000000001"
    assert (await ask(world, "GET", missing)).status_code == 404
    assert (await ask(world, "POST", f"{missing}/activate")).status_code == 404
    assert (await ask(world, "GET", params={"limit": 201})).status_code == 422


async def test_a_back_test(world: World) -> None:
    body = {"policy": POLICY, "from": "2026-01-01", "to": "2027-01-01T08:00:00+01:00"}
    found = await ask(world, "POST", "/backtest", json=body)
    assert found.status_code == 200
    rule = {"rule_id": "r", "action": "warn", "severity": 1, "shadow": False}
    counts = {"hits": 0, "wins": 0, "overlap": 0, "samples": []}
    assert found.json() == {
        "version": "7",
        "since": "2026-01-01T00:00:00.000Z",
        "until": "2027-01-01T07:00:00.000Z",
        "events": 0,
        "decided": 0,
        "would": 0,
        "both": 0,
        "same": 0,
        "unread": 0,
        "actions": [],
        "rules": [rule | counts],
        "samples": [],
    }
    for wrong, path in (
        ({"from": "today"}, "$.from"),
        ({"from": 3}, "$.from"),
        ({"to": "2025-01-01"}, "$.to"),
        ({"policy": {"version": 1}}, "$.policy.rules"),
    ):
        found = await ask(world, "POST", "/backtest", json=body | wrong)
        assert found.status_code == 422
        assert [one["path"] for one in found.json()["errors"]] == [path]


@pytest.mark.parametrize(
    ("method", "path", "body", "roles"),
    [
        ("GET", "", None, "staff.moderator"),
        ("GET", f"/{DEFAULT_ID}", None, "staff.moderator"),
        ("POST", "/dry_run", {"event": {"subject_type": "post"}}, "staff.moderator"),
        (
            "POST",
            "/backtest",
            {"policy": POLICY, "from": "2026-01-01", "to": "2026-01-02"},
            "staff.moderator",
        ),
        ("POST", "", POLICY, "staff.admin"),
        ("POST", f"/{DEFAULT_ID}/activate", None, "staff.admin"),
    ],
)
async def test_roles(world: World, method: str, path: str, body: Any, roles: str) -> None:
    given = {} if body is None else {"json": body}
    for role in ("", "staff", "staff.moderator", "staff.admin"):
        answer = await ask(world, method, path, role, **given)
        allowed = role in {"staff.admin", roles}
        assert (answer.status_code < 400) == allowed, role
        if not allowed:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    nobody = await world.client.request(method, ROOT + path, **given)
    assert nobody.status_code == 401

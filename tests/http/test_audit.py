"""What is on record, over HTTP: who may read it, and what they are shown."""

import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.trail import Deed
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import START_MS
from tests.http.world import World, problem

pytestmark = pytest.mark.anyio

AUDIT = "/api/mod/v1/audit"
ROUTES = (AUDIT, f"{AUDIT}/verify")


async def record(world: World) -> None:
    """An entry of each campus, and one of all."""

    async def body(unit: StoreUnit) -> None:
        for number, campus_id in enumerate((world.campus, world.elsewhere, None)):
            deed = Deed("case.dismissed", f"case:{number}", Millis(START_MS), campus_id)
            await world.divan.audit.append(unit, deed)

    await world.divan.stores.units.write(body, locking=True)


@pytest.mark.parametrize("path", ROUTES)
async def test_it_is_for_staff(world: World, path: str) -> None:
    problem(await world.client.get(path), 401, "unauthenticated")
    problem(await world.get(path), 403, "forbidden")
    headers = world.headers(X_User_Roles="staff.other")
    problem(await world.client.get(path, headers=headers), 403, "forbidden")
    for role in ("staff.moderator", "staff.admin"):
        headers = world.headers(X_User_Roles=role)
        assert (await world.client.get(path, headers=headers)).status_code == 200


async def test_a_moderator_sees_their_campus_and_an_admin_all(world: World) -> None:
    await record(world)
    for role, seqs in (("staff.moderator", [1]), ("staff.admin", [1, 2, 3])):
        headers = world.headers(X_User_Roles=role)
        answer = await world.client.get(AUDIT, headers=headers)
        assert [one["seq"] for one in answer.json()["items"]] == seqs


async def test_pages(world: World) -> None:
    await record(world)
    headers = world.headers(X_User_Roles="staff.admin")
    first = (await world.client.get(AUDIT, params={"limit": 2}, headers=headers)).json()
    query = {"limit": 2, "cursor": first["cursor"]}
    rest = (await world.client.get(AUDIT, params=query, headers=headers)).json()
    assert [one["seq"] for one in first["items"] + rest["items"]] == [1, 2, 3]
    assert rest["cursor"] is None
    after = await world.client.get(AUDIT, params={"after": 2}, headers=headers)
    assert [one["seq"] for one in after.json()["items"]] == [3]
    answer = await world.client.get(AUDIT, params={"cursor": "x"}, headers=headers)
    problem(answer, 422, "invalid_cursor")


async def test_it_is_checked(world: World) -> None:
    await record(world)
    headers = world.headers(X_User_Roles="staff.moderator")
    found = (await world.client.get(f"{AUDIT}/verify", headers=headers)).json()
    assert (found["ok"], found["count"], found["fault"]) == (True, 3, None)

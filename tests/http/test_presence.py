from typing import Any

import pytest

from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio


async def test_a_heartbeat_answers_the_servers_time(world: World) -> None:
    answer = await world.beat()
    assert answer.status_code == 200
    assert answer.json() == {"ts": world.clock.now()}
    assert answer.headers["cache-control"] == "no-store"


async def test_unknown_fields_are_ignored(world: World) -> None:
    assert (await world.beat(mood="fine", nested={"a": [1]})).status_code == 200


async def test_every_fault_of_a_heartbeat_is_named(world: World) -> None:
    body = {"lat": "north", "lon": 181, "device_id": "", "ts_client": 1.5, "campus_id": "x"}
    answer = await world.client.post("/presence/heartbeat", json=body, headers=world.headers())
    found = problem(answer, 422, "validation_failed")
    assert paths(found) == [
        "$.lat",
        "$.lon",
        "$.accuracy_m",
        "$.device_id",
        "$.ts_client",
        "$.campus_id",
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"accuracy_m": 51}, "accuracy_too_low"),
        ({"ts_client": 1}, "clock_skew"),
        ({"lat": 47.0}, "outside_campus"),
        ({"accuracy_m": 0.5}, "validation_failed"),
        ({"lat": 1e308}, "validation_failed"),
    ],
)
async def test_a_heartbeat_that_cannot_be(world: World, changes: dict[str, Any], code: str) -> None:
    problem(await world.beat(**changes), 422, code)
    assert (await world.get("/presence/status/self")).json() == {"online": False, "ts": None}


async def test_a_leap_is_implausible(world: World) -> None:
    await world.beat()
    problem(await world.beat(lat=45.52), 422, "implausible_movement")


async def test_naming_another_campus(world: World) -> None:
    problem(await world.beat(campus_id=str(world.elsewhere)), 403, "campus_mismatch")


async def test_too_many_heartbeats_say_when_to_come_back(world: World) -> None:
    for _ in range(30):
        assert (await world.beat()).status_code == 200
    answer = await world.beat()
    found = problem(answer, 429, "rate_limited")
    assert found["retry_after"] == 60
    assert answer.headers["retry-after"] == "60"
    world.clock.advance(60)
    assert (await world.beat()).status_code == 200


async def test_offline_takes_effect_at_once(world: World) -> None:
    await world.beat()
    answer = await world.client.post("/presence/offline", headers=world.headers())
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await world.get("/presence/status/self")).json()["online"] is False


async def test_offline_for_one_device_leaves_the_others(world: World) -> None:
    await world.beat(device_id="phone")
    await world.beat(device_id="watch")
    for device, online in (("phone", True), ("watch", False)):
        await world.client.post(
            "/presence/offline", json={"device_id": device}, headers=world.headers()
        )
        assert (await world.get("/presence/status/self")).json()["online"] is online


async def test_lookup_answers_in_the_order_asked_each_once(world: World) -> None:
    await world.beat(world.ben)
    asked = f"{world.zoe},{world.ben},{world.ana},{world.ben}"
    items = (await world.get("/presence/lookup", user_ids=asked)).json()["items"]
    assert [(one["user_id"], one["online"]) for one in items] == [
        (str(world.zoe), False),
        (str(world.ben), True),
        (str(world.ana), False),
    ]


async def test_lookup_names_the_faulty_id(world: World) -> None:
    answer = await world.get("/presence/lookup", user_ids=f"{world.ana},x,,{world.ben}")
    found = problem(answer, 422, "validation_failed")
    assert paths(found) == ["query.user_ids[1]", "query.user_ids[2]"]


@pytest.mark.parametrize("count", [0, 101])
async def test_lookup_takes_1_to_100_ids(world: World, count: int) -> None:
    answer = await world.get("/presence/lookup", user_ids=",".join([str(world.ana)] * count))
    assert paths(problem(answer, 422, "validation_failed")) == ["query.user_ids"]

"""What only the page may ask, and that it shows no more than it says."""

import math
from typing import Any

import pytest

from divan_cli.seed import FRIEND, ME
from divan_core.accounts.messages import ChangePrivacy
from divan_http.routes import table
from tests.cli.demo.conftest import PEOPLE, Demo

pytestmark = pytest.mark.anyio


def people(answer: Any) -> list[str]:
    return [one for cell in answer["cells"] for one in cell["people"]]


async def test_a_server_without_a_demo_has_no_such_paths() -> None:
    assert not any(row.path.startswith("/demo") for row in table(dev=True))


async def test_the_scene_says_who_is_who(demo: Demo) -> None:
    scene = await demo.get("/demo/scene")
    assert scene["me"]["user_id"] == str(ME)
    assert [one["relation"] for one in scene["watchers"]] == ["friend", "stranger"]
    assert scene["people"] == PEOPLE
    assert scene["now"] == demo.clock.now()
    assert len(scene["drawing"]["buildings"]) == len(demo.scene.plan.buildings)


async def test_the_watchers_are_a_friend_and_none(demo: Demo) -> None:
    relations = await demo.divan.audience.relations(ME)
    assert demo.cast.friend.id == FRIEND
    assert FRIEND in relations.friends
    assert demo.cast.stranger.id not in relations.friends
    assert demo.cast.stranger not in demo.cast.crowd


async def test_before_a_heartbeat_there_is_nobody(demo: Demo) -> None:
    assert await demo.get("/demo/cells", radius_m=50) == {"here": None, "mine": None, "cells": []}


async def test_squares_are_those_of_the_people_listed(demo: Demo) -> None:
    await demo.stand(0, 0)
    nearby = await demo.get("/proximity/nearby", radius_m=200, limit=200)
    listed = {one["user_id"] for one in nearby["items"]}
    shown = people(await demo.get("/demo/cells", radius_m=200))
    assert listed
    assert set(shown) == listed
    assert len(shown) == len(listed)


async def test_god_view_shows_everybody_once_but_the_caller_apart(demo: Demo) -> None:
    await demo.stand(0, 0)
    answer = await demo.get("/demo/cells", radius_m=10, everyone="true")
    shown = people(answer)
    assert len(shown) == len(set(shown)) == PEOPLE + 2
    assert answer["mine"]["people"] == [str(ME)]
    assert str(ME) not in shown


async def test_a_square_is_a_square_with_the_size_it_says(demo: Demo) -> None:
    await demo.stand(0, 0)
    for cell in (await demo.get("/demo/cells", radius_m=10, everyone="true"))["cells"]:
        corners = [demo.scene.frame.locate(*corner) for corner in cell["corners"]]
        edges = zip(corners, corners[1:] + corners[:1], strict=True)
        for one, other in edges:
            edge = math.hypot(one.east - other.east, one.north - other.north)
            assert edge == pytest.approx(cell["size_m"], abs=0.05)


async def test_the_caller_is_told_where_the_server_believes_them(demo: Demo) -> None:
    await demo.stand(30, -40)
    lat, lon = (await demo.get("/demo/cells", radius_m=10))["here"]
    here = demo.scene.frame.locate(lat, lon)
    assert (here.east, here.north) == pytest.approx((30, -40), abs=0.05)


async def test_the_own_square_grows_with_the_blur(demo: Demo) -> None:
    await demo.stand(0, 0)
    assert (await demo.get("/demo/cells", radius_m=10))["mine"]["size_m"] == 25
    await demo.divan.accounts.change_privacy(await demo.me(), ChangePrivacy(blur_distance_m=200))
    assert (await demo.get("/demo/cells", radius_m=10))["mine"]["size_m"] == 200


async def test_who_is_blocked_is_listed_and_can_become_a_friend_again(demo: Demo) -> None:
    friend = demo.cast.friend
    assert await demo.post(f"/friends/{friend.id}/block") == 204
    blocked = await demo.get("/demo/blocked")
    assert blocked["items"] == [{"user_id": str(friend.id), "display_name": friend.display_name}]
    assert await demo.post(f"/friends/{friend.id}/unblock") == 204
    assert (await demo.get("/demo/blocked"))["items"] == []
    assert friend.id not in (await demo.divan.audience.relations(ME)).friends
    assert await demo.post(f"/demo/befriend/{friend.id}") == 204
    assert friend.id in (await demo.divan.audience.relations(ME)).friends


async def test_nobody_asks_without_saying_who(demo: Demo) -> None:
    for path in ("/demo/cells?radius_m=50", "/demo/blocked"):
        assert (await demo.client.get(path)).status_code == 401

"""Leaderboards and the end of the day over HTTP."""

from typing import Any

import pytest
from typed_settings import SecretStr

from divan_core.chat.messages import SendMessage
from divan_core.settings import ObsSettings, Settings
from tests.http.world import World, open_world, paths, problem

pytestmark = pytest.mark.anyio

DAY_S = 86_400
GUARDED = Settings(env="test", obs=ObsSettings(admin_token=SecretStr("open sesame")))
OPERATOR = {"X-Admin-Token": "open sesame"}


async def befriend(world: World) -> None:
    """Five points for each of the two."""
    ana = await world.divan.accounts.actor(world.ana)
    await world.divan.social.befriend(ana, world.ben)
    await world.divan.drain()


async def test_a_board(world: World) -> None:
    await befriend(world)
    ana = await world.divan.accounts.actor(world.ana)
    await world.divan.chat.send(ana, SendMessage(world.ben, "Hello"))
    await world.divan.drain()
    answer = await world.get("/leaderboards/overall", period="weekly", limit=1)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    page = answer.json()
    assert page["items"] == [
        {
            "rank": 1,
            "user_id": str(world.ben),
            "handle": "ben",
            "display_name": "Ben",
            "score": 6.0,
        }
    ]
    query = {"period": "weekly", "limit": 1, "cursor": page["cursor"]}
    rest = (await world.get("/leaderboards/overall", **query)).json()
    assert [(one["rank"], one["handle"], one["score"]) for one in rest["items"]] == [
        (2, "ana", 5.3)
    ]
    assert rest["cursor"] is None


async def test_a_summary(world: World) -> None:
    await befriend(world)
    found = (await world.get("/leaderboards/me/summary")).json()
    assert found == {
        "ymd": "20260921",
        "campus_id": str(world.campus),
        "ranks": {"overall": 1, "social": 1, "engagement": None, "popularity": None},
        "scores": {"overall": 5.0, "social": 5.0, "engagement": 0.0, "popularity": 0.0},
        "streak": {"current": 1, "best": 1, "last_active_ymd": "20260921"},
        "badges": [],
    }
    world.clock.advance(DAY_S)
    await world.divan.rollover.sweep()
    found = (await world.get("/leaderboards/me/summary", ymd="20260921")).json()
    assert found["ranks"]["overall"] == 1
    assert found["badges"] == [
        {"kind": "daily_top_10", "earned_ymd": "20260921"},
        {"kind": "weekly_top_10", "earned_ymd": "20260921"},
    ]


async def test_a_streak(world: World) -> None:
    nothing = {"current": 0, "best": 0, "last_active_ymd": None}
    assert (await world.get(f"/leaderboards/streaks/{world.ben}")).json() == nothing
    await befriend(world)
    found = (await world.get(f"/leaderboards/streaks/{world.ben}")).json()
    assert found == {"current": 1, "best": 1, "last_active_ymd": "20260921"}
    problem(await world.get(f"/leaderboards/streaks/{world.zoe}"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "query", "fault"),
    [
        ("overall", {"period": "yearly"}, "query.period"),
        ("overall", {"ymd": "2026-09-21"}, "query.ymd"),
        ("overall", {"ymd": "20260931"}, "query.ymd"),
        ("overall", {"limit": 201}, "query.limit"),
        ("beauty", {}, "path.scope"),
        ("me/summary", {"ymd": "today"}, "query.ymd"),
        ("streaks/ben", {}, "path.user_id"),
    ],
)
async def test_wrong_questions(world: World, path: str, query: dict[str, Any], fault: str) -> None:
    found = problem(await world.get(f"/leaderboards/{path}", **query), 422, "validation_failed")
    assert paths(found) == [fault]


async def test_nobody_asks_without_credentials(world: World) -> None:
    for path in ("overall", "me/summary", f"streaks/{world.ben}"):
        problem(await world.client.get(f"/leaderboards/{path}"), 401, "unauthenticated")
    problem(await world.get("/leaderboards/overall", cursor="forged"), 422, "invalid_cursor")


async def test_operators_close_days() -> None:
    async with open_world(GUARDED) as world:
        await befriend(world)
        world.clock.advance(DAY_S)

        async def close(**command: object) -> dict[str, Any]:
            answer = await world.client.post("/ops/rollover", json=command, headers=OPERATOR)
            assert answer.status_code == 200
            found: dict[str, Any] = answer.json()
            return found

        day = {"campus_id": str(world.campus), "day": "2026-09-21"}
        dry = await close(dry_run=True)
        assert {"invites", "key-purge"} <= set(dry.pop("cleared"))
        assert dry == {
            "dry_run": True,
            "days": [day | {"people": 0, "badges_given": 0, "badges_taken": 0}],
        }
        done = await close(day="2026-09-21", campus_id=str(world.campus))
        assert done["days"] == [day | {"people": 2, "badges_given": 4, "badges_taken": 0}]
        assert {"scores", "invites", "restrictions", "key-purge", "bus-trim"} <= set(
            done["cleared"]
        )
        again = await world.client.post("/ops/rollover", headers=OPERATOR)
        assert (again.status_code, again.json()["days"]) == (200, [])


async def test_others_do_not_close_days() -> None:
    async with open_world(GUARDED) as world:
        problem(await world.client.post("/ops/rollover"), 401, "unauthenticated")
        wrong = await world.client.post("/ops/rollover", headers={"X-Admin-Token": "please"})
        problem(wrong, 403, "forbidden")
        for body, status, code in (
            ({"day": "2026-9-1"}, 422, "validation_failed"),
            ({"day": "2099-01-01"}, 422, "validation_failed"),
            ({"campus_id": str(world.ana)}, 404, "not_found"),
        ):
            answer = await world.client.post("/ops/rollover", json=body, headers=OPERATOR)
            problem(answer, status, code)

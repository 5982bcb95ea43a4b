import pytest

from divan_core.accounts.messages import CreateCampus
from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio


async def test_me(world: World) -> None:
    answer = await world.get("/me")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "user_id": str(world.ana),
        "campus_id": str(world.campus),
        "handle": "ana",
        "display_name": "Ana",
        "avatar_url": None,
        "email": None,
        "email_verified": False,
        "major": None,
        "graduation_year": None,
        "passions": None,
        "privacy": {
            "visibility": "everyone",
            "blur_distance_m": 0,
            "ghost_mode": False,
            "chat_from": "everyone",
            "read_receipts": True,
        },
        "roles": [],
    }


async def test_changing_the_profile_leaves_the_rest(world: World) -> None:
    for body in ({"major": "Physics", "passions": ["chess"]}, {"display_name": "Ana B."}, {}):
        answer = await world.client.patch("/me/profile", json=body, headers=world.headers())
        assert answer.status_code == 200
    me = (await world.get("/me")).json()
    assert (me["display_name"], me["major"], me["passions"]) == ("Ana B.", "Physics", ["chess"])
    await world.client.patch("/me/profile", json={"major": None}, headers=world.headers())
    assert (await world.get("/me")).json()["major"] is None


async def test_a_profile_that_cannot_be_changes_nothing(world: World) -> None:
    body = {
        "display_name": "",
        "avatar_url": "http://example.org/a.png",
        "graduation_year": 1800,
        "passions": ["x", "y" * 41, 3],
        "major": "fine",
    }
    answer = await world.client.patch("/me/profile", json=body, headers=world.headers())
    assert paths(problem(answer, 422, "validation_failed")) == [
        "$.display_name",
        "$.avatar_url",
        "$.graduation_year",
        "$.passions[1]",
        "$.passions[2]",
    ]
    assert (await world.get("/me")).json()["major"] is None


async def test_privacy_shows_in_the_very_next_answer(world: World) -> None:
    await world.beat()
    await world.beat(world.ben)
    for ghost, seen in ((True, 0), (False, 1)):
        body = {"ghost_mode": ghost, "blur_distance_m": 50}
        answer = await world.client.patch(
            "/me/privacy", json=body, headers=world.headers(world.ben)
        )
        assert answer.json() == {
            "visibility": "everyone",
            "blur_distance_m": 50,
            "ghost_mode": ghost,
            "chat_from": "everyone",
            "read_receipts": True,
        }
        near = await world.get("/proximity/nearby", radius_m=50)
        assert len(near.json()["items"]) == seen


@pytest.mark.parametrize(
    "body",
    [
        {"ghost_mode": "yes"},
        {"ghost_mode": 1},
        {"ghost_mode": None},
        {"blur_distance_m": 30},
        {"visibility": "nobody"},
        {"chat_from": "none"},
    ],
)
async def test_a_privacy_that_cannot_be(world: World, body: dict[str, object]) -> None:
    answer = await world.client.patch("/me/privacy", json=body, headers=world.headers())
    assert paths(problem(answer, 422, "validation_failed")) == [f"$.{next(iter(body))}"]


async def test_campuses_need_no_credentials(world: World) -> None:
    answer = await world.client.get("/campuses")
    assert answer.status_code == 200
    assert "cache-control" not in answer.headers
    assert answer.json()["cursor"] is None
    assert answer.json()["items"][0] == {
        "id": str(world.campus),
        "name": "Here",
        "lat": 45.5048,
        "lon": -73.5772,
        "timezone": "UTC",
        "radius_m": 25_000,
    }


async def test_walking_the_campuses_meets_each_once(world: World) -> None:
    for number in range(5):
        await world.divan.accounts.create_campus(CreateCampus(f"Campus {number}", 1.0, 2.0))
    query: dict[str, int | str] = {"limit": 3}
    names: list[str] = []
    while "cursor" not in query or query["cursor"]:
        answer = (await world.client.get("/campuses", params=query)).json()
        names += [item["name"] for item in answer["items"]]
        query["cursor"] = answer["cursor"]
    assert sorted(names) == [
        "Campus 0",
        "Campus 1",
        "Campus 2",
        "Campus 3",
        "Campus 4",
        "Elsewhere",
        "Here",
    ]


async def test_a_cursor_of_another_list(world: World) -> None:
    await world.beat()
    first = await world.client.get("/campuses", params={"limit": 1})
    cursor = first.json()["cursor"]
    answer = await world.get("/proximity/nearby", radius_m=50, cursor=cursor)
    problem(answer, 422, "invalid_cursor")

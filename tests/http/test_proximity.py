import pytest

from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio


async def test_nearby_lists_whoever_is_near(world: World) -> None:
    await world.beat()
    await world.beat(world.ben)
    answer = await world.get("/proximity/nearby", radius_m=50)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (item,) = answer.json()["items"]
    assert item.pop("distance_m") > 0
    assert item == {
        "user_id": str(world.ben),
        "handle": "ben",
        "display_name": "Ben",
        "avatar_url": None,
        "is_friend": False,
    }


async def test_include_chooses_the_groups(world: World) -> None:
    await world.beat()
    await world.beat(world.ben)
    for include, there in (("profile", False), ("distance", True), ("profile,distance", True)):
        answer = await world.get("/proximity/nearby", radius_m=50, include=include)
        assert ("distance_m" in answer.json()["items"][0]) is there


async def test_nearby_needs_presence(world: World) -> None:
    problem(await world.get("/proximity/nearby", radius_m=50), 409, "presence_required")


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("", ["query.radius_m"]),
        ("radius_m=", ["query.radius_m"]),
        ("radius_m=50.0", ["query.radius_m"]),
        ("radius_m=%2B50", ["query.radius_m"]),
        ("radius_m=050", ["query.radius_m"]),
        ("radius_m=0", ["query.radius_m"]),
        ("radius_m=5001", ["query.radius_m"]),
        ("radius_m=" + "9" * 5000, ["query.radius_m"]),
        ("radius_m=50&radius_m=50", ["query.radius_m"]),
        ("radius_m=50&limit=0", ["query.limit"]),
        ("radius_m=50&limit=201", ["query.limit"]),
        ("radius_m=50&campus_id=null", ["query.campus_id"]),
        ("radius_m=50&filter=foes", ["query.filter"]),
        ("radius_m=50&include=profile,secrets", ["query.include[1]"]),
        ("radius_m=50&include=", ["query.include"]),
        ("radius_m=x&limit=y&filter=z", ["query.radius_m", "query.limit", "query.filter"]),
    ],
)
async def test_a_query_that_cannot_be(world: World, query: str, wrong: list[str]) -> None:
    await world.beat()
    answer = await world.client.get(f"/proximity/nearby?{query}", headers=world.headers())
    assert paths(problem(answer, 422, "validation_failed")) == wrong


async def test_parameters_that_nobody_knows_are_ignored(world: World) -> None:
    await world.beat()
    query = "radius_m=50&lat=1&lat=2&cheat"
    answer = await world.client.get(f"/proximity/nearby?{query}", headers=world.headers())
    assert answer.status_code == 200


@pytest.mark.parametrize("cursor", ["", "x", "AQ", "ä", "%00", "A" * 4000])
async def test_a_forged_cursor(world: World, cursor: str) -> None:
    await world.beat()
    answer = await world.get("/proximity/nearby", radius_m=50, cursor=cursor)
    problem(answer, 422, "invalid_cursor")


async def test_naming_another_campus(world: World) -> None:
    await world.beat()
    answer = await world.get("/proximity/nearby", radius_m=50, campus_id=str(world.elsewhere))
    problem(answer, 403, "campus_mismatch")


async def test_an_address_that_is_not_ascii(world: World) -> None:
    sent: list[dict[str, object]] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/proximity/nearby",
        "query_string": b"radius_m=\xff",
        "headers": [],
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def send(event: dict[str, object]) -> None:
        sent.append(event)

    await world.app(scope, receive, send)
    assert sent[0]["status"] == 400

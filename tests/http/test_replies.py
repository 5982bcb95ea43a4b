"""What every reply has."""

import pytest

from tests.http.world import World, problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/campuses", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/me", 401),
        ("GET", "/nowhere", 404),
        ("PUT", "/me", 405),
        ("OPTIONS", "/me", 200),
        ("HEAD", "/health/live", 200),
    ],
)
async def test_every_reply_has_these_headers(
    world: World, method: str, path: str, status: int
) -> None:
    answer = await world.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert len(answer.headers["x-request-id"]) == 32
    assert "server" not in answer.headers


@pytest.mark.parametrize("sane", ["a", "A-b_c.9", "x" * 128])
async def test_a_sane_request_id_is_kept(world: World, sane: str) -> None:
    for path in ("/health/live", "/nowhere"):
        answer = await world.client.get(path, headers={"X-Request-Id": sane})
        assert answer.headers["x-request-id"] == sane


@pytest.mark.parametrize("odd", ["", "x" * 129, "a b", "a;b", "ü", "<a>"])
async def test_an_odd_request_id_is_replaced(world: World, odd: str) -> None:
    answer = await world.client.get("/health/live", headers={b"X-Request-Id": odd.encode()})
    assert answer.headers["x-request-id"] != odd
    assert len(answer.headers["x-request-id"]) == 32


async def test_request_ids_differ(world: World) -> None:
    answers = [await world.client.get("/health/live") for _ in range(20)]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 20


async def test_an_unknown_address(world: World) -> None:
    problem(await world.get("/nowhere"), 404, "not_found")


async def test_a_method_that_is_not_there(world: World) -> None:
    answer = await world.client.request("DELETE", "/me/profile", headers=world.headers())
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "PATCH, OPTIONS"


async def test_a_method_that_nobody_knows(world: World) -> None:
    problem(await world.client.request("BREW", "/me"), 400, "bad_request")


async def test_head_is_get_without_a_body(world: World) -> None:
    get = await world.get("/me")
    head = await world.client.head("/me", headers=world.headers())
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))

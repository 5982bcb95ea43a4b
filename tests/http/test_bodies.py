"""What a body may be."""

import httpx2
import pytest

from divan_http.exchange import Event
from tests.http.world import World, paths, problem

pytestmark = pytest.mark.anyio

MEGABYTE = 1_048_576


async def send(world: World, content: bytes, **headers: str) -> httpx2.Response:
    sent = world.headers() | {"Content-Type": "application/json"} | headers
    return await world.client.post("/presence/heartbeat", content=content, headers=sent)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"lat=1",
        b'{"lat": NaN}',
        b'{"lat": Infinity}',
        b'{"lat": -Infinity}',
        b'{"lat": 1,}',
        b'{"lat": "\\ud800"}',
        b'{"nobody reads this": "\xff"}',
        b'{"lat": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"lat":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
        b'{"lat": "x", "lon": ',
    ],
)
async def test_what_is_not_json_is_a_bad_request(world: World, content: bytes) -> None:
    problem(await send(world, content), 400, "bad_request")


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"1", b"true"])
async def test_what_is_no_object_is_invalid(world: World, content: bytes) -> None:
    assert paths(problem(await send(world, content), 422, "validation_failed")) == ["$"]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1" + "0" * 4000])
async def test_a_number_beyond_all_bounds_is_invalid(world: World, number: str) -> None:
    content = b'{"lat": %s, "ts_client": %s}' % (number.encode(), number.encode())
    problem(await send(world, content), 422, "validation_failed")


@pytest.mark.parametrize("count", [20_000, 20_001])
async def test_a_body_of_very_many_members(world: World, count: int) -> None:
    members = b",".join(b'"%d":{"a,b":1}' % number for number in range(count))
    answer = await send(world, b"{%s}" % members)
    if count == 20_000:
        problem(answer, 422, "validation_failed")
    else:
        assert "members" in problem(answer, 400, "bad_request")["detail"]


async def test_of_repeated_members_a_wrong_one_is_told(world: World) -> None:
    content = b'{"device_id": 1, "device_id": "phone"}'
    assert "$.lat" in paths(problem(await send(world, content), 422, "validation_failed"))


async def test_not_more_than_a_hundred_faults_are_listed(world: World) -> None:
    body = {"passions": [1] * 5000}
    answer = await world.client.patch("/me/profile", json=body, headers=world.headers())
    found = paths(problem(answer, 422, "validation_failed"))
    assert found[:2] == ["$.passions[0]", "$.passions[1]"]
    assert len(found) == 100


@pytest.mark.parametrize("size", [MEGABYTE + 1, 3 * MEGABYTE])
async def test_a_body_over_the_limit(world: World, size: int) -> None:
    problem(await send(world, b" " * size), 413, "body_too_large")


async def test_a_body_of_exactly_the_limit_is_read(world: World) -> None:
    problem(await send(world, b" " * MEGABYTE), 400, "bad_request")


async def test_the_limit_holds_without_a_length(world: World) -> None:
    """The client stops being read, however long it goes on."""
    events = 0

    async def receive() -> dict[str, object]:
        nonlocal events
        events += 1
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    sent: list[dict[str, object]] = []

    async def reply(event: dict[str, object]) -> None:
        sent.append(event)

    headers = world.headers() | {"Content-Type": "application/json"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/presence/heartbeat",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await world.app(scope, receive, reply)
    assert sent[0]["status"] == 413
    assert events <= MEGABYTE // 65_536 + 1


@pytest.mark.parametrize("length", ["x", "-1"])
async def test_a_length_that_cannot_be(world: World, length: str) -> None:
    problem(await send(world, b"{}", **{"Content-Length": length}), 400, "bad_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": ""},
        {"Content-Encoding": "gzip"},
    ],
)
async def test_other_media_types_are_not_read(world: World, headers: dict[str, str]) -> None:
    problem(await send(world, b"{}", **headers), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'],
)
async def test_json_by_its_names(world: World, media_type: str) -> None:
    headers = {"Content-Type": media_type, "Content-Encoding": "identity"}
    problem(await send(world, b"{}", **headers), 422, "validation_failed")


async def test_credentials_are_asked_for_before_the_body_is_read(world: World) -> None:
    answer = await world.client.post("/presence/heartbeat", content=b" " * (2 * MEGABYTE))
    problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("begun", [[], [{"type": "http.request", "body": b"", "more_body": True}]])
async def test_who_leaves_before_the_body_ends_has_done_nothing(
    world: World, begun: list[Event]
) -> None:
    await world.beat()
    events, said = [*begun, {"type": "http.disconnect"}], list[Event]()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "method": "POST",
        "path": "/presence/offline",
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in world.headers().items()],
    }

    async def receive() -> Event:
        return events.pop(0)

    async def send(event: Event) -> None:
        said.append(event)

    await world.app(scope, receive, send)
    assert said[0]["status"] == 400
    assert (await world.get("/presence/status/self")).json()["online"]

"""WebSockets, long-polling, and pages of other origins."""

from collections.abc import Mapping

import attrs
import httpx2
import msgspec
import pytest
import websockets
from websockets.http11 import Response
from websockets.typing import Origin

from divan_core.accounts.messages import ChangeProfile
from divan_core.settings import HttpSettings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.world import SLOW_TICK, LiveClient, World, a_world

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("transports", [("polling",), ("polling", "websocket"), ("websocket",)])
async def test_every_transport_brings_updates(world: World, transports: tuple[str, ...]) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await world.client(ana, *transports)
    await client.beat(0)
    await client.subscribe(200)
    for name in ("Benno", "Benjamin"):
        await world.divan.accounts.change_profile(ben, ChangeProfile(display_name=name))
        await world.tick()
        assert await client.settle() == await world.nearby(ana, 200)
    assert len(client.updates) == 2
    await client.close()


async def test_long_polling_is_not_offered_beside_other_processes() -> None:
    clock = ManualClock()
    async with (
        a_world(memory_stores(clock), clock, polling=False) as world,
        httpx2.AsyncClient() as http,
    ):
        reply = await http.get(f"{world.url}/socket.io/?EIO=4&transport=polling")
        assert reply.status_code == 400
        client = await world.client(await world.join("ana"))
        await client.settle()


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((), "https://evil.example", False),
        ((), "null", False),
        ((), "{url}", True),
        (("https://app.example",), "https://app.example", True),
        (("https://app.example",), "{url}", True),
        (("https://app.example",), "https://app.example.evil.example", False),
        (("*",), "https://evil.example", True),
    ],
)
async def test_pages_of_other_origins(
    origins: tuple[str, ...], origin: str, *, allowed: bool
) -> None:
    clock = ManualClock()
    settings = attrs.evolve(SLOW_TICK, http=HttpSettings(cors_origins=origins))
    async with a_world(memory_stores(clock), clock, settings) as world:
        address = f"{world.url}/socket.io/?EIO=4&transport="
        named = origin.format(url=world.url)
        async with httpx2.AsyncClient() as http:
            reply = await http.get(f"{address}polling", headers={"Origin": named})
        assert (reply.status_code == 200) is allowed
        granted = reply.headers.get("access-control-allow-origin")
        assert (granted == named) is allowed
        assert "access-control-allow-credentials" not in reply.headers
        assert (await opens(f"{address}websocket", named)) is allowed


@pytest.mark.parametrize(
    ("query", "origin", "expected"),
    [
        ("", "https://evil.example", (403, "origin_not_allowed")),
        ("", "{url}", (101, "")),
        ("&sid=unknown", "{url}", (400, "bad_request")),
        ("&EIO=3", "{url}", (400, "bad_request")),
    ],
)
async def test_a_websocket_is_refused_as_a_request_is(
    world: World, query: str, origin: str, expected: tuple[int, str]
) -> None:
    """By the same problem, whichever way a client came."""
    version = "" if "EIO" in query else "&EIO=4"
    address = f"{world.url}/socket.io/?transport=TRANSPORT{version}{query}"
    named = {"Origin": origin.format(url=world.url), "X-Request-Id": "mine"}
    by_socket = await upgrade(address.replace("TRANSPORT", "websocket"), named)
    async with httpx2.AsyncClient() as http:
        reply = await http.get(address.replace("TRANSPORT", "polling"), headers=named)
    if expected[0] == 101:
        assert (by_socket, reply.status_code) == (None, 200)
        return
    assert by_socket is not None
    assert (by_socket.status_code, reply.status_code) == (expected[0], expected[0])
    told = msgspec.json.decode(by_socket.body)
    assert told == reply.json()
    assert (told["status"], told["code"], told["request_id"]) == (*expected, "mine")
    for name in ("content-type", "cache-control", "x-content-type-options", "x-request-id"):
        assert by_socket.headers[name] == reply.headers[name]


async def upgrade(address: str, headers: Mapping[str, str]) -> Response | None:
    """What an upgrade is refused with; None if it is not."""
    wanted = address.replace("http", "ws", 1)
    try:
        async with websockets.connect(wanted, additional_headers=headers):
            return None
    except websockets.InvalidStatus as refused:
        return refused.response


async def opens(address: str, origin: str) -> bool:
    try:
        async with websockets.connect(address.replace("http", "ws", 1), origin=Origin(origin)):
            return True
    except websockets.InvalidHandshake:
        return False


async def test_other_paths_are_not_found(world: World) -> None:
    async with httpx2.AsyncClient() as http:
        refused(await http.get(f"{world.url}/elsewhere"), 404, "not_found")


def refused(reply: httpx2.Response, status: int, code: str) -> None:
    """The reply is a problem, and tells nothing of what is behind it."""
    assert (reply.status_code, reply.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    found = reply.json()
    assert (found["status"], found["code"]) == (status, code)
    assert found["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["cache-control"] == "no-store"


async def test_every_reply_to_polling_names_its_request(world: World) -> None:
    async with httpx2.AsyncClient(base_url=f"{world.url}/socket.io/") as http:
        query, page = {"EIO": "4", "transport": "polling"}, {"Origin": world.url}
        for name, kept in (("mine.1", True), ("not sane", False), ("x" * 129, False)):
            reply = await http.get("", params=query, headers={"X-Request-Id": name, **page})
            assert reply.status_code == 200
            assert (reply.headers["x-request-id"] == name) is kept
        for method, changes, status in (
            ("GET", {"EIO": "3"}, 400),
            ("GET", {"sid": "nobody"}, 400),
            ("POST", {"sid": "nobody"}, 400),
            ("GET", {"transport": "pigeon"}, 400),
            ("PUT", {}, 405),
        ):
            reply = await http.request(
                method, "", params=query | changes, headers=page, content=b"4"
            )
            code = "bad_request" if status == 400 else "method_not_allowed"
            refused(reply, status, code)
            assert reply.headers["access-control-allow-origin"] == world.url
            assert "nobody" not in reply.text


async def test_rubbish_by_polling(world: World, caplog: pytest.LogCaptureFixture) -> None:
    ana = await world.join("ana")
    async with httpx2.AsyncClient(base_url=f"{world.url}/socket.io/") as http:
        query = {"EIO": "4", "transport": "polling"}
        opened = await http.get("", params=query)
        query["sid"] = opened.text.split('"sid":"')[1].split('"')[0]
        for body, status in (
            (b"", 400),
            (b"x", 400),
            (b"\xff", 400),
            (b"0{}", 400),
            (b"bAAAA", 400),
            (b"d=4", 400),
            (b"4\x1e", 400),
            (b"\x1e".join([b"3"] * 17), 400),
            (b"4" * 70_000, 413),
            (b"4", 200),
            (b"42[", 200),
            (b"4{" * 1000, 200),
            (b"\x1e".join([b"3"] * 16), 200),
        ):
            reply = await http.post("", params=query, content=body)
            assert reply.status_code == status, body[:10]
            assert reply.headers["x-content-type-options"] == "nosniff"
            if status >= 400:
                assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert not [one for one in caplog.records if one.levelname == "ERROR"]
    client = await world.client(ana)
    await client.settle()


async def test_a_token_never_reaches_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What the libraries say of packets at level INFO would hold it, and positions."""
    caplog.set_level("INFO")
    ana = await world.join("ana")
    client = LiveClient(world.clock)
    await client.connect(world.url, {"token": f"uid:{ana.user_id};campus:{ana.campus_id}"})
    await client.beat(0)
    await client.close()
    said = [f"{one.name} {one.getMessage()}" for one in caplog.records]
    ours = [one for one in said if not one.startswith(("engineio.client", "socketio.client"))]
    assert not [one for one in ours if str(ana.user_id) in one or "lat" in one]

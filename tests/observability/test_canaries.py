"""What people say, prove themselves by and where they are: nothing of it is told to operators.

Canaries are planted in every kind of input of every door, in good requests and in bad ones, and
looked for in logs, metrics, spans and streams.
"""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import attrs
import pytest
import redis
from typed_settings import SecretStr

from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.divan import Divan
from divan_core.observability.logs import log_to
from divan_core.settings import ObsSettings, OtelSettings, Settings
from divan_core.testing.mail import Letters, quick_hasher
from divan_http.app import create_app
from divan_rt.server import Options, create_server
from tests.http.world import LAT, LON, asgi_client
from tests.observability.collector import Collector, collecting
from tests.rt.raw import RawClient
from tests.rt.world import served

pytestmark = pytest.mark.anyio

BODY = "canarybody of a message"
TOKEN = "canarytoken.eyJhbGciOiJIUzI1NiJ9.canary"
MAIL = "canarymail@example.org"
PASSWORD = "canarypassword-4711"
NAME = "Canaryname"
PLACE_LAT, PLACE_LON = 45.504817263, -73.577291847
CANARIES = (BODY, TOKEN, MAIL, PASSWORD, NAME, "canary", str(PLACE_LAT), str(PLACE_LON), "45.5048")


@attrs.frozen
class Scene:
    """A campus with all its doors open, and everything that operators see of it."""

    divan: Divan
    client: Any
    url: str
    ana: dict[str, str]
    ben: dict[str, str]


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """All that this process logs, from the most detailed level on."""
    stream, root = io.BytesIO(), logging.getLogger()
    before = root.handlers[:], root.level
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client's own, in this process
    log_to(stream, "INFO", "test")
    try:
        yield stream
    finally:
        root.handlers[:], root.level = before
        logging.getLogger("httpx2").setLevel(logging.NOTSET)


@asynccontextmanager
async def scene(settings: Settings) -> AsyncIterator[Scene]:
    async with Divan.open(settings, hasher=quick_hasher(), mailer=Letters()) as divan:
        campus = (await divan.accounts.create_campus(CreateCampus("Here", LAT, LON))).id
        people = [
            (await divan.accounts.create_person(CreatePerson(campus, one, NAME))).user_id
            for one in ("ana", "ben")
        ]
        ana, ben = ({"user_id": str(one), "campus_id": str(campus)} for one in people)
        server = create_server(divan, Options())
        async with (
            server.running(),
            served(server) as url,
            asgi_client(create_app(divan)) as client,
        ):
            yield Scene(divan, client, url, ana, ben)


def fix() -> dict[str, object]:
    place = {"lat": PLACE_LAT, "lon": PLACE_LON, "accuracy_m": 9, "device_id": "canarydevice"}
    return place | {"ts_client": int(anyio.current_time())}


async def plant_by_http(scene: Scene) -> None:
    ana = {"X-User-Id": scene.ana["user_id"], "X-Campus-Id": scene.ana["campus_id"]}
    now = scene.divan.clock.now()
    person = scene.ben["user_id"]
    for path, body in (
        ("/presence/heartbeat", fix() | {"ts_client": now}),
        ("/presence/heartbeat", fix() | {"ts_client": 0}),
        ("/presence/heartbeat", fix() | {"lat": "canary"}),
        ("/chat/messages", {"to_user_id": person, "body": BODY, "client_msg_id": "canary"}),
        ("/chat/messages", {"to_user_id": person, "body": [BODY]}),
        ("/rooms", {"name": NAME, "preset": "2-4", "visibility": "link"}),
        ("/api/mod/v1/reports", report_of(person)),
        ("/auth/register", registration(scene)),
        ("/auth/register", registration(scene) | {"handle": "Canary Handle"}),
        ("/auth/token", {"email": MAIL, "password": PASSWORD}),
        ("/auth/verify", {"token": TOKEN}),
        ("/auth/refresh", {"refresh_token": TOKEN}),
        ("/canary/nowhere", {}),
    ):
        answer = await scene.client.post(path, json=body, headers=ana)
        assert answer.status_code < 500
    await scene.client.post("/chat/messages", content=b'{"body": "canary', headers=ana)
    await scene.client.patch("/me/profile", json={"major": "canary"}, headers=ana)
    await scene.client.get("/search/users?q=canaryquery", headers=ana)
    await scene.client.get("/me", headers={"Authorization": f"Bearer {TOKEN}"})
    await scene.client.get("/metrics", headers={"X-Admin-Token": TOKEN})
    await scene.client.get(f"/proximity/nearby?radius_m=50&cursor={TOKEN}", headers=ana)


def report_of(person: str) -> dict[str, str]:
    return {"subject_type": "user", "subject_id": person, "reason_code": "spam", "note": BODY}


def registration(scene: Scene) -> dict[str, str]:
    names = {"handle": "canaryhandle", "display_name": NAME}
    return {
        "email": MAIL,
        "password": PASSWORD,
        "campus_id": scene.ana["campus_id"],
        **names,
    }


async def plant_by_socket(scene: Scene) -> None:
    async with RawClient.open(scene.url) as client:
        assert (await client.connect(scene.ana)).startswith("40")
        await client.send(f"40/chat,{json.dumps(scene.ana)}")
        message = {"to_user_id": scene.ben["user_id"], "body": BODY, "client_msg_id": "two"}
        said = ["chat:send", message]
        await client.send(f"42/chat,1{json.dumps(said)}")
        assert (await client.answer_in("/chat", 1))["ok"]
        for event in (
            ["presence:heartbeat", fix()],
            ["presence:heartbeat", {"lat": "canary"}],
            ["canary:event", {"body": BODY}],
        ):
            await client.send(f"42/presence,2{json.dumps(event)}")
            assert not (await client.answer_in("/presence", 2))["ok"]
    async with RawClient.open(scene.url) as client:
        assert (await client.connect({"token": TOKEN})).startswith("44")


async def plant_by_bugs(scene: Scene) -> None:
    """Errors whose texts hold what they should not, as drivers' errors do."""

    async def broken(*_args: object, **_named: object) -> None:
        raise LookupError(f"DETAIL: {BODY} {MAIL} {PLACE_LAT}")

    scene.divan.chat.send = broken  # type: ignore[method-assign,assignment]
    ana = {"X-User-Id": scene.ana["user_id"], "X-Campus-Id": scene.ana["campus_id"]}
    body = {"to_user_id": scene.ben["user_id"], "body": BODY}
    answer = await scene.client.post("/chat/messages", json=body, headers=ana)
    assert answer.status_code == 500


def streams(url: str) -> bytes:
    """All entries of all streams."""
    with redis.Redis.from_url(url) as client:
        names = [one for one in client.scan_iter() if client.type(one) == b"stream"]
        return repr([client.xrange(one) for one in names]).encode()


def check(found: dict[str, bytes]) -> None:
    for place, text in found.items():
        low = text.lower()
        told = [one for one in CANARIES if one.lower().encode() in low]
        assert told == [], place


async def test_nothing_of_what_people_say_is_told_to_operators(
    redis_url: str, log: io.BytesIO
) -> None:
    with collecting() as collector:
        settings = Settings(
            env="test",
            database_url="sqlite://",
            redis_url=redis_url,
            obs=ObsSettings(SecretStr("open sesame"), tracing_enabled=True),
            otel=OtelSettings(collector.url),
        )
        async with scene(settings) as one:
            await plant_by_http(one)
            await plant_by_socket(one)
            await one.divan.drain()
            entries = streams(redis_url)
            await plant_by_bugs(one)
            metrics = one.divan.metrics.exposition().encode()
    assert_there_is_something_to_see(log, collector, metrics, entries)
    spans = b"".join(collector.bodies)
    check({"log": log.getvalue(), "metrics": metrics, "spans": spans, "streams": entries})


def assert_there_is_something_to_see(
    log: io.BytesIO, collector: Collector, metrics: bytes, entries: bytes
) -> None:
    """Else nothing would be shown by finding nothing."""
    assert b'"code":"internal_error"' in log.getvalue()
    assert b"LookupError" in log.getvalue()
    assert {"POST /chat/messages", "/chat chat:send"} <= {one.name for one in collector.spans}
    assert b'event="message.sent"' in metrics
    assert b"message.sent" in entries

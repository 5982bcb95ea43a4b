"""One trace from the request to what workers do about it, as a real collector hears of it."""

import functools
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import attrs
import pytest

from divan_core.divan import Divan
from divan_core.kernel.traces import Beginning
from divan_core.settings import ObsSettings, OtelSettings, Settings
from divan_core.testing.mail import Letters, quick_hasher
from divan_http.app import create_app
from divan_rt.server import Options, create_server
from tests.http.world import TEST_SETTINGS, World, asgi_client, open_world, problem, settled
from tests.observability.collector import Collector, collecting
from tests.rt.raw import RawClient
from tests.rt.world import served

pytestmark = pytest.mark.anyio

SERVER, CLIENT, CONSUMER = 2, 3, 5
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PLACE = f"00-{TRACE}-00f067aa0ba902b7-01"
OPERATOR = ObsSettings(admin_token="open sesame", tracing_enabled=True)  # type: ignore[arg-type]


def traced(url: str, settings: Settings = TEST_SETTINGS) -> Settings:
    return attrs.evolve(settings, obs=OPERATOR, otel=OtelSettings(url))


@asynccontextmanager
async def real_world(settings: Settings) -> AsyncIterator[World]:
    """On the stores of the settings, by the machine's clock."""
    async with Divan.open(settings, hasher=quick_hasher(), mailer=Letters()) as divan:
        app = create_app(divan)
        async with asgi_client(app) as client:
            found = await settled(divan)
            yield World(divan, divan.clock, app, client, **found, letters=Letters())  # type: ignore[arg-type]


async def invite(world: World, **headers: str) -> None:
    body = {"to_user_id": str(world.ben)}
    answer = await world.client.post(
        "/invites/send", json=body, headers=world.headers(None, **headers)
    )
    assert answer.status_code == 201


def check_invite(collector: Collector, systems: set[str]) -> None:
    request = collector.named("POST /invites/send")
    assert (request.trace_id, request.parent_id) == (TRACE, "00f067aa0ba902b7")
    assert request.kind == SERVER
    assert request.facts == {
        "http.request.method": "POST",
        "http.route": "/invites/send",
        "http.response.status_code": 201,
    }
    done = {one.name: one for one in collector.beneath(request)}
    assert {"units.write", "invites.put", "keys.claim"} <= done.keys()
    assert {one.facts.get("db.system.name") for one in done.values()} - {None} == systems
    told = done["social:sockets invite.sent"]
    assert (told.trace_id, told.kind) == (TRACE, CONSUMER)
    assert {one.name for one in collector.beneath(told)} >= {"invites.get"}


async def test_one_trace_goes_through_http_postgres_redis_streams_and_workers(
    postgres_url: str, redis_url: str
) -> None:
    settings = Settings(env="test", database_url=postgres_url, redis_url=redis_url)
    with collecting() as collector:
        async with real_world(traced(collector.url, settings)) as world:
            await invite(world, traceparent=PLACE, Idempotency_Key="one")
            await world.divan.drain()
            await world.beat()
    check_invite(collector, {"postgresql", "redis"})
    assert collector.resource["service.name"] == "divan"
    assert set(collector.paths) == {"/v1/traces"}
    beat = collector.named("POST /presence/heartbeat")
    amended = next(one for one in collector.beneath(beat) if one.name == "presence.amend")
    assert (amended.kind, amended.facts) == (CLIENT, {"db.system.name": "redis"})
    assert beat.trace_id != TRACE


async def test_one_trace_goes_through_the_threads_of_sqlite(tmp_path: Path) -> None:
    settings = Settings(env="test", database_url=f"sqlite:///{tmp_path}/divan.sqlite3")
    with collecting() as collector:
        async with real_world(traced(collector.url, settings)) as world:
            await invite(world, traceparent=PLACE, Idempotency_Key="one")
            await world.divan.drain()
    check_invite(collector, {"sqlite", "memory"})


async def test_answers_and_log_lines_tell_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "divan.http.request")
    async with open_world(traced("")) as world:
        ours = await world.client.get("/me", headers=world.headers(traceparent=PLACE))
        assert ours.headers["traceparent"].startswith(f"00-{TRACE}-")
        for wrong in ("00-0-0-00", "\u00e9", f"00-{'0' * 32}-00f067aa0ba902b7-01"):
            named = [(b"traceparent", wrong.encode())]
            found = (await world.client.get("/me", headers=named)).headers["traceparent"]
            assert TRACE not in found
            assert len(found) == len(PLACE)
        nowhere = await world.client.get("/nowhere", headers={"traceparent": PLACE})
        assert problem(nowhere, 404, "not_found")
        assert TRACE in nowhere.headers["traceparent"]
    facts = [record.facts for record in caplog.records]  # type: ignore[attr-defined]
    assert facts[0]["trace_id"] == TRACE


async def test_events_of_sockets_have_spans_where_the_client_says() -> None:
    with collecting() as collector:
        async with open_world(traced(collector.url)) as world:
            server = create_server(world.divan, Options())
            async with server.running(), served(server) as url, RawClient.open(url) as client:
                ids = {"user_id": str(world.ana), "campus_id": str(world.campus)}
                assert (await client.connect(ids)).startswith("40")
                body = json.dumps({**world.fix(), "traceparent": PLACE})
                await client.send(f'42/presence,1["presence:heartbeat",{body}]')
                taken = await client.answer_in("/presence", 1)
                assert taken["ok"]
                await client.send('42/presence,2["no:such","x"]')
                refused = await client.answer_in("/presence", 2)
                assert not refused["ok"]
    beat = collector.named("/presence presence:heartbeat")
    assert (beat.trace_id, beat.kind) == (TRACE, SERVER)
    assert taken["traceparent"] == f"00-{TRACE}-{beat.span_id}-01"
    assert refused["traceparent"].startswith("00-")
    assert "presence.amend" in {one.name for one in collector.beneath(beat)}
    assert collector.named("/presence unknown").facts == {"divan.code": "not_found"}


async def test_a_request_that_fails_fails_its_span_and_tells_no_text() -> None:
    with collecting() as collector:
        async with open_world(traced(collector.url)) as world:

            async def broken(*_args: object) -> None:
                raise LookupError("canary")

            world.divan.accounts.campuses = broken  # type: ignore[method-assign,assignment]
            assert (await world.client.get("/campuses")).status_code == 500
    failed = collector.named("GET /campuses")
    assert failed.failed
    assert failed.facts["error.type"] == "internal_error"
    assert not any(b"canary" in body for body in collector.bodies)


async def test_an_error_inside_of_a_span_tells_its_class_alone() -> None:
    with collecting() as collector:
        async with open_world(traced(collector.url)) as world:
            traces = world.divan.traces
            assert traces is not None
            with pytest.raises(LookupError), traces.span(Beginning("odd")):
                raise LookupError("canary")
    assert collector.named("odd").failed
    assert collector.named("odd").facts == {"error.type": "LookupError"}
    assert not any(b"canary" in body for body in collector.bodies)


async def test_the_operator_can_try_it_out() -> None:
    admin = {"X-Admin-Token": "open sesame"}
    with collecting() as collector:
        async with open_world(traced(collector.url)) as world:
            problem(await world.client.post("/ops/trace/test"), 401, "unauthenticated")
            answer = await world.client.post("/ops/trace/test", headers=admin)
            assert answer.json()["status"] == "ok"
    assert collector.named("divan.trace.test").trace_id == answer.json()["trace_id"]


async def test_trying_it_out_tells_that_there_are_no_traces() -> None:
    obs = attrs.evolve(OPERATOR, tracing_enabled=False)
    async with open_world(attrs.evolve(TEST_SETTINGS, obs=obs)) as world:
        admin = {"X-Admin-Token": "open sesame"}
        answer = await world.client.post("/ops/trace/test", headers=admin)
        assert (answer.status_code, answer.json()["status"]) == (200, "disabled")
        assert "traceparent" not in answer.headers


async def test_nothing_waits_for_a_collector_that_is_away_or_hangs() -> None:
    async with anyio.create_task_group() as both:
        for hanging in (True, False):
            both.start_soon(functools.partial(unhindered, hanging=hanging))


async def unhindered(*, hanging: bool) -> None:
    with collecting() as collector:
        collector.hangs = threading.Event()
        url = collector.url if hanging else "http://127.0.0.1:1"
        began = time.monotonic()
        async with open_world(traced(url)) as world:
            for _ in range(50):
                assert (await world.get("/me")).status_code == 200
            asked_s = time.monotonic() - began
        closed_s = time.monotonic() - began - asked_s
        collector.hangs.set()
    assert closed_s < 8
    assert collector.bodies == []


def test_nothing_is_loaded_while_traces_are_off() -> None:
    program = (
        "import anyio, sys\n"
        "from divan_core import Divan, Settings, memory_stores\n"
        "from divan_http.app import create_app\n"
        "async def main():\n"
        "    async with Divan.open(Settings(), stores=memory_stores()) as divan:\n"
        "        create_app(divan)\n"
        "        assert divan.traces is None\n"
        "anyio.run(main)\n"
        "names = 'opentelemetry', 'stores.calls'\n"
        "print([name for name in sys.modules if any(one in name for one in names)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

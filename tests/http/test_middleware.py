"""The edge around an application that is not Falcon's."""

import time

import httpx2
import pytest

from divan_core.observability.metrics import Metrics
from divan_core.testing.clock import ManualClock
from divan_http.cors import Cors
from divan_http.exchange import Asgi, Event, Receive, Scope, Send
from divan_http.meter import Meter
from divan_http.middleware import Edge, Surroundings
from divan_http.requestlog import RequestLog
from tests.http.world import asgi_client, problem

pytestmark = pytest.mark.anyio


def edge(app: Asgi) -> Edge:
    log = RequestLog(ManualClock(), 1.0, lambda: 0.0)
    meter = Meter(Metrics())
    return Edge(Cors(app, ()), Surroundings(lambda: "made-here", time.perf_counter, log, meter))


async def asked(app: Asgi) -> httpx2.Response:
    async with asgi_client(edge(app)) as client:
        return await client.get("/")


async def test_what_breaks_before_it_answers_is_a_problem_without_details() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("secret")

    answer = await asked(broken)
    assert "secret" not in str(problem(answer, 500, "internal_error"))
    assert answer.headers["x-request-id"] == "made-here"
    assert answer.headers["content-length"] == str(len(answer.content))


async def test_what_breaks_in_the_middle_is_not_answered_twice() -> None:
    started: list[Event] = []

    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async def receive() -> Event:
        return {"type": "http.request"}

    async def send(event: Event) -> None:
        started.append(event)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    with pytest.raises(RuntimeError):
        await edge(broken)(scope, receive, send)
    assert [event["status"] for event in started] == [200]


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_what_is_no_request_passes(kind: str) -> None:
    passed: list[object] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope)

    async def unused(*_: object) -> Event:
        raise AssertionError

    await edge(inner)({"type": kind}, unused, unused)  # type: ignore[arg-type]  # never called
    assert passed == [{"type": kind}]

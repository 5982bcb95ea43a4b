"""The edge around an application that is not Falcon's."""

import time

import anyio
import httpx2
import pytest

from divan_core.kernel.urgency import Foreground
from divan_core.observability.metrics import Metrics
from divan_core.testing.clock import ManualClock
from divan_http.cors import Cors
from divan_http.exchange import Asgi, Event, Receive, Scope, Send
from divan_http.meter import Meter
from divan_http.middleware import Edge, Surroundings
from divan_http.requestlog import RequestLog
from tests.http.world import asgi_client, problem

pytestmark = pytest.mark.anyio


def edge(app: Asgi, foreground: Foreground | None = None) -> Edge:
    log = RequestLog(ManualClock(), 1.0, lambda: 0.0)
    surroundings = Surroundings(
        lambda: "made-here",
        time.perf_counter,
        log,
        Meter(Metrics()),
        foreground or Foreground(),
    )
    return Edge(Cors(app, ()), surroundings)


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


@pytest.mark.parametrize("breaks", [False, True])
async def test_workers_make_way_for_a_request_until_it_is_answered(breaks: bool) -> None:
    foreground, asked, answering, made_way = Foreground(), anyio.Event(), anyio.Event(), []

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        asked.set()
        await answering.wait()
        if breaks:
            raise RuntimeError
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def make_way() -> None:
        await foreground.give_way(3600)
        made_way.append(True)

    async with asgi_client(edge(slow, foreground)) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.get, "/")
        await asked.wait()
        tasks.start_soon(make_way)
        await anyio.wait_all_tasks_blocked()
        assert not made_way
        answering.set()
    assert made_way


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

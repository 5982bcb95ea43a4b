from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NoReturn

import anyio
import pytest

from divan_cli import asgi
from divan_cli.asgi import Application, Event, Receive, Scope, Send, split
from divan_core.errors import StoreUnavailable

pytestmark = pytest.mark.anyio

LIFE: Scope = {"type": "lifespan"}


class Line:
    """What a server and an application tell each other."""

    def __init__(self, *events: str) -> None:
        self._events = [{"type": event} for event in events]
        self.sent: list[Event] = []

    async def receive(self) -> Event:
        return self._events.pop(0)

    async def send(self, event: Event) -> None:
        self.sent.append(event)


async def named(scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "answer", "path": scope["path"]})


async def other(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "other"})


async def answered(app: Any, path: str, kind: str = "http") -> Event:
    line = Line("websocket.connect")
    await app({"type": kind, "path": path}, line.receive, line.send)
    (event,) = line.sent
    return event


async def test_an_application_exists_as_long_as_its_context() -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        steps.append("opened")
        yield named
        steps.append("closed")

    app = Application(opened)
    line = Line("lifespan.startup", "lifespan.shutdown")

    async def send(event: Event) -> None:
        steps.append(event["type"])
        if event["type"] == "lifespan.startup.complete":
            assert (await answered(app, "/x"))["path"] == "/x"

    await app(LIFE, line.receive, send)
    assert steps == ["opened", "lifespan.startup.complete", "closed", "lifespan.shutdown.complete"]


async def test_memory_is_kept_on_huge_pages_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    async def keep() -> None:
        steps.append("kept")
        try:
            await anyio.sleep_forever()
        finally:
            steps.append("no longer")

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        yield named
        steps.append("closed")

    async def receive() -> Event:
        await anyio.wait_all_tasks_blocked()
        return await line.receive()

    line = Line("lifespan.startup", "lifespan.shutdown")
    monkeypatch.setattr(asgi, "keep_on_huge_pages", keep)
    await Application(opened)(LIFE, receive, line.send)
    assert steps == ["kept", "no longer", "closed"]


class Refusing(AbstractAsyncContextManager[Any]):
    """A context that does not open."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    async def __aenter__(self) -> NoReturn:
        raise self.fault

    async def __aexit__(self, *_exc: object) -> None:
        """Nothing was opened."""


@pytest.mark.parametrize(
    ("fault", "told"), [(StoreUnavailable("Gone."), "Gone."), (KeyError(), "")]
)
async def test_what_keeps_it_from_opening_is_kept(fault: Exception, told: str) -> None:
    app, line = Application(lambda: Refusing(fault)), Line("lifespan.startup")
    await app(LIFE, line.receive, line.send)
    assert line.sent == [{"type": "lifespan.startup.failed", "message": told}]
    assert app.failure is fault


async def test_paths_lead_to_their_applications() -> None:
    app = split({"/inner": named}, other)
    for path in ("/inner", "/inner/", "/inner/deep"):
        assert (await answered(app, path))["path"] == path
        assert (await answered(app, path, "websocket"))["path"] == path
    for path in ("/", "/innermost", "/outer/inner"):
        assert (await answered(app, path))["type"] == "other"
        assert (await answered(app, path, "websocket"))["type"] == "websocket.close"


async def test_a_websocket_elsewhere_is_answered_as_a_request() -> None:
    """Where the server has the extension for that."""
    heard: list[Event] = []

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        assert (scope["type"], scope["method"], scope["path"]) == ("http", "GET", "/outer")
        heard.extend([await receive(), await receive()])
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body"})

    line = Line("websocket.connect", "websocket.disconnect")
    scope = {"type": "websocket", "path": "/outer", "extensions": {"websocket.http.response": {}}}
    await split({"/inner": named}, asked)(scope, line.receive, line.send)
    assert [one["type"] for one in heard] == ["http.request", "http.disconnect"]
    start, body = line.sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 404)
    assert (body["type"], body["body"]) == ("websocket.http.response.body", b"")

"""HTTP and sockets of one process as one ASGI application, whose lifespan is Divan's life.

``uvicorn --factory divan_cli.asgi:application`` serves it without the command.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final, TypeAlias

import anyio

from divan_cli.collecting import settle_memory
from divan_cli.hugepages import keep_on_huge_pages
from divan_core.configuration import load
from divan_core.divan import Divan
from divan_core.errors import DivanError
from divan_core.observability.logs import log_to
from divan_core.observability.sharing import SharedMetrics
from divan_core.settings import Settings
from divan_http.app import create_app
from divan_http.operation import Operation
from divan_rt.server import PATH, Options, create_server
from divan_rt.upgrades import RESPONSE

Scope: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

METRICS_FOLDER: Final = "_DIVAN_METRICS"
"""The variable by which the processes of one server are told where they share their metrics."""

_GOING_AWAY: Final = 1001
_LOG: Final = logging.getLogger("divan.serve")


class Application:
    """An ASGI application that exists while a context is open; its lifespan opens and closes it.

    ``failure`` is what kept the context from opening.
    """

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[Asgi]]) -> None:
        """Serve what ``opened()`` gives."""
        self._opened = opened
        self._app: Asgi | None = None
        self.failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection, or live."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._app = await stack.enter_async_context(self._opened())
            except Exception as fault:  # noqa: BLE001 - whoever runs the server hears of it
                self.failure = fault
                await send({"type": "lifespan.startup.failed", "message": _told(fault)})
                return
            settle_memory()
            async with anyio.create_task_group() as beside:
                beside.start_soon(keep_on_huge_pages)
                await send({"type": "lifespan.startup.complete"})
                await receive()
                self._app = None
                beside.cancel_scope.cancel()
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def serving(
    divan: Divan, *, polling: bool = True, extra: Iterable[Operation] = ()
) -> AsyncIterator[Asgi]:
    """Both doors of a running Divan, and ``extra`` operations of the caller's own.

    ``polling`` must be off beside other processes.
    """
    sockets = create_server(divan, Options(polling=polling))
    async with sockets.running():
        yield split({PATH: sockets}, create_app(divan, extra))


def split(apps: Mapping[str, Asgi], otherwise: Asgi) -> Asgi:
    """Requests at and below each path go to its application, the others to ``otherwise``.

    Only the applications with a path are offered WebSockets.
    """
    folders = {f"{path}/": app for path, app in apps.items()}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        for folder, inner in folders.items():
            if path.startswith(folder) or path == folder[:-1]:
                await inner(scope, receive, send)
                return
        if scope["type"] == "websocket":
            await _unopened(otherwise, scope, receive, send)
        else:
            await otherwise(scope, receive, send)

    return app


async def _unopened(app: Asgi, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer whoever wants a WebSocket where there are none as if they had only asked."""
    wish = await receive()
    if RESPONSE not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": _GOING_AWAY})
        return
    asked = scope | {"type": "http", "method": "GET"}

    async def hear() -> Event:
        nonlocal wish
        said, wish = wish, {}
        if not said:
            await receive()  # nothing but the end may come
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b""}

    async def tell(event: Event) -> None:
        await send({"body": b""} | event | {"type": f"websocket.{event['type']}"})

    await app(asked, hear, tell)


@asynccontextmanager
async def opened(
    settings: Settings, *, polling: bool = True, metrics: str = ""
) -> AsyncIterator[Asgi]:
    """Divan as the settings say, and its doors.

    ``metrics`` is the folder where the processes of one server share what they measure, unless
    the settings name one.
    """
    async with AsyncExitStack() as stack:
        divan = await stack.enter_async_context(Divan.open(settings))
        if folder := settings.obs.metrics_dir or metrics:
            shared = SharedMetrics.beside_others(divan.metrics, folder)
            await stack.enter_async_context(shared.shared())
        yield await stack.enter_async_context(serving(divan, polling=polling))


def application() -> Asgi:
    """The only process of a server, with the settings of the environment."""
    return _configured(polling=True)


def one_of_many() -> Asgi:
    """One of several processes at one address, with the settings of the environment.

    Only WebSockets are offered: nothing leads a client that polls to the same process twice.
    """
    return _configured(polling=False)


def _configured(*, polling: bool) -> Asgi:
    settings = load(os.environ).settings
    begin_log(settings)
    metrics = "" if polling else os.environ.get(METRICS_FOLDER, "")
    return Application(partial(opened, settings, polling=polling, metrics=metrics))


def _told(fault: Exception) -> str:
    """What may be said of it; anything but a refusal goes to the log, which knows what may not."""
    if isinstance(fault, DivanError):
        return fault.detail
    _LOG.error("the server did not start", exc_info=fault)
    return ""


def begin_log(settings: Settings) -> None:
    """Write this process's log to standard error."""
    log_to(sys.stderr.buffer, settings.log.level, settings.env)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells every step it looks at

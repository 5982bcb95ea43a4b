"""Sockets of the fault tests: each is one connection, which may end at any moment."""

import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
import anyio
import socketio

ROOMS: Final = "/rooms"
ANSWER_S: Final = 10.0
CONNECT_S: Final = 5.0
LATE_S: Final = 60.0
"""How much later than agreed a ping may come: python-engineio gives up 5 s after it was due."""

REFUSALS: Final = (socketio.exceptions.ConnectionError, socketio.exceptions.TimeoutError)

View = Mapping[str, Any]


def _deaf(_view: View) -> None:
    """Hear nothing."""


class _Http:
    """What python-engineio opens its WebSocket with; it forgets those that fail at once."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.closed = False
        self.websocket: aiohttp.ClientWebSocketResponse | None = None

    async def ws_connect(self, url: str, **options: Any) -> aiohttp.ClientWebSocketResponse:
        self.websocket = await self._session.ws_connect(url, **options)
        return self.websocket


class Wire:
    """A connection to ``/rooms``; ``hear`` is given every message that comes by it.

    Whoever made it connects, calls and closes; anybody may cut it.
    """

    def __init__(self, http: aiohttp.ClientSession, hear: Callable[[View], None] = _deaf) -> None:
        library: Any = socketio  # it has no types
        self._http = _Http(http)
        self._sio = library.AsyncClient(reconnection=False, http_session=self._http)
        self._sio.on("room:message", hear, namespace=ROOMS)
        self._sio.on("disconnect", self._ended, namespace=ROOMS)
        self.lost = anyio.Event()

    async def connect(self, url: str, auth: Mapping[str, object]) -> bool:
        """Whether there is a connection now."""
        connected = False
        with anyio.move_on_after(CONNECT_S), contextlib.suppress(*REFUSALS):
            await self._sio.connect(
                url,
                auth=dict(auth),
                namespaces=[ROOMS],
                transports=["websocket"],
                wait_timeout=CONNECT_S,
            )
            self._sio.eio.ping_interval += LATE_S
            connected = True
        if not connected:
            await self.close()
        return connected

    async def call(self, name: str, payload: object) -> Any:
        """The acknowledgement of an event; None where the connection ended before it."""
        answer: Any = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._give_up, tasks.cancel_scope)
            with contextlib.suppress(*REFUSALS):
                answer = await self._sio.call(name, payload, namespace=ROOMS, timeout=ANSWER_S)
            tasks.cancel_scope.cancel()
        if answer is None:
            await self.close()
        return answer

    def cut(self) -> None:
        """Cut the line, without a word to anybody."""
        if self._http.websocket is not None:
            line = self._http.websocket.get_extra_info("socket")
            if line is not None:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Say goodbye, if there is still somebody to say it to, and leave nothing open."""
        with anyio.move_on_after(CONNECT_S):
            if not self.lost.is_set():
                await self._sio.disconnect()
        self.lost.set()
        if self._http.websocket is not None:
            await self._http.websocket.close()

    async def _give_up(self, scope: anyio.CancelScope) -> None:
        await self.lost.wait()
        scope.cancel()

    def _ended(self, _reason: str) -> None:
        self.lost.set()

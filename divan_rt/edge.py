"""The ASGI application around python-socketio: what must not reach it, and the end of sockets.

python-engineio trusts the first character of a frame and waits for its own writer for ever; both
are settled here.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

import anyio

from divan_core.codec.requestid import sane
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import Ids
from divan_rt.library import Asgi, Library, Message, Receive, Scope, Send, application
from divan_rt.polling import is_payload, read_body, refuse, replayed, replying
from divan_rt.upgrades import declining

MAX_FRAME: Final = 65_536
"""The longest frame, or body of a long-polling request, in bytes."""

FRAMES: Final = 120
FRAMES_MS: Final = 10_000
"""More frames than this in so many milliseconds end the connection; events have a lower limit."""

FAREWELL_S: Final = 5.0
"""How long a connection that is to end may take to read what is still on its way."""

LINE: Final = "divan.line"
"""Where the ASGI scope holds the line."""

_TYPES: Final = frozenset("0123456")
_VIOLATION: Final = 1008


class Line:
    """One WebSocket connection."""

    def __init__(self, clock: Clock) -> None:
        """Nothing was received yet."""
        self._clock = clock
        self._scope = anyio.CancelScope()
        self._began = clock.now()
        self._frames = 0

    async def run(self, app: Asgi, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application serve this connection, until it ends or is cut."""

        async def checked() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not self._accepts(message):
                return {"type": "websocket.disconnect", "code": _VIOLATION}
            return message

        async def guarded(message: Message) -> None:
            if self._scope.cancel_called:
                raise ConnectionAbortedError
            await send(message)

        with self._scope:
            await app(scope, checked, guarded)

    def hang_up(self) -> None:
        """End the connection within a few seconds, whatever the other side does."""
        self._scope.deadline = min(self._scope.deadline, anyio.current_time() + FAREWELL_S)

    def cut(self) -> None:
        """End the connection now."""
        self._scope.cancel()

    def _accepts(self, message: Message) -> bool:
        now = self._clock.now()
        if not 0 <= now - self._began < FRAMES_MS:
            self._began, self._frames = now, 0
        self._frames += 1
        text = message.get("text")
        frame = message.get("bytes") if text is None else text
        if not frame or self._frames > FRAMES or len(frame) > MAX_FRAME:
            return False
        return text is None or frame[0] in _TYPES


class Edge:
    """Passes requests to python-socketio and keeps the lines of WebSocket connections."""

    def __init__(self, library: Library, path: str, clock: Clock, ids: Ids) -> None:
        """Stand around ``library``, which serves ``path``."""
        self._app = application(library, path)
        self._library = library
        self._clock = clock
        self._ids = ids
        self._upgraded: dict[str, Line] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "http":
            await self._polled(scope, receive, replying(scope, send, self._name(scope)))
        elif scope["type"] == "websocket":
            await self._carried(scope, receive, declining(scope, send, self._name(scope)))
        else:
            await self._app(scope, receive, send)

    def _name(self, scope: Scope) -> str:
        """The id of a request."""
        return sane(dict(scope["headers"]).get(b"x-request-id")) or str(self._ids.uuid())

    async def _polled(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            body = await read_body(receive, MAX_FRAME)
            if body is None or not is_payload(body):
                await refuse(send, 413 if body is None else 400)
                return
            receive = replayed(body, receive)
        await self._app(scope, receive, send)
        self._wake(_connection(scope))

    def _wake(self, eio_sid: str | None) -> None:
        """When a client has said goodbye, end the request that waits for packets to it."""
        socket = None if eio_sid is None else self._library.eio.sockets.get(eio_sid)
        if socket is not None and socket.closed:
            socket.queue.put_nowait(None)

    async def _carried(self, scope: Scope, receive: Receive, send: Send) -> None:
        line = scope[LINE] = Line(self._clock)
        eio_sid = _connection(scope)
        if eio_sid is None:
            await line.run(self._app, scope, receive, send)
            return
        self._upgraded[eio_sid] = line
        try:
            await line.run(self._app, scope, receive, send)
        finally:
            if self._upgraded.get(eio_sid) is line:
                del self._upgraded[eio_sid]

    def line(self, eio_sid: str) -> Line | None:
        """The line of a connection; None while it polls."""
        upgraded = self._upgraded.get(eio_sid)
        if upgraded is not None:
            return upgraded
        found: Line | None = self._library.environ.get(eio_sid, {}).get("asgi.scope", {}).get(LINE)
        return found


def _connection(scope: Scope) -> str | None:
    """The id of the connection that a WebSocket is to carry on; None for a new one."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query["sid"][0] if "sid" in query else None

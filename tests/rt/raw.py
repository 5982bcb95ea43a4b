"""A client that speaks the protocols by hand, and can misbehave."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlsplit

import anyio
import websockets
from websockets.asyncio.client import ClientConnection

from tests.rt.world import NARROW, PATIENCE_S

EVENT = "42/presence,"
ACK = "43/presence,"


class RawClient:
    """One WebSocket; frames are read only when asked for."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._asked = 0
        self.events: list[list[Any]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, query: str = "") -> AsyncIterator[Self]:
        address = f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket{query}"
        parts = urlsplit(url)
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        narrow.connect((parts.hostname, parts.port))
        async with websockets.connect(
            address,
            sock=narrow,
            max_queue=1,
            close_timeout=0.1,
            ping_interval=None,
            compression=None,
        ) as connection:
            yield cls(connection)

    async def connect(self, auth: object) -> str:
        """The answer to the handshake in ``/presence``."""
        assert (await self.frame())[0] == "0"
        await self.send(f"40/presence,{json.dumps(auth)}")
        return await self.frame()

    async def send(self, frame: str | bytes) -> None:
        await self._connection.send(frame)

    async def ask(self, text: str) -> Any:
        """The acknowledgement of an event, whose JSON is ``text``."""
        self._asked += 1
        await self.send(f"{EVENT}{self._asked}{text}")
        return await self.answer(self._asked)

    async def answer(self, number: int) -> Any:
        """The acknowledgement with this number; events before it are kept."""
        while True:
            frame = await self.frame()
            if frame.startswith(f"{ACK}{number}["):
                (found,) = json.loads(frame.removeprefix(f"{ACK}{number}"))
                return found
            if frame.startswith(EVENT):
                self.events.append(json.loads(frame.removeprefix(EVENT)))

    async def answer_in(self, namespace: str, number: int) -> Any:
        """The acknowledgement with this number in a namespace; what comes before it is dropped."""
        beginning = f"43{namespace},{number}"
        while not (frame := await self.frame()).startswith(f"{beginning}["):
            continue
        (found,) = json.loads(frame.removeprefix(beginning))
        return found

    async def frame(self) -> str:
        """The next frame but pings, which are answered."""
        with anyio.fail_after(PATIENCE_S):
            while True:
                frame = await self._connection.recv()
                if frame != "2":
                    return str(frame)
                await self.send("3")

    async def is_closed(self) -> bool:
        """Wait until the server has closed the connection; what else comes is dropped."""
        with anyio.move_on_after(PATIENCE_S):
            try:
                while True:
                    await self._connection.recv()
            except websockets.ConnectionClosed:
                return True
        return False

"""Stand-ins for a server: a transport that keeps what is written, and a scripted TCP server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import hiredis
import pytest

from divan_core.stores.redis.link import ConnectionPolicy, Link, Reply

GREETING = b"%3\r\n+proto\r\n:3\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n"

QUICK = ConnectionPolicy(timeout_s=0.1)

Command: TypeAlias = list[bytes]
Answer: TypeAlias = Callable[[Command], bytes | None]
"""The raw reply to a command; None closes the connection."""


class FakeTransport(asyncio.Transport):
    """Keeps every write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True


def connected(
    policy: ConnectionPolicy = QUICK, pushes: list[Reply] | None = None
) -> tuple[Link, FakeTransport]:
    """A link over such a transport."""
    link = Link(policy, (lambda _: None) if pushes is None else pushes.append)
    transport = FakeTransport()
    link.connection_made(transport)
    return link, transport


async def turn() -> None:
    """Let the event loop go round once."""
    await asyncio.sleep(0)


class FakeServer:
    """A server on loopback that greets properly and leaves every other answer to the test."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.greeting = GREETING
        self.commands: list[Command] = []
        self.connections = 0
        self.connected = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.connected += 1
        parser = hiredis.Reader()
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                parser.feed(data)
                if not self.answer_all(parser, writer):
                    break
                await writer.drain()
        writer.close()
        self.connected -= 1

    def answer_all(self, parser: hiredis.Reader, writer: asyncio.StreamWriter) -> bool:
        while command := parser.gets():
            reply = self.reply(command)
            if reply is None:
                return False
            writer.write(reply)
        return True

    def reply(self, command: Command) -> bytes | None:
        if command[0] == b"HELLO":
            return self.greeting
        self.commands.append(command)
        return self.answer(command)


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail after 10 s."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come about in 10 s")


@asynccontextmanager
async def fake_server(answer: Answer) -> AsyncIterator[FakeServer]:
    fake = FakeServer(answer)
    async with tcp_server(fake.serve) as fake.url:
        yield fake


@asynccontextmanager
async def tcp_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve TCP on a free port of loopback; gives the ``redis://`` address."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()

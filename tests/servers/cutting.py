"""A proxy in front of PostgreSQL that loses the connection at a COMMIT, on request.

So it does at the end of a statement that is a transaction by itself.

It reads what the client sends as far as it takes to know which statements a transaction had:
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import contextlib
import enum
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import anyio
import attrs
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.servers.proxy import TcpProxy

LENGTH = 4
WANTS_ENCRYPTION = (80_877_103, 80_877_104)
READY = b"Z\x00\x00\x00\x05I"
LOST = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, OSError)


class Cut(enum.Enum):
    """What is lost with the connection: the end of a transaction, or the server's answer to it."""

    BEFORE = "before"
    AFTER = "after"


@attrs.define
class _Order:
    cut: Cut
    about: str
    times: int


class CuttingProxy(TcpProxy):
    """Stands in front of the server of a URL; ``url`` leads through it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._server = urlsplit(url)
        self._orders: list[_Order] = []
        self.cuts = 0

    @property
    def url(self) -> str:
        user = self._server.netloc.rpartition("@")[0]
        return self._server._replace(netloc=f"{user}@127.0.0.1:{self.port}").geturl()

    def cut(self, cut: Cut, about: str, times: int = 1) -> None:
        """Cut the next transactions with a statement that has the words ``about``."""
        self._orders.append(_Order(cut, about, times))

    async def serve(self, client: ByteStream) -> None:
        host, port = self._server.hostname or "", self._server.port or 5432
        with contextlib.suppress(*LOST):
            async with client, await anyio.connect_tcp(host, port) as server:
                await _Conversation(client, server, self._due).run()

    def _due(self, statements: Sequence[str]) -> Cut | None:
        for order in self._orders:
            if order.times and any(order.about in one for one in statements):
                order.times -= 1
                self.cuts += 1
                return order.cut
        return None


class _Conversation:
    """One connection, and the statements of its transaction."""

    def __init__(
        self,
        client: ByteStream,
        server: ByteStream,
        due: Callable[[Sequence[str]], Cut | None],
    ) -> None:
        self._client = client
        self._reader = BufferedByteReceiveStream(client)
        self._server = server
        self._due = due
        self._prepared: dict[bytes, str] = {}
        self._statements: list[str] = []
        self._begun = False
        self._muted = False

    async def run(self) -> None:
        """Pass everything on until somebody ends it, or it is cut."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._answers, tasks.cancel_scope)
            with contextlib.suppress(*LOST):
                await self._begin()
                while await self._pass_on():
                    pass
            if self._muted:
                await anyio.sleep_forever()  # until the answer that gets lost
            tasks.cancel_scope.cancel()

    async def _answers(self, scope: anyio.CancelScope) -> None:
        with contextlib.suppress(*LOST):
            async for chunk in self._server:
                if not self._muted:
                    await self._client.send(chunk)
                elif chunk.endswith(READY):
                    break
        scope.cancel()

    async def _begin(self) -> None:
        while True:
            length = await self._reader.receive_exactly(LENGTH)
            rest = await self._reader.receive_exactly(int.from_bytes(length) - LENGTH)
            if int.from_bytes(rest[:LENGTH]) not in WANTS_ENCRYPTION:
                await self._server.send(length + rest)
                return
            await self._client.send(b"N")

    async def _pass_on(self) -> bool:
        """Pass one message on; False where the conversation is cut."""
        head = await self._reader.receive_exactly(1 + LENGTH)
        body = await self._reader.receive_exactly(int.from_bytes(head[1:]) - LENGTH)
        cut = self._heard(head[:1], body)
        if cut is Cut.BEFORE:
            return False
        self._muted = cut is Cut.AFTER
        await self._server.send(head + body)
        return cut is None

    def _heard(self, kind: bytes, body: bytes) -> Cut | None:
        if kind == b"P":
            name, query = body.split(b"\0")[:2]
            self._prepared[name] = query.decode()
        elif kind == b"B":
            if not self._begun:
                self._statements.clear()
            self._statements.append(self._prepared.get(body.split(b"\0")[1], ""))
        elif kind == b"S" and not self._begun:
            return self._due(self._statements)
        elif kind == b"Q":
            return self._simple(body.rstrip(b"\0").decode())
        return None

    def _simple(self, query: str) -> Cut | None:
        said = self._statements
        if query.startswith("BEGIN"):
            said.clear()
            self._begun = True
        elif query.startswith("COMMIT"):
            self._begun = False
            return self._due(said)
        elif query.startswith("ROLLBACK"):
            self._begun = False
        said.append(query)
        return None

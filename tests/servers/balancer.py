"""A TCP balancer: connections go round, whoever does not answer is passed over, nothing sticks."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream

from tests.servers.proxy import TcpProxy

ENDS = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Balancer(TcpProxy):
    """Stands before servers; ``url`` leads through it.

    ``carried`` counts the connections of each server, by its address; ``last`` is whose the newest
    one is.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__()
        self._urls = list(urls)
        self.carried: Counter[str] = Counter()
        self.last = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, client: ByteStream) -> None:
        async with client:
            server = await self._connected()
            if server is not None:
                async with server, anyio.create_task_group() as tasks:
                    tasks.start_soon(_carry, server, client, tasks.cancel_scope)
                    await _carry(client, server, tasks.cancel_scope)

    async def _connected(self) -> ByteStream | None:
        """A connection to whoever's turn it is, of those who answer; None if nobody does."""
        for _ in self._urls:
            url = self._urls.pop(0)
            self._urls.append(url)
            place = urlsplit(url)
            with contextlib.suppress(OSError):
                server = await anyio.connect_tcp(place.hostname or "", place.port or 80)
                self.carried[url] += 1
                self.last = url
                return server
        return None


async def _carry(source: ByteStream, sink: ByteStream, both: anyio.CancelScope) -> None:
    """Pass on what comes; where one side ends, both do."""
    with contextlib.suppress(*ENDS):
        while True:
            await sink.send(await source.receive())
    both.cancel()

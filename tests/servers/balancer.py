"""A TCP balancer: connections go round, whoever does not answer is passed over, nothing sticks."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Self
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.from_thread import start_blocking_portal

ENDS = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Balancer:
    """Stands before servers, on a thread of its own; a context manager, ``url`` leads through it.

    ``carried`` counts the connections of each server, by its address; ``last`` is whose the newest
    one is.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = list(urls)
        self._stack = contextlib.ExitStack()
        self.url = ""
        self.carried: Counter[str] = Counter()
        self.last = ""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            port = stack.enter_context(portal.wrap_async_context_manager(self._running()))
            self.url = f"http://127.0.0.1:{port}"
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[int]:
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, self._serve)
            yield listener.extra(SocketAttribute.local_port)  # noqa: S610 - not a query
            tasks.cancel_scope.cancel()

    async def _serve(self, client: ByteStream) -> None:
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

"""A TCP server that stands before others, on a thread of its own."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Self

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.from_thread import start_blocking_portal


class TcpProxy(ABC):
    """A context manager; ``port`` leads through it."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.port = 0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            self.port = stack.enter_context(portal.wrap_async_context_manager(self._running()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @abstractmethod
    async def serve(self, client: ByteStream) -> None:
        """Serve one connection to its end."""

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[int]:
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, self.serve)
            yield listener.extra(SocketAttribute.local_port)  # noqa: S610 - not a query
            tasks.cancel_scope.cancel()

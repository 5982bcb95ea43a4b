"""A client of one namespace that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anyio
import socketio

from tests.rt.world import PATIENCE_S, World


class ToldClient:
    """``told`` are the events so far, by name and payload, in their order."""

    def __init__(self, namespace: str, events: Iterable[str]) -> None:
        library: Any = socketio  # it has no types
        self.sio = library.AsyncClient(reconnection=False)
        self.namespace = namespace
        self.told: list[tuple[str, Any]] = []
        self._changed = anyio.Event()
        for name in events:
            self.sio.on(name, self._keeper(name), namespace=namespace)

    async def enter(self, world: World, auth: object) -> None:
        """Connect, and leave when the world ends."""
        await self.sio.connect(
            world.url,
            auth=auth,
            namespaces=[self.namespace],
            transports=["websocket"],
            wait_timeout=PATIENCE_S,
        )
        world.stack.push_async_callback(self.sio.disconnect)

    async def call(self, name: str, payload: object = None) -> Any:
        return await self.sio.call(name, payload, namespace=self.namespace, timeout=PATIENCE_S)

    async def hears(self, *names: str) -> list[Any]:
        """The payloads of exactly these events, which are forgotten; more would be too many."""
        await self.until(len(names))
        told, self.told = self.told, []
        assert [name for name, _ in told] == list(names)
        return [payload for _, payload in told]

    async def until(self, count: int) -> None:
        """Wait for so many events."""
        with anyio.move_on_after(PATIENCE_S):
            while len(self.told) < count:
                await self._changed.wait()

    def _keeper(self, name: str) -> Any:
        def keep(payload: Any) -> None:
            self.told.append((name, payload))
            self._changed.set()
            self._changed = anyio.Event()

        return keep

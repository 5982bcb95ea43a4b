"""Notices to the listeners of this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from divan_core.presence.model import Notice, NoticesLost

BACKLOG: Final = 10_000
"""Notices kept for a listener who is behind."""


class _Listener:
    """One listener's bounded backlog; what does not fit becomes one ``NoticesLost``."""

    def __init__(self, stream: MemoryObjectSendStream[Notice]) -> None:
        self._stream = stream
        self._lost = False

    def send(self, notice: Notice) -> None:
        try:
            if self._lost:
                self._stream.send_nowait(NoticesLost())
                self._lost = False
            self._stream.send_nowait(notice)
        except anyio.WouldBlock:
            self._lost = True


class MemoryNotices:
    """A :class:`~divan_core.presence.ports.PresenceNotices` for one process."""

    def __init__(self, backlog: int = BACKLOG) -> None:
        """Keep up to ``backlog`` notices for each listener."""
        self._backlog = backlog
        self._listeners: set[_Listener] = set()

    def send(self, notice: Notice) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener.send(notice)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Notice]]:
        """See the port."""
        send, receive = anyio.create_memory_object_stream[Notice](self._backlog)
        listener = _Listener(send)
        self._listeners.add(listener)
        try:
            with send, receive:
                yield receive
        finally:
            self._listeners.discard(listener)

"""Notices to the listeners of this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.presence.model import PeopleChanged, PublicMove

NoticeT = TypeVar("NoticeT")

BACKLOG: Final = 10_000
"""Notices kept for a listener who is behind."""


class _Listener(Generic[NoticeT]):
    """One listener's bounded backlog; what does not fit becomes one ``NoticesLost``."""

    def __init__(self, stream: MemoryObjectSendStream[NoticeT | NoticesLost]) -> None:
        self._stream = stream
        self._lost = False

    def send(self, notice: NoticeT) -> None:
        try:
            if self._lost:
                self._stream.send_nowait(NoticesLost())
                self._lost = False
            self._stream.send_nowait(notice)
        except anyio.WouldBlock:
            self._lost = True


class _Heard(Generic[NoticeT]):
    """What a listener hears.

    A stream lets everybody else go first before each item. Where the event loop is busy, and so
    goes round seldom, notices would come faster than they are heard.
    """

    def __init__(self, stream: MemoryObjectReceiveStream[NoticeT | NoticesLost]) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[NoticeT | NoticesLost]:
        return self

    async def __anext__(self) -> NoticeT | NoticesLost:
        try:
            return self._stream.receive_nowait()
        except (anyio.WouldBlock, anyio.EndOfStream):
            return await anext(self._stream)


class _Notices(Generic[NoticeT]):
    """Tells listeners of one kind of notices."""

    def __init__(self, backlog: int = BACKLOG) -> None:
        """Keep up to ``backlog`` notices for each listener."""
        self._backlog = backlog
        self._listeners: set[_Listener[NoticeT]] = set()

    def send(self, notice: NoticeT) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener.send(notice)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[NoticeT | NoticesLost]]:
        """See the port."""
        send, receive = anyio.create_memory_object_stream[NoticeT | NoticesLost](self._backlog)
        listener = _Listener[NoticeT](send)
        self._listeners.add(listener)
        try:
            with send, receive:
                yield _Heard(receive)
        finally:
            self._listeners.discard(listener)


class MemoryNotices(_Notices[PublicMove | PeopleChanged]):
    """A :class:`~divan_core.presence.ports.PresenceNotices` for one process."""


class MemoryPersonNotices(_Notices[PersonNotice]):
    """A :class:`~divan_core.kernel.notices.PersonNotices` for one process."""

    async def publish(self, notice: PersonNotice) -> None:
        """See the port."""
        await checkpoint_if_cancelled()
        self.send(notice)

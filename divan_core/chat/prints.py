"""Messages as JSON, each made once: pages of a conversation are read again and again.

Nothing here decides who sees what. That is asked of the store for every page, which names what it
shows by editions; and what an edition says never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import attrs
from msgspec import Raw

from divan_core.chat.messages import MessageView
from divan_core.chat.model import (
    ConversationId,
    Edition,
    Excerpt,
    Message,
    Window,
    editions_of,
)
from divan_core.chat.ports import ChatUnit
from divan_core.codec.reader import encode
from divan_core.kernel.ferry import Ferry
from divan_core.kernel.units import Units
from divan_core.kernel.values import value

MOST_BYTES: Final = 32 * 2**20
"""How much one process keeps, ..."""

MOST_OF_ONE: Final = 1_000
"""... and how many messages of one conversation."""

_BESIDE: Final = 300
"""The bytes of memory that a print takes beside its JSON."""

Views = Callable[[Sequence[Message]], Sequence[MessageView]]
"""How messages of a conversation are told."""


@value
class Print:
    """A message as JSON, and its number."""

    json: Raw
    seq: int


def print_of(view: MessageView) -> Print:
    """What a view is as JSON."""
    return Print(Raw(encode(view)), view.seq)


@attrs.define
class _Shelf:
    """What is kept of one conversation, and how many bytes that takes."""

    prints: dict[Edition, Print] = attrs.field(factory=dict)
    size: int = 0


class Prints:
    """Keeps prints of the conversations that were read last. One per process."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_of_one: int = MOST_OF_ONE) -> None:
        """Keep at most so many bytes, and so many messages of one conversation."""
        self._most_bytes = most_bytes
        self._most_of_one = most_of_one
        self._shelves: dict[int, _Shelf] = {}
        self._size = 0

    def of(self, conversation_id: ConversationId) -> Mapping[Edition, Print] | None:
        """What is kept of a conversation; None of one that was not read lately."""
        shelf = self._shelves.pop(conversation_id.int, None)
        if shelf is None:
            return None
        self._shelves[conversation_id.int] = shelf  # the oldest go first, and this is the newest
        return shelf.prints

    def keep(self, conversation_id: ConversationId, prints: Mapping[Edition, Print]) -> None:
        """Keep what was read of a conversation."""
        self._shelves.setdefault(conversation_id.int, _Shelf())
        for edition, one in prints.items():
            self.add(conversation_id, edition, one)

    def add(self, conversation_id: ConversationId, edition: Edition, new: Print) -> None:
        """Keep a message of a conversation of which others are kept."""
        shelf = self._shelves.get(conversation_id.int)
        if shelf is None or edition in shelf.prints:
            return
        shelf.prints[edition] = new
        self._grow(shelf, _size_of(new))
        if len(shelf.prints) > self._most_of_one:
            oldest = next(iter(shelf.prints))
            self._grow(shelf, -_size_of(shelf.prints.pop(oldest)))
        while self._size > self._most_bytes:
            self._size -= self._shelves.pop(next(iter(self._shelves))).size

    def _grow(self, shelf: _Shelf, size: int) -> None:
        shelf.size += size
        self._size += size


def _size_of(one: Print) -> int:
    return len(memoryview(one.json)) + _BESIDE


class Pages:
    """Reads pages of messages as JSON."""

    def __init__(self, units: Units[ChatUnit], prints: Prints) -> None:
        """Read through ``units`` what is not among ``prints``."""
        self._units = units
        self._prints = prints
        self._ferry = Ferry(self._editions)

    async def read(
        self, conversation_id: ConversationId, window: Window, views: Views
    ) -> Sequence[Print]:
        """What a window shows, newest first: one statement, or two where some of it is new.

        The first one is shared by all who read at the same time.
        """
        kept = self._prints.of(conversation_id)
        if kept is not None:
            editions = await self._ferry.ask((conversation_id, window))
            with suppress(KeyError):
                return list(map(kept.__getitem__, editions))

        async def body(unit: ChatUnit) -> Sequence[Message]:
            return await unit.messages.history(conversation_id, window)

        messages = await self._units.look(body)
        return self._printed(conversation_id, messages, views) if messages else ()

    async def _editions(self, excerpts: Sequence[Excerpt]) -> Sequence[Sequence[Edition]]:
        async def body(unit: ChatUnit) -> Sequence[Sequence[Edition]]:
            return await unit.messages.editions(excerpts)

        return await self._units.look(body)

    def _printed(
        self, conversation_id: ConversationId, messages: Sequence[Message], views: Views
    ) -> Sequence[Print]:
        printed = list(map(print_of, views(messages)))
        named = dict(zip(editions_of(messages), printed, strict=True))
        self._prints.keep(conversation_id, named)
        return printed

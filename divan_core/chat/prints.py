"""Messages as JSON, each made once: pages of a conversation are read again and again.

Nothing here decides who sees what. That is asked of the store for every page, which names what it
shows by editions; and what an edition says never changes. So a page of the same editions is the
same page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
from msgspec import Raw

from divan_core.chat.messages import MessageView
from divan_core.chat.model import (
    ConversationId,
    Edition,
    Editions,
    Excerpt,
    Message,
    Window,
    each_of,
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

MOST_PAGES: Final = 8
"""How many pages of one conversation are known by all of their editions."""

_BESIDE: Final = 300
"""The bytes of memory that a print takes beside its JSON, and a page beside its editions, ..."""

_PLACE: Final = 8
"""... and each print on a page."""

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
    """What is kept of one conversation, and how many bytes that takes.

    Pages are of its prints.
    """

    prints: dict[Edition, Print] = attrs.field(factory=dict)
    pages: dict[Editions, tuple[Print, ...]] = attrs.field(factory=dict)
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
        while shelf.pages:  # the newest one is another one now
            self._drop_page(shelf)
        shelf.prints[edition] = new
        self._grow(shelf, _size_of(new))
        if len(shelf.prints) > self._most_of_one:
            oldest = next(iter(shelf.prints))
            self._grow(shelf, -_size_of(shelf.prints.pop(oldest)))
        self._shrink()

    def page(self, conversation_id: ConversationId, editions: Editions) -> tuple[Print, ...] | None:
        """What these editions are; None where one of them is not kept."""
        shelf = self._shelves.get(conversation_id.int)
        if shelf is None:
            return None
        found = shelf.pages.get(editions)
        if found is None:
            try:
                found = tuple(map(shelf.prints.__getitem__, each_of(editions)))
            except KeyError:
                return None
            self._keep_page(shelf, editions, found)
        return found

    def _keep_page(self, shelf: _Shelf, editions: Editions, page: tuple[Print, ...]) -> None:
        if len(shelf.pages) == MOST_PAGES:
            self._drop_page(shelf)
        shelf.pages[editions] = page
        self._grow(shelf, _size_of_page(editions, page))
        self._shrink()

    def _drop_page(self, shelf: _Shelf) -> None:
        """Forget the page that was kept first."""
        editions = next(iter(shelf.pages))
        self._grow(shelf, -_size_of_page(editions, shelf.pages.pop(editions)))

    def _shrink(self) -> None:
        while self._size > self._most_bytes:
            self._size -= self._shelves.pop(next(iter(self._shelves))).size

    def _grow(self, shelf: _Shelf, size: int) -> None:
        shelf.size += size
        self._size += size


def _size_of(one: Print) -> int:
    return len(memoryview(one.json)) + _BESIDE


def _size_of_page(editions: Editions, page: tuple[Print, ...]) -> int:
    return len(editions) + _PLACE * len(page) + _BESIDE


class Pages:
    """Reads pages of messages as JSON."""

    def __init__(self, units: Units[ChatUnit], prints: Prints) -> None:
        """Read through ``units`` what is not among ``prints``."""
        self._units = units
        self._prints = prints
        self._ferry = Ferry(self._editions)

    async def read(
        self, conversation_id: ConversationId, window: Window, views: Views
    ) -> tuple[Print, ...]:
        """What a window shows, newest first: one statement, or two where some of it is new.

        The first one is shared by all who read at the same time.
        """
        if self._prints.of(conversation_id) is not None:
            editions = await self._ferry.ask((conversation_id, window))
            kept = self._prints.page(conversation_id, editions)
            if kept is not None:
                return kept

        async def body(unit: ChatUnit) -> Sequence[Message]:
            return await unit.messages.history(conversation_id, window)

        messages = await self._units.look(body)
        return self._printed(conversation_id, messages, views) if messages else ()

    async def _editions(self, excerpts: Sequence[Excerpt]) -> Sequence[Editions]:
        async def body(unit: ChatUnit) -> Sequence[Editions]:
            return await unit.messages.editions(excerpts)

        return await self._units.look(body)

    def _printed(
        self, conversation_id: ConversationId, messages: Sequence[Message], views: Views
    ) -> tuple[Print, ...]:
        printed = tuple(map(print_of, views(messages)))
        named = dict(zip(each_of(editions_of(messages)), printed, strict=True))
        self._prints.keep(conversation_id, named)
        return printed

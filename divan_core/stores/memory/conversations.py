"""What is kept of conversations in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final

import attrs

from divan_core.chat.messages import MOST_UNREAD
from divan_core.chat.model import (
    ConversationId,
    Member,
    Message,
    MessageId,
    Pair,
    Room,
    Veil,
    Window,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import RoomId, UserId
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.ordered import OrderedIds

Named = tuple[ConversationId, UserId, str]
"""A sender's own name for a message."""


@attrs.define
class Talk:
    """A conversation: its messages, number 1 first, and who is or was part of it.

    ``pair`` is there in direct ones, ``room`` (without its numbers) in rooms.
    """

    pair: Pair | None = None
    room: Room | None = None
    messages: list[Message] = attrs.field(factory=list)
    members: dict[UserId, Member] = attrs.field(factory=dict)

    @property
    def last_at(self) -> Millis | None:
        """When the last message was written."""
        return self.messages[-1].at if self.messages else None

    def shown(
        self, viewer: UserId, after: int, before: int | None = None, *, inside: bool = False
    ) -> Iterator[Message]:
        """The messages between two numbers that the viewer may see, newest first.

        None with ``inside`` to whoever has left.
        """
        begin, end = self._bounds(viewer, after, before, inside=inside)
        for place in range(end - 1, begin - 1, -1):
            message = self.messages[place]
            plain = message.veil is None and not message.shadowed
            if plain or message.shown_to(viewer):
                yield message

    def page(self, window: Window) -> list[Message]:
        """The messages that a window shows, newest first."""
        viewer, inside = window.viewer, window.inside
        if not window.hidden:
            begin, end = self._bounds(viewer, window.after, window.before, inside=inside)
            newest = self.messages[max(begin, end - window.limit) : max(end, 0)]
            if _all_plain(newest):
                newest.reverse()
                return newest
        shown = self.shown(viewer, window.after, window.before, inside=inside)
        return list(islice((one for one in shown if one.sender not in window.hidden), window.limit))

    def _bounds(
        self, viewer: UserId, after: int, before: int | None, *, inside: bool
    ) -> tuple[int, int]:
        """Between which places the messages are that the viewer could be shown."""
        member = self.members.get(viewer)
        if member is None or (inside and not member.inside):
            return 0, 0
        end = len(self.messages) if before is None else min(before - 1, len(self.messages))
        return max(after, member.cursors.cleared), end

    def unread(self, viewer: UserId, hidden: Collection[UserId] = frozenset()) -> int:
        """How many messages the viewer has not read, up to a hundred.

        Those of others, without people ``hidden`` from the viewer.
        """
        count = 0
        for message in self.shown(viewer, self.members[viewer].cursors.read):
            count += message.sender != viewer and message.sender not in hidden
            if count == MOST_UNREAD:
                break
        return count


@attrs.define
class ConversationRecords:
    """All conversations, and what finds them."""

    talks: dict[ConversationId, Talk] = attrs.field(factory=dict)
    named: dict[Named, Message] = attrs.field(factory=dict)
    places: dict[MessageId, tuple[ConversationId, int]] = attrs.field(factory=dict)
    direct: defaultdict[UserId, OrderedIds[ConversationId]] = attrs.field(
        factory=lambda: defaultdict(OrderedIds)
    )
    inside: defaultdict[UserId, OrderedIds[RoomId]] = attrs.field(
        factory=lambda: defaultdict(OrderedIds)
    )

    def begin(self, conversation_id: ConversationId, talk: Talk, changes: Changes) -> Talk:
        """The conversation of this id, which is ``talk`` if there was none."""
        if conversation_id not in self.talks:
            changes.set(self.talks, conversation_id, talk)
        return self.talks[conversation_id]


def _all_plain(messages: Sequence[Message]) -> bool:
    """Whether staff has decided nothing about any of these, and none is shadowed.

    Mostly that is so of a whole page, and in this way it is found out in C.
    """
    return not (any(map(_veil, messages)) or any(map(_shadowed, messages)))


_veil: Final[attrgetter[Veil | None]] = attrgetter("veil")
_shadowed: Final[attrgetter[bool]] = attrgetter("shadowed")

"""What conversations need from a store, and from others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from divan_core.chat.model import (
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Draft,
    Editions,
    Excerpt,
    Mark,
    Member,
    Message,
    MessageId,
    OpenRoom,
    Pair,
    Part,
    Room,
    RoomSummary,
    Tally,
    Veil,
    Window,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.units import Locks
from divan_core.kernel.visibility import Relations


class PeopleOnline(Protocol):
    """Who has live presence."""

    async def online(self, campus_id: CampusId, people: Collection[UserId]) -> frozenset[UserId]:
        """Those of these who are online, whoever may see it. One round trip, or none for nobody.

        Raises:
            StoreUnavailable: presence cannot be reached.
        """
        ...


class MessageRepository(Protocol):
    """Keeps conversations with their messages, and how far people have come in them.

    Numbers are given out here: in the write's own transaction, each conversation from 1 without
    a gap, under any number of processes. A unit that is undone gives its number back.
    """

    async def send(self, draft: Draft, pair: Pair, campus_id: CampusId) -> Message:
        """Keep a message between two people who exist, in a conversation that may be new.

        One statement on PostgreSQL. The message's moment is the draft's, or that of the message
        before it where that is later.

        Raises:
            MessageExists: the sender has used the ``client_id`` in this conversation before;
                nothing of the unit is kept.
        """
        ...

    async def send_to_room(self, draft: Draft) -> Message | None:
        """Keep a message in a room; otherwise as :meth:`send`.

        None, and nothing is kept, where there is no such open room, or its sender is not in it, or
        may only read there at the draft's moment.

        Raises:
            MessageExists: as in :meth:`send`.
        """
        ...

    async def sent(
        self, conversation_id: ConversationId, sender: UserId, client_id: str
    ) -> Message | None:
        """The message that its sender calls so, or None."""
        ...

    async def get(self, message_id: MessageId) -> Message | None:
        """The message of this id, whoever may see it, or None."""
        ...

    async def some(self, message_ids: Sequence[MessageId]) -> Sequence[Message]:
        """Those of these messages that there are, in any order. Few statements."""
        ...

    async def veil(self, message_id: MessageId, veil: Veil | None) -> None:
        """Hide a message, if there is one, as staff has decided, or show it again with None."""
        ...

    async def history(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """The messages that a window shows, newest first. One statement.

        None to whoever is not, and never was, part of the conversation; none of those that the
        viewer has deleted for themselves.
        """
        ...

    async def editions(self, excerpts: Sequence[Excerpt]) -> Sequence[Editions]:
        """Those of the messages that :meth:`history` gives of each, without what they say.

        Decided anew each time: what somebody may not see is not among them. One statement for all
        where the store is a round trip away, but for those from whom somebody is hidden.
        """
        ...

    async def waiting(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """Those of a window that others wrote and the viewer's devices do not have, oldest first.

        One statement.
        """
        ...

    async def dialogue(self, pair: Pair) -> Dialogue | None:
        """The conversation of two people, or None where nobody has written. One statement."""
        ...

    async def dialogues(
        self, viewer: UserId, before: tuple[Millis, ConversationId] | None, limit: int
    ) -> Sequence[DialogueSummary]:
        """Up to ``limit`` of somebody's direct conversations, the last written to first.

        Those in which something is left for the viewer to see, by (last moment, id) descending,
        below ``before``. One statement.
        """
        ...

    async def news(
        self, conversation_id: ConversationId, after: int, limit: int
    ) -> tuple[Sequence[Message], frozenset[UserId]]:
        """Up to ``limit`` messages above a number, oldest first, and who is in the conversation.

        Whoever may see them; none of them was written after it was looked who is inside. One
        statement on PostgreSQL.
        """
        ...

    async def recent(self, viewer: UserId, limit: int) -> Sequence[Mark]:
        """Where somebody's direct conversations stand, the last written to first. One statement."""
        ...

    async def marks(
        self, viewer: UserId, conversations: Sequence[ConversationId]
    ) -> Sequence[Mark]:
        """Where those of these conversations stand that somebody is part of. One statement."""
        ...

    async def parts(
        self, user_id: UserId, after: ConversationId | None, limit: int
    ) -> Sequence[Part]:
        """Up to ``limit`` conversations that somebody is or was part of, by id, above ``after``.

        Closed rooms too, and what was left, or deleted for themselves. One statement.
        """
        ...

    async def written(
        self, user_id: UserId, after: tuple[ConversationId, int] | None, limit: int
    ) -> Sequence[Message]:
        """Up to ``limit`` messages that somebody wrote, by (conversation, number), above ``after``.

        One statement. It reads the conversations that they are or were part of, each once over
        all pages: there is no index of senders, which every message would have to pay for.
        """
        ...

    async def tally(self, since: Millis) -> Sequence[Tally]:
        """How much is written on each campus where anything is, by id; ``recent`` after ``since``.

        One statement, which reads no message more than one of each conversation.
        """
        ...

    async def unread(
        self,
        conversation_id: ConversationId,
        viewer: UserId,
        hidden: Collection[UserId] = frozenset(),
    ) -> int:
        """How many messages of others somebody has not read, up to a hundred. One statement.

        Without those of people ``hidden`` from them.
        """
        ...

    async def advance(
        self, conversation_id: ConversationId, user_id: UserId, cursors: Cursors
    ) -> Cursors | None:
        """Move somebody's cursors on, those that would go back stay; where they are now.

        None where they are not part of the conversation. One statement.
        """
        ...


class RoomRepository(Protocol):
    """Keeps rooms, and who is in them."""

    async def get(self, room_id: RoomId) -> Room | None:
        """The room, closed ones included, or None."""
        ...

    async def seated(self, room_id: RoomId, user_id: UserId) -> tuple[Room, Member | None] | None:
        """The room, and what this person is in it or was. One statement; None for no room."""
        ...

    async def roster(self, room_id: RoomId) -> Sequence[Member]:
        """Everybody who is in the room, by (moment of joining, id)."""
        ...

    async def rooms_of(
        self,
        user_id: UserId,
        before: RoomId | None,
        limit: int,
        hidden: Collection[UserId] = frozenset(),
    ) -> Sequence[RoomSummary]:
        """Up to ``limit`` rooms this person is in, by id descending, below ``before``."""
        ...

    async def members_of(self, rooms: Sequence[RoomId]) -> Sequence[tuple[RoomId, UserId]]:
        """Everybody who is in each of these rooms. Few statements."""
        ...

    async def link_rooms(
        self, campus_id: CampusId, relations: Relations, since: Millis
    ) -> Sequence[OpenRoom]:
        """The open link rooms of a campus, in any order, to somebody with these relations.

        Of those in them, whoever hides counts for friends only, whoever is gone or in a block for
        nobody. One statement, which reads no message more than one of each room.
        """
        ...

    async def put(self, room: Room, members: Sequence[Member]) -> None:
        """Keep a room and these of its members, replacing what has the same ids.

        Numbers, last moments and cursors of rooms and members that exist stay as they are.
        Everybody exists. Few statements.
        """
        ...


class ChatUnit(Protocol):
    """What conversations use of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def messages(self) -> MessageRepository:
        """Messages."""
        ...

    @property
    def rooms(self) -> RoomRepository:
        """Rooms."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...

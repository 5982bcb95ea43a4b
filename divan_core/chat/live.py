"""What sockets are told of conversations: where these stand, and what was written since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from msgspec import UNSET

from divan_core.chat import policy
from divan_core.chat.fresh import Fresh, Written
from divan_core.chat.messages import MessageView
from divan_core.chat.model import ConversationId, Mark, Message, Veil
from divan_core.chat.ports import ChatUnit
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.units import Units

MOST_MARKS: Final = 200
"""For how many conversations a socket's place is known from its beginning."""

MOST_NEWS: Final = 200
"""How many messages are read at a time."""


@attrs.frozen
class Heard:
    """A message, and to whom of those in its conversation it is hidden.

    ``shadowed`` ones are shown to their sender alone, those that are ``gone`` to nobody; those that
    are ``sealed`` were never shown to anybody else.
    """

    view: MessageView
    shadowed: bool
    hidden_from: frozenset[UserId]
    gone: bool = False
    sealed: bool = False

    def shown_to(self, viewer: UserId) -> bool:
        """Whether somebody who is in the conversation sees it."""
        if self.view.sender_id == viewer:
            return not self.gone
        return not self.shadowed and viewer not in self.hidden_from

    def is_other_to(self, viewer: UserId, *, noticed: bool) -> bool:
        """Whether somebody sees it otherwise since staff has decided about it.

        Its sender does where that is to be ``noticed``; whoever never saw it does not.
        """
        if self.view.sender_id == viewer:
            return noticed
        return not self.sealed and viewer not in self.hidden_from


@attrs.frozen
class News:
    """Messages of a conversation above a number, oldest first, and who is in it now.

    At most ``most`` were read.
    """

    messages: tuple[Heard, ...]
    inside: frozenset[UserId]
    most: int = MOST_NEWS

    @property
    def more(self) -> bool:
        """Whether there may be more of them."""
        return len(self.messages) == self.most


class Listening:
    """Reads once for everybody of a process who listens to a conversation."""

    def __init__(self, units: Units[ChatUnit], audience: Audience, fresh: Fresh) -> None:
        """Read through ``units``; ``audience`` knows who blocks whom.

        ``fresh`` is what this process has just written itself.
        """
        self._units = units
        self._audience = audience
        self._fresh = fresh

    async def places(
        self, actor: Actor, since: Mapping[ConversationId, int], *, direct: bool
    ) -> dict[ConversationId, int]:
        """Up to which number somebody has each of their conversations.

        For those of ``since`` that they are in, it is what is said there, but never less than they
        have cleared or more than there is. With ``direct``, the last number of their other direct
        conversations, the most recent ones.
        """

        async def body(unit: ChatUnit) -> tuple[Sequence[Mark], Sequence[Mark]]:
            recent = await unit.messages.recent(actor.user_id, MOST_MARKS) if direct else ()
            named = await unit.messages.marks(actor.user_id, list(since)) if since else ()
            return recent, named

        recent, named = await self._units.read(body)
        last = {one.conversation_id: one.last_seq for one in recent}
        return last | {
            one.conversation_id: min(max(since[one.conversation_id], one.cleared), one.last_seq)
            for one in named
        }

    async def news(
        self,
        campus_id: CampusId,
        conversation_id: ConversationId,
        after: int,
        *,
        room: bool,
        most: int = MOST_NEWS,
    ) -> News:
        """What was written in a conversation of this campus above a number, at most so much.

        Raises:
            StoreUnavailable: it cannot be read now.
        """

        async def body(unit: ChatUnit) -> tuple[Sequence[Message], frozenset[UserId]]:
            return await unit.messages.news(conversation_id, after, most)

        messages, inside = await self._units.look(body)
        if not room:
            people = tuple(inside)
            views = policy.direct_views(messages, people[0], people[-1]) if people else ()
            return News(_heard(messages, views, {}), inside, most)
        await self._audience.refresh(campus_id)
        senders = list(dict.fromkeys(message.sender for message in messages))
        relations = await self._audience.relations_of(senders)
        hidden = {one: found.blocked for one, found in zip(senders, relations, strict=True)}
        room_id = RoomId(conversation_id)
        told = tuple(policy.message_view(one, room_id=room_id) for one in messages)
        return News(_heard(messages, told, hidden), inside, most)

    def fresh(self, conversation_id: ConversationId, seq: int) -> News | None:
        """The message of this number, if this process has just written it, for one telling.

        That is for conversations of two people, who are both in there for good; None of others.
        """
        written = self._fresh.take(conversation_id, seq)
        return None if written is None else _news_of(written)

    def forget(self) -> None:
        """Have news be read, also of what is just being written.

        That is for when staff or rules have decided about a message, or nobody knows.
        """
        self._fresh.forget()

    async def inside(self, conversation_id: ConversationId) -> frozenset[UserId]:
        """Who is in a conversation now."""

        async def body(unit: ChatUnit) -> frozenset[UserId]:
            members = await unit.rooms.members_of([RoomId(conversation_id)])
            return frozenset(user_id for _, user_id in members)

        return await self._units.look(body)

    async def hidden_from(self, campus_id: CampusId, user_id: UserId) -> frozenset[UserId]:
        """Whom somebody is hidden from in rooms."""
        await self._audience.refresh(campus_id)
        return (await self._audience.relations(user_id)).blocked


def _news_of(written: Written) -> News:
    view, nobody = written.view, frozenset[UserId]()
    heard = Heard(view, written.shadowed, nobody, sealed=written.shadowed)
    recipient = view.recipient_id
    inside = {view.sender_id} if recipient is UNSET else {view.sender_id, recipient}
    return News((heard,), frozenset(inside))


def _heard(
    messages: Sequence[Message],
    views: Sequence[MessageView],
    hidden: Mapping[UserId, frozenset[UserId]],
) -> tuple[Heard, ...]:
    nobody = frozenset[UserId]()
    return tuple(
        Heard(
            view,
            message.shadowed or message.veil is not None,
            hidden.get(message.sender, nobody),
            message.veil is Veil.REMOVED,
            message.shadowed,
        )
        for message, view in zip(messages, views, strict=True)
    )

"""The use cases of direct conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import attrs
from msgspec import Raw

from divan_core.chat import policy
from divan_core.chat.messages import (
    CHAT,
    MESSAGE_SENT,
    TYPING,
    Acknowledged,
    AcknowledgeDelivery,
    AcknowledgeReading,
    ChatStats,
    ConversationsQuery,
    ConversationView,
    MessagesQuery,
    MessageView,
    OutboxQuery,
    PeerQuery,
    SendMessage,
    Typing,
)
from divan_core.chat.model import (
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Draft,
    Message,
    Pair,
    Tally,
    Window,
)
from divan_core.chat.ports import ChatUnit
from divan_core.chat.prints import Pages
from divan_core.chat.tools import (
    SEQ,
    ChatTools,
    Fact,
    Outgoing,
    Place,
    Sending,
    at_seq,
    bounds_of,
    event,
    online,
    tell,
    written,
)
from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Relations

SEND: Final = "chat.send"
DAY_MS: Final = 86_400_000


@attrs.frozen
class _Meeting:
    """An actor and the one they want to talk to, as far as there is somebody."""

    actor: Actor
    pair: Pair
    relations: Relations
    card: PersonCard | None

    @property
    def is_there(self) -> bool:
        """Whether a conversation of theirs goes on."""
        actor = self.actor
        return policy.is_there(actor.user_id, actor.campus_id, self.relations, self.card)

    @property
    def is_reachable(self) -> bool:
        """Whether they can begin one."""
        actor = self.actor
        return policy.is_reachable(actor.user_id, actor.campus_id, self.relations, self.card)


class Chat:
    """What two people write to each other.

    Whoever may not be seen answers like nobody, but friends and those with whom there is a
    conversation already. What was written stays readable to both, whatever happens between them.
    """

    def __init__(self, units: Units[ChatUnit], tools: ChatTools) -> None:
        """Keep conversations through ``units``."""
        self._units = units
        self._tools = tools
        self._outgoing = Outgoing(units, tools)
        self._pages = Pages(units, tools.prints)

    async def send(
        self, actor: Actor, command: SendMessage, *, idempotency_key: KeyGiven = None
    ) -> Done[MessageView]:
        """Write to somebody.

        A ``client_msg_id`` is good for one message of a conversation, for ever: sent again, it is
        answered with the message it was used for.

        Raises:
            ValidationFailed: a text that cannot be.
            InvalidInput: the actor writes to themselves.
            NotFound: there is nobody whom the actor could write to.
            NotFriends: the recipient takes messages of friends only.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            IdempotencyKeyReused: the ``client_msg_id`` was used for something else.
            RateLimited: too many messages.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        content = policy.content_of(command)
        meeting = await self._meet(actor, command.to_user_id)
        await self._check_recipient(meeting)
        pair, recipient = meeting.pair, command.to_user_id

        async def keep(unit: ChatUnit, draft: Draft) -> Message:
            message = await unit.messages.send(draft, pair, actor.campus_id)
            data = policy.sent_data(message, recipient_id=str(recipient))
            about = f"conversation:{message.conversation_id}"
            fact = Fact(CHAT, MESSAGE_SENT, about, data)
            for_rules = written(self._tools, actor, "message", message.id)
            await unit.outbox.add(event(self._tools, actor, fact), for_rules)
            return message

        sending = Sending(
            actor,
            CHAT,
            SEND,
            command,
            pair.conversation_id,
            content,
            command.client_msg_id,
            keep,
            lambda message: policy.message_view(message, recipient=recipient),
        )
        return await self._outgoing.send(sending, idempotency_key)

    async def conversations(
        self, actor: Actor, query: ConversationsQuery
    ) -> Page[ConversationView]:
        """The actor's conversations, the last written to first.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        tools = self._tools
        place = Place(tools.sealer, b"chat:conversations:" + actor.user_id.bytes)
        last = place.open(query.cursor, SEQ.size + 16)
        before = None
        if last is not None:
            (at,) = SEQ.unpack(last[: SEQ.size])
            before = (Millis(at), ConversationId(UUID(bytes=last[SEQ.size :])))

        async def body(unit: ChatUnit) -> Sequence[DialogueSummary]:
            return await unit.messages.dialogues(actor.user_id, before, query.limit + 1)

        found = await self._units.read(body)
        page = place.page(tuple(found), query.limit, _at_moment)
        return Page(await self._conversation_views(actor, page.items), page.cursor)

    async def messages(self, actor: Actor, query: MessagesQuery) -> Page[MessageView]:
        """What the actor and somebody have written, newest first.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is no conversation, and nobody to begin one with.
            InvalidCursor: the cursor is not of this list.
        """
        conversation_id, place, window = self._asked(actor, query)

        async def body(unit: ChatUnit) -> Sequence[Message]:
            return await unit.messages.history(conversation_id, window)

        found = await self._units.look(body)
        if not found:
            await self._dialogue(actor, query.user_id)
        views = policy.direct_views(found, actor.user_id, query.user_id)
        return place.page(views, query.limit, at_seq)

    async def printed(self, actor: Actor, query: MessagesQuery) -> Page[Raw]:
        """:meth:`messages`, each as JSON, for whoever only passes them on: in half the time.

        Raises:
            InvalidInput, NotFound, InvalidCursor: as :meth:`messages`.
        """
        conversation_id, place, window = self._asked(actor, query)
        found = await self._pages.read(
            conversation_id,
            window,
            lambda messages: policy.direct_views(messages, actor.user_id, query.user_id),
        )
        if not found:
            await self._dialogue(actor, query.user_id)
        return place.printed(found, query.limit)

    async def outbox(self, actor: Actor, query: OutboxQuery) -> Page[MessageView]:
        """What somebody has written and the actor has not acknowledged, oldest first.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is no conversation, and nobody to begin one with.
            InvalidCursor: the cursor is not of this list.
        """
        conversation_id = Pair.of(actor.user_id, query.user_id).conversation_id
        place = self._place(b"chat:outbox:", actor, conversation_id)
        after = place.seq(query.cursor) or 0
        window = Window(viewer=actor.user_id, limit=query.limit + 1, after=after)

        async def body(unit: ChatUnit) -> Sequence[Message]:
            return await unit.messages.waiting(conversation_id, window)

        found = await self._units.look(body)
        if not found:
            await self._dialogue(actor, query.user_id)
        views = policy.direct_views(found, actor.user_id, query.user_id)
        return place.page(views, query.limit, at_seq)

    async def deliver(self, actor: Actor, command: AcknowledgeDelivery) -> Acknowledged:
        """The actor's devices have what somebody wrote, up to a number. It never goes back.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is no conversation, and nobody to begin one with.
            ValidationFailed: there is no such message yet.
        """
        seq = command.delivered_seq
        cursors = Cursors(delivered=seq)
        return await self._acknowledge(actor, command.user_id, cursors, (seq, "delivered_seq"))

    async def read(self, actor: Actor, command: AcknowledgeReading) -> Acknowledged:
        """The actor has read, and so has, what somebody wrote up to a number. It never goes back.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is no conversation, and nobody to begin one with.
            ValidationFailed: there is no such message yet.
        """
        seq = command.read_seq
        cursors = Cursors(delivered=seq, read=seq)
        return await self._acknowledge(actor, command.user_id, cursors, (seq, "read_seq"))

    async def delete(self, actor: Actor, query: PeerQuery) -> None:
        """Delete for the actor what is in a conversation now; the other one keeps it.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is no conversation, and nobody to begin one with.
        """
        dialogue = await self._dialogue(actor, query.user_id)
        if dialogue is None:
            return
        last = dialogue.last_seq

        async def body(unit: ChatUnit) -> None:
            await unit.messages.advance(dialogue.id, actor.user_id, Cursors(last, last, last))

        await self._units.write(body, locking=True)

    def _asked(self, actor: Actor, query: MessagesQuery) -> tuple[ConversationId, Place, Window]:
        """Which messages of which conversation are asked for, and their place in the list."""
        conversation_id = Pair.of(actor.user_id, query.user_id).conversation_id
        bounds = bounds_of(query.after_seq, query.before_seq)
        place = self._place(b"chat:messages:", actor, conversation_id, bounds)
        at = place.seq(query.cursor)
        window = Window(
            viewer=actor.user_id,
            limit=query.limit + 1,
            after=query.after_seq or 0,
            before=query.before_seq if at is None else at,
        )
        return conversation_id, place, window

    async def _acknowledge(
        self, actor: Actor, user_id: UserId, cursors: Cursors, named: tuple[int, str]
    ) -> Acknowledged:
        pair = Pair.of(actor.user_id, user_id)
        seq, name = named

        async def body(unit: ChatUnit) -> Cursors | None:
            dialogue = await unit.messages.dialogue(pair)
            if dialogue is None:
                return None
            policy.check_acknowledged(seq, dialogue.last_seq, name)
            return await unit.messages.advance(dialogue.id, actor.user_id, cursors)

        now = await self._units.write(body, locking=True)
        if now is None:
            await self._dialogue(actor, user_id)
            policy.check_acknowledged(seq, 0, name)
        await self._tell_peer(actor, user_id, cursors)
        return policy.acknowledged(pair.conversation_id, now or Cursors())

    async def stats(self) -> tuple[ChatStats, ...]:
        """How much is written on each campus, for operators."""
        since = Millis(self._tools.clock.now() - DAY_MS)

        async def body(unit: ChatUnit) -> Sequence[Tally]:
            return await unit.messages.tally(since)

        return tuple(
            ChatStats(one.campus_id, one.direct, one.rooms, one.messages, one.recent)
            for one in await self._units.read(body)
        )

    async def _tell_peer(self, actor: Actor, peer: UserId, cursors: Cursors) -> None:
        """Tell the other one's sockets how far the actor has come, if they may know it."""
        meeting = await self._meet(actor, peer)
        own = await self._tools.audience.card(actor.user_id)
        if not meeting.is_there or own is None:
            return
        for name, seq in policy.receipts(cursors, own):
            data = {"peer_id": str(actor.user_id), f"{name}_seq": seq}
            notice = PersonNotice(actor.campus_id, peer, CHAT, f"chat:{name}", data)
            await tell(self._tools, notice)

    async def typing(self, actor: Actor, command: Typing) -> None:
        """Tell somebody's sockets that the actor is typing to them, or has stopped.

        Nothing is kept. It goes where a message could go.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is nobody whom the actor could write to.
            NotFriends: they take messages of friends only.
        """
        await self._check_recipient(await self._meet(actor, command.peer_id))
        data = {"peer_id": str(actor.user_id), "active": command.active}
        notice = PersonNotice(actor.campus_id, command.peer_id, CHAT, TYPING, data)
        await tell(self._tools, notice)

    async def _check_recipient(self, meeting: _Meeting) -> None:
        """Refuse to write where nobody is to be found, or does not want it."""
        if not meeting.is_there or meeting.card is None:
            raise NotFound
        if not meeting.is_reachable and await self._found(meeting.pair) is None:
            raise NotFound
        policy.check_recipient(meeting.relations, meeting.card)

    async def _dialogue(self, actor: Actor, user_id: UserId) -> Dialogue | None:
        """The conversation with somebody; None where one could begin.

        Raises:
            NotFound: there is none, and nobody to begin one with.
        """
        meeting = await self._meet(actor, user_id)
        dialogue = await self._found(meeting.pair)
        if dialogue is None and not meeting.is_reachable:
            raise NotFound
        return dialogue

    async def _found(self, pair: Pair) -> Dialogue | None:
        async def body(unit: ChatUnit) -> Dialogue | None:
            return await unit.messages.dialogue(pair)

        return await self._units.look(body)

    async def _meet(self, actor: Actor, user_id: UserId) -> _Meeting:
        pair, audience = Pair.of(actor.user_id, user_id), self._tools.audience
        await audience.refresh(actor.campus_id)
        relations = await audience.relations(actor.user_id)
        return _Meeting(actor, pair, relations, await audience.card(user_id))

    async def _conversation_views(
        self, actor: Actor, found: Sequence[DialogueSummary]
    ) -> tuple[ConversationView, ...]:
        audience = self._tools.audience
        await audience.refresh(actor.campus_id)
        relations = await audience.relations(actor.user_id)
        cards = await audience.cards([one.dialogue.peer_of(actor.user_id) for one in found])
        viewer, campus_id = actor.user_id, actor.campus_id
        there = [
            card if policy.is_there(viewer, campus_id, relations, card) else None for card in cards
        ]
        lively = await online(self._tools, actor, relations, there)
        return tuple(
            policy.conversation_view(
                one, viewer, card, online=card is not None and card.user_id in lively
            )
            for one, card in zip(found, there, strict=True)
        )

    def _place(
        self, name: bytes, actor: Actor, conversation_id: ConversationId, bounds: bytes = b""
    ) -> Place:
        binding = name + actor.user_id.bytes + conversation_id.bytes + bounds
        return Place(self._tools.sealer, binding)


def _at_moment(summary: DialogueSummary) -> bytes:
    return SEQ.pack(summary.dialogue.last_at) + summary.dialogue.id.bytes

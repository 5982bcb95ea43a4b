"""What both kinds of conversations are built from, and what they share."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs
from msgspec import UNSET, Raw

from divan_core.chat import policy
from divan_core.chat.fresh import Fresh
from divan_core.chat.messages import MESSAGE_NOTICE, MessageView
from divan_core.chat.model import (
    Content,
    ConversationId,
    Draft,
    Message,
    MessageId,
    plain_edition,
)
from divan_core.chat.ports import ChatUnit, PeopleOnline
from divan_core.chat.prints import Print, Prints
from divan_core.codec.reader import encode
from divan_core.errors import InvalidCursor, MessageExists, RateLimited, StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.gate import Act, WritersGate, check_verdict
from divan_core.kernel.ids import Ids, UserId
from divan_core.kernel.ingress import Written, ingress
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.notices import PersonNotice, PersonNotices
from divan_core.kernel.once import Attempt, Done, KeyGiven, Once
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.units import Units
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see

ItemT = TypeVar("ItemT")

SEQ: Final = struct.Struct(">Q")
_BOUNDS: Final = struct.Struct(">QQ")

_json: Final[attrgetter[Raw]] = attrgetter("json")


@attrs.frozen
class ChatLimits:
    """How often one person may write, and open rooms."""

    message: Limit
    room: Limit


@attrs.frozen
class ChatTools:
    """What the services are built from, besides their store."""

    audience: Audience
    limits: RateLimits
    limit: ChatLimits
    once: Once[ChatUnit]
    gate: WritersGate
    notices: PersonNotices
    clock: Clock
    ids: Ids
    sealer: CursorSealer
    presence: PeopleOnline
    prints: Prints
    fresh: Fresh


async def tell(tools: ChatTools, notice: PersonNotice) -> None:
    """Tell the sockets of all processes, if that is possible now.

    What cannot be told is not lost: whoever was out of reach reads on from where they were.
    """
    with suppress(StoreUnavailable):
        await tools.notices.publish(notice)


async def online(
    tools: ChatTools, actor: Actor, relations: Relations, cards: Iterable[PersonCard | None]
) -> frozenset[UserId]:
    """Those of these who are online and do not hide it from the actor. One round trip at most."""
    visible = [
        card.user_id
        for card in cards
        if card is not None and can_see(actor.user_id, relations, card, Surface.LOOKUP)
    ]
    return await tools.presence.online(actor.campus_id, visible)


@attrs.frozen
class Fact:
    """What happened, in order with what else is ``about`` the same.

    A message's fact is about its conversation; what happens to who is in a room, about its roster.
    """

    topic: str
    name: str
    about: str
    data: Mapping[str, Any]


def event(tools: ChatTools, actor: Actor, fact: Fact) -> Event:
    """A fact of now, of the actor's campus."""
    return Event(
        id=EventId(tools.ids.uuid()),
        topic=fact.topic,
        name=fact.name,
        campus_id=actor.campus_id,
        aggregate=fact.about,
        at=tools.clock.now(),
        data=fact.data,
    )


def written(tools: ChatTools, actor: Actor, subject_type: str, subject_id: UUID) -> Event:
    """That the actor has written something, for whoever decides about it."""
    what = Written(subject_type, subject_id, actor.user_id, actor.campus_id)
    return ingress(what, tools.ids.uuid(), tools.clock.now())


@attrs.frozen
class Sending:
    """A message on its way: the command, what it says and to which conversation it goes.

    ``keep`` writes it in a unit; ``view`` tells of it; ``topic`` is where its notice goes.
    """

    actor: Actor
    topic: str
    operation: str
    command: Any
    conversation_id: ConversationId
    content: Content
    client_id: str | None
    keep: Callable[[ChatUnit, Draft], Awaitable[Message]]
    view: Callable[[Message], MessageView]


class Outgoing:
    """Sends messages, each once."""

    def __init__(self, units: Units[ChatUnit], tools: ChatTools) -> None:
        """Look for what was sent before through ``units``."""
        self._units = units
        self._tools = tools

    async def send(self, sending: Sending, key: KeyGiven) -> Done[MessageView]:
        """Send, unless it was sent before: under this key, or under the sender's own name for it.

        Raises:
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            IdempotencyKeyReused: something else was sent so.
            RateLimited: too many messages.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        tools = self._tools
        actor = sending.actor
        shadowed = check_verdict(await tools.gate.ask(actor, Act.MESSAGE))
        draft = Draft(
            id=MessageId(tools.ids.uuid()),
            conversation_id=sending.conversation_id,
            sender=actor.user_id,
            at=tools.clock.now(),
            content=sending.content,
            client_id=sending.client_id,
            shadowed=shadowed,
        )

        async def body(unit: ChatUnit) -> MessageView:
            return sending.view(await sending.keep(unit, draft))

        attempt = Attempt(
            actor,
            sending.operation,
            sending.command,
            MessageView,
            key,
            tools.limit.message,
            brief=True,
        )
        since = tools.fresh.forgotten
        try:
            done = await tools.once.once(attempt, body)
        except (MessageExists, RateLimited) as refusal:
            done = await self._repeated(sending, refusal)
        if not done.replayed:
            new = Print(Raw(done.body), done.view.seq)
            tools.prints.add(sending.conversation_id, plain_edition(draft.id), new)
            if done.view.recipient_id is not UNSET:
                tools.fresh.put(done.view, since, shadowed=shadowed)
        await tell(tools, _notice(sending, done.view))
        return done

    async def _repeated(
        self, sending: Sending, refusal: MessageExists | RateLimited
    ) -> Done[MessageView]:
        """What was sent before under the sender's own name for it; nothing is too often then."""
        client_id = sending.client_id
        if client_id is None:
            raise refusal

        async def body(unit: ChatUnit) -> Message | None:
            sender = sending.actor.user_id
            return await unit.messages.sent(sending.conversation_id, sender, client_id)

        found = await self._units.look(body)
        if found is None:
            raise refusal
        view = sending.view(policy.check_same(found, sending.content))
        return Done(view, encode(view), replayed=True)


def _notice(sending: Sending, view: MessageView) -> PersonNotice:
    """Where a conversation has come to. Repeats are told of, too: the first try may have died."""
    actor = sending.actor
    people = [str(actor.user_id)]
    if view.recipient_id is not UNSET:
        people.append(str(view.recipient_id))
    where = {"conversation_id": str(view.conversation_id), "seq": view.seq, "people": people}
    return PersonNotice(actor.campus_id, actor.user_id, sending.topic, MESSAGE_NOTICE, where)


def bounds_of(after: int | None, before: int | None) -> bytes:
    """The bounds of a list, for what binds its cursors; None is another one than any number."""
    return _BOUNDS.pack(0 if after is None else after + 1, 0 if before is None else before + 1)


@value
class Place:
    """A place in a list of one viewer, sealed into cursors."""

    sealer: CursorSealer
    binding: bytes

    def open(self, cursor: str | None, length: int) -> bytes | None:
        """The position inside, of ``length`` bytes; None for the beginning.

        Raises:
            InvalidCursor: it is not of this list.
        """
        if cursor is None:
            return None
        position = self.sealer.open(cursor, self.binding)
        if len(position) != length:
            raise InvalidCursor("Start again without a cursor.")
        return position

    def seq(self, cursor: str | None) -> int | None:
        """The number inside."""
        position = self.open(cursor, SEQ.size)
        return None if position is None else SEQ.unpack(position)[0]

    def page(
        self, items: tuple[ItemT, ...], limit: int, position: Callable[[ItemT], bytes]
    ) -> Page[ItemT]:
        """The first ``limit`` of these items, and a cursor where there are more."""
        shown = items[:limit]
        more = len(items) > limit
        return Page(shown, self.sealer.seal(position(shown[-1]), self.binding) if more else None)

    def printed(self, prints: tuple[Print, ...], limit: int) -> Page[Raw]:
        """The same of messages as JSON."""
        page = self.page(prints, limit, at_seq)
        return Page(tuple(map(_json, page.items)), page.cursor)


def at_seq(message: MessageView | Print) -> bytes:
    """Where a message stands in its list."""
    return SEQ.pack(message.seq)

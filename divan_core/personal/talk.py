"""What somebody is in conversations, and everything they wrote there.

Their own words are theirs. What others wrote to them is in the conversations, for as long as they
have an account, and is others' to hand out: of that there are numbers here, and no words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import attrs

from divan_core.chat import policy
from divan_core.chat.messages import MessageView
from divan_core.chat.model import ConversationId, Message, Part
from divan_core.chat.roommessages import RoleName
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.units import Units
from divan_core.stores.bundle import StoreUnit

PAGE: Final = 1_000
"""How many rows one unit of work reads."""


@attrs.frozen
class OwnConversation:
    """A direct conversation of somebody: with whom, since when, and how far each thing has come.

    Of its ``last_seq`` messages, those that are not theirs are the peer's.
    """

    conversation_id: ConversationId
    peer_id: UserId
    began_at: str
    last_at: str | None
    last_seq: int
    delivered_seq: int
    read_seq: int
    cleared_seq: int


@attrs.frozen
class OwnRoom:
    """A room that somebody is in, has left or was put out of."""

    room_id: RoomId
    name: str
    state: Literal["taken", "left", "kicked"]
    role: RoleName
    joined_at: str
    muted_until: str | None
    delivered_seq: int
    read_seq: int
    cleared_seq: int


@attrs.frozen
class Talk:
    """All of it, by conversation; messages by conversation and number, deleted ones included."""

    conversations: tuple[OwnConversation, ...]
    rooms: tuple[OwnRoom, ...]
    messages: tuple[MessageView, ...]


async def talk_of(units: Units[StoreUnit], user_id: UserId) -> Talk:
    """Read it page by page, each in a unit of its own, so that nobody waits for a long one."""
    # In this order: every message that was read is of a conversation that is read.
    messages = await _written(units, user_id)
    parts = {one.member.conversation_id: one for one in await _parts(units, user_id)}
    return Talk(
        conversations=tuple(
            _conversation(one, user_id) for one in parts.values() if one.pair is not None
        ),
        rooms=tuple(_room(one, one.named) for one in parts.values() if one.named is not None),
        messages=tuple(_message(one, parts, user_id) for one in messages),
    )


async def _written(units: Units[StoreUnit], user_id: UserId) -> list[Message]:
    found: list[Message] = []

    async def page(unit: StoreUnit) -> Sequence[Message]:
        after = (found[-1].conversation_id, found[-1].seq) if found else None
        return await unit.messages.written(user_id, after, PAGE)

    while portion := await units.read(page):
        found += portion
    return found


async def _parts(units: Units[StoreUnit], user_id: UserId) -> list[Part]:
    found: list[Part] = []

    async def page(unit: StoreUnit) -> Sequence[Part]:
        after = found[-1].member.conversation_id if found else None
        return await unit.messages.parts(user_id, after, PAGE)

    while portion := await units.read(page):
        found += portion
    return found


def _conversation(part: Part, user_id: UserId) -> OwnConversation:
    member, cursors = part.member, part.member.cursors
    return OwnConversation(
        conversation_id=member.conversation_id,
        peer_id=_peer(part, user_id),
        began_at=rfc3339(member.joined_at),
        last_at=None if part.last_at is None else rfc3339(part.last_at),
        last_seq=part.last_seq,
        delivered_seq=cursors.delivered,
        read_seq=cursors.read,
        cleared_seq=cursors.cleared,
    )


def _room(part: Part, name: str) -> OwnRoom:
    member, cursors = part.member, part.member.cursors
    return OwnRoom(
        room_id=RoomId(member.conversation_id),
        name=name,
        state=member.seat.value,
        role=member.role.value,
        joined_at=rfc3339(member.joined_at),
        muted_until=None if member.muted_until is None else rfc3339(member.muted_until),
        delivered_seq=cursors.delivered,
        read_seq=cursors.read,
        cleared_seq=cursors.cleared,
    )


def _message(
    message: Message, parts: Mapping[ConversationId, Part], user_id: UserId
) -> MessageView:
    part = parts[message.conversation_id]
    if part.pair is None:
        return policy.message_view(message, room_id=RoomId(message.conversation_id))
    return policy.message_view(message, recipient=_peer(part, user_id))


def _peer(part: Part, user_id: UserId) -> UserId:
    if part.pair is None:
        raise LookupError("This is not a direct conversation.")
    return part.pair.high if user_id == part.pair.low else part.pair.low

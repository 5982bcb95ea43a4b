"""What staff has decided, done to those contexts that keep what it is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final
from uuid import UUID

import attrs

from divan_core.activities.games.game import Veil as TextVeil
from divan_core.activities.passages import Veiling
from divan_core.chat import roompolicy
from divan_core.chat.messages import CHAT, ROOMS, VEIL_NOTICE
from divan_core.chat.model import MessageId, Veil
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.visibility import Standing
from divan_core.moderation import actionpolicy
from divan_core.moderation.actionmodel import UNNOTICED, Action, ActionKind
from divan_core.moderation.model import Subject, SubjectKind
from divan_core.presence.service import Presence
from divan_core.safety.model import Restraint, Restriction, RestrictionId
from divan_core.stores.bundle import StoreUnit

_VEILS: Final[Mapping[ActionKind, Veil]] = {
    ActionKind.REMOVE: Veil.REMOVED,
    ActionKind.TOMBSTONE: Veil.TOMBSTONED,
    ActionKind.SHADOW_HIDE: Veil.SHADOWED,
}
_TURN_VEILS: Final[Mapping[ActionKind, TextVeil]] = {
    kind: TextVeil(veil.value) for kind, veil in _VEILS.items()
}
_STANDINGS: Final[Mapping[ActionKind, Standing]] = {
    ActionKind.BAN: Standing.BANNED,
    ActionKind.SHADOW_HIDE: Standing.SHADOWED,
}
_RESTRAINTS: Final[Mapping[ActionKind, Restraint]] = {
    ActionKind.MUTE: Restraint.MUTE,
    ActionKind.RESTRICT_CREATE: Restraint.RESTRICT_CREATE,
    ActionKind.RESTRICT_INVITES: Restraint.RESTRICT_INVITES,
}


class Enforcing:
    """A :class:`~divan_core.moderation.ports.Enforcement` over people, messages, rooms, games."""

    def __init__(self, audience: Audience, presence: Presence, games: Veiling) -> None:
        """Tell ``audience`` whom it concerns, and end the ``presence`` of the banned."""
        self._audience = audience
        self._presence = presence
        self._games = games

    async def standing(self, unit: StoreUnit, user_id: UserId) -> str:
        """How a person stands; somebody who does not exist, as who is gone."""
        person = await unit.people.get(user_id)
        return (Standing.DELETED if person is None else person.standing).value

    async def settle(
        self, unit: StoreUnit, target: Subject, actions: Sequence[Action], base: str
    ) -> None:
        """Let what is in force on a target decide how it is seen."""
        if target.kind is SubjectKind.MESSAGE:
            kind = actionpolicy.strongest(actions, *_VEILS)
            veil = None if kind is None else _VEILS[kind]
            await unit.messages.veil(MessageId(target.id), veil)
        elif target.kind is SubjectKind.TURN:
            kind = actionpolicy.strongest(actions, *_TURN_VEILS)
            hidden = None if kind is None else _TURN_VEILS[kind]
            await self._games.veil(unit, target.id, hidden)
        elif target.kind is SubjectKind.ROOM:
            removed = actionpolicy.strongest(actions, ActionKind.REMOVE) is not None
            await _open_or_close(unit, RoomId(target.id), closed=removed)
        elif target.kind is SubjectKind.USER:
            kind = actionpolicy.strongest(actions, *_STANDINGS)
            chosen = Standing(base) if kind is None else _STANDINGS[kind]
            await _let_stand(unit, UserId(target.id), chosen)

    async def restrain(self, unit: StoreUnit, action: Action) -> None:
        """Let a mute or a restriction be in force, or end it once it has ended."""
        restraint = _RESTRAINTS.get(action.kind)
        if restraint is None or action.person_id is None:
            return
        restriction_id = RestrictionId(action.id)
        if action.ended_at is not None:
            await unit.restrictions.lift(restriction_id, action.ended_at)
            return
        restriction = Restriction(
            id=restriction_id,
            user_id=action.person_id,
            campus_id=action.campus_id,
            restraint=restraint,
            since=action.at,
            until=action.until,
            origin=f"action:{action.id}",
        )
        await unit.restrictions.put(restriction)

    def changing(
        self, campus_id: CampusId, people: Collection[UserId]
    ) -> AbstractAsyncContextManager[None]:
        """Wrap the unit that does something to these people."""
        return self._audience.changing(campus_id, people)

    async def afterwards(self, action: Action) -> None:
        """End the presence of whoever is banned."""
        if action.kind is ActionKind.BAN and action.in_force and action.person_id is not None:
            await self._presence.forget(Actor(action.person_id, action.campus_id))


async def notices_of(unit: StoreUnit, event: Event) -> tuple[PersonNotice, ...]:
    """What sockets are told of an event of the topic ``mod:actions``: that a message has changed.

    Its sender is to notice all but what was to go unnoticed. It says where the message stands, and
    nothing of what it says or of what was decided.
    """
    target, _, target_id = str(event.data["target"]).partition(":")
    kind = ActionKind(event.data["kind"])
    if target != SubjectKind.MESSAGE.value or kind not in _VEILS:
        return ()
    message = await unit.messages.get(MessageId(UUID(target_id)))
    if message is None:
        return ()
    room_id = RoomId(message.conversation_id)
    room = await unit.rooms.get(room_id)
    people = [] if room else [str(one) for _, one in await unit.rooms.members_of([room_id])]
    data = {
        "conversation_id": str(message.conversation_id),
        "seq": message.seq,
        "people": people,
        "noticed": kind not in UNNOTICED,
    }
    topic = CHAT if room is None else ROOMS
    return (PersonNotice(event.campus_id, message.sender, topic, VEIL_NOTICE, data),)


async def _open_or_close(unit: StoreUnit, room_id: RoomId, *, closed: bool) -> None:
    """Let a room be as if it had never been, or again; who is in it stays as it is.

    One that everybody has left is over all the same.
    """
    await unit.locks.take(roompolicy.lock_of(room_id))
    room = await unit.rooms.get(room_id)
    if room is None:
        return
    over = closed or not await unit.rooms.roster(room_id)
    if room.closed is not over:
        await unit.rooms.put(attrs.evolve(room, closed=over), ())


async def _let_stand(unit: StoreUnit, user_id: UserId, standing: Standing) -> None:
    person = await unit.people.get(user_id)
    if person is None or person.standing in {Standing.DELETED, standing}:
        return
    await unit.people.put((attrs.evolve(person, standing=standing),))

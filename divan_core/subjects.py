"""What can be reported, and who reports: what other contexts keep, as the desk wants to know it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from divan_core.activities.passages import Passages
from divan_core.chat.model import Message, MessageId, Pair, Role, Window
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Standing, Surface, can_see
from divan_core.moderation.appealmessages import Appellant
from divan_core.moderation.model import Found, Subject, SubjectKind
from divan_core.stores.bundle import StoreUnit

MOST_ROOMS: Final = 200
"""In how many of their newest rooms two people are looked for."""

MOST_INVITES: Final = 1_000
"""Among how many of somebody's invites the other one is looked for."""

_SEEN_ON: Final = (Surface.NEARBY, Surface.LOOKUP, Surface.CHAT, Surface.FRIENDS)


class Reportable:
    """A :class:`~divan_core.moderation.ports.Subjects` over people, messages and rooms."""

    def __init__(self, units: Units[StoreUnit], audience: Audience, passages: Passages) -> None:
        """Read through ``units``; ``audience`` knows who sees whom, ``passages`` what games say."""
        self._units = units
        self._audience = audience
        self._passages = passages

    async def found(self, reporter: Actor, subject: Subject) -> Found | None:
        """What somebody wants to report, or None if there is no such thing to them."""
        if subject.kind is SubjectKind.USER:
            return await self._person(reporter, UserId(subject.id))
        if subject.kind is SubjectKind.MESSAGE:
            return await self._message(reporter, MessageId(subject.id))
        if subject.kind is SubjectKind.ROOM:
            return await self._room(reporter, RoomId(subject.id))
        return None

    async def content(self, subject: Subject) -> str | None:
        """What a subject says, or how it is called, to staff; None where it is gone."""

        async def body(unit: StoreUnit) -> str | None:
            if subject.kind is SubjectKind.MESSAGE:
                message = await unit.messages.get(MessageId(subject.id))
                return None if message is None else message.content.body
            if subject.kind is SubjectKind.ROOM:
                room = await unit.rooms.get(RoomId(subject.id))
                return None if room is None else room.name
            if subject.kind is SubjectKind.TURN:
                turn = (await self._passages.of(unit, (subject.id,))).get(subject.id)
                return None if turn is None else turn.content
            person = await unit.people.get(UserId(subject.id))
            if person is None or person.standing is Standing.DELETED:
                return None
            return f"{person.display_name} (@{person.handle})"

        return await self._units.read(body)

    async def _person(self, reporter: Actor, user_id: UserId) -> Found | None:
        await self._audience.refresh(reporter.campus_id)
        card = await self._audience.card(user_id)
        if card is None or card.campus_id != reporter.campus_id:
            return None
        if card.standing is Standing.DELETED:
            return None
        if user_id == reporter.user_id or await self._is_known(reporter, card):
            return Found(card.campus_id, user_id)
        return None

    async def _is_known(self, reporter: Actor, card: PersonCard) -> bool:
        """Whether somebody is seen, or was met before they hid, blocked or were blocked."""
        relations = await self._audience.relations(reporter.user_id)
        me = reporter.user_id
        if any(can_see(me, relations, card, surface) for surface in _SEEN_ON):
            return True
        return await self._units.read(lambda unit: _have_met(unit, me, card.user_id))

    async def _message(self, reporter: Actor, message_id: MessageId) -> Found | None:
        async def body(unit: StoreUnit) -> Message | None:
            message = await unit.messages.get(message_id)
            if message is None:
                return None
            seq, me = message.seq, reporter.user_id
            window = Window(viewer=me, limit=1, after=seq - 1, before=seq + 1)
            shown = await unit.messages.history(message.conversation_id, window)
            return message if shown else None

        message = await self._units.read(body)
        return None if message is None else Found(reporter.campus_id, message.sender)

    async def _room(self, reporter: Actor, room_id: RoomId) -> Found | None:
        async def body(unit: StoreUnit) -> Found | None:
            room, seat = await unit.rooms.seated(room_id, reporter.user_id) or (None, None)
            if room is None or room.closed or room.campus_id != reporter.campus_id:
                return None
            if room.visibility.value != "link" and seat is None:
                return None
            roster = await unit.rooms.roster(room_id)
            owner = next((one.user_id for one in roster if one.role is Role.OWNER), None)
            return Found(room.campus_id, owner)

        return await self._units.read(body)


class DeskPeople:
    """A :class:`~divan_core.moderation.ports.People` over accounts."""

    def __init__(self, units: Units[StoreUnit]) -> None:
        """Read through ``units``."""
        self._units = units

    async def since(self, user_id: UserId) -> Millis:
        """Since when somebody is here; nobody is since the beginning of time."""
        person = await self._units.read(lambda unit: unit.people.get(user_id))
        return Millis(0) if person is None else person.created_at

    async def is_staff(self, user_id: UserId, beside: Actor) -> bool:
        """Whether somebody is of the staff of this actor's campus, or of all, by their record."""
        person = await self._units.read(lambda unit: unit.people.get(user_id))
        if person is None or person.standing is not Standing.ACTIVE:
            return False
        here = person.campus_id == beside.campus_id
        return ADMIN in person.roles or (MODERATOR in person.roles and here)

    async def is_of(self, user_id: UserId, campus_id: CampusId) -> bool:
        """Whether there is somebody of this id on a campus, and not gone."""
        person = await self._units.read(lambda unit: unit.people.get(user_id))
        if person is None or person.standing is Standing.DELETED:
            return False
        return person.campus_id == campus_id

    async def named(self, handle: str) -> UserId | None:
        """Who has this handle, or None."""
        found = await self._units.read(lambda unit: unit.people.handles((handle,)))
        return found.get(handle)

    async def introduced(self, people: Collection[UserId]) -> Mapping[UserId, Appellant]:
        """How these are called, to staff; who is gone or never was, without a name."""
        found = {one: Appellant(one, None, None) for one in people}
        if found:
            for one in await self._units.read(lambda unit: unit.people.get_many(tuple(found))):
                if one.standing is not Standing.DELETED:
                    found[one.id] = Appellant(one.id, one.handle, one.display_name)
        return found


async def _have_met(unit: StoreUnit, one: UserId, other: UserId) -> bool:
    """Whether two people have written, played or shared a room, or one has asked or blocked.

    A block counts for whoever could see the other when they blocked.
    """
    if await unit.messages.dialogue(Pair.of(one, other)) is not None:
        return True
    if await unit.activities.have_met(one, other):
        return True
    invites = await unit.invites.of(one, MOST_INVITES)
    if any(other in {invite.sender, invite.recipient} for invite in invites):
        return True
    before = UserId(UUID(int=max(other.int - 1, 0)))
    if other in await unit.relations.blocked_by(one, before, 1):
        return True
    mine = {room.room.id for room in await unit.rooms.rooms_of(one, None, MOST_ROOMS)}
    theirs = {room.room.id for room in await unit.rooms.rooms_of(other, None, MOST_ROOMS)}
    return bool(mine & theirs)

"""Who is in a room: joining, leaving, roles and discipline, and who sees whom there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import attrs

from divan_core.chat import policy, roompolicy
from divan_core.chat.messages import (
    MEMBERS_NOTICE,
    ROOM_CHANGED,
    ROOM_JOINED,
    ROOM_KICKED,
    ROOM_LEFT,
    ROOMS,
)
from divan_core.chat.model import Member, Role, Room
from divan_core.chat.ports import ChatUnit
from divan_core.chat.roommessages import AddMember, KickMember, MuteMember, RosterEntry, SetRole
from divan_core.chat.roompolicy import Roster, Shift
from divan_core.chat.tools import ChatTools, Fact, event, online, tell
from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.events import Event
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see

Deciding = Callable[[ChatUnit, Roster, Member | None], Awaitable[Shift | None]]
"""What changes of a room, by what it is and what the actor is in it; None for nothing."""


async def known(unit: ChatUnit, actor: Actor, room_id: RoomId) -> tuple[Room, Member | None]:
    """A room, and what the actor is or was in it.

    Raises:
        NotFound: there is no such room to the actor.
    """
    room, seat = await unit.rooms.seated(room_id, actor.user_id) or (None, None)
    return roompolicy.check_known(room, seat, actor.campus_id), seat


def told(tools: ChatTools, actor: Actor, name: str, shift: Shift) -> Event:
    """The event of a change in who is in a room, or as what."""
    room_id = str(shift.room.id)
    people = [str(one) for one in shift.told]
    data = {"room_id": room_id, "user_ids": people, "by_id": str(actor.user_id)}
    return event(tools, actor, Fact(ROOMS, name, f"roster:{room_id}", data))


def is_of(actor: Actor, relations: Relations, card: PersonCard | None, surface: Surface) -> bool:
    """Whether this is somebody of the actor's campus whom they may see."""
    if card is None or card.campus_id != actor.campus_id:
        return False
    return can_see(actor.user_id, relations, card, surface)


class Crowd:
    """Who of the people in rooms is there to an actor."""

    def __init__(self, tools: ChatTools) -> None:
        """Ask the audience and the presence of ``tools``."""
        self._tools = tools
        self._audience = tools.audience
        self._clock = tools.clock

    async def relations(self, actor: Actor) -> Relations:
        """The actor's friends and blocks, as they are now."""
        await self._audience.refresh(actor.campus_id)
        return await self._audience.relations(actor.user_id)

    async def counts(
        self, actor: Actor, people: Sequence[tuple[RoomId, UserId]], *, inside: bool = True
    ) -> Counter[RoomId]:
        """How many people are in each room to the actor, who counts themselves.

        From ``inside`` everybody is there but those gone or blocked; from outside only whoever
        does not hide from the actor.
        """
        surface = Surface.CONVERSATION if inside else Surface.CHAT
        relations = await self.relations(actor)
        cards = await self._audience.cards([one for _, one in people])
        own = actor.user_id
        return Counter(
            room_id
            for (room_id, one), card in zip(people, cards, strict=True)
            if one == own or is_of(actor, relations, card, surface)
        )

    async def entries(
        self, actor: Actor, members: Sequence[Member]
    ) -> list[tuple[Member, RosterEntry]]:
        """Those of a room whom the actor, who is in it, sees there; themselves included."""
        relations, now = await self.relations(actor), self._clock.now()
        cards = await self._audience.cards([one.user_id for one in members])
        return [
            (
                one,
                roompolicy.roster_entry(
                    one, card, is_friend=card.user_id in relations.friends, now=now
                ),
            )
            for one, card in zip(members, cards, strict=True)
            if card is not None
            and (
                one.user_id == actor.user_id or is_of(actor, relations, card, Surface.CONVERSATION)
            )
        ]

    async def lively(self, actor: Actor, entries: Sequence[RosterEntry]) -> tuple[RosterEntry, ...]:
        """These, with who is online and does not hide it from the actor. One round trip."""
        relations = await self._audience.relations(actor.user_id)
        cards = await self._audience.cards([one.user_id for one in entries])
        found = await online(self._tools, actor, relations, cards)
        return tuple(attrs.evolve(one, online=one.user_id in found) for one in entries)


class Seating:
    """Changes who is in a room. One change of a room at a time, over all processes."""

    def __init__(self, units: Units[ChatUnit], tools: ChatTools) -> None:
        """Keep members through ``units``."""
        self._units = units
        self._tools = tools
        self._crowd = Crowd(tools)

    async def join(self, actor: Actor, room_id: RoomId) -> None:
        """See ``Rooms.join``."""
        now = self._tools.clock.now()

        async def decide(_: ChatUnit, roster: Roster, seat: Member | None) -> Shift | None:
            return roompolicy.after_join(roster, seat, actor.user_id, now)

        await self._change(actor, room_id, ROOM_JOINED, decide)

    async def leave(self, actor: Actor, room_id: RoomId) -> None:
        """See ``Rooms.leave``."""

        async def decide(_: ChatUnit, roster: Roster, seat: Member | None) -> Shift | None:
            inside = seat is not None and seat.inside
            return roompolicy.after_leave(roster, seat) if seat and inside else None

        await self._change(actor, room_id, ROOM_LEFT, decide)

    async def add(self, actor: Actor, command: AddMember) -> RosterEntry:
        """See ``Rooms.add``."""
        now, relations = self._tools.clock.now(), await self._crowd.relations(actor)
        card = await self._tools.audience.card(command.user_id)

        async def decide(unit: ChatUnit, roster: Roster, seat: Member | None) -> Shift | None:
            roompolicy.check_host(roompolicy.check_inside(seat))
            _, before = await unit.rooms.seated(command.room_id, command.user_id) or (None, None)
            inside = before is not None and before.inside
            surface = Surface.CONVERSATION if inside else Surface.CHAT
            if card is None or not is_of(actor, relations, card, surface):
                raise NotFound
            if inside:
                return None
            policy.check_recipient(relations, card)
            return roompolicy.after_add(roster, before, command.user_id, now)

        await self._change(actor, command.room_id, ROOM_JOINED, decide)
        return await self._entry(actor, command.room_id, command.user_id)

    async def set_role(self, actor: Actor, command: SetRole) -> RosterEntry:
        """See ``Rooms.set_role``."""
        relations = await self._crowd.relations(actor)
        card = await self._tools.audience.card(command.user_id)
        mine = command.user_id == actor.user_id
        seen = mine or is_of(actor, relations, card, Surface.CONVERSATION)

        async def decide(_: ChatUnit, roster: Roster, seat: Member | None) -> Shift | None:
            own = roompolicy.check_inside(seat)
            roompolicy.check_owner(own)
            target = roster.member(command.user_id)
            if target is None or not seen:
                raise NotFound
            return roompolicy.after_role(roster, own, target, Role(command.role))

        await self._change(actor, command.room_id, ROOM_CHANGED, decide)
        return await self._entry(actor, command.room_id, command.user_id)

    async def mute(self, actor: Actor, command: MuteMember) -> None:
        """See ``Rooms.mute``."""
        now = self._tools.clock.now()

        def act(roster: Roster, target: Member) -> Shift:
            return Shift(roster.room, (roompolicy.muted(target, command.minutes, now),))

        await self._discipline(actor, command, ROOM_CHANGED, act)

    async def kick(self, actor: Actor, command: KickMember) -> None:
        """See ``Rooms.kick``."""

        def act(roster: Roster, target: Member) -> Shift:
            return roompolicy.after_leave(roster, target, kicked=True)

        await self._discipline(actor, command, ROOM_KICKED, act)

    async def _discipline(
        self,
        actor: Actor,
        command: MuteMember | KickMember,
        name: str,
        act: Callable[[Roster, Member], Shift],
    ) -> None:
        """Act on somebody of a lower role; a refusal tells only of those whom the actor sees."""
        relations = await self._crowd.relations(actor)
        card = await self._tools.audience.card(command.user_id)
        mine = command.user_id == actor.user_id
        seen = mine or is_of(actor, relations, card, Surface.CONVERSATION)

        async def decide(_: ChatUnit, roster: Roster, seat: Member | None) -> Shift | None:
            own = roompolicy.check_inside(seat)
            roompolicy.check_host(own)
            target = roster.member(command.user_id)
            if target is None:
                return None
            if seen:
                roompolicy.check_outranks(own, target)
            return act(roster, target) if roompolicy.outranks(own, target) else None

        await self._change(actor, command.room_id, name, decide)

    async def _change(self, actor: Actor, room_id: RoomId, name: str, decide: Deciding) -> None:
        async def body(unit: ChatUnit) -> Shift | None:
            await unit.locks.take(roompolicy.lock_of(room_id))
            room, seat = await known(unit, actor, room_id)
            roster = Roster(room, tuple(await unit.rooms.roster(room_id)))
            shift = await decide(unit, roster, seat)
            if shift is not None:
                await unit.rooms.put(shift.room, shift.members)
                await unit.outbox.add(told(self._tools, actor, name, shift))
            return shift

        shift = await self._units.write(body, locking=True)
        if shift is not None:
            data = {**told(self._tools, actor, name, shift).data, "change": name}
            notice = PersonNotice(actor.campus_id, actor.user_id, ROOMS, MEMBERS_NOTICE, data)
            await tell(self._tools, notice)

    async def _entry(self, actor: Actor, room_id: RoomId, user_id: UserId) -> RosterEntry:
        async def body(unit: ChatUnit) -> Member | None:
            _, member = await unit.rooms.seated(room_id, user_id) or (None, None)
            return member

        member = await self._units.read(body)
        entries = await self._crowd.entries(actor, () if member is None else (member,))
        if not entries:
            raise NotFound
        (entry,) = await self._crowd.lively(actor, [entries[0][1]])
        return entry

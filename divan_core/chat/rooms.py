"""The use cases of rooms."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Raw

from divan_core.chat import policy, roompolicy
from divan_core.chat.messages import (
    MESSAGE_SENT,
    ROOM_CREATED,
    ROOM_TYPING,
    ROOMS,
    Acknowledged,
    MessageView,
)
from divan_core.chat.model import Cursors, Draft, Member, Message, RoomSummary, Window
from divan_core.chat.ports import ChatUnit
from divan_core.chat.prints import Pages
from divan_core.chat.roommessages import (
    AddMember,
    CreateRoom,
    KickMember,
    MuteMember,
    ReadRoom,
    RoomMessagesQuery,
    RoomQuery,
    RoomsQuery,
    RoomTyping,
    RoomView,
    RosterEntry,
    RosterQuery,
    SendRoomMessage,
    SetRole,
)
from divan_core.chat.roompolicy import Roster
from divan_core.chat.seating import Crowd, Seating, known, told
from divan_core.chat.tools import (
    ChatTools,
    Fact,
    Outgoing,
    Place,
    Sending,
    at_seq,
    bounds_of,
    event,
    tell,
    written,
)
from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import Act, check_verdict
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.units import Units

CREATE: Final = "rooms.create"
SEND: Final = "rooms.send"

_STANDING: Final = struct.Struct(">Q16s")


class Rooms:
    """What people of a campus write to each other in rooms.

    Everybody of the campus may know of a link room; of a private one, those who are in it. Those
    who have blocked each other do not see each other there, nor what the other writes.
    """

    def __init__(self, units: Units[ChatUnit], tools: ChatTools) -> None:
        """Keep rooms through ``units``."""
        self._units = units
        self._tools = tools
        self._outgoing = Outgoing(units, tools)
        self._pages = Pages(units, tools.prints)
        self._crowd = Crowd(tools)
        self._seating = Seating(units, tools)

    async def create(
        self, actor: Actor, command: CreateRoom, *, idempotency_key: KeyGiven = None
    ) -> Done[RoomView]:
        """Open a room; the actor owns it.

        Raises:
            ValidationFailed: a name that cannot be, or somebody who is not a friend of the actor.
            RoomFull: more people than the preset is for.
            RateLimited: too many rooms.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        tools, now = self._tools, self._tools.clock.now()
        relations = await self._crowd.relations(actor)
        check_verdict(await tools.gate.ask(actor, Act.ROOM))
        roompolicy.check_friends(command, actor.user_id, relations.friends)
        room_id = RoomId(tools.ids.uuid())
        shift = roompolicy.new_room(command, room_id, actor.campus_id, actor.user_id, now)
        (count,) = (
            await self._crowd.counts(actor, [(room_id, one) for one in shift.told])
        ).values()

        async def body(unit: ChatUnit) -> RoomView:
            await unit.rooms.put(shift.room, shift.members)
            for_rules = written(tools, actor, "room", room_id)
            await unit.outbox.add(told(tools, actor, ROOM_CREATED, shift), for_rules)
            return roompolicy.room_view(shift.room, count, shift.members[0], now)

        attempt = Attempt(actor, CREATE, command, RoomView, idempotency_key, tools.limit.room)
        return await tools.once.once(attempt, body)

    async def mine(self, actor: Actor, query: RoomsQuery) -> Page[RoomView]:
        """The rooms the actor is in, the newest first.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        now, place = self._tools.clock.now(), self._place(b"rooms:", actor)
        last = place.open(query.cursor, 16)
        before = None if last is None else RoomId(UUID(bytes=last))
        hidden = (await self._crowd.relations(actor)).blocked

        async def body(
            unit: ChatUnit,
        ) -> tuple[Sequence[RoomSummary], Sequence[tuple[RoomId, UserId]]]:
            found = await unit.rooms.rooms_of(actor.user_id, before, query.limit + 1, hidden)
            return found, await unit.rooms.members_of([one.room.id for one in found])

        found, members = await self._units.read(body)
        counts = await self._crowd.counts(actor, members)
        views = tuple(
            roompolicy.room_view(one.room, counts[one.room.id], one.member, now, one.unread)
            for one in found
        )
        return place.page(views, query.limit, lambda view: view.id.bytes)

    async def card(self, actor: Actor, query: RoomQuery) -> RoomView:
        """A room, as the actor may know it.

        Raises:
            NotFound: there is no such room to the actor.
        """
        hidden = (await self._crowd.relations(actor)).blocked

        async def body(unit: ChatUnit) -> tuple[Roster, Member | None, int]:
            room, seat = await known(unit, actor, query.room_id)
            roster = Roster(room, tuple(await unit.rooms.roster(room.id)))
            unread = 0
            if seat is not None and seat.inside:
                talk = room.conversation_id
                unread = await unit.messages.unread(talk, actor.user_id, hidden)
            return roster, seat, unread

        roster, seat, unread = await self._units.read(body)
        inside = seat is not None and seat.inside
        people = [(roster.room.id, one.user_id) for one in roster.members]
        counts = await self._crowd.counts(actor, people, inside=inside)
        now = self._tools.clock.now()
        return roompolicy.room_view(roster.room, counts[roster.room.id], seat, now, unread)

    async def join(self, actor: Actor, query: RoomQuery) -> RoomView:
        """Enter a link room. Entering again changes nothing.

        Raises:
            NotFound: there is no such room to the actor.
            KickedOut: the actor was put out of it.
            RoomFull: there is no place left.
        """
        await self._seating.join(actor, query.room_id)
        return await self.card(actor, query)

    async def leave(self, actor: Actor, query: RoomQuery) -> None:
        """Leave a room. An owner hands over: to the longest-standing moderator, else member.

        Raises:
            NotFound: there is no such room to the actor.
        """
        await self._seating.leave(actor, query.room_id)

    async def roster(self, actor: Actor, query: RosterQuery) -> Page[RosterEntry]:
        """Who is in a room that the actor is in, the longest-standing first.

        Raises:
            NotFound, NotMember: the actor is not in it.
            InvalidCursor: the cursor is not of this list.
        """
        place = self._place(b"rooms:roster:" + query.room_id.bytes, actor)
        after = place.open(query.cursor, _STANDING.size)

        async def body(unit: ChatUnit) -> Sequence[Member]:
            _, seat = await known(unit, actor, query.room_id)
            roompolicy.check_inside(seat)
            return await unit.rooms.roster(query.room_id)

        entries = await self._crowd.entries(actor, await self._units.read(body))
        rest = tuple(one for one in entries if after is None or _standing(one[0]) > after)
        page = place.page(rest, query.limit, lambda one: _standing(one[0]))
        shown = await self._crowd.lively(actor, [entry for _, entry in page.items])
        return Page(shown, page.cursor)

    async def add(self, actor: Actor, command: AddMember) -> RosterEntry:
        """Bring somebody into a room; also one who was put out.

        Raises:
            NotFound: there is no such room to the actor, or nobody whom they could write to.
            NotMember, NotAllowed: the actor neither owns nor moderates it.
            NotFriends: the person takes messages of friends only.
            RoomFull: there is no place left.
        """
        return await self._seating.add(actor, command)

    async def set_role(self, actor: Actor, command: SetRole) -> RosterEntry:
        """Give somebody in a room another role, or the room itself.

        Raises:
            NotFound: there is no such room, or nobody like that in it, to the actor.
            NotMember, NotAllowed: the actor does not own it.
            InvalidInput: the actor would give themselves another role.
        """
        return await self._seating.set_role(actor, command)

    async def mute(self, actor: Actor, command: MuteMember) -> None:
        """Let somebody in a room only read for a while.

        Whoever the actor does not see in it is muted all the same where they may be, and nothing
        tells whether they were there.

        Raises:
            NotFound: there is no such room to the actor.
            NotMember, NotAllowed: the actor may not do this to that person.
            InvalidInput: that is the actor.
        """
        await self._seating.mute(actor, command)

    async def kick(self, actor: Actor, command: KickMember) -> None:
        """Put somebody out of a room, until they are added again. As :meth:`mute` otherwise.

        Raises:
            NotFound: there is no such room to the actor.
            NotMember, NotAllowed: the actor may not do this to that person.
            InvalidInput: that is the actor.
        """
        await self._seating.kick(actor, command)

    async def send(
        self, actor: Actor, command: SendRoomMessage, *, idempotency_key: KeyGiven = None
    ) -> Done[MessageView]:
        """Write to everybody in a room.

        A ``client_msg_id`` is good for one message of a room, for ever: sent again, it is
        answered with the message it was used for.

        Raises:
            ValidationFailed: a text that cannot be.
            NotFound, NotMember: the actor is not in such a room.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            IdempotencyKeyReused: the ``client_msg_id`` was used for something else.
            RateLimited: too many messages.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        content = policy.content_of(command)
        room_id = command.room_id
        await self._tools.audience.refresh(actor.campus_id)

        async def keep(unit: ChatUnit, draft: Draft) -> Message:
            message = await unit.messages.send_to_room(draft)
            if message is None:
                raise await self._refused(unit, actor, room_id, draft)
            about = f"conversation:{message.conversation_id}"
            data = policy.sent_data(message)
            fact = Fact(ROOMS, MESSAGE_SENT, about, data)
            for_rules = written(self._tools, actor, "message", message.id)
            await unit.outbox.add(event(self._tools, actor, fact), for_rules)
            return message

        conversation_id, client_id = roompolicy.conversation_of(room_id), command.client_msg_id
        sending = Sending(
            actor,
            ROOMS,
            SEND,
            command,
            conversation_id,
            content,
            client_id,
            keep,
            lambda message: policy.message_view(message, room_id=room_id),
        )
        done = await self._outgoing.send(sending, idempotency_key)
        if done.replayed:
            await self._check_inside(actor, room_id)
        return done

    async def messages(self, actor: Actor, query: RoomMessagesQuery) -> Page[MessageView]:
        """What was written in a room, newest first, but by those who are hidden by a block.

        Raises:
            NotFound, NotMember: the actor is not in such a room.
            InvalidCursor: the cursor is not of this list.
        """
        place, window = await self._asked(actor, query)

        async def body(unit: ChatUnit) -> Sequence[Message]:
            return await unit.messages.history(roompolicy.conversation_of(query.room_id), window)

        found = await self._units.look(body)
        if not found:
            await self._check_inside(actor, query.room_id)
        return place.page(policy.room_views(found, query.room_id), query.limit, at_seq)

    async def printed(self, actor: Actor, query: RoomMessagesQuery) -> Page[Raw]:
        """:meth:`messages`, each as JSON, for whoever only passes them on: in half the time.

        Raises:
            NotFound, NotMember, InvalidCursor: as :meth:`messages`.
        """
        place, window = await self._asked(actor, query)
        found = await self._pages.read(
            roompolicy.conversation_of(query.room_id),
            window,
            lambda messages: policy.room_views(messages, query.room_id),
        )
        if not found:
            await self._check_inside(actor, query.room_id)
        return place.printed(found, query.limit)

    async def read(self, actor: Actor, command: ReadRoom) -> Acknowledged:
        """The actor has read what was written in a room up to a number. It never goes back.

        Raises:
            NotFound, NotMember: the actor is not in such a room.
            ValidationFailed: there is no such message yet.
        """
        seq = command.read_seq

        async def body(unit: ChatUnit) -> Cursors | None:
            room, seat = await known(unit, actor, command.room_id)
            roompolicy.check_inside(seat)
            policy.check_acknowledged(seq, room.last_seq, "read_seq")
            cursors = Cursors(delivered=seq, read=seq)
            return await unit.messages.advance(room.conversation_id, actor.user_id, cursors)

        now = await self._units.write(body, locking=True)
        return policy.acknowledged(roompolicy.conversation_of(command.room_id), now or Cursors())

    async def typing(self, actor: Actor, command: RoomTyping) -> None:
        """Tell those in a room that the actor is typing, or has stopped. Nothing is kept.

        Raises:
            NotFound, NotMember: the actor is not in such a room.
            Muted: the actor may only read there.
        """
        now = self._tools.clock.now()

        async def body(unit: ChatUnit) -> None:
            _, seat = await known(unit, actor, command.room_id)
            roompolicy.check_writer(roompolicy.check_inside(seat), now)

        await self._units.look(body)
        room_id = str(command.room_id)
        data = {"room_id": room_id, "user_id": str(actor.user_id), "active": command.active}
        notice = PersonNotice(actor.campus_id, actor.user_id, ROOMS, ROOM_TYPING, data)
        await tell(self._tools, notice)

    async def _asked(self, actor: Actor, query: RoomMessagesQuery) -> tuple[Place, Window]:
        """Which messages are asked for, and their place in the list."""
        bounds = bounds_of(query.after_seq, query.before_seq)
        place = self._place(b"rooms:messages:" + query.room_id.bytes + bounds, actor)
        at = place.seq(query.cursor)
        window = Window(
            viewer=actor.user_id,
            limit=query.limit + 1,
            after=query.after_seq or 0,
            before=query.before_seq if at is None else at,
            hidden=(await self._crowd.relations(actor)).blocked,
            inside=True,
        )
        return place, window

    async def _refused(
        self, unit: ChatUnit, actor: Actor, room_id: RoomId, draft: Draft
    ) -> NotFound:
        """Why nothing could be written to a room: raised, but for a room that has just closed."""
        _, seat = await known(unit, actor, room_id)
        roompolicy.check_writer(roompolicy.check_inside(seat), draft.at)
        return NotFound()

    async def _check_inside(self, actor: Actor, room_id: RoomId) -> None:
        async def body(unit: ChatUnit) -> None:
            _, seat = await known(unit, actor, room_id)
            roompolicy.check_inside(seat)

        await self._units.look(body)

    def _place(self, name: bytes, actor: Actor) -> Place:
        return Place(self._tools.sealer, name + actor.user_id.bytes)


def _standing(member: Member) -> bytes:
    return _STANDING.pack(member.joined_at, member.user_id.bytes)

"""What may be done in rooms, what comes of it, and how rooms are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from msgspec import UNSET, UnsetType

from divan_core.chat.model import (
    ConversationId,
    Cursors,
    Member,
    Preset,
    Role,
    Room,
    RoomVisibility,
    Seat,
)
from divan_core.chat.roommessages import CreateRoom, RoomView, RosterEntry
from divan_core.errors import (
    FieldError,
    InvalidInput,
    KickedOut,
    Muted,
    NotAllowed,
    NotFound,
    NotMember,
    RoomFull,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import PersonCard

_RANK: Final[Mapping[Role, int]] = {Role.MEMBER: 0, Role.MODERATOR: 1, Role.OWNER: 2}


@attrs.frozen
class Roster:
    """A room with everybody who is in it, the longest-standing first."""

    room: Room
    members: tuple[Member, ...] = ()

    def member(self, user_id: UserId) -> Member | None:
        """Somebody who is in it, or None."""
        return next((one for one in self.members if one.user_id == user_id), None)


@attrs.frozen
class Shift:
    """What a decision changes: the room as it is now, and the members to keep.

    ``told`` are those whose being in the room, or role in it, is another one now.
    """

    room: Room
    members: tuple[Member, ...] = ()

    @property
    def told(self) -> tuple[UserId, ...]:
        """Whom it is about."""
        return tuple(one.user_id for one in self.members)


def new_room(
    command: CreateRoom, room_id: RoomId, campus_id: CampusId, owner: UserId, now: Millis
) -> Shift:
    """The room that a command asks for, with its owner and those who are in it from the start.

    Raises:
        ValidationFailed: a name of control characters, or of nothing.
        RoomFull: too many for the preset.
    """
    name = command.name.strip()
    if not name or not name.isprintable():
        raise ValidationFailed(errors=[FieldError("$.name", "must be 1-80 printable characters")])
    preset, visibility = Preset(command.preset), RoomVisibility(command.visibility)
    others = [one for one in dict.fromkeys(command.member_ids) if one != owner]
    if len(others) + 1 > preset.capacity:
        raise RoomFull
    room = Room(room_id, campus_id, name, preset, visibility, now, members=len(others) + 1)
    seat = Member(ConversationId(room_id), owner, now, role=Role.OWNER)
    members = (seat, *(attrs.evolve(seat, user_id=one, role=Role.MEMBER) for one in others))
    return Shift(room, members)


def check_friends(command: CreateRoom, owner: UserId, friends: frozenset[UserId]) -> None:
    """Refuse to bring in anybody but friends, whether or not there is somebody of the id.

    Raises:
        ValidationFailed: somebody is not a friend of the owner.
    """
    faults = [
        FieldError(f"$.member_ids[{place}]", "must be a friend of yours")
        for place, one in enumerate(command.member_ids)
        if one not in friends and one != owner
    ]
    if faults:
        raise ValidationFailed(errors=faults)


def check_known(room: Room | None, seat: Member | None, campus_id: CampusId) -> Room:
    """The room, if it is one that somebody of this campus may know of.

    Raises:
        NotFound: there is none, or it is private and they are not in it.
    """
    if room is None or room.closed or room.campus_id != campus_id:
        raise NotFound
    if room.visibility is RoomVisibility.PRIVATE and (seat is None or not seat.inside):
        raise NotFound
    return room


def conversation_of(room_id: RoomId) -> ConversationId:
    """The conversation of a room."""
    return ConversationId(room_id)


def lock_of(room_id: RoomId) -> str:
    """What is locked to decide about who is in a room."""
    return f"room:{room_id}"


def check_inside(seat: Member | None) -> Member:
    """The seat of somebody who is in the room.

    Raises:
        NotMember: they are not.
    """
    if seat is None or not seat.inside:
        raise NotMember
    return seat


def check_writer(seat: Member, now: Millis) -> None:
    """Refuse whom the room lets only read.

    Raises:
        Muted: until the moment that its text names.
    """
    if seat.muted_until is not None and seat.muted_at(now):
        raise Muted(f"You may write here again after {rfc3339(seat.muted_until)}.")


def after_join(roster: Roster, seat: Member | None, user_id: UserId, now: Millis) -> Shift | None:
    """What comes of somebody joining by themselves; None where they are in it.

    Raises:
        KickedOut: they were put out.
        RoomFull: there is no place left.
    """
    if seat is not None and seat.inside:
        return None
    if seat is not None and seat.seat is Seat.KICKED:
        raise KickedOut
    return _seated(roster, seat, user_id, now)


def after_add(roster: Roster, seat: Member | None, user_id: UserId, now: Millis) -> Shift | None:
    """What comes of somebody being brought in, put out before or not; None where they are in it.

    Raises:
        RoomFull: there is no place left.
    """
    if seat is not None and seat.inside:
        return None
    return _seated(roster, seat, user_id, now)


def _seated(roster: Roster, seat: Member | None, user_id: UserId, now: Millis) -> Shift:
    """Take a seat: a mute outlives leaving, and nobody begins with unread messages."""
    room = roster.room
    if len(roster.members) >= room.preset.capacity:
        raise RoomFull
    muted = None if seat is None else seat.muted_until
    start = Cursors(room.last_seq, room.last_seq)
    member = Member(room.conversation_id, user_id, now, muted_until=muted, cursors=start)
    return Shift(attrs.evolve(room, members=len(roster.members) + 1), (member,))


def after_leave(roster: Roster, leaving: Member, *, kicked: bool = False) -> Shift:
    """What comes of somebody going: an owner hands over, and a room that is empty is closed."""
    seat = Seat.KICKED if kicked else Seat.LEFT
    gone = attrs.evolve(leaving, seat=seat, role=Role.MEMBER)
    rest = [one for one in roster.members if one.user_id != leaving.user_id]
    room = attrs.evolve(roster.room, members=len(rest), closed=not rest)
    if leaving.role is not Role.OWNER or not rest:
        return Shift(room, (gone,))
    heir = next((one for one in rest if one.role is Role.MODERATOR), rest[0])
    return Shift(room, (gone, attrs.evolve(heir, role=Role.OWNER)))


def check_host(seat: Member) -> None:
    """Refuse whoever neither owns nor moderates the room.

    Raises:
        NotAllowed: they do not.
    """
    if seat.role is Role.MEMBER:
        raise NotAllowed("The owner and the moderators of the room do this.")


def check_owner(seat: Member) -> None:
    """Refuse whoever does not own the room.

    Raises:
        NotAllowed: they do not.
    """
    if seat.role is not Role.OWNER:
        raise NotAllowed("The owner of the room does this.")


def outranks(actor: Member, target: Member) -> bool:
    """Whether one may mute the other, and put them out."""
    return _RANK[actor.role] > _RANK[target.role]


def check_outranks(actor: Member, target: Member) -> None:
    """Refuse to act on those of the same role or a higher one.

    Raises:
        InvalidInput: they are the same person.
        NotAllowed: the target is an owner, or both are moderators.
    """
    if actor.user_id == target.user_id:
        raise InvalidInput("Nobody does this to themselves.")
    if not outranks(actor, target):
        raise NotAllowed("This person's role in the room is not below yours.")


def muted(target: Member, minutes: int, now: Millis) -> Member:
    """The member who may only read for so many minutes; for none, who may write."""
    return attrs.evolve(target, muted_until=Millis(now + minutes * 60_000) if minutes else None)


def after_role(roster: Roster, actor: Member, target: Member, role: Role) -> Shift:
    """What comes of giving somebody a role. Handing over leaves the old owner a moderator.

    Raises:
        NotAllowed: the actor does not own the room.
        InvalidInput: the owner would give themselves another role.
    """
    check_owner(actor)
    if actor.user_id == target.user_id:
        raise InvalidInput("An owner hands the room over, or leaves it.")
    changed = attrs.evolve(target, role=role)
    if role is not Role.OWNER:
        return Shift(roster.room, (changed,))
    return Shift(roster.room, (attrs.evolve(actor, role=Role.MODERATOR), changed))


def room_view(
    room: Room, count: int, seat: Member | None, now: Millis, unread: int = 0
) -> RoomView:
    """A room's card, with what only those who are in it are told."""
    card = RoomView(
        id=room.id,
        name=room.name,
        preset=room.preset.value,
        visibility=room.visibility.value,
        capacity=room.preset.capacity,
        member_count=count,
        created_at=rfc3339(room.created_at),
    )
    if seat is None or not seat.inside:
        return card
    return attrs.evolve(
        card,
        role=seat.role.value,
        muted_until=_muted_until(seat, now),
        last_seq=room.last_seq,
        read_seq=seat.cursors.read,
        unread_count=unread,
    )


def roster_entry(member: Member, card: PersonCard, *, is_friend: bool, now: Millis) -> RosterEntry:
    """Somebody in a room, of whom it is not known yet that they are online."""
    return RosterEntry(
        user_id=card.user_id,
        handle=card.handle,
        display_name=card.display_name,
        avatar_url=card.avatar_url,
        role=member.role.value,
        is_friend=is_friend,
        online=False,
        joined_at=rfc3339(member.joined_at),
        muted_until=_muted_until(member, now),
    )


def _muted_until(member: Member, now: Millis) -> str | UnsetType:
    until = member.muted_until
    return rfc3339(until) if until is not None and now < until else UNSET


def ordered(members: Sequence[Member]) -> tuple[Member, ...]:
    """Members, the longest-standing first."""
    return tuple(sorted(members, key=lambda one: (one.joined_at, one.user_id)))

"""Rooms, and who is in them, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

import attrs

from divan_core.accounts.model import Person
from divan_core.chat.model import (
    ConversationId,
    Member,
    OpenRoom,
    Room,
    RoomSummary,
    RoomVisibility,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Relations, Standing, Visibility
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.conversations import ConversationRecords, Talk


class MemoryRooms:
    """Keeps rooms, and who is in them."""

    def __init__(
        self, records: ConversationRecords, accounts: AccountRecords, changes: Changes
    ) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def get(self, room_id: RoomId) -> Room | None:
        """The room, closed ones included, or None."""
        return _room(self._talk(room_id))

    async def seated(self, room_id: RoomId, user_id: UserId) -> tuple[Room, Member | None] | None:
        """The room, and what this person is in it or was."""
        talk = self._talk(room_id)
        room = _room(talk)
        return None if room is None else (room, talk.members.get(user_id))

    async def roster(self, room_id: RoomId) -> Sequence[Member]:
        """Everybody who is in the room, by (moment of joining, id)."""
        inside = (one for one in self._talk(room_id).members.values() if one.inside)
        return sorted(inside, key=lambda one: (one.joined_at, one.user_id))

    async def rooms_of(
        self,
        user_id: UserId,
        before: RoomId | None,
        limit: int,
        hidden: Collection[UserId] = frozenset(),
    ) -> Sequence[RoomSummary]:
        """Up to ``limit`` rooms this person is in, by id descending, below ``before``."""
        ids = [*self._records.inside.get(user_id, ())]
        below = (
            one
            for one in reversed(ids)
            if (before is None or one < before) and not self._is_closed(one)
        )
        return [self._summary(room_id, user_id, hidden) for room_id in islice(below, limit)]

    async def members_of(self, rooms: Sequence[RoomId]) -> Sequence[tuple[RoomId, UserId]]:
        """Everybody who is in each of these rooms."""
        return [
            (room_id, member.user_id)
            for room_id in rooms
            for member in self._talk(room_id).members.values()
            if member.inside
        ]

    async def link_rooms(
        self, campus_id: CampusId, relations: Relations, since: Millis
    ) -> Sequence[OpenRoom]:
        """The open link rooms of a campus, in any order, to somebody with these relations."""
        return [
            self._open_room(room, talk, relations, since)
            for talk in self._records.talks.values()
            if (room := _room(talk)) is not None and _is_open(room, campus_id)
        ]

    def _open_room(self, room: Room, talk: Talk, relations: Relations, since: Millis) -> OpenRoom:
        people = (self._accounts.people[one.user_id] for one in talk.members.values() if one.inside)
        seen = [one.id for one in people if _is_seen(one, relations)]
        friends = relations.friends.intersection(seen)
        return OpenRoom(room, len(seen), len(friends), sum(one.at > since for one in talk.messages))

    async def put(self, room: Room, members: Sequence[Member]) -> None:
        """Keep a room and these of its members, replacing what has the same ids."""
        self._changes.begin()
        if room.campus_id not in self._accounts.campuses:
            raise self._changes.failed(UnitMisused("A room's campus does not exist."))
        talk = self._records.begin(room.conversation_id, Talk(), self._changes)
        before = talk.room
        self._changes.did(lambda: setattr(talk, "room", before))
        talk.room = room
        for member in members:
            self._seat(room.id, talk, member)

    def _seat(self, room_id: RoomId, talk: Talk, member: Member) -> None:
        if member.user_id not in self._accounts.people:
            raise self._changes.failed(UnitMisused("Somebody in a room does not exist."))
        if before := talk.members.get(member.user_id):
            member = attrs.evolve(member, cursors=before.cursors)
        self._changes.set(talk.members, member.user_id, member)
        if member.inside:
            self._records.inside[member.user_id].add(room_id, self._changes)
        else:
            self._records.inside[member.user_id].discard(room_id, self._changes)

    def _summary(self, room_id: RoomId, user_id: UserId, hidden: Collection[UserId]) -> RoomSummary:
        talk = self._talk(room_id)
        room = _room(talk)
        if room is None:
            raise LookupError("Somebody is in a room that does not exist.")
        return RoomSummary(room, talk.members[user_id], talk.unread(user_id, hidden))

    def _is_closed(self, room_id: RoomId) -> bool:
        room = self._talk(room_id).room
        return room is None or room.closed

    def _talk(self, room_id: RoomId) -> Talk:
        return self._records.talks.get(ConversationId(room_id), Talk())


def _is_open(room: Room, campus_id: CampusId) -> bool:
    is_link = room.visibility is RoomVisibility.LINK
    return is_link and room.campus_id == campus_id and not room.closed


def _is_seen(person: Person, relations: Relations) -> bool:
    if person.standing is Standing.DELETED or person.id in relations.blocked:
        return False
    privacy = person.privacy
    is_open = privacy.visibility is Visibility.EVERYONE and not privacy.ghost_mode
    return is_open or person.id in relations.friends


def _room(talk: Talk) -> Room | None:
    if talk.room is None:
        return None
    return attrs.evolve(talk.room, last_seq=len(talk.messages), last_at=talk.last_at)

"""Rooms, and who is in them, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from divan_core.chat.model import (
    ConversationId,
    Cursors,
    Member,
    OpenRoom,
    Preset,
    Role,
    Room,
    RoomSummary,
    RoomVisibility,
    Seat,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import Relations
from divan_core.stores.sql import roomstatements as statements
from divan_core.stores.sql.clauses import among, insert_missing, insert_or_replace, portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.reading import named_rows
from divan_core.stores.sql.tables import CONVERSATIONS, MEMBERS, ROOMS
from divan_core.stores.sql.types import id_of

_LAST_ID: Final = UUID(int=2**128 - 1)


class SqlRooms:
    """Keeps rooms, and who is in them."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def get(self, room_id: RoomId) -> Room | None:
        """The room, closed ones included, or None."""
        query = statements.room_statement()
        found = await named_rows(self._connection, query, {"conversation_id": room_id})
        return _room(found[0]) if found else None

    async def seated(self, room_id: RoomId, user_id: UserId) -> tuple[Room, Member | None] | None:
        """The room, and what this person is in it or was."""
        given = {"conversation_id": room_id, "viewer_id": user_id}
        row = (await self._connection.execute(statements.seated_statement(), given)).first()
        if row is None:
            return None
        return _room(row), None if row.member_user_id is None else member_of(row, "member_")

    async def roster(self, room_id: RoomId) -> Sequence[Member]:
        """Everybody who is in the room, by (moment of joining, id)."""
        query = (
            select(MEMBERS)
            .where(MEMBERS.c.conversation_id == room_id, MEMBERS.c.seat == Seat.TAKEN.value)
            .order_by(MEMBERS.c.joined_at, MEMBERS.c.user_id)
        )
        return [member_of(row) for row in await self._connection.execute(query)]

    async def rooms_of(
        self,
        user_id: UserId,
        before: RoomId | None,
        limit: int,
        hidden: Collection[UserId] = frozenset(),
    ) -> Sequence[RoomSummary]:
        """Up to ``limit`` rooms this person is in, by id descending, below ``before``."""
        given: dict[str, Any] = {"viewer_id": user_id, "before_id": before or _LAST_ID}
        given |= {"most": limit, **({"among": list(hidden)} if hidden else {})}
        query = statements.rooms_of_statement(self._connection.dialect, hiding=bool(hidden))
        rows = await self._connection.execute(query, given)
        return [RoomSummary(_room(row), member_of(row, "member_"), row.unread) for row in rows]

    async def members_of(self, rooms: Sequence[RoomId]) -> Sequence[tuple[RoomId, UserId]]:
        """Everybody who is in each of these rooms."""
        if len(rooms) == 1:
            given = {"conversation_id": rooms[0]}
            inside_it = await self._connection.rows(statements.inside_statement(), given)
            return [(rooms[0], UserId(id_of(user_id))) for _, user_id in inside_it]
        found: list[tuple[RoomId, UserId]] = []
        inside = among(MEMBERS.c.conversation_id, self._connection.dialect)
        query = select(MEMBERS.c.conversation_id, MEMBERS.c.user_id).where(
            inside, MEMBERS.c.seat == Seat.TAKEN.value
        )
        for portion in portions(rooms):
            rows = await self._connection.execute(query, {"among": portion})
            found += [(RoomId(row.conversation_id), UserId(row.user_id)) for row in rows]
        return found

    async def link_rooms(
        self, campus_id: CampusId, relations: Relations, since: Millis
    ) -> Sequence[OpenRoom]:
        """The open link rooms of a campus, in any order, to somebody with these relations."""
        given = {
            "campus_id": campus_id,
            "since": since,
            "friends": list(relations.friends),
            "blocked": list(relations.blocked),
        }
        query = statements.link_rooms_statement(self._connection.dialect)
        rows = await self._connection.execute(query, given)
        return [
            OpenRoom(_room(row), int(row.seen), int(row.friendly), int(row.recent)) for row in rows
        ]

    async def put(self, room: Room, members: Sequence[Member]) -> None:
        """Keep a room and these of its members, replacing what has the same ids."""
        dialect = self._connection.dialect
        begun = {
            "id": room.id,
            "campus_id": room.campus_id,
            "low_id": None,
            "high_id": None,
            "created_at": room.created_at,
            "last_seq": 0,
            "last_at": None,
        }
        await self._connection.execute(insert_missing(CONVERSATIONS, dialect), begun)
        await self._connection.execute(insert_or_replace(ROOMS, dialect), _room_row(room))
        if members:
            rows = [_member_row(one) for one in members]
            await self._connection.execute(statements.seat_statement(dialect), rows)


def _room_row(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "campus_id": room.campus_id,
        "name": room.name,
        "preset": room.preset.value,
        "visibility": room.visibility.value,
        "created_at": room.created_at,
        "members": room.members,
        "closed": room.closed,
    }


def _room(row: Row[Any]) -> Room:
    return Room(
        id=RoomId(row.id),
        campus_id=CampusId(row.campus_id),
        name=row.name,
        preset=Preset(row.preset),
        visibility=RoomVisibility(row.visibility),
        created_at=row.created_at,
        members=row.members,
        closed=row.closed,
        last_seq=row.last_seq,
        last_at=row.last_at,
    )


def _member_row(member: Member) -> dict[str, Any]:
    return {
        "conversation_id": member.conversation_id,
        "user_id": member.user_id,
        "role": member.role.value,
        "seat": member.seat.value,
        "joined_at": member.joined_at,
        "muted_until": member.muted_until,
        "delivered_seq": member.cursors.delivered,
        "read_seq": member.cursors.read,
        "cleared_seq": member.cursors.cleared,
    }


def member_of(row: Row[Any], prefix: str = "") -> Member:
    """Somebody in a conversation, from columns that begin with ``prefix``."""
    value = {column.name: getattr(row, prefix + column.name) for column in MEMBERS.c}
    return Member(
        conversation_id=ConversationId(value["conversation_id"]),
        user_id=UserId(value["user_id"]),
        joined_at=value["joined_at"],
        role=Role(value["role"]),
        seat=Seat(value["seat"]),
        muted_until=value["muted_until"],
        cursors=Cursors(value["delivered_seq"], value["read_seq"], value["cleared_seq"]),
    )

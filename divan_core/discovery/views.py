"""How people and rooms that were found are shown."""

from __future__ import annotations

from msgspec import UNSET

from divan_core.discovery.messages import FoundPerson, FoundRoom
from divan_core.discovery.model import RoomCard
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.visibility import PersonCard


def shown(card: PersonCard, mutual_friends: int, *, is_friend: bool) -> FoundPerson:
    """The view of a person."""
    return FoundPerson(
        card.user_id,
        card.handle,
        card.display_name,
        card.avatar_url,
        is_friend,
        mutual_friends,
        card.major or UNSET,
        card.graduation_year or UNSET,
        card.passions or UNSET,
    )


def shown_room(room: RoomCard) -> FoundRoom:
    """The view of a room."""
    return FoundRoom(
        room.room_id,
        room.name,
        room.preset,
        room.members,
        room.friends,
        rfc3339(room.created_at),
    )

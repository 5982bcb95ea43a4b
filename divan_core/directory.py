"""Rooms for whoever searches and discovers: what chat keeps, as discovery wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from divan_core.chat.model import OpenRoom
from divan_core.chat.ports import ChatUnit
from divan_core.discovery import policy
from divan_core.discovery.folding import comparable
from divan_core.discovery.model import RoomCard, Wanted
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, RoomId
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Relations

DAY_MS: Final = 86_400_000


class OpenRooms:
    """A :class:`~divan_core.discovery.ports.RoomDirectory` over the rooms of conversations.

    It reads all link rooms of a campus in one statement and orders them here, so that every store
    has the same order.
    """

    def __init__(self, units: Units[ChatUnit], clock: Clock) -> None:
        """Read through ``units``."""
        self._units = units
        self._clock = clock

    async def linked(
        self, campus_id: CampusId, relations: Relations, most: int
    ) -> Sequence[RoomCard]:
        """The first ``most`` rooms: by ``room_score``, the highest first, then by id."""
        found = await self._cards(campus_id, relations)
        return sorted(found, key=lambda one: (-_score(one), one.room_id))[:most]

    async def named(
        self, campus_id: CampusId, relations: Relations, wanted: Wanted, most: int
    ) -> Sequence[RoomCard]:
        """The first ``most`` rooms that ``room_fits``: by ``room_search_score``, then by id."""
        found = await self._cards(campus_id, relations)
        fitting = [one for one in found if policy.room_fits(wanted, comparable(one.name))]

        def place(one: RoomCard) -> tuple[float, RoomId]:
            return -policy.room_found_score(wanted, one), one.room_id

        return sorted(fitting, key=place)[:most]

    async def _cards(self, campus_id: CampusId, relations: Relations) -> list[RoomCard]:
        since = Millis(self._clock.now() - DAY_MS)

        async def body(unit: ChatUnit) -> Sequence[OpenRoom]:
            return await unit.rooms.link_rooms(campus_id, relations, since)

        return [_card(one) for one in await self._units.read(body)]


def _score(card: RoomCard) -> float:
    return policy.room_score(card.messages, card.members, card.friends)


def _card(found: OpenRoom) -> RoomCard:
    room = found.room
    return RoomCard(
        room_id=room.id,
        name=room.name,
        preset=room.preset.value,
        created_at=room.created_at,
        members=found.members,
        messages=found.recent,
        friends=found.friends,
    )

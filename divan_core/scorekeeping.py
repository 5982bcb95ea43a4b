"""What events of other contexts mean for leaderboards, in units of work.

Nothing counts of what staff has hidden, and nothing that was done by or with somebody who is
banned, as long as that lasts: friends that one makes of oneself give nothing once they are found
out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from divan_core.chat.model import MessageId
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import Standing
from divan_core.leaderboards.scoring import Scoring
from divan_core.moderation.actionmodel import ActionKind
from divan_core.moderation.model import Subject, SubjectKind
from divan_core.stores.bundle import StoreUnit
from divan_core.tidings import Tidings, tidings_of


class CampusCensus:
    """A :class:`~divan_core.leaderboards.ports.Census` over campuses and people."""

    async def timezones(
        self, unit: StoreUnit, campuses: Collection[CampusId]
    ) -> Mapping[CampusId, str]:
        """By which IANA time zones clocks of those of these go that there are."""
        return await unit.campuses.timezones(campuses)

    async def standings(
        self, unit: StoreUnit, people: Collection[UserId]
    ) -> Mapping[UserId, Standing]:
        """How those of these people stand who exist."""
        return await unit.people.standings(people)

    async def campuses(
        self, unit: StoreUnit, after: CampusId | None, limit: int
    ) -> Sequence[tuple[CampusId, str]]:
        """Up to ``limit`` campuses by id, with their time zones."""
        return [(one.id, one.timezone) for one in await unit.campuses.page(after, limit)]


class Scorekeeping:
    """Handlers of events, in locking units. What they do not know is nothing to them.

    They mark the days that have changed, which a job adds up.
    """

    def __init__(self, scoring: Scoring[StoreUnit]) -> None:
        """Keep deeds by ``scoring``."""
        self._scoring = scoring

    async def count(self, unit: StoreUnit, event: Event) -> None:
        """Keep what an event tells of that counts."""
        await self.count_all(unit, (event,))

    async def count_all(self, unit: StoreUnit, events: Sequence[Event]) -> Sequence[None]:
        """The same of many, in whatever order.

        They take as many statements as one, but for one for each room come into.
        """
        found = [one for one in map(tidings_of, events) if one is not None]
        if found:
            await self._scoring.hold(unit, *(about for one in found for about in one.about))
            hidden = await _hidden(unit, found)
            await self._scoring.note(unit, *(one.unless(hidden) for one in found))
        return [None] * len(events)

    async def of_action(self, unit: StoreUnit, event: Event) -> None:
        """Staff, or a rule, has hidden something or somebody, or shows them again.

        How they stand now decides, whichever of their actions this one is.
        """
        kind, _, target = str(event.data.get("target", "")).partition(":")
        if kind == SubjectKind.USER.value:
            await self._scoring.shun(unit, UserId(UUID(target)))
        elif kind == SubjectKind.MESSAGE.value:
            await self._veiled(unit, UUID(target))
        elif kind == SubjectKind.ROOM.value:
            room_id = RoomId(UUID(target))
            await self._scoring.hold(unit, room_id)
            deeds = await unit.deeds.about_room(room_id)
            removed = await _is_removed(unit, room_id)
            await self._scoring.hide(unit, deeds, hidden=removed)

    async def _veiled(self, unit: StoreUnit, message_id: UUID) -> None:
        message = await unit.messages.get(MessageId(message_id))
        if message is None:
            return
        await self._scoring.hold(unit, message.sender)
        hidden = message_id not in await _shown(unit, {message_id})
        await self._scoring.hide_message(unit, message.sender, message_id, hidden=hidden)


async def _hidden(unit: StoreUnit, found: Sequence[Tidings]) -> frozenset[UUID]:
    """The messages and rooms of these tidings that staff has hidden, or that are gone."""
    messages = {one.message_id for one in found if one.message_id is not None}
    rooms = {one.room_id for one in found if one.room_id is not None}
    removed = {one for one in rooms if await _is_removed(unit, one)}
    return frozenset(removed | (messages - await _shown(unit, messages)))


async def _shown(unit: StoreUnit, messages: Collection[UUID]) -> set[UUID]:
    """Which of these messages staff has not hidden."""
    found = await unit.messages.some([MessageId(one) for one in messages])
    return {one.id for one in found if one.veil is None}


async def _is_removed(unit: StoreUnit, room_id: RoomId) -> bool:
    actions = await unit.actions.in_force(Subject(SubjectKind.ROOM, room_id))
    return any(one.kind is ActionKind.REMOVE and one.in_force for one in actions)

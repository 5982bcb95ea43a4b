"""Activities in memory."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import islice

import attrs

from divan_core.activities.model import Activity, ActivityId, Meeting
from divan_core.errors import ActivityOpen
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.ordered import OrderedIds

Numbers = defaultdict[UserId, OrderedIds[ActivityId]]


@attrs.define
class ActivityRecords:
    """All activities, those of each person, and those in which something is to happen."""

    activities: dict[ActivityId, Activity] = attrs.field(factory=dict)
    of: Numbers = attrs.field(factory=lambda: defaultdict(OrderedIds))
    open: dict[ActivityId, Millis] = attrs.field(factory=dict)


class MemoryActivities:
    """Keeps activities."""

    def __init__(
        self, records: ActivityRecords, accounts: AccountRecords, changes: Changes
    ) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def get(self, activity_id: ActivityId) -> Activity | None:
        """The activity, in whatever stage, or None."""
        return self._records.activities.get(activity_id)

    async def some(self, ids: Collection[ActivityId]) -> Sequence[Activity]:
        """Those of these that there are."""
        known = self._records.activities
        return [known[one] for one in ids if one in known]

    hold = get
    """Units are alone anyway."""

    async def open_of(self, meeting: Meeting) -> Sequence[Activity]:
        """The open activities of two people and a kind."""
        ids = self._records.of.get(meeting.low, ())
        found = (self._records.activities[one] for one in ids if one in self._records.open)
        return [one for one in found if Meeting.of(one.players, one.kind) == meeting]

    async def of(
        self, user_id: UserId, before: ActivityId | None, limit: int
    ) -> Sequence[Activity]:
        """Up to ``limit`` activities that somebody may know of, by id descending."""
        known = self._records.of.get(user_id)
        ids = () if known is None else known.below(before)
        found = (self._records.activities[one] for one in ids)
        return list(islice((one for one in found if one.is_of(user_id)), limit))

    async def have_met(self, one: UserId, other: UserId) -> bool:
        """Whether two people have begun a game with each other that both may know of."""
        known = (self._records.activities[each] for each in self._records.of.get(one, ()))
        games = (each for each in known if each.started_at is not None and not each.shadowed)
        return any(other == each.peer_of(one) for each in games)

    async def add(self, activity: Activity) -> None:
        """Keep a new one."""
        self._changes.begin()
        if any(player not in self._accounts.people for player in activity.players):
            raise self._changes.failed(UnitMisused("Somebody who plays does not exist."))
        others = await self.open_of(Meeting.of(activity.players, activity.kind))
        if activity.is_open and not activity.shadowed and any(not one.shadowed for one in others):
            raise self._changes.failed(ActivityOpen())
        for player in activity.players:
            self._records.of[player].add(activity.id, self._changes)
        self._put(activity)

    async def replace(self, activity: Activity) -> bool:
        """Keep what has become of it, if its version is still the one before this."""
        self._changes.begin()
        before = self._records.activities.get(activity.id)
        if before is None or before.version != activity.version - 1:
            return False
        self._put(activity)
        return True

    async def due(self, now: Millis, most: int) -> Sequence[ActivityId]:
        """Up to ``most`` activities in which something is due, the longest overdue first."""
        found = ((at, one) for one, at in self._records.open.items() if at <= now)
        return [one for _, one in heapq.nsmallest(most, found)]

    async def overdue(self, now: Millis) -> int:
        """In how many activities something is due."""
        return sum(at <= now for at in self._records.open.values())

    async def ended(self, before: Millis) -> int:
        """How many activities ended before a moment."""
        return len(self._ended(before))

    async def count_of(self, user_id: UserId) -> int:
        """How many activities there are of a person."""
        return sum(1 for _ in self._records.of.get(user_id, ()))

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` activities of a person; how many it were."""
        return self._remove(tuple(islice(self._records.of.get(user_id, ()), most)))

    async def purge(self, before: Millis, most: int) -> int:
        """Remove up to ``most`` activities that ended before a moment; how many it were."""
        return self._remove(self._ended(before)[:most])

    def _ended(self, before: Millis) -> list[ActivityId]:
        known = self._records.activities.values()
        return [one.id for one in known if one.ended_at is not None and one.ended_at < before]

    def _put(self, activity: Activity) -> None:
        self._changes.set(self._records.activities, activity.id, activity)
        if activity.due_at is not None:
            self._changes.set(self._records.open, activity.id, activity.due_at)
        elif activity.id in self._records.open:
            self._changes.drop(self._records.open, activity.id)

    def _remove(self, ids: Sequence[ActivityId]) -> int:
        self._changes.begin()
        for activity_id in ids:
            activity = self._records.activities[activity_id]
            for player in activity.players:
                self._records.of[player].discard(activity_id, self._changes)
            if activity_id in self._records.open:
                self._changes.drop(self._records.open, activity_id)
            self._changes.drop(self._records.activities, activity_id)
        return len(ids)

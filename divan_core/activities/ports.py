"""What activities need from a store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from divan_core.activities.model import Activity, ActivityId, Meeting
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Locks


class ActivityRepository(Protocol):
    """Keeps activities."""

    async def get(self, activity_id: ActivityId) -> Activity | None:
        """The activity, in whatever stage, or None."""
        ...

    async def some(self, ids: Collection[ActivityId]) -> Sequence[Activity]:
        """Those of these that there are, in any order. One statement."""
        ...

    async def hold(self, activity_id: ActivityId) -> Activity | None:
        """As :meth:`get`, and no other unit holds or changes it until this one's end.

        One statement, for units that write.

        Raises:
            StoreUnavailable: others held it for too long.
        """
        ...

    async def open_of(self, meeting: Meeting) -> Sequence[Activity]:
        """The open activities of two people and a kind: one, and those that are shadowed."""
        ...

    async def of(
        self, user_id: UserId, before: ActivityId | None, limit: int
    ) -> Sequence[Activity]:
        """Up to ``limit`` activities that somebody may know of, by id descending.

        Those with an id below ``before``, where given. One statement.
        """
        ...

    async def have_met(self, one: UserId, other: UserId) -> bool:
        """Whether two people have begun a game with each other that both may know of.

        One statement.
        """
        ...

    async def add(self, activity: Activity) -> None:
        """Keep a new one, of people who exist.

        Raises:
            ActivityOpen: the two have an open one of this kind, and neither is shadowed; nothing
                of the unit is kept.
        """
        ...

    async def replace(self, activity: Activity) -> bool:
        """Keep what has become of an activity, if its version is still the one before this.

        False, and nothing is kept, if it is another. Id, campus, kind, players and what is
        shadowed stay as they are.
        """
        ...

    async def due(self, now: Millis, most: int) -> Sequence[ActivityId]:
        """Up to ``most`` activities in which something is due, the longest overdue first."""
        ...

    async def overdue(self, now: Millis) -> int:
        """In how many activities something is due."""
        ...

    async def ended(self, before: Millis) -> int:
        """How many activities ended before a moment."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """How many activities there are of a person, shadowed ones included."""
        ...

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` activities of a person, shadowed ones too; how many it were."""
        ...

    async def purge(self, before: Millis, most: int) -> int:
        """Remove up to ``most`` activities that ended before a moment; how many it were."""
        ...


class ActivityUnit(Protocol):
    """What activities use of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def activities(self) -> ActivityRepository:
        """Activities."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...

"""What is cleared away at the end of the day, besides scores; later contexts extend the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from divan_core.activities.service import Activities
from divan_core.auth.service import Auth
from divan_core.kernel.clock import Clock, Millis
from divan_core.safety.deciding import KEPT_DAYS
from divan_core.safety.trust import DAY_MS
from divan_core.stores.bundle import Stores, StoreUnit

MOST: Final = 1_000
"""How much one unit clears away."""

RESTRICTIONS_KEPT_DAYS: Final = 180
"""How long a restriction that has ended is kept, for whoever wants to know what they were
restricted to."""

ACTIVITIES_KEPT_DAYS: Final = 90
"""How long a game that has ended is kept, for whoever looks back."""


@attrs.frozen
class Chore:
    """Clears away up to :data:`MOST` of something that is over; ``act`` tells how much it was.

    ``count`` tells how much there is, where that can be told beforehand.
    """

    name: str
    act: Callable[[], Awaitable[int]]
    count: Callable[[], Awaitable[int]] | None = None

    async def done(self) -> int:
        """Clear away all there is; how much it was."""
        total = 0
        while True:
            cleared = await self.act()
            total += cleared
            if cleared < MOST:
                return total


def chores(
    stores: Stores, auth: Auth[StoreUnit], activities: Activities, clock: Clock
) -> tuple[Chore, ...]:
    """What is over after a while, some of which workers clear away all the time."""
    count = Counting(stores, clock)
    ago = count.ago

    def expire_invites() -> Awaitable[int]:
        return stores.units.write(lambda unit: unit.invites.expire(clock.now(), MOST), locking=True)

    def purge_restrictions() -> Awaitable[int]:
        before = ago(RESTRICTIONS_KEPT_DAYS)
        return stores.units.write(lambda unit: unit.restrictions.purge(before, MOST), locking=True)

    def purge_decisions() -> Awaitable[int]:
        before = ago(KEPT_DAYS)
        return stores.units.write(lambda unit: unit.decisions.purge(before, MOST))

    return (
        Chore("invites", expire_invites, count.invites),
        Chore("restrictions", purge_restrictions, count.restrictions),
        Chore("decisions", purge_decisions, count.decisions),
        Chore("idle_activities", lambda: activities.settle_due(MOST), count.idle_activities),
        Chore(
            "activities",
            lambda: activities.purge(ago(ACTIVITIES_KEPT_DAYS), MOST),
            count.activities,
        ),
        Chore("sessions", lambda: auth.purge(MOST)),
    )


@attrs.frozen
class Counting:
    """Counts what is over, for whoever wants to know before it is cleared away."""

    stores: Stores
    clock: Clock

    async def invites(self) -> int:
        """Open ones whose time is over."""
        now = self.clock.now()
        return await self.stores.units.read(lambda unit: unit.invites.overdue(now))

    async def restrictions(self) -> int:
        """Those that ended too long ago."""
        before = self.ago(RESTRICTIONS_KEPT_DAYS)
        return await self.stores.units.read(lambda unit: unit.restrictions.over(before))

    async def decisions(self) -> int:
        """Those that are too old."""
        before = self.ago(KEPT_DAYS)
        return await self.stores.units.read(lambda unit: unit.decisions.over(before))

    async def idle_activities(self) -> int:
        """Games in which something is due, most of which expire."""
        now = self.clock.now()
        return await self.stores.units.read(lambda unit: unit.activities.overdue(now))

    async def activities(self) -> int:
        """Games that ended too long ago."""
        before = self.ago(ACTIVITIES_KEPT_DAYS)
        return await self.stores.units.read(lambda unit: unit.activities.ended(before))

    def ago(self, days: int) -> Millis:
        """The moment so many days before now."""
        return Millis(self.clock.now() - days * DAY_MS)

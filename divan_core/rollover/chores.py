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
    """Clears away up to :data:`MOST` of something that is over; ``act`` tells how much it was."""

    name: str
    act: Callable[[], Awaitable[int]]

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

    def ago(days: int) -> Millis:
        return Millis(clock.now() - days * DAY_MS)

    def expire_invites() -> Awaitable[int]:
        return stores.units.write(lambda unit: unit.invites.expire(clock.now(), MOST), locking=True)

    def purge_restrictions() -> Awaitable[int]:
        before = ago(RESTRICTIONS_KEPT_DAYS)
        return stores.units.write(lambda unit: unit.restrictions.purge(before, MOST), locking=True)

    def purge_decisions() -> Awaitable[int]:
        before = ago(KEPT_DAYS)
        return stores.units.write(lambda unit: unit.decisions.purge(before, MOST))

    return (
        Chore("invites", expire_invites),
        Chore("restrictions", purge_restrictions),
        Chore("decisions", purge_decisions),
        Chore("idle_activities", lambda: activities.settle_due(MOST)),
        Chore("activities", lambda: activities.purge(ago(ACTIVITIES_KEPT_DAYS), MOST)),
        Chore("sessions", lambda: auth.purge(MOST)),
    )

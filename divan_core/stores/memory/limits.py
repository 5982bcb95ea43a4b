"""Sliding-window limits counted in this process."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from typing import Final

from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, refusal, wait_ms

_PRUNE_EVERY: Final = 50_000
"""Admissions between two passes that drop what no window remembers."""


class MemoryRateLimits:
    """A :class:`~divan_core.kernel.limits.RateLimits` for one process."""

    def __init__(self, clock: Clock) -> None:
        """Count by this clock."""
        self._clock = clock
        self._admitted: dict[tuple[UserId, str], array[int]] = {}
        self._met: dict[tuple[UserId, str], dict[UserId, int]] = {}
        self._longest_ms = 0
        self._since_prune = 0

    async def admit(self, campus_id: CampusId, user_id: UserId, limit: Limit) -> None:
        """See the port."""
        del campus_id
        self.check(user_id, limit)
        self.remember(user_id, limit)

    def check(self, user_id: UserId, limit: Limit) -> None:
        """Raise if an action would not be admitted now."""
        admitted = self._admitted.get((user_id, limit.name))
        if admitted is not None:
            wait = wait_ms(limit, admitted, self._clock.now())
            if wait > 0:
                raise refusal(limit, wait)

    def remember(self, user_id: UserId, limit: Limit) -> None:
        """Count an action that :meth:`check` let pass."""
        admitted = self._admitted.setdefault((user_id, limit.name), array("q"))
        if len(admitted) >= 2 * limit.memory:
            del admitted[: -limit.memory]
        admitted.append(self._clock.now())
        self._longest_ms = max(self._longest_ms, *(w.seconds * 1000 for w in limit.windows))
        self._since_prune += 1
        if self._since_prune >= _PRUNE_EVERY:
            self._prune()

    async def spend(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, people: Collection[UserId]
    ) -> None:
        """See the port."""
        del campus_id
        (window,) = limit.windows
        now = self._clock.now()
        met = self._met.setdefault((user_id, limit.name), {})
        for one in [one for one, at in met.items() if at + window.seconds * 1000 <= now]:
            del met[one]
        asked = dict.fromkeys(people, now)
        others = [at for one, at in met.items() if one not in asked]
        excess = len(others) + len(asked) - window.count
        if excess > len(others):
            raise refusal(limit, window.seconds * 1000)
        if excess > 0:
            raise refusal(limit, sorted(others)[excess - 1] + window.seconds * 1000 - now)
        met.update(asked)

    def _prune(self) -> None:
        self._since_prune = 0
        edge = self._clock.now() - self._longest_ms
        idle = [key for key, admitted in self._admitted.items() if admitted[-1] <= edge]
        for key in idle:
            del self._admitted[key]

"""When games go on by themselves, as far as a process has heard."""

from __future__ import annotations

import heapq
from typing import Final

from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Millis

MOST_EXPECTED: Final = 100_000


class Agenda:
    """The deadlines to come, for whoever settles what is due: the bell says that there is another.

    It only saves looking often. What a process has not heard of, because it began later or another
    one that had heard of it is dead, is found by looking all the same.
    """

    def __init__(self) -> None:
        """Expect nothing."""
        self.bell = Bell()
        self._moments: list[Millis] = []

    def expect(self, moment: Millis) -> None:
        """Something will be due; of too much nothing more is kept."""
        if len(self._moments) >= MOST_EXPECTED:
            return
        heapq.heappush(self._moments, moment)
        if self._moments[0] == moment:
            self.bell.ring()

    def next(self) -> Millis | None:
        """When something is due next; None while nothing is known of."""
        return self._moments[0] if self._moments else None

    def passed(self, now: Millis) -> None:
        """Whatever was due by now is being seen to."""
        while self._moments and self._moments[0] <= now:
            heapq.heappop(self._moments)

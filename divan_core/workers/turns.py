"""What every worker is: something that does what there is to do, one turn at a time.

Nothing here waits by itself. A turn says how long there is nothing to do, by the injected clock,
and whoever takes turns waits: the runner for real, a test by moving its clock.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs

from divan_core.errors import Unavailable
from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Clock
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.kernel.ids import Entropy
from divan_core.kernel.urgency import Foreground

POLL_S: Final = 1.0
"""The longest that a worker rests: a bell in another process may have gone unheard."""

OUTAGE_FIRST_MS: Final = 100
OUTAGE_LONGEST_MS: Final = 5_000


@attrs.frozen
class Turn:
    """What a turn came to.

    ``done`` is how many things it did or tried, ``rest_s`` how many seconds nothing is expected.
    A ``deaf`` rest is not ended by the worker's bell, but by this ``alarm``, if there is one.
    """

    done: int
    rest_s: float = 0.0
    deaf: bool = False
    alarm: Bell | None = None


class Worker(Protocol):
    """Does one thing again and again."""

    @property
    def name(self) -> str:
        """What it is called by, the same in every process."""
        ...

    @property
    def bell(self) -> Bell:
        """Rings when there may be something to do."""
        ...

    @property
    def patient(self) -> bool:
        """Whether its next turn can make way for what somebody waits for, for some milliseconds."""
        ...

    async def turn(self, *, hurry: bool = False) -> Turn:
        """Do what there is to do now; in a hurry, also what would be tried again later.

        Turns of one worker do not overlap. A store that is away is waited for in the next turns.

        Raises:
            Unavailable: in a hurry only.
        """
        ...

    async def leave(self) -> None:
        """Give back what it holds, as far as stores can be reached; turns may follow."""
        ...


class WorkerLog(Protocol):
    """Where workers tell what operators should know, without anything personal."""

    def failed(self, worker: str, fault: Exception) -> None:
        """The worker met something that it was not made for, and begins anew."""
        ...

    def waiting(self, worker: str, fault: Unavailable) -> None:
        """The worker waits for a store that is away."""
        ...

    def resumed(self, worker: str) -> None:
        """The worker goes on after it has waited."""
        ...

    def retrying(self, group: Group) -> None:
        """A group could not handle an event, and tries again later."""
        ...

    def gave_up(self, group: Group, event: Event, reason: str) -> None:
        """A group could not handle an event, which is a dead letter now."""
        ...


@attrs.frozen
class WorkerTools:
    """What workers use; the ``foreground`` is what patient ones make way for."""

    clock: Clock
    entropy: Entropy
    log: WorkerLog
    foreground: Foreground = attrs.field(factory=Foreground)

    def delay_ms(self, attempt: int, first_ms: int, longest_ms: int) -> int:
        """How long to wait after the ``attempt``-th failure (from 1).

        Twice as long each time up to ``longest_ms``, of which chance takes off up to a half, so
        that many who failed together do not come back together.
        """
        chance = int.from_bytes(self.entropy.bytes(4), "big") / 2**32
        whole = min(longest_ms, first_ms << min(attempt - 1, 30))
        return max(1, round(whole * (1 - chance / 2)))

    def owner(self) -> str:
        """A name that no other process has."""
        return self.entropy.bytes(12).hex()


class Outage:
    """How long a worker leaves a store alone that is away."""

    def __init__(self, worker: str, tools: WorkerTools) -> None:
        """Begin with nothing amiss."""
        self._worker = worker
        self._tools = tools
        self._failures = 0
        self._until = 0

    def rest_s(self) -> float:
        """Seconds until the store is to be tried again; 0 when now, never more than ``POLL_S``."""
        if not self._failures:
            return 0.0
        left = min(self._until - self._tools.clock.now(), OUTAGE_LONGEST_MS)
        return min(max(left, 0) / 1000, POLL_S)

    def failed(self, fault: Unavailable) -> None:
        """The store did not answer."""
        self._failures += 1
        if self._failures == 1:
            self._tools.log.waiting(self._worker, fault)
        delay = self._tools.delay_ms(self._failures, OUTAGE_FIRST_MS, OUTAGE_LONGEST_MS)
        self._until = self._tools.clock.now() + delay

    def ended(self) -> None:
        """The store answered."""
        if self._failures:
            self._failures = 0
            self._tools.log.resumed(self._worker)

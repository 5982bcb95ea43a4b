"""What comes round by the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import attrs

from divan_core.errors import Unavailable
from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Millis
from divan_core.workers.turns import Outage, Turn, WorkerTools

MOST: Final = 1_000
"""How much one turn of a job deletes; while it is that much, the next follows at once."""


def _never() -> Millis | None:
    """There is no such moment."""
    return None


@attrs.frozen
class Job:
    """A named thing to do every ``every_s`` seconds; ``act`` tells how much it was.

    ``sooner`` tells the next moment at which it is to be done before its time, if there is one,
    and ``bell`` rings when that is another.
    """

    name: str
    every_s: float
    act: Callable[[], Awaitable[int]]
    sooner: Callable[[], Millis | None] = _never
    bell: Bell = attrs.field(factory=Bell)


class Periodic:
    """A :class:`~divan_core.workers.turns.Worker` that does a job. It begins with a rest."""

    def __init__(self, job: Job, tools: WorkerTools) -> None:
        """Do ``job`` by the tools' clock."""
        self.name = job.name
        self.patient = True
        self.bell = job.bell
        self._job = job
        self._every_ms = round(job.every_s * 1000)
        self._tools = tools
        self._outage = Outage(job.name, tools)
        self._lock = anyio.Lock()
        self._due = Millis(tools.clock.now() + self._every_ms)

    async def turn(self, *, hurry: bool = False) -> Turn:
        """Do the job if its time has come."""
        async with self._lock:
            now = self._tools.clock.now()
            left = self._left(now)
            if not hurry and left > 0:
                return Turn(0, left / 1000)
            self._due = Millis(now + self._every_ms)
            try:
                done = await self._job.act()
            except Unavailable as fault:
                self._outage.failed(fault)
                if hurry:
                    raise
                return Turn(0, self._job.every_s)
            self._outage.ended()
            if done >= MOST:
                self._due = now
            return Turn(done, max(self._left(self._tools.clock.now()), 0) / 1000)

    def _left(self, now: Millis) -> int:
        """For how many milliseconds there is nothing to do."""
        sooner = self._job.sooner()
        due = self._due if sooner is None else min(self._due, sooner)
        return min(due - now, self._every_ms)  # a clock may be set back

    async def leave(self) -> None:
        """It holds nothing."""

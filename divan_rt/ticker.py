"""A steady beat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
import attrs


@attrs.frozen
class Beat:
    """One beat, in seconds: how late it began, how long it took; and how many were left out."""

    late_s: float
    took_s: float
    missed: int
    feeds: int


Observe: TypeAlias = Callable[[Beat], None]


class Ticker:
    """Calls a function every so many seconds; a beat that cannot be kept is left out."""

    def __init__(
        self, every_s: float, work: Callable[[], Awaitable[int]], observe: Observe
    ) -> None:
        """``work`` answers how many feeds it computed, which ``observe`` is told with the rest."""
        self._every_s = every_s
        self._work = work
        self._observe = observe

    async def run(self) -> None:
        """Go on until cancelled."""
        due = anyio.current_time()
        while True:
            due += self._every_s
            await anyio.sleep_until(due)
            began = anyio.current_time()
            feeds = await self._work()
            ended = anyio.current_time()
            missed = int((ended - due) / self._every_s)
            self._observe(Beat(began - due, ended - began, missed, feeds))
            due += missed * self._every_s

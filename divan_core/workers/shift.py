"""The time from when workers start until they are to end, and how they end in good order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from divan_core.kernel.bell import Bell

FAREWELL_S: Final = 3.0
"""How long what is in hand may take once it is to end, and how long giving leases back may."""

Waiting: TypeAlias = Callable[[Bell, int, float], Awaitable[None]]
"""Returns when a bell has rung more often than a number, or after some seconds."""


class Shift:
    """Knows who is at work and who rests, so that the end wakes the ones and waits for the others.

    What is in hand is not interrupted, not even by cancellation, until the farewell is over.
    """

    def __init__(self, waiting: Waiting) -> None:
        """Rest by ``waiting``."""
        self._waiting = waiting
        self._working: set[anyio.CancelScope] = set()
        self._resting: set[anyio.CancelScope] = set()
        self.over = False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """What is in hand; ``over`` may be true when it ends before its own end."""
        with anyio.CancelScope(shield=True) as scope:
            self._working.add(scope)
            try:
                yield
            finally:
                self._working.discard(scope)

    async def rest(self, bell: Bell, heard: int, seconds: float) -> None:
        """Wait for the bell, the time or the end of the shift; at least let others have a go."""
        await checkpoint()
        if seconds <= 0 or self.over:
            return
        with anyio.CancelScope() as scope:
            self._resting.add(scope)
            try:
                await self._waiting(bell, heard, seconds)
            finally:
                self._resting.discard(scope)

    def end(self) -> None:
        """Wake who rests; who works has until the farewell is over."""
        self.over = True
        for scope in self._resting:
            scope.cancel()
        for scope in self._working:
            scope.deadline = anyio.current_time() + FAREWELL_S

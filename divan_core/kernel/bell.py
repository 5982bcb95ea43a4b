"""Wakes whoever waits for work."""

from __future__ import annotations

import anyio


class Bell:
    """Counts its rings, so that nobody misses one between looking and waiting."""

    def __init__(self) -> None:
        """Begin silent."""
        self._rings = 0
        self._next: anyio.Event | None = None  # made by whoever waits: most rings wake nobody

    @property
    def rings(self) -> int:
        """How often it has rung."""
        return self._rings

    def ring(self) -> None:
        """Wake all who wait."""
        self._rings += 1
        if self._next is not None:
            self._next.set()
            self._next = None

    async def wait(self, heard: int, timeout_s: float) -> None:
        """Return once it has rung more than ``heard`` times, or after ``timeout_s`` seconds."""
        with anyio.move_on_after(timeout_s):
            while self._rings == heard:
                if self._next is None:
                    self._next = anyio.Event()
                await self._next.wait()

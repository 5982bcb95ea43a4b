"""Wakes whoever waits for work."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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


class Bells:
    """A bell for each name, so that nobody wakes for what concerns others only."""

    def __init__(self) -> None:
        """Begin with none."""
        self._bells: dict[str, Bell] = {}

    def of(self, name: str) -> Bell:
        """The bell of a name."""
        return self._bells.setdefault(name, Bell())

    def ring(self, names: Iterable[str] | None = None) -> None:
        """Ring those of these names, or all there are."""
        for name in tuple(self._bells) if names is None else names:
            self.of(name).ring()


class SharedBells:
    """A bell for each set of names, which rings with any of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._bells: dict[frozenset[str], Bell] = {}

    def of(self, names: Collection[str]) -> Bell:
        """The bell of these names."""
        return self._bells.setdefault(frozenset(names), Bell())

    def ring(self, names: Collection[str]) -> None:
        """Ring each that has one of these names."""
        for theirs, bell in self._bells.items():
            if not theirs.isdisjoint(names):
                bell.ring()

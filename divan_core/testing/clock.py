"""Clocks, ids and entropy that a test commands."""

from __future__ import annotations

import random
from typing import Final
from uuid import UUID

from divan_core.kernel.clock import Millis

START_MS: Final = 1_790_000_000_000
"""Where manual clocks begin: 2026-09-21T14:13:20Z."""


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = START_MS) -> None:
        """Begin at ``now``, epoch milliseconds."""
        self._now = now

    def now(self) -> Millis:
        """See :class:`~divan_core.kernel.clock.Clock`."""
        return Millis(self._now)

    def advance(self, seconds: float) -> None:
        """Move by ``seconds``, which may be negative."""
        self._now += round(seconds * 1000)


class SeededIds:
    """UUIDs that are the same in every run, increasing."""

    def __init__(self, seed: int = 0) -> None:
        """Different seeds make different ids."""
        self._random = random.Random(seed)
        self._count = 0

    def uuid(self) -> UUID:
        """See :class:`~divan_core.kernel.ids.Ids`."""
        self._count += 1
        tail = self._random.getrandbits(62)
        return UUID(int=self._count << 80 | 7 << 76 | 2 << 62 | tail)


class SeededEntropy:
    """Bytes that are the same in every run."""

    def __init__(self, seed: int = 0) -> None:
        """Different seeds make different bytes."""
        self._random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        """See :class:`~divan_core.kernel.ids.Entropy`."""
        return self._random.randbytes(count)

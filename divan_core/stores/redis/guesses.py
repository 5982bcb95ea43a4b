"""The last record of each person that this process saw, as a guess for the next amendment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.presence.model import LEASE_MS, MEMORY_MS, PersonKey

_CAPACITY: Final = 100_000
_LONGEST_MS: Final = max(LEASE_MS, MEMORY_MS)


class Guesses:
    """Packed records in the order in which they end; bounded, and none kept past its end.

    A wrong guess costs a second round trip and nothing else.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        """Remember at most ``capacity`` people."""
        self._capacity = capacity
        self._kept: dict[PersonKey, tuple[Millis, bytes]] = {}

    def get(self, key: PersonKey) -> bytes:
        """The packed record to guess; empty for none."""
        kept = self._kept.get(key)
        return b"" if kept is None else kept[1]

    def put(self, key: PersonKey, data: bytes, keep_until: Millis) -> None:
        """Guess this from now on, unless it ends before another one does: then guess nothing.

        That exception keeps the order, and costs only people who went offline or were doubted.
        """
        self._kept.pop(key, None)
        if keep_until < self._last_end():
            return
        if len(self._kept) >= self._capacity:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (keep_until, data)

    def drop(self, key: PersonKey) -> None:
        """Guess nothing."""
        self._kept.pop(key, None)

    def forget(self, now: Millis) -> None:
        """Drop what has ended; everything, when the clock was set back."""
        if self._last_end() > now + _LONGEST_MS:
            self._kept.clear()
        for key in list(self._ended(now)):
            del self._kept[key]

    def _last_end(self) -> int:
        return next(reversed(self._kept.values()))[0] if self._kept else 0

    def _ended(self, now: Millis) -> Iterator[PersonKey]:
        for key, (end, _) in self._kept.items():
            if end > now:
                return
            yield key

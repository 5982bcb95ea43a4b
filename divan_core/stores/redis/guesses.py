"""The last record of each person that this process saw, as a guess for the next amendment."""

from __future__ import annotations

from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.presence.model import LEASE_MS, MEMORY_MS, PresenceRecord

_CAPACITY: Final = 100_000
_LONGEST_MS: Final = max(LEASE_MS, MEMORY_MS)


Guess = tuple[bytes, PresenceRecord | None]
"""A packed record, empty for none, and the same unpacked."""

NOTHING: Final[Guess] = (b"", None)


class Guesses:
    """Records in the order in which they end; bounded, and none kept past its end.

    A wrong guess costs a second round trip and nothing else. People are known by
    :func:`~divan_core.stores.redis.names.person_name`.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        """Remember at most ``capacity`` people."""
        self._capacity = capacity
        self._kept: dict[bytes, tuple[Millis, Guess]] = {}
        self._latest = 0  # no one here ends later

    def get(self, name: bytes) -> Guess:
        """What to guess of a person."""
        kept = self._kept.get(name)
        return NOTHING if kept is None else kept[1]

    def put(self, name: bytes, guess: Guess, keep_until: Millis) -> None:
        """Guess this from now on, unless it ends before another one does: then guess nothing.

        That exception keeps the order, and costs only people who went offline or were doubted.
        """
        kept = self._kept
        kept.pop(name, None)
        if keep_until < self._latest and kept:
            return
        if len(kept) >= self._capacity:
            del kept[next(iter(kept))]
        kept[name] = (keep_until, guess)
        self._latest = keep_until

    def forget(self, now: Millis) -> None:
        """Drop what has ended; everything, when the clock was set back."""
        if self._latest > now + _LONGEST_MS:
            self._kept.clear()
            self._latest = 0
        while self._kept:
            name = next(iter(self._kept))
            if self._kept[name][0] > now:
                return
            del self._kept[name]

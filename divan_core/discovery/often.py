"""What is asked for often, as much of it as fits, and little of what came last.

W-TinyLFU (Einziger, Friedman and Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM
Transactions on Storage 13, 2017), bounded by sizes. Most queries are hardly ever asked again, and
somebody may ask thousands of them: what is often asked for does not give way to those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from divan_core.discovery.lately import Lately

KeyT = TypeVar("KeyT")
ItemT = TypeVar("ItemT")

_FRESH: Final = 100
"""One part in so many is for what came last, whoever asks for it again."""

_SLOTS: Final = 1 << 18
"""How many counts there are, a byte each: few of ten thousand keys share one."""

_MOST: Final = 15
"""A key is counted no further, so that none stays for long which was asked for much long ago."""

_SAMPLE: Final = 1 << 16
"""After so many questions all counts are halved: some ten for each item that is kept."""

_HALVED: Final = bytes(count // 2 for count in range(256))


class Tally:
    """How often keys were asked for lately; now and then one counts for several."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts = bytearray(_SLOTS)
        self._left = _SAMPLE

    def add(self, key: object) -> None:
        """Count a question."""
        at = hash(key) % _SLOTS
        if self._counts[at] < _MOST:
            self._counts[at] += 1
        self._left -= 1
        if not self._left:
            self._counts, self._left = self._counts.translate(_HALVED), _SAMPLE

    def of(self, key: object) -> int:
        """How often a key was asked for, at most."""
        return self._counts[hash(key) % _SLOTS]


class Often(Generic[KeyT, ItemT]):
    """Items by key, whose sizes together are bounded.

    What is new stays until others came. Then it takes the place of what was asked for less often,
    if there is such: of those that nobody asked for longest.
    """

    def __init__(self, capacity: int, size: Callable[[ItemT], int]) -> None:
        """Keep up to ``capacity`` of what ``size`` says of each; that must not change."""
        fresh = capacity // _FRESH
        self._fresh = Lately[KeyT, ItemT](fresh, size)
        self._room, self._size_of = capacity - fresh, size
        self._proven = Lately[KeyT, ItemT](self._room, size)
        self._asked = Tally()

    def count(self, key: KeyT) -> None:
        """Hear that a key is asked for, once for each question."""
        self._asked.add(key)

    def get(self, key: KeyT) -> ItemT | None:
        """What is kept under a key."""
        item = self._proven.get(key)
        return self._fresh.get(key) if item is None else item

    def renew(self, key: KeyT) -> None:
        """Let what is kept under a key, if it is still, go last."""
        self._proven.renew(key)
        self._fresh.renew(key)

    def keep(self, key: KeyT, item: ItemT) -> None:
        """Keep an item in place of the one that has its key, or as a new one."""
        if self._proven.get(key) is not None:
            self._proven.keep(key, item)
            return
        for old, one in self._fresh.keep(key, item):
            self._admit(old, one)

    def _admit(self, key: KeyT, item: ItemT) -> None:
        """Keep what is no longer new, unless it takes the place of what is asked for as often."""
        proven, asked, room = self._proven, self._asked, self._room - self._size_of(item)
        if room < 0:
            return
        while proven.size > room:
            oldest = proven.oldest()
            if asked.of(oldest) >= asked.of(key):
                proven.renew(oldest)
                return
            proven.drop(oldest)
        proven.keep(key, item)

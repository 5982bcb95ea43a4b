"""Who changed lately, by what a process has read of a campus's journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Final

from divan_core.kernel.ids import UserId

REMEMBERED: Final = 128
"""How many pieces of news are remembered."""

MOST_AT_ONCE: Final = 256
"""News of more people than these is as good as news of everybody."""


class RecentNews:
    """The last news of one campus, each with the position in the journal that it led to."""

    def __init__(self) -> None:
        """Begin with none."""
        self._news: deque[tuple[bytes, Collection[UserId]]] = deque(maxlen=REMEMBERED)

    def heard(self, position: bytes, changed: Collection[UserId] | None) -> None:
        """Remember that these people changed; None where anybody may have."""
        if changed is None or len(changed) > MOST_AT_ONCE:
            self._news.clear()
            changed = ()
        self._news.append((position, changed))

    def since(self, position: bytes) -> frozenset[UserId] | None:
        """Who changed after a position, and perhaps a few more; None where that is not known.

        Answers overtake each other, so a position can be reached twice: what counts is the first.
        """
        pieces = iter(self._news)
        for reached, _ in pieces:
            if reached == position:
                return frozenset().union(*(changed for _, changed in pieces))
        return None

"""Distinct texts, found by how they start."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Final

_LAST: Final = "\U0010ffff"
"""What starts like a text comes before that text and this, the last character there is."""


class Starts:
    """A set of texts; two letters or more find those that start with them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._texts: dict[str, dict[int, list[str]]] = {}  # by two letters, and by length

    def add(self, text: str) -> None:
        """Add a text that is not there."""
        by_length = self._texts.setdefault(text[:2], {})
        insort(by_length.setdefault(len(text), []), text)

    def discard(self, text: str) -> None:
        """Remove a text that is there."""
        by_length = self._texts[text[:2]]
        texts = by_length[len(text)]
        del texts[bisect_left(texts, text)]
        if not texts:
            del by_length[len(text)]
            if not by_length:
                del self._texts[text[:2]]

    def groups(self, start: str) -> Iterator[Sequence[str]]:
        """Those that start with two letters or more: each length in order, the shortest first."""
        lengths = [one for one in self._texts.get(start[:2], ()) if one >= len(start)]
        for length in sorted(lengths):
            if texts := self.of_length(start, length):
                yield texts

    def of_length(self, start: str, length: int) -> Sequence[str]:
        """Those of one length that start with two letters or more, in order."""
        texts = self._texts.get(start[:2], {}).get(length, ())
        first = bisect_left(texts, start)
        if first < len(texts) and texts[first].startswith(start):
            return texts[first : bisect_left(texts, f"{start}{_LAST}", first)]
        return ()

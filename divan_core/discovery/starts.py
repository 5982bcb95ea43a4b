"""Distinct texts, found by how they start, or go on from one of their words."""

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


class Phrases:
    """A set of texts; two letters or more find those of several words that go on so somewhere.

    What is looked for is long, and so finds few: they are not parted by their lengths.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._texts: dict[str, list[str]] = {}  # by two letters

    def add(self, text: str) -> None:
        """Add a text that is not there; of a single word nothing is found."""
        for tail in _tails(text):
            insort(self._texts.setdefault(tail[:2], []), tail)

    def discard(self, text: str) -> None:
        """Remove a text that is there."""
        for tail in _tails(text):
            texts = self._texts[tail[:2]]
            del texts[bisect_left(texts, tail)]
            if not texts:
                del self._texts[tail[:2]]

    def having(self, start: str) -> set[str]:
        """Those in which one of their words, but the last, and what follows it start so."""
        texts = self._texts.get(start[:2], ())
        first = bisect_left(texts, start)
        found = set[str]()
        while first < len(texts) and texts[first].startswith(start):
            tail, _, text = texts[first].partition(_OF)
            found.add(text or tail)
            first += 1
        return found


_OF: Final = "\t"
"""Stands between a tail and its text; no text has it."""


def _tails(text: str) -> list[str]:
    """A text of several words, and what begins at a later word of it and has several as well."""
    words = text.split(" ")
    later = [f"{' '.join(words[at:])}{_OF}{text}" for at in range(1, len(words) - 1)]
    return [text, *later] if len(words) > 1 else []

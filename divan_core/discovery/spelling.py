"""What people are called, spelt in trigrams, one character for each: native code compares them.

Two ascending texts in which no character comes again have a longest common subsequence, and that
is what both of them have. RapidFuzz finds its length for hundreds of texts in some microseconds.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from divan_core.discovery.model import Wanted
from divan_core.discovery.similarity import trigrams

MOST: Final = sys.maxunicode
"""How many different trigrams can be spelt: as many as there are characters."""

WORDS: Final = 8192
"""How many texts are kept as they are spelt: people share most words of their names."""

_NEXT: Final = "\0"
"""Stands between texts: no trigram is spelt so."""


class Alphabet:
    """One character for each trigram that was met; it stays that one.

    ``is_full`` says that once there was none left.
    """

    def __init__(self, most: int = MOST) -> None:
        """Have so many characters at most."""
        self._most = most
        self._characters = _Characters()
        self.is_full = False

    def spell(self, grams: Collection[str]) -> str:
        """Some trigrams as characters, ascending; nothing where none are left."""
        known = self._characters
        self.is_full = self.is_full or len(known) + len(grams) > self._most
        if self.is_full:
            return ""
        return "".join(sorted(map(known.__getitem__, grams)))

    def spell_known(self, grams: Iterable[str]) -> str:
        """Those of some trigrams that were met, ascending: no text has any of the others."""
        known = self._characters
        return "".join(sorted([known[gram] for gram in grams if gram in known]))


class _Characters(dict[str, str]):
    """Characters by trigram, numbered as they come, beginning with 1."""

    def __missing__(self, gram: str) -> str:
        self[gram] = character = chr(len(self) + 1)
        return character


class Spelling:
    """People by numbers, with all that each is called in one string.

    What takes time is to fetch what lies all over the memory: so there is little of it.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self._alphabet = Alphabet()
        self._people: dict[int, str] = {}
        self._spelt = functools.lru_cache(maxsize=WORDS)(self._spell)

    def add(self, number: int, texts: Iterable[str]) -> None:
        """Know somebody, at least one text, whose words have one space between them."""
        self._people[number] = _NEXT.join(map(self._spelt, texts))

    def discard(self, number: int) -> None:
        """Remove somebody who is there."""
        del self._people[number]

    def _spell(self, text: str) -> str:
        return self._alphabet.spell(trigrams(text))

    def likeness(self, wanted: Wanted, numbers: Iterable[int]) -> list[float] | None:
        """How alike the query the best text of each is; None where not all could be spelt."""
        if self._alphabet.is_full:
            return None
        people = list(map(self._people.__getitem__, numbers))
        spelt, size = _NEXT.join(people).split(_NEXT), len(wanted.grams)
        alike = [0.0] * len(spelt)
        for text, shared, at in shares(self._alphabet.spell_known(wanted.grams), spelt):
            alike[at] = shared / (size + len(text) - shared)
        ends = accumulate([one.count(_NEXT) + 1 for one in people], initial=0)
        return [max(alike[start:end]) for start, end in pairwise(ends)]


def shares(own: str, spelt: Sequence[str]) -> Sequence[tuple[str, int, int]]:
    """What others, spelt as well, share with one: each that has any, how many, and its place."""
    return process.extract(own, spelt, scorer=LCSseq.similarity, limit=None, score_cutoff=1)

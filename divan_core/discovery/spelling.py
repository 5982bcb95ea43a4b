"""What people are called, spelt in trigrams, one character for each: native code compares them.

Two ascending texts in which no character comes again have a longest common subsequence, and that
is what both of them have. RapidFuzz finds its length for hundreds of texts in some microseconds.
"""

from __future__ import annotations

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

_NEXT: Final = "\0"
"""Stands between texts: no trigram is spelt so."""


class Alphabet:
    """One character for each trigram that was met; it stays that one.

    ``is_full`` says that once there was none left.
    """

    def __init__(self, most: int = MOST) -> None:
        """Have so many characters at most."""
        self._most = most
        self._characters: dict[str, str] = {}
        self.is_full = False

    def spell(self, grams: Collection[str]) -> str:
        """Some trigrams as characters, ascending; nothing where none are left."""
        known = self._characters
        self.is_full = self.is_full or len(known) + len(grams) > self._most
        if self.is_full:
            return ""
        # Characters are numbered as they come, beginning with 1.
        return "".join(sorted([known.setdefault(gram, chr(len(known) + 1)) for gram in grams]))

    def spell_known(self, grams: Iterable[str]) -> str:
        """Those of some trigrams that were met, ascending: no text has any of the others."""
        known = self._characters
        return "".join(sorted([known[gram] for gram in grams if gram in known]))


class Spelling:
    """People by numbers, with all that each is called in one string.

    What takes time is to fetch what lies all over the memory: so there is little of it.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self._alphabet = Alphabet()
        self._people: dict[int, str] = {}

    def add(self, number: int, texts: Iterable[str]) -> None:
        """Know somebody, at least one text, whose words have one space between them."""
        spell = self._alphabet.spell
        self._people[number] = _NEXT.join([spell(trigrams(one)) for one in texts])

    def discard(self, number: int) -> None:
        """Remove somebody who is there."""
        del self._people[number]

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

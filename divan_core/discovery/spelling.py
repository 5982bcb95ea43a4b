"""What people are called, spelt in trigrams, one character for each: native code compares them.

Two ascending texts in which no character comes again have a longest common subsequence, and that
is what both of them have. RapidFuzz finds its length for hundreds of texts in some microseconds.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import repeat, zip_longest
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA, LCSseq

from divan_core.discovery.model import SHORTEST_SLIP, SLIP, Called, Parts, Wanted
from divan_core.discovery.similarity import trigrams

MOST: Final = sys.maxunicode
"""How many different trigrams can be spelt: as many as there are characters."""


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
    """How alike a query people are, from words that many of them share.

    Each word is compared once, and a text of several words only where more than one of them has
    anything of the query: otherwise it is no more alike than that one. The rest is done by what
    runs without the interpreter.
    """

    def __init__(self) -> None:
        """Begin with no word."""
        self._alphabet = Alphabet()
        self._words: dict[str, str] = {}

    def add(self, text: str) -> None:
        """Know a text that somebody has, if it is a single word."""
        if " " not in text:
            self._words[sys.intern(text)] = self._spell(text)

    def discard(self, text: str) -> None:
        """Forget a text that nobody has any more."""
        self._words.pop(text, None)

    def parts(self, texts: Iterable[str]) -> Parts:
        """Some texts of a person, whose words were added."""
        words = [sys.intern(text) for text in texts if " " not in text]
        return Parts(tuple(words), tuple([self._spell(text) for text in texts if " " in text]))

    def likeness(
        self, wanted: Wanted, people: Sequence[Called], slips: Iterable[str]
    ) -> list[float] | None:
        """How alike the query the best text of each is; None where not all could be spelt.

        ``slips`` are all words that are one edit from the query.
        """
        if self._alphabet.is_full:
            return None
        numbered = has_digits(wanted.text)
        some = [one.every if numbered else one.plain for one in people]
        size, own = len(wanted.grams), self._alphabet.spell_known(wanted.grams)
        alike = self._alike(own, size, set().union(*[words for words, _ in some]))
        for slip in slips:
            alike[slip] = max(SLIP, alike.get(slip, 0.0))
        columns = zip_longest(*[words for words, _ in some], fillvalue="")
        rows = [list(map(alike.get, words, repeat(0.0))) for words in columns]
        best = list(map(max, *rows)) if len(rows) > 1 else rows[0]
        sums = map(sum, zip(*rows, strict=True))
        several = [at for at, each in enumerate(sums) if each > best[at]]
        wholes = [(at, whole) for at in several for whole in some[at].wholes]
        for text, shared, which in shares(own, [whole for _, whole in wholes]):
            at = wholes[which][0]
            best[at] = max(best[at], shared / (size + len(text) - shared))
        return best

    def _alike(self, own: str, size: int, words: Collection[str]) -> dict[str, float]:
        """How alike each of some words is that has anything of what is looked for."""
        known = list(words)
        spelt = list(map(self._words.__getitem__, known))
        return {
            known[at]: shared / (size + len(text) - shared)
            for text, shared, at in shares(own, spelt)
        }

    def _spell(self, text: str) -> str:
        return self._alphabet.spell(trigrams(text))


def shares(own: str, spelt: Sequence[str]) -> Sequence[tuple[str, int, int]]:
    """What others, spelt as well, share with one: each that has any, how many, and its place."""
    return process.extract(own, spelt, scorer=LCSseq.similarity, limit=None, score_cutoff=1)


def edits(text: str, words: Iterable[str]) -> list[str]:
    """Those of some words that are one edit from a text: insert, delete, replace, swap."""
    found = process.extract(
        text,
        words,
        scorer=OSA.distance,  # type: ignore[arg-type]  # a smaller number is as good
        limit=None,
        score_cutoff=1,
    )
    return [word for word, distance, _ in found if distance]


_DIGITS: Final = frozenset("0123456789")


def has_digits(text: str) -> bool:
    """Whether there is a digit in a text."""
    return not _DIGITS.isdisjoint(text)


def is_outdone(part: str, others: Collection[str]) -> bool:
    """Whether any query without digits is at least as much like another of some texts as this.

    That text is this one without the digits at its end. What trigrams these add no such query has,
    and they are more than the one that they take away. A slip that loses the only digit is one of
    the other text as well, unless that is too short for slips.
    """
    bare = part.rstrip("0123456789")
    return bare != part and bare in others and len(bare) != SHORTEST_SLIP - 1

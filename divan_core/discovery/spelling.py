"""What people are called, spelt in trigrams, one character for each: native code compares them.

Two ascending texts in which no character comes again have a longest common subsequence, and that
is what both of them have. RapidFuzz finds its length for hundreds of texts in some microseconds.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from operator import add
from typing import Final

import attrs
from rapidfuzz import process
from rapidfuzz.distance import OSA, LCSseq

from divan_core.discovery.model import SHORTEST_SLIP, SLIP, Called, Entry, Spelt, Wanted
from divan_core.discovery.similarity import trigrams

MOST: Final = sys.maxunicode
"""How many different trigrams can be spelt: as many as there are characters."""

WORDS: Final = 8192
"""How many words are kept as they are spelt: people share most of those of their names."""


class Alphabet:
    """One character for each trigram that was met; it stays that one.

    ``digits`` are those of trigrams that have digits. ``is_full`` says that once there was none
    left.
    """

    def __init__(self, most: int = MOST) -> None:
        """Have so many characters at most."""
        self._most = most
        self.digits = set[str]()
        self._characters = _Characters(self.digits)
        self.is_full = False

    def __len__(self) -> int:
        return len(self._characters)

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

    def __init__(self, digits: set[str]) -> None:
        """Begin with none; tell ``digits`` those of trigrams that have some."""
        super().__init__()
        self._digits = digits

    def __missing__(self, gram: str) -> str:
        self[gram] = character = chr(len(self) + 1)
        if has_digits(gram):
            self._digits.add(character)
        return character


class Spelling:
    """How alike a query people are. All their texts are compared at once, by native code."""

    def __init__(self) -> None:
        """Begin with an empty alphabet."""
        self._alphabet = Alphabet()
        self._sought: tuple[Wanted | None, int, Sought | None] = None, 0, None
        self._spelt = functools.lru_cache(maxsize=WORDS)(self._spell)

    def called(self, one: Entry, every: Iterable[str], outdone: Collection[str]) -> Called:
        """Somebody who has texts, of which some are outdone by others."""
        words = tuple([sys.intern(text) for text in every if " " not in text])
        plain = self._all_spelt([text for text in every if text not in outdone])
        return Called(one.user_id.int, one, plain, self._all_spelt(outdone), words)

    def sought(self, wanted: Wanted) -> Sought | None:
        """A query as texts are compared with it; None where not all of them could be spelt.

        Whoever looks for the first tier mostly looks for the others next: so the last one is kept,
        as long as no trigram is met that was not then.
        """
        if self._alphabet.is_full:
            return None
        last, met, found = self._sought
        if last is not wanted or met != len(self._alphabet):
            own = self._alphabet.spell_known(wanted.grams)
            found = Sought(own, len(wanted.grams), has_digits(wanted.text))
            self._sought = wanted, len(self._alphabet), found
        return found

    def spelt(self, text: str) -> str:
        """A text that somebody has, as it is spelt."""
        return self._spell(text)

    @property
    def digits(self) -> Collection[str]:
        """How trigrams that have digits are spelt."""
        return self._alphabet.digits

    def _all_spelt(self, texts: Collection[str]) -> Spelt:
        if not texts:
            return _NOTHING
        words = [self._spelt(text) for text in texts if " " not in text]
        wholes = [self._spell(text) for text in texts if " " in text]
        return Spelt(tuple(words), tuple(wholes))

    def _spell(self, text: str) -> str:
        return self._alphabet.spell(trigrams(text))


@attrs.frozen
class Sought:
    """A query, spelt as far as its trigrams are known, and how many it has in all."""

    own: str
    size: int
    has_digits: bool

    def shared(self, spelt: str) -> int:
        """How many trigrams it shares with a text."""
        return LCSseq.similarity(self.own, spelt)

    def likeness(self, shared: int, size: int) -> float:
        """How alike it a text is that has so many trigrams, of which it shares so many."""
        return shared / (self.size + size - shared) if shared else 0.0

    def compared(self, texts: Sequence[Sequence[str]]) -> Iterable[tuple[int, float]]:
        """Each text that shares any trigram with it: among which, and how alike."""
        whose = [at for at, some in enumerate(texts) for _ in some]
        found, size = shares(self.own, list(chain.from_iterable(texts))), self.size
        return [(whose[at], shared / (size + len(text) - shared)) for text, shared, at in found]


def likeness(sought: Sought, people: Sequence[Called], slips: Iterable[str]) -> list[float]:
    """How alike the query the best text of each is; ``slips`` are all words one edit from it."""
    texts = [one.plain for one in people]
    if sought.has_digits:
        texts = [Spelt(*map(add, one.plain, one.numbered)) for one in people]
    alike, several = [0.0] * len(people), list[int]()
    for at, found in sought.compared([one.words for one in texts]):
        if best := alike[at]:
            several.append(at)
        if found > best:
            alike[at] = found
    # Of all other people, no text is more alike than the one word that is alike at all.
    for which, found in sought.compared([texts[at].wholes for at in several]):
        at = several[which]
        alike[at] = max(alike[at], found)
    slipped = frozenset(slips)
    return _forgiven(alike, people, slipped) if slipped else alike


def _forgiven(
    alike: Iterable[float], people: Iterable[Called], slipped: frozenset[str]
) -> list[float]:
    """How alike people are at least, of whom some have one of the words that a slip missed."""
    return [
        SLIP if likeness < SLIP and is_forgiven(one, slipped) else likeness
        for likeness, one in zip(alike, people, strict=True)
    ]


def is_forgiven(one: Called, slipped: frozenset[str]) -> bool:
    """Whether somebody has one of the words that a slip missed."""
    return not slipped.isdisjoint(one.words)


_NOTHING: Final = Spelt((), ())


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

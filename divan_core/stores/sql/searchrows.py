"""What the tables of search keep of a person, and which of it a query asks for. All pure.

A *term* is a text that somebody has: the handle, the name, or a word of either. Terms are kept once
for each campus, with their trigrams; who has them stands beside them. They come in classes,
short ones first, because the cut of a tier takes the shortest: when those fill it, no longer one is
looked at.
"""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from divan_core.discovery.model import SHORTEST_SLIP, Entry, parts, units
from divan_core.discovery.similarity import Trigrams
from divan_core.kernel.ids import CampusId
from divan_core.kernel.values import value

LONGEST: Final = 1023
"""No term is longer, in letters: a display name has 80, which folding makes some more."""

TOGETHER: Final = 8
"""How many trigrams are looked for together on SQLite, ..."""

AT_ONCE: Final = 3
"""... and on PostgreSQL."""

HEADS: Final = (2, 3, 4, 6)
"""How many letters of a beginning are looked for; of those that are found, the rest is compared."""


class LengthClass(enum.IntEnum):
    """How long a term is; what has fewer trigrams than its length promises is in a shorter one."""

    SHORT = 0
    SIX = 1
    SEVEN = 2
    EIGHT = 3
    TEN = 4
    THIRTEEN = 5
    LONG = 6


LONGEST_IN: Final[Mapping[LengthClass, int]] = dict(
    zip(LengthClass, (5, 6, 7, 8, 10, 13, LONGEST), strict=True)
)
"""The letters of the longest terms of a class."""

FEWEST_GRAMS: Final[Mapping[LengthClass, int]] = dict(
    zip(LengthClass, (2, 6, 7, 8, 9, 11, 13), strict=True)
)
"""The least number of trigrams in a class."""


@value
class Step:
    """Terms that are looked at together: those of some neighbouring classes."""

    first: LengthClass
    last: LengthClass

    @property
    def longest(self) -> int:
        """The letters of its longest terms."""
        return LONGEST_IN[self.last]

    @property
    def classes(self) -> Sequence[LengthClass]:
        """The classes."""
        return [one for one in LengthClass if self.first <= one <= self.last]


WIDE: Final = 5
"""A query of so many letters stands inside few terms: those of all classes are looked at together.

A shorter one stands in so many that the short ones most often fill a tier."""

EVERY: Final = Step(LengthClass.SHORT, LengthClass.LONG)
"""The terms of all classes."""

INSIDE_STEPS: Final = (
    Step(LengthClass.SHORT, LengthClass.SHORT),
    Step(LengthClass.SIX, LengthClass.EIGHT),
    Step(LengthClass.TEN, LengthClass.LONG),
)
"""The steps towards terms that have a short query inside."""

SIMILAR_STEPS: Final = (
    Step(LengthClass.SHORT, LengthClass.SHORT),
    Step(LengthClass.SIX, LengthClass.EIGHT),
    Step(LengthClass.TEN, LengthClass.THIRTEEN),
    Step(LengthClass.LONG, LengthClass.LONG),
)
"""The steps towards similar terms: one is taken when those before have not filled a tier.

Each step costs more than it takes to look at some terms in vain, so they are few."""


Holding = tuple[str, int | None]
"""A term that somebody has, and how many letters a shorter unit of theirs shares with it.

None for a word that is only in the handle, which is no unit. Whose shorter unit begins with a query
is found by that one; so a term is for queries of more letters than they share.
"""


def rows_of(one: Entry) -> frozenset[Holding]:
    """What a person is found by."""
    ordered = sorted(set(units(one)), key=lambda unit: (len(unit), unit))
    found: dict[str, int | None] = dict.fromkeys(parts(one))
    for at, unit in enumerate(ordered):
        found[unit] = max([_shared(unit, shorter) for shorter in ordered[:at]], default=0)
    found.pop("", None)
    return frozenset(found.items())


def leads(text: str, shared: int | None) -> bool:
    """Whether somebody is found by how this term of theirs begins."""
    return shared is not None and shared < len(text.partition(" ")[0])


def heads(text: str) -> Sequence[str]:
    """The beginnings by which a term is found."""
    letters = len(text.partition(" ")[0])
    return [text[:some] for some in HEADS if some <= letters]


def head_of(query: str) -> str:
    """Which of them is looked for."""
    return query[: max(some for some in HEADS if some <= len(query))]


def _shared(one: str, other: str) -> int:
    if one[:1] != other[:1]:
        return 0
    at = 0
    for letter in one[: len(other)]:
        if letter != other[at]:
            break
        at += 1
    return at


def class_of(text: str, size: int) -> LengthClass:
    """The class of a term of so many trigrams."""
    return _class_of(len(text), size)


@functools.cache
def _class_of(length: int, size: int) -> LengthClass:
    for one in reversed(LengthClass):
        if one and length > LONGEST_IN[LengthClass(one - 1)] and size >= FEWEST_GRAMS[one]:
            return one
    return LengthClass.SHORT


def padded(text: str) -> str:
    """A term with the spaces that pg_trgm thinks around its words: all its trigrams are in it."""
    return f"  {text.replace(' ', '   ')} "


def is_word(text: str) -> bool:
    """Whether a slip of the hand is forgiven in a term."""
    return len(text) >= SHORTEST_SLIP and " " not in text


def pairs(text: str) -> frozenset[str]:
    """The neighbouring letters in a term."""
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


@functools.lru_cache(maxsize=32_768)
def code(campus_id: CampusId, one: LengthClass, gram: str) -> int:
    """What stands for a trigram, or a pair of letters, in terms of a campus and a class."""
    text = f"{one:d}{gram}".encode()
    digest = hashlib.blake2b(text, digest_size=8, key=campus_id.bytes).digest()
    return int.from_bytes(digest, "big", signed=True)


def codes(campus_id: CampusId, text: str, grams: Trigrams) -> str:
    """What stands for all of a term's trigrams and pairs, with spaces between."""
    one = class_of(text, len(grams))
    return " ".join(map(_book(campus_id, one, one).__getitem__, grams | pairs(text)))


def written(campus_id: CampusId, step: Step, grams: Iterable[str]) -> str:
    """What stands for trigrams and pairs in the terms of a step, with commas between."""
    return ",".join(map(_book(campus_id, step.first, step.last).__getitem__, grams))


class _Book(dict[str, str]):
    """Codes of a campus and of neighbouring classes as they are written, for many terms at once."""

    def __init__(self, campus_id: CampusId, first: LengthClass, last: LengthClass) -> None:
        super().__init__()
        self._campus_id = campus_id
        self._classes = Step(first, last).classes

    def __missing__(self, gram: str) -> str:
        if len(self) >= _IN_BOOK:
            self.clear()
        numbers = [code(self._campus_id, one, gram) for one in self._classes]
        self[gram] = written = ",".join(map(str, numbers))
        return written


_IN_BOOK: Final = 32_768
_book: Final = functools.lru_cache(maxsize=48)(_Book)


def within(text: str) -> Sequence[str]:
    """Some of what every term has that has this text inside: trigrams, or the pair it is."""
    first, *others = text.split(" ")
    if not others:
        return _rarest(_windows(text)) or (text,)
    *middle, last = others
    between = (f"  {word} " for word in middle)
    return _rarest(gram for edge in (f"{first} ", *between, f"  {last}") for gram in _windows(edge))


def at_start(text: str) -> Sequence[str]:
    """Some of what every term has that has this text at the start of a word."""
    *before, last = text.split(" ")
    edges = (*(f"  {word} " for word in before), f"  {last}")
    return _rarest(gram for edge in edges for gram in _windows(edge))


def _rarest(grams: Iterable[str]) -> tuple[str, ...]:
    """The rarest few, which leave little that has them all and not the text."""
    return tuple(sorted(set(grams), key=commonness)[:TOGETHER])


def _windows(text: str) -> tuple[str, ...]:
    return tuple(text[at : at + 3] for at in range(len(text) - 2))


def decisive(grams: Trigrams, one: LengthClass) -> Sequence[str]:
    """The rarest trigrams of a query, one of which is in every term of the class alike to it.

    Of sets with m and n members, s of them shared, the similarity is s / (m + n - s). It is over
    one fifth when 6 s > m + n, so that with all but s - 1 of the m looked for, one is met.
    """
    shared = needed(grams, one)
    return _by_rarity(grams)[: max(0, len(grams) - shared + 1)]


def needed(grams: Trigrams, one: LengthClass) -> int:
    """How many trigrams of a query are at least in every term of the class alike to it."""
    return (len(grams) + FEWEST_GRAMS[one]) // 6 + 1


def decisive_pairs(grams: Trigrams, one: LengthClass) -> Sequence[str]:
    """The rarest trigrams of a query, two of which are in every such term; two are needed."""
    shared = needed(grams, one)
    return _by_rarity(grams)[: max(0, len(grams) - shared + 2)]


@functools.lru_cache(maxsize=256)
def _by_rarity(grams: Trigrams) -> Sequence[str]:
    return sorted(grams, key=commonness)


@functools.lru_cache(maxsize=65_536)
def commonness(gram: str) -> tuple[int, int, str]:
    """How often a trigram is met in names, roughly: it decides about speed only."""
    if gram.startswith("  "):
        return 2, 0, gram
    letters = sum(_COMMON.get(letter, 0) for letter in gram)
    return int(gram.startswith(" ")), letters, gram


_COMMON: Final = {letter: 26 - at for at, letter in enumerate("aeinroslthmdkcguybvjpzfwxq")}


@value
class Slips:
    """Where words are that one edit turns the query into."""

    exact: Sequence[str]
    """Words that are the query without a character, or with two neighbours swapped."""
    patterns: Sequence[str]
    """Patterns of LIKE for those with another letter, or with one more."""
    start: str
    """How these begin, ..."""
    end: str
    """... or end, read from the end."""


def slips(text: str) -> Slips | None:
    """Where the words are; None where no slip is forgiven.

    One edit turns a text with a space into a word only by taking or replacing that space.
    """
    size, half = len(text), len(text) // 2
    spaces = text.count(" ")
    if spaces > 1 or size < SHORTEST_SLIP - 1:
        return None
    touched = [text.index(" ")] if spaces else range(size)
    without = {text[:at] + text[at + 1 :] for at in touched}
    replaced = [f"{text[:at]}_{text[at + 1 :]}" for at in touched]
    if not spaces:
        without |= {text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in range(size - 1)}
        replaced += [f"{text[:at]}_{text[at:]}" for at in range(size + 1)]
    exact = sorted(one for one in without if len(one) >= SHORTEST_SLIP)
    return Slips(exact, replaced, start=text[:half], end=text[half:][::-1])

"""How alike two texts are: trigrams as PostgreSQL's pg_trgm defines them, and one edit."""

from __future__ import annotations

import functools
from collections.abc import Iterable

Trigrams = frozenset[str]


@functools.lru_cache(maxsize=8192)
def trigrams(text: str) -> Trigrams:
    """The trigrams of a text whose words have one space between them.

    Each word has two spaces before it and one behind (PostgreSQL manual, "pg_trgm").
    """
    return joined_trigrams(text)


def joined_trigrams(text: str) -> Trigrams:
    """The same of a text that is hardly met again, but whose words mostly are those of others."""
    if " " not in text:
        return _of_word(text)
    return frozenset[str]().union(*map(_of_word, text.split(" ")))


@functools.lru_cache(maxsize=8192)
def _of_word(word: str) -> Trigrams:
    return trigrams_of((word,))


def trigrams_of(words: Iterable[str]) -> Trigrams:
    """The same of a text's words."""
    found: set[str] = set()
    for word in words:
        if word:
            padded = f"  {word} "
            found.update([padded[at : at + 3] for at in range(len(word) + 1)])
    return frozenset(found)


def similarity(one: Trigrams, other: Trigrams) -> float:
    """The trigrams that two texts share, of all that either has: 0 to 1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def one_edit_apart(one: str, other: str) -> bool:
    """Whether a single edit turns one text into the other.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours: a distance of exactly
    one by Damerau and Levenshtein.
    """
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    at = _shared_start(one, other)
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return swapped or one[at + 1 :] == other[at + 1 :]


def _shared_start(one: str, other: str) -> int:
    """How many letters both begin with; ``one`` is not longer than ``other``."""
    for at, letter in enumerate(one):
        if letter != other[at]:
            return at
    return len(one)

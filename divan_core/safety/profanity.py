"""How much the words of a text offend. Pure, but for one list that comes with the package."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Final

import attrs

from divan_core.safety.facts import LEVELS
from divan_core.safety.wording import Known, Wording, if_drawn_out, meant

MANY: Final = 3
"""So many words of one level weigh as much as one of the next."""

_HIGHEST: Final = max(LEVELS.values())
_SHORTEST: Final = 3
"""The shortest beginning that a list may have; what words are first compared by."""


@attrs.frozen
class WordList:
    """Words with their levels: whole words, beginnings, parts of words, and phrases.

    ``heads`` are the first letters of beginnings, ``lengths`` how long these are; ``alike`` are all
    but phrases by their length and first letter. Levels of words are remembered.
    """

    words: dict[str, int] = attrs.field(factory=dict)
    stems: dict[str, int] = attrs.field(factory=dict)
    parts: tuple[tuple[str, int], ...] = ()
    phrases: tuple[tuple[str, int], ...] = ()
    lengths: tuple[int, ...] = ()
    heads: frozenset[str] = frozenset()
    alike: dict[tuple[int, str], list[tuple[str, int]]] = attrs.field(factory=dict)
    _levels: Known[int] = attrs.field(init=False, eq=False, repr=False)

    @_levels.default
    def _remembering(self) -> Known[int]:
        return Known(self._word)

    @classmethod
    def of(cls, entries: Iterable[tuple[str, int]]) -> WordList:
        """The list of these entries, written as in ``profanity.txt``."""
        words, stems = dict[str, int](), dict[str, int]()
        parts, phrases = list[tuple[str, int]](), list[tuple[str, int]]()
        for entry, level in entries:
            spoken = meant(entry.replace("*", "")).strip()
            if " " in spoken:
                phrases.append((f" {spoken} ", level))
            elif entry.startswith("*"):
                parts.append((spoken, level))
            elif entry.endswith("*"):
                stems[spoken] = level
            else:
                words[spoken] = level
        lengths = tuple(sorted({len(one) for one in stems}))
        heads = frozenset(one[:_SHORTEST] for one in stems)
        alike = dict[tuple[int, str], list[tuple[str, int]]]()
        for one, level in (*words.items(), *stems.items(), *parts):
            alike.setdefault((len(one), one[0]), []).append((one, level))
        return cls(words, stems, tuple(parts), tuple(phrases), lengths, heads, alike)

    def level(self, wording: Wording) -> int:
        """The level of a text."""
        text, known = wording.text, self._levels
        levels = [found for one in wording.words if (found := known[one])]
        for phrase, level in self.phrases:
            if phrase in text:
                levels.append(level)
        for part, level in self.parts:
            if part in text:
                levels += [level] * text.count(part)
        if not levels:
            return 0
        highest = max(levels)
        many = levels.count(highest) >= MANY
        return min(highest + many, _HIGHEST)

    def _word(self, word: str) -> int:
        """The level of a word, or of what it may be without letters that are drawn out."""
        found = self._exactly(word)
        if found or len(word) < MANY:
            return found
        if "*" in word:
            return self._hidden(word)
        otherwise = if_drawn_out(word) or ()
        return next((level for one in otherwise if (level := self._exactly(one))), 0)

    def _exactly(self, word: str) -> int:
        found = self.words.get(word)
        if found is not None:
            return found
        if word[:_SHORTEST] in self.heads:
            for length in self.lengths:
                found = self.stems.get(word[:length])
                if found is not None:
                    return found
        return 0

    def _hidden(self, word: str) -> int:
        """A word with stars in it: written between its letters, or for some of them."""
        bare = word.replace("*", "")
        found = self._exactly(bare)
        if found or any(part in bare for part, _ in self.parts):
            return found or max(level for part, level in self.parts if part in bare)
        alike = self.alike.get((len(word), word[0]), ())  # no word begins with a star
        return max((level for one, level in alike if _fits(word, one)), default=0)


def _fits(shape: str, word: str) -> bool:
    """Whether a word is a shape of its length, whose stars stand for any letter."""
    for sign, letter in zip(shape, word, strict=True):  # noqa: SIM110 - a fifth of the time
        if sign not in ("*", letter):
            return False
    return True


def _entries(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            level, _, entry = line.partition(" ")
            yield entry, LEVELS[level]


@functools.cache
def word_list() -> WordList:
    """Divan's own list; read once."""
    text = resources.files("divan_core.safety").joinpath("profanity.txt").read_text("utf-8")
    return WordList.of(_entries(text))

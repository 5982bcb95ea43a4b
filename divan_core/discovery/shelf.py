"""Texts with everyone who has them, found by how they begin, by what is inside, and by trigrams."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import Final

from divan_core.discovery.model import SHORTEST, Called, Wanted
from divan_core.discovery.spelling import has_digits
from divan_core.discovery.starts import Phrases, Starts
from divan_core.discovery.texts import Texts

Holders = dict[str, list[Called]]
"""Who has a text, by id."""

Held = tuple[str, Iterable[Called]]
"""A text, and whoever has it, by id."""

FEW: Final = 64
"""What each of so many people is called is looked at sooner than all that people are called."""

by_id: Final = attrgetter("number")


class Shelf:
    """Parts of what people are called. Whatever is found comes the shortest first, then in order.

    A unit is what a query can begin or stand inside; a word, here, one of a handle that the person
    has not as a unit too.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._units: Holders = {}
        self._words: Holders = {}
        self._starts = Starts()  # units, but names of several words: their first word is one too
        self._phrases = Phrases()  # units of several words
        self._texts = Texts()

    def add(self, one: Called, units: Iterable[str], words: Iterable[str]) -> None:
        """Let somebody have these, who are different and not empty."""
        for text in units:
            if self._starts_by(one, text):
                self._starts.add(text)
            if text not in self._units:
                self._phrases.add(text)
                if text not in self._words:
                    self._texts.add(text)
            insort(self._units.setdefault(text, []), one, key=by_id)
        for text in words:
            if text not in self._words and text not in self._units:
                self._texts.add(text)
            insort(self._words.setdefault(text, []), one, key=by_id)

    def discard(self, one: Called, units: Iterable[str], words: Iterable[str]) -> None:
        """Let somebody no longer have these, which they had."""
        for text in units:
            _remove(self._units, text, one)
            if text not in self._units:
                self._phrases.discard(text)
                if text not in self._words:
                    self._texts.discard(text)
            if self._starts_by(one, text):
                self._starts.discard(text)
        for text in words:
            _remove(self._words, text, one)
            if text not in self._words and text not in self._units:
                self._texts.discard(text)

    def starting(self, text: str) -> Iterator[Held]:
        """Units that start with a text, or have it at the start of a word.

        Whoever has a handle that starts so stands where that does. Otherwise the name counts.
        """
        return self._starting_several(text) if " " in text else self._starting(text)

    def containing(self, text: str) -> Iterator[Held]:
        """Units that have a text inside."""
        found: Iterable[str] | None = self._containing_several(text) if " " in text else None
        if found is None:
            found = self._texts.containing(text)
        return ((unit, self._units[unit]) for unit in found if unit in self._units)

    def slips(self, wanted: Wanted) -> Iterator[Held]:
        """Words that are one edit from the query."""
        return ((word, self.having(word)) for word in self._texts.slips(wanted))

    def alike(self, wanted: Wanted) -> Iterator[Held]:
        """What is similar to the query."""
        return ((text, self.having(text)) for text in self._texts.alike(wanted))

    def count(self, text: str) -> int:
        """How many have a text in any way."""
        return len(self._units.get(text, ())) + len(self._words.get(text, ()))

    def is_word(self, text: str) -> bool:
        """Whether somebody has a text only as a word of their handle."""
        return text in self._words

    def having(self, text: str) -> Iterable[Called]:
        """Whoever has a text in any way, by id."""
        as_unit, as_word = self._units.get(text, ()), self._words.get(text, ())
        return merged(as_unit, as_word) if as_unit and as_word else as_unit or as_word

    def _starts_by(self, one: Called, text: str) -> bool:
        """Whether a query of one word that starts a text of theirs finds nobody else by it.

        Those who share a name of several words may be everybody: only handles are compared, and
        with those of others only where it is the person's own.
        """
        others = self._units.get(text, ())
        if " " not in text:
            return not others
        handle = one.entry.handle
        return handle == text and not any(other.entry.handle == text for other in others)

    def _starting(self, word: str) -> Iterator[Held]:
        units = chain.from_iterable(self._starts.groups(word))
        return ((unit, self._units[unit]) for unit in units)

    def _starting_several(self, text: str) -> Iterator[Held]:
        starting, found = self._beginning(text)
        for unit in sorted(found, key=by_length):
            people = self._units[unit]
            yield unit, people if unit in starting else _named(unit, people, text)

    def _beginning(self, text: str) -> tuple[set[str], set[str]]:
        """Units that start with several words, and all that have them from some word on."""
        found = self._phrases.having(text)
        return {one for one in found if one.startswith(text)}, found

    def _containing_several(self, text: str) -> Sequence[str] | None:
        """Units that have several words inside; None where those are not quickly found.

        A unit in which the first of them ends a longer word belongs to somebody with that word,
        if it is here: a word with digits at its end may be elsewhere. Mostly they are few.
        """
        first = text.partition(" ")[0]
        if len(first) < SHORTEST or has_digits(first):
            return None
        people: list[Called] = []
        for word in self._texts.ending(first):
            if word != first:
                people += islice(self.having(word), FEW + 1)
                if len(people) > FEW:
                    return None
        called = chain.from_iterable([(one.entry.handle, one.entry.name) for one in people])
        found = self._phrases.having(text) | {unit for unit in called if text in unit}
        return sorted(found, key=by_length)


def merged(some: Sequence[Called], others: Iterable[Called]) -> Iterator[Called]:
    """All of them by id, as they are; quickest where the others are few."""
    start = 0
    for one in others:
        end = bisect_left(some, one.number, start, key=by_id)
        yield from some[start:end]
        yield one
        start = end
    yield from some[start:]


def by_length(text: str) -> tuple[int, str]:
    """Where a text stands in the order of the cut."""
    return len(text), text


def _named(name: str, people: Iterable[Called], text: str) -> list[Called]:
    """Those who have a name as such, and no handle that starts with a text."""
    return [
        one for one in people if one.entry.name == name and not one.entry.handle.startswith(text)
    ]


def _remove(holders: Holders, text: str, one: Called) -> None:
    people = holders[text]
    del people[bisect_left(people, one.number, key=by_id)]
    if not people:
        del holders[text]

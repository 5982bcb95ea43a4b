"""The names of one campus, found by how they begin, by what is inside, and by trigrams.

People share names, so what is found are texts: each distinct one once, with everyone who has it.
Every way of finding them begins with the shortest, as the cut of a tier does: whoever wants the
first 200 people looks at no text that is longer than theirs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain

from divan_core.discovery.model import Entry, Wanted, parts, units
from divan_core.discovery.policy import begins
from divan_core.stores.memory.texts import Texts

Holders = dict[str, list[int]]
"""Who has a text: ids as numbers, ascending."""


class Names:
    """People of one campus by the texts that they are found by."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: dict[int, Entry] = {}
        self._units: Holders = {}
        self._words: Holders = {}  # of handles, unless the person has them as a unit too
        self._starts: dict[str, dict[int, list[str]]] = {}  # units, by two letters and length
        self._texts = Texts()

    def replace(self, before: Entry | None, after: Entry | None) -> None:
        """Know a person as ``after`` and no longer as ``before``."""
        if before is not None:
            self._discard(before)
        if after is not None:
            self._add(after)

    def beginning(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the first tier, in the order of its cut."""
        several = " " in wanted.text
        seen: set[int] = set()
        for one in (self._holding_begun if several else self._holding_start)(wanted.text):
            if one.user_id.int not in seen:
                seen.add(one.user_id.int)
                yield one

    def inside(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the second tier, in the order of its cut."""
        text, seen = wanted.text, set[int]()
        for unit in self._texts.containing(text):
            if not unit.startswith(text):
                for number in self._units.get(unit, ()):
                    if number not in seen and not begins(text, one := self._people[number]):
                        seen.add(number)
                        yield one

    def similar(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the third tier, in the order of its cut."""
        text, seen = wanted.text, set[int]()
        for part in chain(self._texts.slips(wanted), self._texts.alike(wanted)):
            for number in self._holding(part):
                one = self._people[number]
                if number not in seen and text not in one.handle and text not in one.name:
                    seen.add(number)
                    yield one

    def _holding(self, part: str) -> Iterable[int]:
        """Whoever has a text in any way, by id."""
        as_unit, as_word = self._units.get(part, []), self._words.get(part)
        return merge(as_unit, as_word) if as_word else as_unit

    def _holding_start(self, text: str) -> Iterator[Entry]:
        """Whoever has a unit that starts with a single word, by the unit and by id."""
        by_length = self._starts.get(text[:2], {})
        for length in sorted(by_length):
            texts = by_length[length]
            for at in range(bisect_left(texts, text), len(texts)):
                if not texts[at].startswith(text):
                    break
                yield from map(self._people.__getitem__, self._units[texts[at]])

    def _holding_begun(self, text: str) -> Iterator[Entry]:
        """The same for several words, which can start in the middle of a name as well."""
        for unit in self._texts.containing(text):
            if f" {text}" in f" {unit}":
                for one in map(self._people.__getitem__, self._units.get(unit, ())):
                    if unit.startswith(text) or (
                        unit == one.name and not one.handle.startswith(text)
                    ):
                        yield one

    def _add(self, one: Entry) -> None:
        number = one.user_id.int
        self._people[number] = one
        whole = _whole(one)
        for text in whole:
            if text not in self._units:
                _keep(self._starts, text)
                if text not in self._words:
                    self._texts.add(text)
            insort(self._units.setdefault(text, []), number)
        for text in set(parts(one)) - whole - {""}:
            if text not in self._words and text not in self._units:
                self._texts.add(text)
            insort(self._words.setdefault(text, []), number)

    def _discard(self, one: Entry) -> None:
        number = one.user_id.int
        whole = _whole(one)
        for text in whole:
            _remove(self._units, text, number)
            if text not in self._units:
                _drop(self._starts, text)
                if text not in self._words:
                    self._texts.discard(text)
        for text in set(parts(one)) - whole - {""}:
            _remove(self._words, text, number)
            if text not in self._words and text not in self._units:
                self._texts.discard(text)
        del self._people[number]


def _whole(one: Entry) -> set[str]:
    """What a query can begin; there is no name where one has no letters at all."""
    return set(units(one)) - {""}


def _keep(starts: dict[str, dict[int, list[str]]], text: str) -> None:
    insort(starts.setdefault(text[:2], {}).setdefault(len(text), []), text)


def _drop(starts: dict[str, dict[int, list[str]]], text: str) -> None:
    by_length = starts[text[:2]]
    texts = by_length[len(text)]
    del texts[bisect_left(texts, text)]
    if not texts:
        del by_length[len(text)]
        if not by_length:
            del starts[text[:2]]


def _remove(holders: Holders, text: str, number: int) -> None:
    numbers = holders[text]
    del numbers[bisect_left(numbers, number)]
    if not numbers:
        del holders[text]

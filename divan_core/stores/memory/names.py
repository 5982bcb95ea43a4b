"""The names of one campus, found by how they begin, by what is inside, and by trigrams.

People share names, so what is kept are texts: each distinct one once, with everyone who has it.
Texts lie in buckets by their length, because the cut of a tier begins with the shortest: whoever
wants the first 200 people looks at no text that is longer than theirs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from itertools import chain

from divan_core.discovery.model import SIMILAR, Entry, Wanted, parts, units
from divan_core.discovery.policy import begins, is_slip
from divan_core.discovery.similarity import trigrams

Buckets = dict[str, dict[int, list[str]]]
"""Texts by something that they have in common, and by their length; each list is sorted."""

Holders = dict[str, list[int]]
"""Who has a text: ids as numbers, ascending."""


class Names:
    """People of one campus by the texts that they are found by."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: dict[int, Entry] = {}
        self._units: Holders = {}
        self._words: Holders = {}  # of handles, unless the person has them as a unit too
        self._starts: Buckets = {}  # units, by their first two letters
        self._grams: Buckets = {}  # all texts, by each of their trigrams
        self._openings: dict[str, set[str]] = {}  # the trigrams that begin with two letters

    def replace(self, before: Entry | None, after: Entry | None) -> None:
        """Know a person as ``after`` and no longer as ``before``."""
        if before is not None:
            self._discard(before)
        if after is not None:
            self._add(after)

    def beginning(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the first tier, in the order of its cut."""
        holding = self._holding_begun if " " in wanted.text else self._holding_start
        seen: set[int] = set()
        for one in holding(wanted.text):
            if one.user_id.int not in seen:
                seen.add(one.user_id.int)
                yield one

    def inside(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the second tier, in the order of its cut."""
        text, seen = wanted.text, set[int]()
        for unit in self._containing(text):
            if not unit.startswith(text):
                for number in self._units.get(unit, ()):
                    if number not in seen and not begins(text, one := self._people[number]):
                        seen.add(number)
                        yield one

    def similar(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the third tier, in the order of its cut."""
        text, seen = wanted.text, set[int]()
        for part in chain(self._slips(wanted), self._alike(wanted)):
            for number in merge(self._units.get(part, ()), self._words.get(part, ())):
                one = self._people[number]
                if number not in seen and text not in one.handle and text not in one.name:
                    seen.add(number)
                    yield one

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
        for unit in self._containing(text):
            if f" {text}" in f" {unit}":
                for one in map(self._people.__getitem__, self._units.get(unit, ())):
                    if unit.startswith(text) or (
                        unit == one.name and not one.handle.startswith(text)
                    ):
                        yield one

    def _containing(self, text: str) -> Iterator[str]:
        """The texts that have this one inside, the shortest first, then in order."""
        grams = _certain(text)
        found = [self._grams.get(gram, {}) for gram in grams or self._openings.get(text, ())]
        if not found:
            return
        for length in sorted(set(found[0]) if grams else set(chain.from_iterable(found))):
            lists = [by_length.get(length, []) for by_length in found]
            # With grams every one of these lists has all such texts; without, each has some.
            among: Collection[str] = min(lists, key=len) if grams else set(chain(*lists))
            yield from sorted(one for one in among if text in one)

    def _slips(self, wanted: Wanted) -> Iterator[str]:
        """The words that are one edit from the query, the shortest first, then in order.

        An edit leaves a word of five letters its first trigram or its last one.
        """
        text = wanted.text
        kept = [self._grams.get(gram, {}) for gram in (f"  {text[0]}", f"{text[-2:]} ")]
        for length in range(len(text) - 1, len(text) + 2):
            among = set(chain.from_iterable(by_length.get(length, ()) for by_length in kept))
            yield from sorted(one for one in among if is_slip(text, one))

    def _alike(self, wanted: Wanted) -> Iterator[str]:
        """The texts that are similar to the query, the shortest first, then in order."""
        found = [self._grams[gram] for gram in wanted.grams if gram in self._grams]
        for length in sorted(set(chain.from_iterable(found))):
            lists = (by_length.get(length, ()) for by_length in found)
            yield from _similar(wanted, Counter(chain.from_iterable(lists)))

    def _add(self, one: Entry) -> None:
        self._people[one.user_id.int] = one
        for texts, holders in self._texts(one):
            for text in texts:
                if text not in self._units and text not in self._words:
                    self._learn(text)
                if holders is self._units and text not in holders:
                    _keep(self._starts, text[:2], text)
                insort(holders.setdefault(text, []), one.user_id.int)

    def _discard(self, one: Entry) -> None:
        for texts, holders in self._texts(one):
            for text in texts:
                _remove(holders, text, one.user_id.int)
                if holders is self._units and text not in holders:
                    _drop(self._starts, text[:2], text)
                if text not in self._units and text not in self._words:
                    self._forget(text)
        del self._people[one.user_id.int]

    def _texts(self, one: Entry) -> Iterable[tuple[set[str], Holders]]:
        whole = {text for text in units(one) if text}
        return ((whole, self._units), ({text for text in parts(one) if text} - whole, self._words))

    def _learn(self, text: str) -> None:
        for gram in trigrams(text):
            if gram not in self._grams:
                self._openings.setdefault(gram[:2], set()).add(gram)
            _keep(self._grams, gram, text)

    def _forget(self, text: str) -> None:
        for gram in trigrams(text):
            _drop(self._grams, gram, text)
            if gram not in self._grams:
                self._openings[gram[:2]].discard(gram)


def _certain(text: str) -> list[str]:
    """The trigrams of every text that has this one inside; none where it has two letters."""
    found: list[str] = []
    pieces = text.split(" ")
    for at, piece in enumerate(pieces):
        padded = f"{'  ' if at else ''}{piece}{' ' if at + 1 < len(pieces) else ''}"
        found += (padded[start : start + 3] for start in range(len(padded) - 2))
    return found


def _similar(wanted: Wanted, shared: Counter[str]) -> list[str]:
    """Those texts of one length, with how many trigrams they share, that are similar enough."""
    size = len(wanted.grams)
    likely = ((text, count) for text, count in shared.items() if count > SIMILAR * size)
    return sorted(
        text for text, count in likely if count / (size + len(trigrams(text)) - count) > SIMILAR
    )


def _keep(buckets: Buckets, key: str, text: str) -> None:
    insort(buckets.setdefault(key, {}).setdefault(len(text), []), text)


def _drop(buckets: Buckets, key: str, text: str) -> None:
    by_length = buckets[key]
    texts = by_length[len(text)]
    del texts[bisect_left(texts, text)]
    if not texts:
        del by_length[len(text)]
        if not by_length:
            del buckets[key]


def _remove(holders: Holders, text: str, number: int) -> None:
    numbers = holders[text]
    del numbers[bisect_left(numbers, number)]
    if not numbers:
        del holders[text]

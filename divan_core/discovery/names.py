"""The names of one campus, found by how they begin, by what is inside, and by trigrams.

People share names, so what is found are texts: each distinct one once, with everyone who has it.
Every way of finding them begins with the shortest, as the cut of a tier does: whoever wants the
first 200 people looks at no text that is longer than theirs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from divan_core.discovery.model import SLIP, Entry, Wanted, parts, units
from divan_core.discovery.policy import begins
from divan_core.discovery.ports import Likened, Resembling
from divan_core.discovery.starts import Starts
from divan_core.discovery.texts import Texts
from divan_core.kernel.ids import UserId

Holders = dict[str, list[int]]
"""Who has a text: ids as numbers, ascending."""


class Names:
    """People of one campus by the texts that they are found by."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: dict[int, Entry] = {}
        self._units: Holders = {}
        self._words: Holders = {}  # of handles, unless the person has them as a unit too
        self._starts = Starts()  # units
        self._tails = Starts()  # what follows the first word of units, and the unit
        self._texts = Texts()

    def __len__(self) -> int:
        return len(self._people)

    def known(self, user_id: UserId) -> Entry | None:
        """What somebody is called, if they are here."""
        return self._people.get(user_id.int)

    def replace(self, before: Entry | None, after: Entry | None) -> None:
        """Know a person as ``after`` and no longer as ``before``."""
        if before is not None:
            self._discard(before)
        if after is not None:
            self._add(after)

    def beginning(self, wanted: Wanted, most: int) -> list[Entry]:
        """The first people of the first tier, in the order of its cut."""
        text, found = wanted.text, dict[int, None]()
        holding = self._holding_begun if " " in text else self._holding_start
        for numbers in holding(text):
            found.update(dict.fromkeys(islice(numbers, most)))
            if len(found) >= most:
                break
        return list(map(self._people.__getitem__, islice(found, most)))

    def inside(self, wanted: Wanted) -> Iterator[Entry]:
        """Everyone of the second tier, in the order of its cut."""
        text, seen = wanted.text, set[int]()
        for unit in self._texts.containing(text):
            if not unit.startswith(text):
                for number in self._units.get(unit, ()):
                    if number not in seen and not begins(text, one := self._people[number]):
                        seen.add(number)
                        yield one

    def similar(self, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first people of the third tier, in the order of its cut.

        Where that leaves nobody out, all of theirs that is similar was met on the way.
        """
        text, people, found = wanted.text, self._people, dict[int, float]()
        slips = [(word, SLIP) for word in self._texts.slips(wanted)]
        for part, alike in chain(slips, self._texts.alike(wanted)):
            for number in self._holding(part):
                if number in found:
                    found[number] = max(found[number], alike)
                elif text not in (one := people[number]).handle and text not in one.name:
                    found[number] = alike
                    if len(found) == most:
                        return list(map(people.__getitem__, found))
        return Likened(map(people.__getitem__, found), list(found.values()))

    def resembling(self, wanted: Wanted, most: int) -> Resembling:
        """The first people of the second and of the third tier."""
        inside = list(islice(self.inside(wanted), most))
        return Resembling(inside, self.similar(wanted, most))

    def _holding(self, part: str) -> Iterable[int]:
        """Whoever has a text in any way, by id."""
        as_unit, as_word = self._units.get(part, []), self._words.get(part)
        return sorted([*as_unit, *as_word]) if as_word else as_unit

    def _holding_start(self, text: str) -> Iterator[Iterable[int]]:
        """Whoever has a unit that starts with a single word, by the unit and by id."""
        for texts in self._starts.groups(text):
            yield from map(self._units.__getitem__, texts)

    def _holding_begun(self, text: str) -> Iterator[Iterable[int]]:
        """The same for several words, which can start in the middle of a name as well.

        Whoever has a handle that starts so stands where that does. Otherwise the name counts.
        """
        starting = {unit for units in self._starts.groups(text) for unit in units}
        tails = {tail.partition(_OF)[2] for some in self._tails.groups(text) for tail in some}
        for unit in sorted(starting | tails, key=_by_length):
            numbers = self._units[unit]
            if unit in starting:
                yield numbers
            else:
                people = map(self._people.__getitem__, numbers)
                yield [
                    number
                    for number, one in zip(numbers, people, strict=True)
                    if one.name == unit and not one.handle.startswith(text)
                ]

    def _add(self, one: Entry) -> None:
        number = one.user_id.int
        self._people[number] = one
        whole = _whole(one)
        for text in whole:
            if text not in self._units:
                self._starts.add(text)
                for tail in _tails(text):
                    self._tails.add(tail)
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
                self._starts.discard(text)
                for tail in _tails(text):
                    self._tails.discard(tail)
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


_OF: Final = "\t"
"""Stands between a tail and its text; no text has it."""


def _tails(text: str) -> list[str]:
    """What begins at a later word of a text and has several words, each with the text itself."""
    words = text.split(" ")
    return [f"{' '.join(words[at:])}{_OF}{text}" for at in range(1, len(words) - 1)]


def _by_length(text: str) -> tuple[int, str]:
    return len(text), text


def _remove(holders: Holders, text: str, number: int) -> None:
    numbers = holders[text]
    del numbers[bisect_left(numbers, number)]
    if not numbers:
        del holders[text]

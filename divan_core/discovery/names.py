"""The names of one campus, found by how they begin, by what is inside, and by trigrams.

People share names, so what is found are texts: each distinct one once, with everyone who has it.
Every way of finding them begins with the shortest, as the cut of a tier does: whoever wants the
first 200 people looks at no text that is longer than theirs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Final

from divan_core.discovery.model import SLIP, Entry, Wanted, parts, units
from divan_core.discovery.policy import begins
from divan_core.discovery.ports import Likened, Resembling
from divan_core.discovery.spelling import Spelling
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
        self._spelling = Spelling()
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

    def beginning(self, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first people of the first tier, in the order of its cut."""
        holding = self._holding_begun if " " in wanted.text else self._holding_start
        holders = chain.from_iterable(holding(wanted.text))
        found = dict[int, None]()
        while more := dict.fromkeys(islice(holders, most - len(found))):
            found |= more
        return self._likened(wanted, list(found)) if found else ()

    def resembling(self, wanted: Wanted, most: int) -> Resembling:
        """The first people of the second and of the third tier."""
        inside, has_inside = self._inside(wanted.text, most)
        slips = list(self._texts.slips(wanted))
        similar = self._similar(wanted, slips, most, has_inside)
        return Resembling(
            self._likened(wanted, inside, slips) if inside else (),
            self._likened(wanted, similar, slips) if similar else (),
        )

    def _inside(self, text: str, most: int) -> tuple[Sequence[int], Callable[[int], bool]]:
        """The first people of the second tier, in the order of its cut.

        And whether somebody has the text inside: once all are known, that need not be looked for
        in what each is called, which lies all over the memory.
        """
        found, having = dict[int, None](), set[int]()
        for unit in self._texts.containing(text):
            holders = self._units.get(unit, ())
            having.update(holders)
            if not unit.startswith(text):
                for number in holders:
                    if number not in found and not begins(text, self._people[number]):
                        found[number] = None
                        if len(found) == most:
                            return list(found), partial(self._has_inside, text)
        return list(found), having.__contains__

    def _has_inside(self, text: str, number: int) -> bool:
        one = self._people[number]
        return text in one.handle or text in one.name

    def _similar(
        self, wanted: Wanted, slips: Iterable[str], most: int, has_inside: Callable[[int], bool]
    ) -> Sequence[int]:
        """The first people of the third tier, in the order of its cut."""
        found = dict[int, None]()
        for part in chain(slips, self._texts.alike(wanted)):
            for number in self._holding(part):
                if number not in found and not has_inside(number):
                    found[number] = None
                    if len(found) == most:
                        return list(found)
        return list(found)

    def _likened(
        self, wanted: Wanted, numbers: Sequence[int], slips: Iterable[str] | None = None
    ) -> Sequence[Entry]:
        """These people, with how alike the query each of them is."""
        people = map(self._people.__getitem__, numbers)
        alike = self._spelling.likeness(wanted, numbers)
        if alike is None:
            return list(people)
        slips = self._texts.slips(wanted) if slips is None else slips
        if held := set(chain.from_iterable(map(self._holding, slips))):
            for at, number in enumerate(numbers):
                if number in held:
                    alike[at] = max(alike[at], SLIP)
        return Likened(people, numbers, alike)

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
        whole, every = _whole(one), _every(one)
        for text in whole:
            if text not in self._units:
                self._starts.add(text)
                for tail in _tails(text):
                    self._tails.add(tail)
                if text not in self._words:
                    self._texts.add(text)
            insort(self._units.setdefault(text, []), number)
        for text in every - whole:
            if text not in self._words and text not in self._units:
                self._texts.add(text)
            insort(self._words.setdefault(text, []), number)
        self._spelling.add(number, every)

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
        for text in _every(one) - whole:
            _remove(self._words, text, number)
            if text not in self._words and text not in self._units:
                self._texts.discard(text)
        self._spelling.discard(number)
        del self._people[number]


def _whole(one: Entry) -> set[str]:
    """What a query can begin; there is no name where one has no letters at all."""
    return set(units(one)) - {""}


def _every(one: Entry) -> set[str]:
    """What a query can be similar to."""
    return set(parts(one)) - {""}


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

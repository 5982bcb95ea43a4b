"""The names of one campus, found by how they begin, by what is inside, and by trigrams.

People share names, so what is found are texts: each distinct one once, with everyone who has it.
Every way of finding them begins with the shortest, as the cut of a tier does: whoever wants the
first 200 people looks at no text that is longer than theirs.

Most handles are a name, or a word of it, and digits: nearly half of all texts. A query without
digits that fits such a one fits the name as well, and no worse. So those have a shelf of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import chain, filterfalse, groupby, islice, repeat
from operator import itemgetter
from typing import Final

from divan_core.discovery.fronts import LONGEST, MANY, Front, Fronts, Gathering
from divan_core.discovery.likened import Likened
from divan_core.discovery.model import SLIP, Called, Entry, Wanted, parts, units
from divan_core.discovery.policy import begins
from divan_core.discovery.ports import Resembling
from divan_core.discovery.shelf import Held, Shelf, by_id, by_length
from divan_core.discovery.spelling import (
    Sought,
    Spelling,
    has_digits,
    is_outdone,
    likeness,
)
from divan_core.kernel.ids import UserId


class Names:
    """People of one campus by the texts that they are found by."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: dict[int, Called] = {}
        self._spelling = Spelling()
        self._plain = Shelf()
        self._numbered = Shelf()
        self._fronts = Fronts()

    def __len__(self) -> int:
        return len(self._people)

    def known(self, user_id: UserId) -> Entry | None:
        """What somebody is called, if they are here."""
        one = self._people.get(user_id.int)
        return None if one is None else one.entry

    def replace(self, before: Entry | None, after: Entry | None) -> None:
        """Know a person as ``after`` and no longer as ``before``."""
        if before is not None:
            self._discard(self._people.pop(before.user_id.int))
        if after is not None:
            self._add(after)

    def lay_out(self) -> bool:
        """Make one more of the fronts that are due; False where none was. Two milliseconds."""
        text = self._fronts.due()
        if text is None:
            return False
        people = list(islice(self._plain.having(text), LONGEST))
        self._fronts.keep(text, Front(self._spelling.spelt(text), people, self._spelling.digits))
        return True

    def beginning(self, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first people of the first tier, in the order of its cut."""
        shelves, sought = self._shelves(wanted), self._spelling.sought(wanted)
        starting = _together([one.starting(wanted.text) for one in shelves])
        slips = {word: SLIP for word, _ in _slips(wanted, shelves)}
        if sought is None or sought.has_digits or " " in wanted.text:
            return _likened(sought, _first(_everybody(starting), most), slips)
        found = Gathering(most, set())
        at_least = ((held, slips.get(held[0], 0.0)) for held in starting)
        self._gather(found, sought, at_least, self._front_of_unit)
        found.compare(sought, slips)
        if slips:
            found.forgive(slips)
        return found.likened()

    def resembling(self, wanted: Wanted, most: int, enough: int | None = None) -> Resembling:
        """The first people of the second and of the third tier; see ``PeopleIndex``."""
        shelves, sought = self._shelves(wanted), self._spelling.sought(wanted)
        people, having = _inside(wanted.text, shelves, most)
        slips = list(_slips(wanted, shelves))
        inside = _likened(sought, people, [word for word, _ in slips])
        if enough is not None and len(people) >= enough:
            return Resembling(inside, (), is_whole=False)
        return Resembling(inside, self._similar(wanted, most, slips, having))

    def _similar(
        self, wanted: Wanted, most: int, slips: Sequence[Held], having: set[Called] | None
    ) -> Sequence[Entry]:
        """The first people of the third tier, who are not among those who have the query inside."""
        shelves, sought = self._shelves(wanted), self._spelling.sought(wanted)
        slipped = [word for word, _ in slips]
        alike = _together([one.alike(wanted) for one in shelves])
        if sought is None or having is None:
            has_inside = (
                partial(_has_inside, wanted.text) if having is None else having.__contains__
            )
            holders = _everybody(chain(slips, alike))
            return _likened(sought, _first(filterfalse(has_inside, holders), most), slipped)
        found = Gathering(most, {one.number for one in having})
        front_of = self._front_of_plain if sought.has_digits else self._fronts.known
        self._gather(found, sought, zip(slips, repeat(SLIP)), front_of)
        self._gather(found, sought, zip(alike, repeat(0.0)), front_of)
        found.compare(sought, slipped)
        return found.likened()

    def _gather(
        self,
        found: Gathering,
        sought: Sought,
        holders: Iterable[tuple[Held, float]],
        front_of: Callable[[str], Front | None],
    ) -> None:
        """Find those who have a text, which is so alike the query at least, then the next."""
        for (text, people), least in holders:
            if found.is_full:
                return
            rest, front = iter(people), front_of(text)
            if front is not None:
                found.add_front(front, *front.likeness(sought, least))
                if len(front.numbers) == LONGEST and not found.is_full:
                    found.take(islice(rest, LONGEST, None))
                continue
            first = list(islice(rest, LONGEST))
            found.add(first)
            if len(first) >= MANY:
                self._fronts.missed(text)
            if len(first) == LONGEST:
                found.take(rest)

    def _front_of_unit(self, text: str) -> Front | None:
        """The front of a text that nobody has but as a unit."""
        return None if self._plain.is_word(text) else self._fronts.known(text)

    def _front_of_plain(self, text: str) -> Front | None:
        """The front of a text that nobody has on the other shelf."""
        return None if self._numbered.count(text) else self._fronts.known(text)

    def _shelves(self, wanted: Wanted) -> Sequence[Shelf]:
        """Where those stand whom a query can fit."""
        return (self._plain, self._numbered) if has_digits(wanted.text) else (self._plain,)

    def _add(self, entry: Entry) -> None:
        every, outdone = _texts(entry)
        one = self._spelling.called(entry, every, outdone)
        self._people[one.number] = one
        whole, plain = set(units(entry)), every - outdone
        self._plain.add(one, plain & whole, plain - whole)
        if outdone:
            self._numbered.add(one, outdone & whole, outdone - whole)
        self._changed(plain)

    def _discard(self, one: Called) -> None:
        every, outdone = _texts(one.entry)
        whole, plain = set(units(one.entry)), every - outdone
        self._plain.discard(one, plain & whole, plain - whole)
        if outdone:
            self._numbered.discard(one, outdone & whole, outdone - whole)
        self._changed(plain)

    def _changed(self, texts: Iterable[str]) -> None:
        """Hear that others have these now, or that somebody who had them is called otherwise."""
        for text in texts:
            self._fronts.changed(text, self._plain.count(text))


def _texts(one: Entry) -> tuple[set[str], set[str]]:
    """What a query can be similar to, and those of it that only a query with digits must find.

    There is no name where one has no letters at all.
    """
    every, whole = set(parts(one)) - {""}, set(units(one))
    # What a query begins is outdone by what it begins as well, which is no mere word of a handle.
    return every, {one for one in every if is_outdone(one, whole if one in whole else every)}


def _slips(wanted: Wanted, shelves: Iterable[Shelf]) -> Iterator[Held]:
    return _together([one.slips(wanted) for one in shelves])


def _likened(
    sought: Sought | None, people: Sequence[Called], slips: Collection[str]
) -> Sequence[Entry]:
    """These people, with how alike the query each of them is, where that can be told."""
    if sought is None:
        return [one.entry for one in people]
    if not people:
        return ()
    alike = likeness(sought, people, slips)
    return Likened(people, [one.number for one in people], dict(enumerate(alike)))


def _together(shelves: Sequence[Iterator[Held]]) -> Iterator[Held]:
    """What was found on one shelf, or on several: each text once, with everyone who has it."""
    if len(shelves) == 1:
        return shelves[0]
    texts = groupby(merge(*shelves, key=_in_order), _TEXT)
    return ((text, _merged([people for _, people in same])) for text, same in texts)


def _merged(some: Sequence[Iterable[Called]]) -> Iterable[Called]:
    """Those who have a text on one shelf, or on several, by id."""
    return some[0] if len(some) == 1 else merge(*some, key=by_id)


_TEXT: Final = itemgetter(0)
_PEOPLE: Final = itemgetter(1)


def _in_order(held: Held) -> tuple[int, str]:
    return by_length(held[0])


def _everybody(held: Iterable[Held]) -> Iterator[Called]:
    return chain.from_iterable(map(_PEOPLE, held))


def _first(people: Iterator[Called], most: int) -> Sequence[Called]:
    """The first of some people, each once."""
    found = dict[Called, None]()
    while more := dict.fromkeys(islice(people, most - len(found))):
        found |= more
    return list(found)


def _inside(
    text: str, shelves: Iterable[Shelf], most: int
) -> tuple[Sequence[Called], set[Called] | None]:
    """The first people of the second tier, in the order of its cut.

    And whoever has the text inside; None where they were too many to look at all of them.
    """
    found, having = dict[Called, None](), set[Called]()
    for unit, holders in _together([one.containing(text) for one in shelves]):
        people = list(holders)
        having.update(people)
        if not unit.startswith(text):
            for one in people:
                if one not in found and not begins(text, one.entry):
                    found[one] = None
                    if len(found) == most:
                        return list(found), None
    return list(found), having


def _has_inside(text: str, one: Called) -> bool:
    return text in one.entry.handle or text in one.entry.name

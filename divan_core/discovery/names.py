"""The names of one campus, found by how they begin, by what is inside, and by trigrams.

People share names, so what is found are texts: each distinct one once, with everyone who has it.
Every way of finding them begins with the shortest, as the cut of a tier does: whoever wants the
first 200 people looks at no text that is longer than theirs.

Most handles are a name, or a word of it, and digits: nearly half of all texts. A query without
digits that fits such a one fits the name as well, and no worse. So those have a shelf of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import chain, filterfalse, groupby, islice
from operator import itemgetter
from typing import Final

from divan_core.discovery.model import Called, Entry, Wanted, parts, units
from divan_core.discovery.policy import begins
from divan_core.discovery.ports import Likened, Resembling
from divan_core.discovery.shelf import Held, Shelf, by_id, by_length
from divan_core.discovery.spelling import Spelling, has_digits, is_outdone
from divan_core.kernel.ids import UserId


class Names:
    """People of one campus by the texts that they are found by."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: dict[int, Called] = {}
        self._spelling = Spelling()
        self._plain = Shelf()
        self._numbered = Shelf()

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

    def beginning(self, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first people of the first tier, in the order of its cut."""
        shelves = self._shelves(wanted)
        holders = _together([one.starting(wanted.text) for one in shelves])
        found = _first(_everybody(holders), most)
        return self._likened(wanted, found, _slips(wanted, shelves)) if found else ()

    def resembling(self, wanted: Wanted, most: int) -> Resembling:
        """The first people of the second and of the third tier."""
        shelves = self._shelves(wanted)
        inside, has_inside = _inside(wanted.text, shelves, most)
        slips = list(_slips(wanted, shelves))
        alike = _together([one.alike(wanted) for one in shelves])
        holders = _everybody(chain(slips, alike))
        similar = _first(filterfalse(has_inside, holders), most)
        return Resembling(
            self._likened(wanted, inside, slips) if inside else (),
            self._likened(wanted, similar, slips) if similar else (),
        )

    def _shelves(self, wanted: Wanted) -> Sequence[Shelf]:
        """Where those stand whom a query can fit."""
        return (self._plain, self._numbered) if has_digits(wanted.text) else (self._plain,)

    def _likened(
        self, wanted: Wanted, people: Sequence[Called], slips: Iterable[Held]
    ) -> Sequence[Entry]:
        """These people, with how alike the query each of them is."""
        alike = self._spelling.likeness(wanted, people, [word for word, _ in slips])
        return [one.entry for one in people] if alike is None else Likened(people, alike)

    def _add(self, entry: Entry) -> None:
        every, outdone = _texts(entry)
        one = self._spelling.called(entry, every, outdone)
        self._people[one.number] = one
        whole, plain = set(units(entry)), every - outdone
        self._plain.add(one, plain & whole, plain - whole)
        if outdone:
            self._numbered.add(one, outdone & whole, outdone - whole)

    def _discard(self, one: Called) -> None:
        every, outdone = _texts(one.entry)
        whole, plain = set(units(one.entry)), every - outdone
        self._plain.discard(one, plain & whole, plain - whole)
        if outdone:
            self._numbered.discard(one, outdone & whole, outdone - whole)


def _texts(one: Entry) -> tuple[set[str], set[str]]:
    """What a query can be similar to, and those of it that only a query with digits must find.

    There is no name where one has no letters at all.
    """
    every = set(parts(one)) - {""}
    return every, {text for text in every if is_outdone(text, every)}


def _slips(wanted: Wanted, shelves: Iterable[Shelf]) -> Iterator[Held]:
    return _together([one.slips(wanted) for one in shelves])


def _together(shelves: Sequence[Iterator[Held]]) -> Iterator[Held]:
    """What was found on one shelf, or on several: each text once, with everyone who has it."""
    if len(shelves) == 1:
        return shelves[0]
    texts = groupby(merge(*shelves, key=_in_order), _TEXT)
    return ((text, merge(*map(_PEOPLE, same), key=by_id)) for text, same in texts)


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
) -> tuple[Sequence[Called], Callable[[Called], bool]]:
    """The first people of the second tier, in the order of its cut.

    And whether somebody has the text inside: once all are known, that need not be looked for
    in what each is called, which lies all over the memory.
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
                        return list(found), partial(_has_inside, text)
    return list(found), having.__contains__


def _has_inside(text: str, one: Called) -> bool:
    return text in one.entry.handle or text in one.entry.name

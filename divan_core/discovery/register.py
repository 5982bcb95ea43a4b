"""The names of campuses where much is asked, in this process: a copy of what the index finds.

A database takes milliseconds to find similar names, of which a server's process spends most. So
the open people of a campus that is asked about often are read once, some at a time, and are then
found here; so are their cards, for whoever is found is shown. The copy is as good as the cards are:
whoever the journal has news of is looked up anew before the next answer. Now and then everybody is
counted, because a command may have let people into the database of a server that has a journal of
its own; a copy that cannot be right is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import anyio
import anyio.lowlevel
import attrs

from divan_core.discovery.model import Entry, Wanted, entry
from divan_core.discovery.names import Names
from divan_core.discovery.ports import PeopleIndex, PeopleRoll, Resembling
from divan_core.discovery.readying import ready
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, is_open

CAPACITY: Final = 120_000
"""How many people one process copies: about 2.9 KB for each, and 0.3 KB for the card, which the
audience keeps. Larger campuses ask their store.

Where there is no room for one more campus, those that nobody asks about give way."""

OFTEN: Final = 10
"""A campus is copied once so much was asked about it that no cache could answer."""

MOST_CHANGED: Final = 500
"""After the changes of more people, a copy is made anew beside what is asked."""

PORTION: Final = 1_000
"""How many people are read at once, ..."""

SLICE: Final = 20
"""... how many of them are put in before others get their turn: two milliseconds, ..."""

CARDS: Final = 100
"""... and of how many the cards are read at once: one millisecond."""

COUNT_EVERY: Final = 5
"""Everybody is counted at each so many calls of :meth:`Register.keep`."""

GIVES_WAY: Final = 12
"""After so many counts without a question a campus gives way to others, ..."""

FORGOTTEN: Final = 120
"""... and after so many it is forgotten in any case: ten minutes, where ``keep`` is called every
second."""


@attrs.define(eq=False)
class _Campus:
    """What is known of one campus. ``names`` are None while its store is asked.

    ``making`` is a copy of everybody up to ``after``. ``changed`` are those who are to be looked up
    anew, and ``news`` counts how often there were some. ``doubted`` says that the last count was
    another one. ``idle`` is how often everybody was counted since somebody asked.
    """

    asked: int = 0
    idle: int = 0
    names: Names | None = None
    making: Names | None = None
    after: UserId | None = None
    changed: set[UserId] = attrs.field(factory=set)
    news: int = 0
    doubted: bool = False

    @property
    def size(self) -> int:
        """How many people are copied."""
        return len(self.names or self.making or ())

    def forget(self, people: Collection[UserId] | None) -> None:
        """Hear of people who changed; None where it may be anybody."""
        self.news += 1
        if people is None or len(self.changed) + len(people) > MOST_CHANGED:
            self.drop()
        else:
            self.changed.update(people)

    def drop(self) -> None:
        """Know nobody."""
        self.names, self.making, self.doubted = None, None, False
        self.changed.clear()


class Register:
    """A :class:`~divan_core.discovery.ports.PeopleIndex` before that of a store. One per process.

    Whoever asks has let the audience read the journal's news.
    """

    def __init__(
        self, index: PeopleIndex, roll: PeopleRoll, audience: Audience, often: int = OFTEN
    ) -> None:
        """Copy whoever ``roll`` lists, and ask ``index`` meanwhile."""
        self._index = index
        self._roll = roll
        self._audience = audience
        self._often = often
        self._campuses: dict[CampusId, _Campus] = {}
        self._calls = 0
        self._keeping = anyio.Lock()
        audience.follow(self._forget)

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        """See the port."""
        names = await self._names(campus_id)
        if names is None:
            return await self._index.beginning(campus_id, wanted, most)
        return names.beginning(wanted, most)

    async def resembling(
        self, campus_id: CampusId, wanted: Wanted, most: int, enough: int | None = None
    ) -> Resembling:
        """See the port."""
        names = await self._names(campus_id)
        if names is None:
            return await self._index.resembling(campus_id, wanted, most, enough)
        return names.resembling(wanted, most, enough)

    async def keep(self) -> int:
        """Copy campuses that are asked about often, and see whether copies can be right.

        How many people were copied, ``PORTION`` at most of each campus, and how many fronts were
        made of copies: then more may follow. Several calls at once wait for each other: nobody must
        be copied twice.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        async with self._keeping:
            return await self._keep()

    async def _keep(self) -> int:
        self._calls += 1
        copied, counts = 0, self._calls % COUNT_EVERY == 0
        if counts:
            self._rest()
        for campus_id, campus in list(self._campuses.items()):
            if campus.names is None and campus.asked >= self._often:
                copied += await self._copy(campus_id, campus)
            elif campus.names is not None and counts:
                await self._count(campus_id, campus)
            if campus.names is not None:
                copied += await ready(campus.names)
        return copied

    def _rest(self) -> None:
        """Forget campuses that nobody has asked about for long."""
        for campus_id, campus in list(self._campuses.items()):
            campus.idle += 1
            if campus.idle > FORGOTTEN:
                del self._campuses[campus_id]

    async def _names(self, campus_id: CampusId) -> Names | None:
        """The copy of a campus that is asked about; None where there is none."""
        campus = self._campuses.get(campus_id)
        if campus is None:
            campus = self._campuses[campus_id] = _Campus()
        campus.asked, campus.idle = campus.asked + 1, 0
        return await self._now(campus_id, campus)

    async def _now(self, campus_id: CampusId, campus: _Campus) -> Names | None:
        """The copy of a campus as its people are now."""
        while campus.names is not None and campus.changed:
            news, people = campus.news, tuple(campus.changed)
            cards = await self._audience.cards(people)
            if news == campus.news:  # else somebody may have changed once more, and is read again
                _amend(campus, campus_id, people, cards)
        return campus.names

    def _forget(self, campus_id: CampusId, people: Collection[UserId] | None) -> None:
        campus = self._campuses.get(campus_id)
        if campus is not None:
            campus.forget(people)

    async def _copy(self, campus_id: CampusId, campus: _Campus) -> int:
        """Read some more; whoever changes from then on is looked up again afterwards."""
        if campus.making is None and not await self._begin(campus_id, campus):
            return 0
        names = campus.making
        people = await self._roll.listed(campus_id, campus.after, PORTION)
        for start in range(0, len(people), SLICE):
            if not start % CARDS:
                # Else each page of people who were not shown yet would ask for them.
                await self._audience.cards([one.user_id for one in people[start : start + CARDS]])
            if names is None or names is not campus.making:  # dropped meanwhile
                return 0
            for one in people[start : start + SLICE]:
                names.replace(None, one)
            campus.after = one.user_id
            await anyio.lowlevel.checkpoint()
        if names is campus.making and len(people) < PORTION:
            campus.names, campus.making = names, None
        return len(people)

    async def _begin(self, campus_id: CampusId, campus: _Campus) -> bool:
        """Make ready for a copy, if there is room for it."""
        if not self._has_room(await self._roll.count(campus_id)):
            campus.asked = 0  # perhaps there is room later
            return False
        campus.making, campus.after = Names(), None
        campus.changed.clear()
        return True

    def _has_room(self, people: int) -> bool:
        """Make room for so many, if that takes no copy from those who ask."""
        room = CAPACITY - sum([one.size for one in self._campuses.values()])
        idle = [one for one in self._campuses.values() if one.size and one.idle >= GIVES_WAY]
        if people > room + sum([one.size for one in idle]):
            return False
        for one in sorted(idle, key=lambda one: -one.idle):
            if people <= room:
                break
            room += one.size
            one.drop()
            one.asked = 0
        return True

    async def _count(self, campus_id: CampusId, campus: _Campus) -> None:
        """Drop a copy that twice was not of as many people as there are.

        Once may be because of a change that is committed and not yet told.
        """
        counted = await self._roll.count(campus_id)
        await self._audience.refresh(campus_id)
        names = await self._now(campus_id, campus)
        differs = names is not None and len(names) != counted
        if differs and campus.doubted:
            campus.drop()
            campus.asked = 0  # should something be wrong with the index, it is not read all day
        else:
            campus.doubted = differs


def _amend(
    campus: _Campus,
    campus_id: CampusId,
    people: Sequence[UserId],
    cards: Sequence[PersonCard | None],
) -> None:
    names = campus.names
    campus.changed.clear()
    if names is None:
        return
    for user_id, card in zip(people, cards, strict=True):
        names.replace(names.known(user_id), _listed(campus_id, card))


def _listed(campus_id: CampusId, card: PersonCard | None) -> Entry | None:
    """What somebody is found by on this campus, if they are."""
    if card is None or card.campus_id != campus_id or not is_open(card):
        return None
    return entry(card.user_id, card.handle, card.display_name)

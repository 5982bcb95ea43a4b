"""The first of those who share a text, laid out to be compared with what is looked for.

Most people are found by few texts, which many have: their first names and their last names. Of
those who share one, all are as alike the query as it is, and few are more. So their other texts
are gathered once, and are compared by one call that tells of those only.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, chain, compress, islice
from typing import Final

import attrs

from divan_core.discovery.lately import Lately
from divan_core.discovery.likened import Likened, Run
from divan_core.discovery.model import SLIP, Called
from divan_core.discovery.spelling import Sought, is_forgiven, likeness

MANY: Final = 64
"""So many people share a text that they are worth a front, ..."""

LONGEST: Final = 216
"""... which has no more of them than this: a tier is cut at 200, and some were found before."""

OFTEN: Final = 4
"""A text for which there was no room gets one once it was asked for so often: to make it takes as
long as to compare all of them some seven times."""

CAPACITY: Final = 200_000
"""How many people all fronts of a shelf have, together: 36 KB for each 216, so 33 MB. A campus of
100,000 has some 680 fronts of 118,000."""


class _Rows:
    """Rows of small numbers, one after the other in one place of the memory."""

    def __init__(self, rows: Collection[Sequence[int]]) -> None:
        """Keep these."""
        self._numbers = array("H", list(chain.from_iterable(rows)))
        self._starts = array("I", list(accumulate(map(len, rows), initial=0)))

    def row(self, at: int) -> Sequence[int]:
        """One of them."""
        return self._numbers[self._starts[at] : self._starts[at + 1]]


class _ByGram:
    """Rows by trigram."""

    def __init__(self, having: Mapping[str, Sequence[int]]) -> None:
        """Keep these."""
        self._grams = "".join(having)
        self._rows = _Rows(having.values())

    def of(self, grams: str) -> Sequence[Sequence[int]]:
        """Those of some trigrams, as far as there are any."""
        row = self._rows.row
        return [row(at) for at in map(self._grams.find, grams) if at >= 0]


class Front:
    """The first people who have a text, by id; ``numbers`` are those of their ids, in order.

    Which of their texts have a trigram is told by a row for each: the texts themselves lie all over
    the memory. What is compared only where a query has digits is no more alike than what it is
    without its own, unless both share one of the trigrams that have some: so of those texts it is
    told who has such a trigram.
    """

    def __init__(self, spelt: str, people: Sequence[Called], digits: Collection[str]) -> None:
        """Lay out those ``people`` who have the text that is ``spelt`` so.

        ``digits`` are those of all trigrams that have digits.
        """
        self.people = people
        self.numbers = tuple([one.number for one in people])
        self.members = frozenset(self.numbers)
        whose = defaultdict[str, list[int]](list)
        for place, one in enumerate(people):
            for text in chain(*one.plain):
                whose[text].append(place)
        own, having = frozenset(spelt), defaultdict[str, list[int]](list)
        self._has_all = bytearray(len(whose))
        for at, text in enumerate(whose):
            grams: Iterable[str] = text
            if spelt[:1] in text and own.issubset(text):
                self._has_all[at], grams = True, own.symmetric_difference(text)
            for gram in grams:
                having[gram].append(at)
        self._spelt = spelt
        self._places = _Rows(whose.values())
        self._sizes = array("H", list(map(len, whose)))
        self._texts = _ByGram(having)
        self._numbered = _ByGram(_numbered(people, digits))

    def likeness(self, sought: Sought, least: float) -> tuple[float, dict[int, float]]:
        """How alike the query all of them are, ``least`` or more; by place, those who are more so.

        What the text that all have shares with it, those texts share as well that have all of that.
        """
        common = sought.shared(self._spelt)
        least = max(least, sought.likeness(common, len(self._spelt)))
        more, having = dict[int, float](), self._texts.of(sought.own)
        has_all, sizes, size = self._has_all, self._sizes, sought.size
        too_few = least * size
        for at, shared in Counter(chain.from_iterable(having)).items():
            if has_all[at]:
                shared += common  # noqa: PLW2901
            elif shared <= too_few:
                continue
            if shared > least * (size + sizes[at] - shared):
                likeness = sought.likeness(shared, sizes[at])
                for place in self._places.row(at):
                    if likeness > more.get(place, least):
                        more[place] = likeness
        if sought.has_digits:
            more |= self._by_digits(sought, more, least)
        return least, more

    def _by_digits(
        self, sought: Sought, more: Mapping[int, float], least: float
    ) -> dict[int, float]:
        """Who is more alike than that by what is compared only where a query has digits."""
        places = sorted({*chain.from_iterable(self._numbered.of(sought.own))})
        alike = likeness(sought, [self.people[at] for at in places], ())
        found = zip(places, alike, strict=True)
        return {at: one for at, one in found if one > more.get(at, least)}


def _numbered(people: Iterable[Called], digits: Collection[str]) -> Mapping[str, list[int]]:
    """Where those stand who have a trigram with digits in what is compared only with such."""
    having = defaultdict[str, list[int]](list)
    for place, one in enumerate(people):
        for gram in frozenset("".join(chain(*one.numbered))).intersection(digits):
            having[gram].append(place)
    return having


class Fronts:
    """The fronts of some texts; those that nobody asked for longest go first.

    To make one takes two milliseconds. So nobody who asks waits for that: whoever looks after the
    names makes those that are due.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._fronts = Lately[str, Front](CAPACITY, lambda front: len(front.numbers))
        self._due = dict[str, None]()
        self._asked = Counter[str]()

    def known(self, text: str) -> Front | None:
        """The front of a text, if there is one."""
        front = self._fronts.get(text)
        if front is not None:
            self._fronts.renew(text)
        return front

    def changed(self, text: str, holders: int) -> None:
        """Hear of others who have a text now, or are called otherwise: so many have it.

        Its front is due again, or for the first time, as long as there is room.
        """
        self._fronts.drop(text)
        if holders < MANY:
            self._due.pop(text, None)
            self._asked.pop(text, None)
        elif self._fronts.size + LONGEST * len(self._due) < CAPACITY:
            self._due[text] = None

    def missed(self, text: str) -> None:
        """Hear that those who share a text, who are many, had to be compared one by one."""
        if self._fronts.get(text) is not None:
            return
        self._asked[text] += 1
        if self._asked[text] >= OFTEN:
            self._due[text] = None

    def due(self) -> str | None:
        """A text whose front is to be made now, the longest due first; None where there is none."""
        text = next(iter(self._due), None)
        if text is not None:
            del self._due[text]
            self._asked.pop(text, None)
        return text

    def keep(self, text: str, front: Front) -> None:
        """Keep the front of a text."""
        self._fronts.keep(text, front)


@attrs.define
class Gathering:
    """People found one after the other, each once, until they are as many as are wanted.

    ``met`` are the numbers of those who are not to be found again. How alike the query somebody is,
    is told as by :class:`Likened`; ``few`` are those who are yet to be compared, by their places.
    """

    most: int
    met: set[int]
    numbers: list[int] = attrs.field(factory=list)
    runs: list[Run] = attrs.field(factory=list)
    others: dict[int, float] = attrs.field(factory=dict)
    few: dict[int, Called] = attrs.field(factory=dict)
    _parts: list[Iterable[Called]] = attrs.field(factory=list)
    _pending: list[Called] = attrs.field(factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no more are wanted."""
        return len(self.numbers) >= self.most

    def add_front(self, front: Front, alike: float, more: dict[int, float]) -> None:
        """Find the people of a front, who are so alike the query, and some of them more."""
        self.take_pending()
        start, numbers = len(self.numbers), list(front.numbers)
        people: Iterable[Called] = front.people
        if met := self.met & front.members:
            places = sorted([bisect_left(numbers, one) for one in met])
            fresh = bytearray(b"\1") * len(numbers)
            for place in reversed(places):
                del numbers[place]
                fresh[place] = 0
            people = compress(people, fresh)
            more = {at - bisect_left(places, at): one for at, one in more.items() if fresh[at]}
        room = self.most - start
        if len(numbers) < room:  # otherwise nobody is found after these
            self.met.update(front.members)
        self.numbers += numbers[:room]
        self.runs.append(Run(start, len(self.numbers), alike, front.members))
        self.others.update([(start + at, one) for at, one in more.items() if at < room])
        self._parts.append(islice(people, room))

    def add(self, people: Sequence[Called]) -> None:
        """Find some people who are yet to be compared; they are taken several texts at a time."""
        self._pending += people
        if len(self.numbers) + len(self._pending) >= self.most:
            self.take_pending()

    def take_pending(self) -> None:
        """Find whoever was added, for certain."""
        if pending := self._pending:
            self._pending = []
            self.take(pending)

    def take(self, people: Iterable[Called]) -> None:
        """Find some people who are yet to be compared, at once."""
        self.take_pending()
        met, start, found = self.met, len(self.numbers), dict[int, Called]()
        fresh = (one for one in people if one.number not in met)
        while more := {one.number: one for one in islice(fresh, self.most - start - len(found))}:
            met.update(more)
            found.update(more)
        self.numbers += found
        self.few.update(enumerate(found.values(), start))
        self._parts.append(found.values())

    def compare(self, sought: Sought, slips: Collection[str]) -> None:
        """Compare those who are yet to be; ``slips`` are all words one edit from the query."""
        self.take_pending()
        if self.few:
            alike = likeness(sought, list(self.few.values()), slips)
            self.others.update(zip(self.few, alike, strict=True))

    def forgive(self, slips: Collection[str]) -> None:
        """Let a slip count for those in a run who have another such word than the run's text."""
        runs = [run for run in self.runs if run.alike < SLIP]
        if not runs:
            return
        people, slipped = list(chain.from_iterable(self._parts)), frozenset(slips)
        self._parts = [people]
        for at in chain.from_iterable([range(run.start, run.end) for run in runs]):
            if is_forgiven(people[at], slipped):
                self.others[at] = max(SLIP, self.others.get(at, 0.0))

    def likened(self) -> Likened:
        """Those who were found, with how alike each is; until asked for, most are not looked at."""
        people = chain.from_iterable(self._parts)
        return Likened(people, self.numbers, self.others, self.runs)

"""What counts on leaderboards, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

import attrs

from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.leaderboards.model import (
    COMPANY,
    Count,
    Day,
    Deed,
    DeedKey,
    DeedKind,
    Mark,
    Tally,
    UserDay,
)
from divan_core.leaderboards.policy import CAPS
from divan_core.stores.memory.changes import Changes

_OF_ROOMS = (DeedKind.CREATED, DeedKind.JOINED)


def _keys() -> defaultdict[UserDay, set[DeedKey]]:
    return defaultdict(set)


@attrs.define
class DeedRecords:
    """All deeds; which are of each person's day; and the marks of each campus, in order."""

    deeds: dict[DeedKey, Deed] = attrs.field(factory=dict)
    by_day: defaultdict[UserDay, set[DeedKey]] = attrs.field(factory=_keys)
    marks: dict[int, tuple[CampusId, Mark]] = attrs.field(factory=dict)
    last: int = 0


class MemoryDeeds:
    """Keeps what counts."""

    def __init__(self, records: DeedRecords, changes: Changes) -> None:
        """Work on ``records``; how to undo it goes into ``changes``."""
        self._records = records
        self._changes = changes

    async def some(self, keys: Collection[DeedKey]) -> Sequence[Deed]:
        """Those of these that there are."""
        known = self._records.deeds
        return [known[one] for one in keys if one in known]

    async def put(self, deeds: Sequence[Deed]) -> None:
        """Keep these, replacing those of the same keys."""
        self._changes.begin()
        for one in deeds:
            self._drop(one.key)
            self._changes.set(self._records.deeds, one.key, one)
            keys = self._records.by_day[(one.user_id, one.day)]
            keys.add(one.key)
            self._changes.did(partial(keys.discard, one.key))

    async def first(self, user_id: UserId, peer_id: UserId, day: Day) -> Deed | None:
        """What somebody wrote to a peer first on a day, of what is not hidden."""
        found = [
            one
            for one in self._on((user_id, day))
            if one.kind is DeedKind.DIRECT and one.peer_id == peer_id and not one.hidden
        ]
        return min(found, key=_moment, default=None)

    async def about_room(self, room_id: RoomId) -> Sequence[Deed]:
        """Who has made a room, or come into it."""
        every = self._records.deeds.values()
        return [one for one in every if one.kind in _OF_ROOMS and one.cause == room_id]

    async def shun(self, user_id: UserId, *, shunned: bool) -> None:
        """Let what others did with somebody count for nothing, or count again."""
        every = list(self._records.deeds.values())
        others = [one for one in every if one.peer_id == user_id and one.shunned is not shunned]
        await self.put([attrs.evolve(one, shunned=shunned) for one in others])
        theirs = (one for one in every if one.user_id == user_id)
        for one in (*others, *theirs):
            await self.mark(one.campus_id, {(one.user_id, one.day)})

    async def tallies(self, days: Collection[UserDay]) -> Mapping[UserDay, Tally]:
        """What counts on these days."""
        return {one: _tally(filter(_counts, self._on(one))) for one in days}

    async def companions(self, people: Collection[UserId], until: Day, least: int) -> set[UserId]:
        """Those of these who had ``least`` different peers in the week that ends with a day."""
        week = [Day(day) for day in range(until - 6, until + 1)]
        return {one for one in people if len(set(self._peers(one, week))) >= least}

    async def mark(self, campus_id: CampusId, days: Collection[UserDay]) -> None:
        """Remember that these days have to be added up anew."""
        self._changes.begin()
        for user_id, day in days:
            self._records.last += 1  # which undoing leaves as it is
            mark = Mark(self._records.last, user_id, day)
            self._changes.set(self._records.marks, mark.position, (campus_id, mark))

    async def marks(self, campus_id: CampusId, most: int) -> Sequence[Mark]:
        """The first ``most`` marks of a campus."""
        every = self._records.marks.values()
        found = (mark for of_campus, mark in every if of_campus == campus_id)
        return [mark for mark, _ in zip(found, range(most), strict=False)]

    async def clear(self, marks: Collection[Mark]) -> None:
        """Forget these."""
        self._changes.begin()
        for one in marks:
            self._changes.drop(self._records.marks, one.position)

    async def marked(self) -> Sequence[CampusId]:
        """The campuses that have marks."""
        return list({campus_id: None for campus_id, _ in self._records.marks.values()})

    async def count_of(self, user_id: UserId) -> int:
        """How many deeds of somebody there are."""
        return sum(one.user_id == user_id for one in self._records.deeds.values())

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        return self._removed(most, lambda one: one.user_id == user_id)

    async def purge(self, campus_id: CampusId, before: Day, most: int) -> int:
        """Delete up to ``most`` deeds of days before one; how many it were."""
        return self._removed(most, lambda one: one.campus_id == campus_id and one.day < before)

    def _on(self, day: UserDay) -> Iterator[Deed]:
        return (self._records.deeds[one] for one in self._records.by_day.get(day, ()))

    def _peers(self, user_id: UserId, days: Iterable[Day]) -> Iterator[UserId]:
        for one in (deed for day in days for deed in self._on((user_id, day))):
            if one.kind in COMPANY and one.peer_id is not None and _counts(one):
                yield one.peer_id

    def _removed(self, most: int, wanted: Callable[[Deed], bool]) -> int:
        self._changes.begin()
        found = [one.key for one in self._records.deeds.values() if wanted(one)][:most]
        for key in found:
            self._drop(key)
        return len(found)

    def _drop(self, key: DeedKey) -> None:
        old = self._records.deeds.get(key)
        if old is not None:
            keys = self._records.by_day[(old.user_id, old.day)]
            keys.discard(key)
            self._changes.did(partial(keys.add, key))
            self._changes.drop(self._records.deeds, key)


def _moment(deed: Deed) -> tuple[int, bytes]:
    return deed.at, deed.cause.bytes


def _counts(deed: Deed) -> bool:
    return not (deed.hidden or deed.shunned)


def _tally(deeds: Iterable[Deed]) -> Tally:
    by_kind: defaultdict[DeedKind, list[Deed]] = defaultdict(list)
    for one in deeds:
        by_kind[one.kind].append(one)
    counted = {
        kind: sorted(found, key=_moment)[: CAPS.get(kind)] for kind, found in by_kind.items()
    }
    return {kind: Count(len(found), found[-1].at) for kind, found in counted.items()}

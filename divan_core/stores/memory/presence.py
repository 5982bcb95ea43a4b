"""Who is where, in this process: packed records, and a grid from public cell to people."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Mapping
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit
from divan_core.presence.lattice import MARGIN_M, annuli, distance_to, ring
from divan_core.presence.model import (
    Cell,
    Fix,
    Heard,
    Neighbourhood,
    PersonKey,
    PresenceRecord,
    PublicMove,
    Reach,
    Rule,
)
from divan_core.presence.record import glimpse, packed, unpacked
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.limits import MemoryRateLimits
from divan_core.stores.memory.notices import MemoryNotices

SEEN_MS: Final = 86_400_000
"""How long it is known when somebody was last heard."""

_HALF: Final = 1 << 31
_DUE: Final = 8
_ID: Final = 16

Grid = dict[int, tuple[UserId, ...]]


def _place(column: int, row: int) -> int:
    """A cell of one grid as one number, which takes half the memory of a pair."""
    return (column + _HALF) << 32 | (row + _HALF)


def _cell(size_m: int, place: int) -> Cell:
    return Cell(size_m, (place >> 32) - _HALF, (place & 0xFFFF_FFFF) - _HALF)


class _Campus:
    """One campus: packed records, a grid for each cell size, and a heap of endings.

    A value of ``records`` is the moment of the person's valid heap entry and their record; in the
    grid stand exactly those whose lease runs, because every call first takes out who has ended.
    Bytes instead of objects keep a live person under 600 bytes. People are known by their ids as
    numbers, because UUIDs are hashed and compared by Python code.
    """

    def __init__(self, moved: Callable[[Cell | None, Cell | None], None]) -> None:
        self.records: dict[int, bytes] = {}
        self.grids: dict[int, Grid] = {}
        self.endings: list[bytes] = []
        self.soonest: float = math.inf
        self.seen: dict[int, int] = {}
        self._moved = moved

    def get(self, user_id: UserId) -> PresenceRecord | None:
        value = self.records.get(user_id.int)
        return None if value is None else unpacked(value, _DUE)

    def put(
        self, user_id: UserId, before: PresenceRecord | None, record: PresenceRecord, now: Millis
    ) -> None:
        """Keep a record, stand the person in the right cell, and tell of a public move."""
        until = record.online_until
        online = until > now
        due = self._due(user_id.int, until if online else record.keep_until)
        self.records[user_id.int] = due + packed(record)
        left = before.cell if before is not None and before.online(now) else None
        entered = record.cell if online else None
        if left != entered:
            self._leave(user_id.int, left)
            self._enter(user_id, entered)
            self._moved(left, entered)

    def sweep(self, now: Millis) -> None:
        """Take out whoever has ended by now."""
        while self.soonest <= now:
            entry = heapq.heappop(self.endings)
            self._look()
            number = int.from_bytes(entry[_DUE:], "big")
            value = self.records.get(number)
            if value is not None and value[:_DUE] == entry[:_DUE]:
                self._end(number, unpacked(value, _DUE), now)
        if self.seen and next(iter(self.seen.values())) <= now - SEEN_MS:
            self._forget_seen(now)

    def _due(self, number: int, until: int) -> bytes:
        """The moment of the person's heap entry: the old one as long as it is soon enough."""
        moment = _moment(until)
        value = self.records.get(number)
        if value is not None and (due := value[:_DUE]) <= moment:
            return due
        self._await(moment, number)
        return moment

    def _await(self, moment: bytes, number: int) -> None:
        heapq.heappush(self.endings, moment + number.to_bytes(_ID, "big"))
        self._look()

    def _look(self) -> None:
        """See when the next ending is: every call asks, and none has to take bytes apart."""
        endings = self.endings
        self.soonest = int.from_bytes(endings[0][:_DUE], "big") if endings else math.inf

    def _end(self, number: int, record: PresenceRecord, now: Millis) -> None:
        """The person's entry is due: their lease has run out, or their record, or neither yet."""
        if not record.online(now) and self._leave(number, record.cell):
            self._moved(record.cell, None)
        until = record.online_until if record.online(now) else record.keep_until
        if until <= now:
            self._drop(number, record)
            return
        moment = _moment(until)
        self._await(moment, number)
        self.records[number] = moment + packed(record)

    def _drop(self, number: int, record: PresenceRecord) -> None:
        del self.records[number]
        here = record.here()
        if here is not None:
            self.seen.pop(number, None)
            self.seen[number] = here.at

    def _forget_seen(self, now: Millis) -> None:
        for number in [one for one, at in self.seen.items() if at <= now - SEEN_MS]:
            del self.seen[number]

    def _enter(self, user_id: UserId, cell: Cell | None) -> None:
        if cell is not None:
            grid = self.grids.setdefault(cell.size_m, {})
            place = _place(cell.column, cell.row)
            grid[place] = (*grid.get(place, ()), user_id)

    def _leave(self, number: int, cell: Cell | None) -> bool:
        """Take the person out of a cell; whether they stood there."""
        grid = self.grids.get(cell.size_m) if cell is not None else None
        if cell is None or grid is None:
            return False
        place = _place(cell.column, cell.row)
        people = grid.get(place, ())
        left = tuple([one for one in people if one.int != number])
        if len(left) == len(people):
            return False
        if left:
            grid[place] = left
        else:
            del grid[place]
            if not grid:
                del self.grids[cell.size_m]
        return True


def _moment(at: int) -> bytes:
    """A moment as bytes that sort like it."""
    return max(at, 0).to_bytes(_DUE, "big")


def _found(
    grid: Grid, size_m: int, here: Fix, inner: float, outer: float
) -> list[tuple[Cell, tuple[UserId, ...]]]:
    """The occupied cells of one grid in an annulus, by the shorter of two ways."""
    inner, outer = inner - MARGIN_M, outer + MARGIN_M
    if math.pi * (outer / size_m + 1) ** 2 > len(grid):
        every = ((_cell(size_m, place), people) for place, people in grid.items())
        return [
            (cell, people)
            for cell, people in every
            if inner < distance_to(cell, here.east, here.north) <= outer
        ]
    return [
        (Cell(size_m, column, row), people)
        for column, row in ring(here.east, here.north, size_m, inner, outer)
        if (people := grid.get((column + _HALF) << 32 | (row + _HALF)))  # _place, in line
    ]


class MemoryPresence:
    """A :class:`~divan_core.presence.ports.PresenceIndex` for one process."""

    def __init__(
        self, journal: MemoryJournal, limits: MemoryRateLimits, notices: MemoryNotices
    ) -> None:
        """Admissions are counted by ``limits``; moves go out through ``notices``."""
        self._journal = journal
        self._limits = limits
        self._notices = notices
        self._campuses: dict[int, _Campus] = {}  # by id as a number

    async def amend(
        self, key: PersonKey, rule: Rule, now: Millis, limit: Limit | None = None
    ) -> PresenceRecord:
        """See the port."""
        campus = self._campus(key.campus_id, now)
        admissions = None if limit is None else self._limits.under(limit)
        if admissions is not None:
            admissions.check(key.user_id, now)
        before = campus.get(key.user_id)
        amendment = rule(before)
        campus.put(key.user_id, before, amendment.record, now)
        if amendment.refusal is not None:
            raise amendment.refusal
        if admissions is not None:
            admissions.remember(key.user_id, now)
        return amendment.record

    async def around(
        self, key: PersonKey, reach: Reach, now: Millis, *, since: bytes, limit: Limit | None = None
    ) -> Neighbourhood:
        """See the port."""
        campus = self._campus(key.campus_id, now)
        news = self._journal.since(key.campus_id, since)
        value = campus.records.get(key.user_id.int)
        here = None if value is None else glimpse(value, now, _DUE)
        if here is None:
            return Neighbourhood(None, (), math.inf, news)
        if limit is not None:
            admissions = self._limits.under(limit)
            admissions.check(key.user_id, now)
            admissions.remember(key.user_id, now)
        cells, complete_m = self._search(campus, here, reach)
        return Neighbourhood(here, cells, complete_m, news)

    async def record(self, key: PersonKey, now: Millis) -> PresenceRecord | None:
        """See the port."""
        return self._campus(key.campus_id, now).get(key.user_id)

    async def heard(
        self, campus_id: CampusId, people: Collection[UserId], now: Millis
    ) -> Mapping[UserId, Heard]:
        """See the port."""
        campus = self._campus(campus_id, now)
        found = {}
        for user_id in people:
            record = campus.get(user_id)
            here = record.here() if record is not None else None
            at = here.at if here is not None else campus.seen.get(user_id.int)
            if at is not None:
                online = record is not None and record.online(now)
                found[user_id] = Heard(online, Millis(at))
        return found

    async def sweep(self, campus_id: CampusId, now: Millis) -> None:
        """See the port."""
        self._campus(campus_id, now)
        self._journal.settle(campus_id)

    async def everybody(self, campus_id: CampusId, now: Millis) -> Mapping[UserId, Cell]:
        """See the port."""
        return {
            user_id: _cell(size_m, place)
            for size_m, grid in self._campus(campus_id, now).grids.items()
            for place, people in grid.items()
            for user_id in people
        }

    def _campus(self, campus_id: CampusId, now: Millis) -> _Campus:
        """The campus, with everybody taken out whose time has ended."""
        campus = self._campuses.get(campus_id.int)
        if campus is None:

            def moved(left: Cell | None, entered: Cell | None) -> None:
                self._notices.send(PublicMove(campus_id, left, entered))

            campus = self._campuses[campus_id.int] = _Campus(moved)
        campus.sweep(now)
        return campus

    @staticmethod
    def _search(
        campus: _Campus, here: Fix, reach: Reach
    ) -> tuple[list[tuple[Cell, tuple[UserId, ...]]], float]:
        """The cells of a reach, step by step outward until there are enough people."""
        begin = reach.beyond_m
        if reach.from_cell is not None:
            from_m = distance_to(reach.from_cell, here.east, here.north)
            begin = max(begin, from_m - MARGIN_M)
        edges = {size_m: max(reach.radius_m, size_m) for size_m in campus.grids}
        end = max(edges.values(), default=0.0)
        cells: list[tuple[Cell, tuple[UserId, ...]]] = []
        people = 0
        for inner, outer in annuli(begin, end, reach.enough):
            for size_m, edge in edges.items():
                if inner < edge:
                    found = _found(campus.grids[size_m], size_m, here, inner, min(outer, edge))
                    cells += found
                    people += sum([len(one) for _, one in found])
            if people >= reach.enough and outer < end:
                return cells, outer
        return cells, math.inf

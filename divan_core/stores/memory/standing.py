"""Who stands where on a campus, in this process: packed records, and a grid from cell to people."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import takewhile
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.lattice import MARGIN_M, distance_to, ring
from divan_core.presence.model import SEEN_MS, Cell, Fix, PresenceRecord
from divan_core.presence.record import packed, unpacked

_HALF: Final = 1 << 31
DUE: Final = 8
"""How many bytes of a kept value are the moment of its heap entry."""

_ID: Final = 16

Grid = dict[int, tuple[UserId, ...]]


def _place(column: int, row: int) -> int:
    """A cell of one grid as one number, which takes half the memory of a pair."""
    return (column + _HALF) << 32 | (row + _HALF)


def cell_at(size_m: int, place: int) -> Cell:
    """The cell of a grid that a number stands for."""
    return Cell(size_m, (place >> 32) - _HALF, (place & 0xFFFF_FFFF) - _HALF)


class Campus:
    """One campus: packed records, a grid for each cell size, and a heap of endings.

    A value of ``records`` is the moment of the person's valid heap entry and their record; in the
    grid stand exactly those whose lease runs, because every call first takes out who has ended.
    ``seen`` is when people were last heard within a day, the longest unheard first. Bytes instead
    of objects keep a live person small, and people are known by their ids as numbers, because
    UUIDs are hashed and compared by Python code.
    """

    def __init__(self, moved: Callable[[Cell | None, Cell | None], None]) -> None:
        """Begin with nobody; ``moved`` hears of public moves: from where, to where."""
        self.records: dict[int, bytes] = {}
        self.grids: dict[int, Grid] = {}
        self.endings: list[bytes] = []
        self.soonest: float = math.inf
        self.seen: dict[int, int] = {}
        self._moved = moved
        self._forget_at = 0

    def get(self, user_id: UserId) -> PresenceRecord | None:
        """What is kept of a person."""
        value = self.records.get(user_id.int)
        return None if value is None else unpacked(value[DUE:])

    def put(
        self, user_id: UserId, before: PresenceRecord | None, record: PresenceRecord, now: Millis
    ) -> None:
        """Keep a record, stand the person in the right cell, and tell of a public move."""
        number, fixes, until = user_id.int, record.fixes, record.online_until
        if fixes and (before is None or before.fixes[-1:] != fixes[-1:]):
            self.seen.pop(number, None)
            self.seen[number] = fixes[-1].at
        online = until > now
        due = self._due(number, until if online else record.keep_until)
        self.records[number] = due + packed(record)
        left = before.cell if before is not None and before.online_until > now else None
        entered = record.cell if online else None
        if left is not entered and left != entered:
            self._leave(number, left)
            self._enter(user_id, entered)
            self._moved(left, entered)

    def sweep(self, now: Millis) -> None:
        """Take out whoever has ended by now."""
        while self.soonest <= now:
            entry = heapq.heappop(self.endings)
            self._look()
            number = int.from_bytes(entry[DUE:], "big")
            value = self.records.get(number)
            if value is not None and value[:DUE] == entry[:DUE]:
                self._end(number, unpacked(value[DUE:]), now)
        if now >= self._forget_at:
            self._forget_seen(now)

    def _due(self, number: int, until: int) -> bytes:
        """The moment of the person's heap entry: the old one as long as it is soon enough."""
        moment = _moment(until)
        value = self.records.get(number)
        if value is not None and (due := value[:DUE]) <= moment:
            return due
        self._await(moment, number)
        return moment

    def _await(self, moment: bytes, number: int) -> None:
        heapq.heappush(self.endings, moment + number.to_bytes(_ID, "big"))
        self._look()

    def _look(self) -> None:
        """See when the next ending is: every call asks, and none has to take bytes apart."""
        endings = self.endings
        self.soonest = int.from_bytes(endings[0][:DUE], "big") if endings else math.inf

    def _end(self, number: int, record: PresenceRecord, now: Millis) -> None:
        """The person's entry is due: their lease has run out, or their record, or neither yet."""
        if not record.online(now) and self._leave(number, record.cell):
            self._moved(record.cell, None)
        until = record.online_until if record.online(now) else record.keep_until
        if until <= now:
            del self.records[number]
            return
        moment = _moment(until)
        self._await(moment, number)
        self.records[number] = moment + packed(record)

    def _forget_seen(self, now: Millis) -> None:
        """Forget whom a day has passed since; nobody else is due before the first of the rest."""
        gone = list(takewhile(lambda seen: seen[1] <= now - SEEN_MS, self.seen.items()))
        for number, _ in gone:
            del self.seen[number]
        self._forget_at = next(iter(self.seen.values()), now) + SEEN_MS

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
    return max(at, 0).to_bytes(DUE, "big")


def found(
    grid: Grid, size_m: int, here: Fix | Cell, inner: float, outer: float
) -> list[tuple[Cell, tuple[UserId, ...]]]:
    """The occupied cells of one grid in an annulus around a point, by the shorter of two ways."""
    inner, outer = inner - MARGIN_M, outer + MARGIN_M
    if math.pi * (outer / size_m + 1) ** 2 > len(grid):
        every = ((cell_at(size_m, place), people) for place, people in grid.items())
        return [
            (cell, people)
            for cell, people in every
            if inner < distance_to(cell, here.east, here.north) <= outer
        ]
    return [
        (cell_at(size_m, place), people)
        for column, first, last in ring(here.east, here.north, size_m, inner, outer)
        for place in range(_place(column, first), _place(column, last) + 1)
        if (people := grid.get(place))
    ]

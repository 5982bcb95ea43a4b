"""Who stands where on a campus, in this process: packed records, and a grid from cell to people."""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Callable
from itertools import takewhile
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.lattice import MARGIN_M, annulus, distance_to, ring
from divan_core.presence.model import SEEN_MS, Cell, Fix, PresenceRecord
from divan_core.presence.record import packed, unpacked

DUE: Final = 8
"""How many bytes of a kept value are the moment of its heap entry."""

_ID: Final = 16

Place = tuple[Cell, tuple[UserId, ...]]
"""A cell and the people in it: the same object as long as the same people are there."""

_PARTS: Final = 4
"""Into how many parts, each way, tables divide a cell, and how finely they know distances."""

_TABLED: Final = 512
"""How many cells an annulus may have for a table of them."""

_TABLES: Final = 1024


class Grid(dict[int, Place]):
    """The occupied cells of one size, each under one number, which takes less than a pair."""

    __slots__ = ("size_m",)

    def __init__(self, size_m: int) -> None:
        """Begin with nobody, in cells of this size."""
        super().__init__()
        self.size_m = size_m


def _number(column: int, row: int) -> int:
    """A cell of one grid as one number, which machines can count with."""
    return (column << 32) + row


@functools.lru_cache(maxsize=_TABLES)
def _table(inner: int, outer: int, column: int, row: int) -> tuple[int, ...]:
    """An annulus around whoever is in this part of a cell, its radii told in parts of cells.

    Each is what is to be added to the number of their cell.
    """
    span = inner / _PARTS - MARGIN_M, outer / _PARTS + MARGIN_M
    return tuple([_number(*step) for step in annulus(span, (column, row), _PARTS)])


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
        moment = _moment(until if online else record.keep_until)
        kept = self.records.get(number)
        if kept is None or (due := kept[:DUE]) > moment:
            due = moment  # the old entry stands as long as it is soon enough
            self._await(moment, number)
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
            grid = self.grids.get(cell.size_m)
            if grid is None:
                grid = self.grids[cell.size_m] = Grid(cell.size_m)
            number = _number(cell.column, cell.row)
            place = grid.get(number)
            grid[number] = (cell, (user_id,)) if place is None else (place[0], (*place[1], user_id))

    def _leave(self, number: int, cell: Cell | None) -> bool:
        """Take the person out of a cell; whether they stood there."""
        grid = self.grids.get(cell.size_m) if cell is not None else None
        if cell is None or grid is None:
            return False
        at = _number(cell.column, cell.row)
        place = grid.get(at)
        if place is None:
            return False
        kept, people = place
        left = tuple([one for one in people if one.int != number])
        if len(left) == len(people):
            return False
        if left:
            grid[at] = (kept, left)
        else:
            del grid[at]
            if not grid:
                del self.grids[cell.size_m]
        return True


def _moment(at: int) -> bytes:
    """A moment as bytes that sort like it."""
    return max(at, 0).to_bytes(DUE, "big")


def found(grid: Grid, here: Fix | Cell, inner: float, outer: float) -> list[Place]:
    """The occupied cells of one grid in an annulus around a point, by the shortest way.

    There may be a few more that are less than a cell away from it.
    """
    size_m, east, north = grid.size_m, here.east, here.north
    cells = math.pi * (outer / size_m + 1) ** 2
    if len(grid) < cells or cells > _TABLED:
        return _searched(grid, here, inner - MARGIN_M, outer + MARGIN_M)
    scale = _PARTS / size_m
    column, column_part = divmod(math.floor(east * scale), _PARTS)
    row, row_part = divmod(math.floor(north * scale), _PARTS)
    table = _table(math.floor(inner * scale), math.ceil(outer * scale), column_part, row_part)
    mine = _number(column, row)
    return list(filter(None, map(grid.get, [mine + step for step in table])))


def _searched(grid: Grid, here: Fix | Cell, inner: float, outer: float) -> list[Place]:
    """The same, exactly, by the shorter of two ways that need no table."""
    size_m, east, north = grid.size_m, here.east, here.north
    if math.pi * (outer / size_m + 1) ** 2 > len(grid):
        return [
            place for place in grid.values() if inner < distance_to(place[0], east, north) <= outer
        ]
    return [
        place
        for column, first, last in ring(east, north, size_m, inner, outer)
        for number in range(_number(column, first), _number(column, last) + 1)
        if (place := grid.get(number))
    ]

"""Guessing where somebody is from what answers tell: pure geometry, no I/O.

Used by :mod:`divan_core.testing.probe`, which runs it against real answers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from divan_core.presence.lattice import STICKINESS
from divan_core.presence.model import Cell

Place = tuple[float, float]
"""Metres east and north of the campus's centre."""

FINEST_M: Final = 0.25
_HALF_DIAGONAL: Final = math.sqrt(0.5)
_FEW: Final = 30
_REMEMBERED: Final = 200


@attrs.frozen
class Hint:
    """What one answer tells: seen from ``place`` the target is in ``(low, high]`` metres."""

    place: Place
    low: float
    high: float

    def fits(self, at: Place, tolerance: float) -> bool:
        """Whether a target within ``tolerance`` of here could have caused the answer."""
        away = math.hypot(at[0] - self.place[0], at[1] - self.place[1])
        return self.low - tolerance < away <= self.high + tolerance


class Region:
    """Where a still target can be, as a grid that is thinned by hints and refined."""

    def __init__(self, half_side_m: float, step_m: float = 10.0) -> None:
        """Begin with a square around the centre."""
        count = math.ceil(half_side_m / step_m)
        marks = [index * step_m for index in range(-count, count + 1)]
        self._begin = ([(east, north) for east in marks for north in marks], step_m)
        self._points, self._step = self._begin
        self._hints: deque[Hint] = deque(maxlen=_REMEMBERED)

    def learn(self, hint: Hint) -> None:
        """Drop what does not fit; begin again when nothing is left, for the target has moved."""
        self._hints.append(hint)
        self._points = self._fitting(self._points, (hint,))
        if not self._points:
            self._points, self._step = self._begin
            self._hints.clear()
        while len(self._points) < _FEW and self._step > FINEST_M:
            self._refine()

    def guess(self) -> Place:
        """The middle of what is left."""
        count = len(self._points)
        return sum(p[0] for p in self._points) / count, sum(p[1] for p in self._points) / count

    def _refine(self) -> None:
        self._step /= 2
        half = self._step / 2
        finer = [
            (east + x, north + y)
            for east, north in self._points
            for x in (-half, half)
            for y in (-half, half)
        ]
        # Rounding may leave nothing; then the coarser points are still the best there is.
        self._points = self._fitting(finer, self._hints) or finer

    def _fitting(self, points: Iterable[Place], hints: Iterable[Hint]) -> list[Place]:
        """As :meth:`Hint.fits` says, which an attack asks millions of times: here without calls."""
        tolerance, away = self._step * _HALF_DIAGONAL, math.hypot
        for hint in hints:
            (east, north), low, high = hint.place, hint.low - tolerance, hint.high + tolerance
            points = [at for at in points if low < away(at[0] - east, at[1] - north) <= high]
        return list(points)


@attrs.frozen
class Change:
    """A target was seen to change cells at ``second``."""

    second: float
    left: Cell
    entered: Cell


def cell_of(hints: Sequence[Hint], near: Iterable[Cell]) -> Cell | None:
    """The cell whose middle fits every hint; None if none of these does."""
    for cell in near:
        if all(hint.fits((cell.east, cell.north), 1e-6) for hint in hints):
            return cell
    return None


def cells_around(cell: Cell, reach: int) -> list[Cell]:
    """The cells within ``reach`` columns and rows, nearest first."""
    span = range(-reach, reach + 1)
    steps = sorted((x * x + y * y, x, y) for x in span for y in span)
    return [Cell(cell.size_m, cell.column + x, cell.row + y) for _, x, y in steps]


def walking_guess(changes: Sequence[Change], last: Cell, second: float) -> Place:
    """Where a target that walks straight was at ``second``.

    Every change of column tells the moved position's east at that moment, every change of row its
    north; a line is laid through each. An axis without changes has stayed in the last cell's.
    """
    size_m = last.size_m
    marks = [
        (
            change.second,
            (change.left.column, change.entered.column),
            (change.left.row, change.entered.row),
        )
        for change in changes
    ]
    easts = [(at, _crossed(x, alone=y[0] == y[1]) * size_m) for at, x, y in marks if x[0] != x[1]]
    norths = [(at, _crossed(y, alone=x[0] == x[1]) * size_m) for at, x, y in marks if y[0] != y[1]]
    return _line_at(easts, second, last.east), _line_at(norths, second, last.north)


def _crossed(indices: tuple[int, int], *, alone: bool) -> float:
    """Where the moved position was when this index changed, in cells.

    Exactly a quarter beyond the edge, if nothing else changed; else somewhere up to there, since
    the other axis may have been the one that set it off.
    """
    left, entered = indices
    beyond = STICKINESS if alone else STICKINESS / 2
    return left + 1 + beyond if entered > left else left - beyond


def _line_at(marks: Sequence[tuple[float, float]], second: float, otherwise: float) -> float:
    """The least-squares line through the marks, at ``second``."""
    if not marks:
        return otherwise
    mean_t = sum(t for t, _ in marks) / len(marks)
    mean_x = sum(x for _, x in marks) / len(marks)
    spread = sum((t - mean_t) ** 2 for t, _ in marks)
    if spread == 0:
        return mean_x
    slope = sum((t - mean_t) * (x - mean_x) for t, x in marks) / spread
    return mean_x + slope * (second - mean_t)

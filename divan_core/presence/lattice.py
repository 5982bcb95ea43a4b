"""The lattice of public cells: which cell a position falls into, and which lie around a point."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from divan_core.presence.model import EVERYBODY, Cell, Offset

OFFSET_SIGMA: Final = 0.25
"""Standard deviation of the secret offset, in cells."""

FIRST_STEP_M: Final = 64.0
"""How far a search that may end early looks at first."""

MARGIN_M: Final = 1e-6
"""Stores look this much farther, so that rounding never hides a cell; the listing is exact."""

STICKINESS: Final = 0.25
"""How far over its edge, in cells, a position must be before it leaves the cell."""


def public_cell(east: float, north: float, offset: Offset, size_m: int, last: Cell | None) -> Cell:
    """The cell in which others see someone who is at this position.

    The position is moved by the secret offset and snapped to the lattice; the last cell of the
    same size is kept until the moved position is a quarter of a cell beyond its edge, so that
    noise at an edge neither flickers nor tells the edge.
    """
    column = east / size_m + OFFSET_SIGMA * offset.east
    row = north / size_m + OFFSET_SIGMA * offset.north
    if (
        last is not None
        and last.size_m == size_m
        and -STICKINESS <= column - last.column <= 1 + STICKINESS
        and -STICKINESS <= row - last.row <= 1 + STICKINESS
    ):
        return last
    return Cell(size_m, math.floor(column), math.floor(row))


def annuli(begin_m: float, end_m: float, enough: int) -> Iterator[tuple[float, float]]:
    """The steps of a search outward, as ``(inner, outer]`` pairs of metres that double.

    A search that nothing but the edge will end is one step.
    """
    inner, outer = begin_m, FIRST_STEP_M
    while outer < end_m and enough < EVERYBODY:
        if outer > inner:
            yield inner, outer
            inner = outer
        outer *= 2
    yield inner, end_m


def ring(
    east: float, north: float, size_m: int, inner_m: float, outer_m: float
) -> Iterator[tuple[int, int, int]]:
    """The cells whose centres lie within ``(inner_m, outer_m]`` of a point, in runs.

    A run is a column, its first row and its last; one that ends before it begins is empty. A
    negative ``inner_m`` makes it the whole disc.
    """
    x, y = east / size_m - 0.5, north / size_m - 0.5
    outer = outer_m / size_m
    inner_squared = (inner_m / size_m) ** 2 if inner_m >= 0 else -1.0
    for column in range(math.ceil(x - outer), math.floor(x + outer) + 1):
        across = (column - x) * (column - x)  # a power costs three times as much
        half = math.sqrt(max(outer * outer - across, 0.0))
        first, last = math.ceil(y - half), math.floor(y + half)
        if across > inner_squared:
            yield column, first, last
        else:
            hole = math.sqrt(inner_squared - across)
            yield column, first, math.ceil(y - hole) - 1
            yield column, math.floor(y + hole) + 1, last


def annulus(
    span: tuple[float, float], part: tuple[int, int], parts: int
) -> Iterator[tuple[int, int]]:
    """The cells whose centres may lie within ``(inner, outer]`` of a point, all told in cells.

    They are columns and rows from the point's own cell. Of the point itself only the ``part`` of
    its cell is known, by column and row, of ``parts`` by ``parts``; so there are few such answers.
    """
    inner, outer = span
    edge = math.ceil(outer) + 1
    steps = range(-edge, edge + 1)
    across, along = ([_apart(step + 0.5, one, parts) for step in steps] for one in part)
    for column, (west, east) in zip(steps, across, strict=True):
        for row, (south, north) in zip(steps, along, strict=True):
            if math.hypot(west, south) <= outer and math.hypot(east, north) > inner:
                yield column, row


def _apart(middle: float, part: int, parts: int) -> tuple[float, float]:
    """How near a middle may be on one axis to a point in this part of a cell, and how far."""
    low, high = middle - (part + 1) / parts, middle - part / parts
    return max(low, -high, 0.0), max(high, -low)


def distance_to(cell: Cell, east: float, north: float) -> float:
    """Metres from a point to the middle of a cell."""
    size_m = cell.size_m  # the middle is Cell.east and Cell.north, in line: every answer asks a lot
    return math.hypot((cell.column + 0.5) * size_m - east, (cell.row + 0.5) * size_m - north)


def whole_cells_m(distance: float, size_m: int) -> int:
    """The distance rounded up to a whole number of cells, at least one, in metres."""
    return (math.ceil(distance / size_m) or 1) * size_m

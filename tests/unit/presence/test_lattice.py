"""Public cells and the search around a point."""

import math
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from divan_core.presence.lattice import (
    annuli,
    annulus,
    distance_to,
    public_cell,
    ring,
    whole_cells_m,
)
from divan_core.presence.model import EVERYBODY, Cell, Offset

NONE = Offset(0, 0.0, 0.0)
metres = st.floats(-30_000, 30_000)
sizes = st.sampled_from([25, 50, 200])


def test_a_position_snaps_to_its_cell() -> None:
    assert public_cell(30, -1, NONE, 25, None) == Cell(25, 1, -1)


def cells(runs: Iterable[tuple[int, int, int]]) -> set[tuple[int, int]]:
    """The cells of runs, of which none may be named twice."""
    each = [(column, row) for column, first, last in runs for row in range(first, last + 1)]
    assert len(each) == len(set(each))
    return set(each)


def test_the_offset_moves_by_a_quarter_cell_per_deviation() -> None:
    assert public_cell(0, 0, Offset(0, 4.0, -4.0), 25, None) == Cell(25, 1, -1)


def test_an_edge_is_left_a_quarter_cell_late() -> None:
    last = Cell(20, 0, 0)
    for east in (24.9, -4.9):
        assert public_cell(east, 10, NONE, 20, last) == last
        assert public_cell(10, east, NONE, 20, last) == last
    assert public_cell(25.1, 10, NONE, 20, last) == Cell(20, 1, 0)
    assert public_cell(10, -5.1, NONE, 20, last) == Cell(20, 0, -1)


def test_another_size_begins_anew() -> None:
    assert public_cell(24.9, 10, NONE, 20, Cell(50, 0, 0)) == Cell(20, 1, 0)


@given(metres, metres, sizes, st.floats(0, 400))
def test_the_disc_is_complete(east: float, north: float, size_m: int, radius: float) -> None:
    found = cells(ring(east, north, size_m, -1.0, radius + 1e-6))
    middle = (math.floor(east / size_m), math.floor(north / size_m))
    reach = math.ceil(radius / size_m) + 1
    for column in range(middle[0] - reach, middle[0] + reach + 1):
        for row in range(middle[1] - reach, middle[1] + reach + 1):
            if distance_to(Cell(size_m, column, row), east, north) <= radius:
                assert (column, row) in found


@given(metres, metres, sizes, st.floats(0, 200), st.floats(0, 200))
def test_rings_leave_nothing_out(
    east: float, north: float, size_m: int, inner: float, more: float
) -> None:
    outer = inner + more
    disc = cells(ring(east, north, size_m, -1.0, inner + 1e-6))
    rest = cells(ring(east, north, size_m, inner - 1e-6, outer + 1e-6))
    assert cells(ring(east, north, size_m, -1.0, outer)) <= disc | rest


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True), st.data())
def test_an_annulus_of_a_part_leaves_nothing_out(x: float, y: float, data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, 5))
    inner, outer = data.draw(st.floats(-1, 4)), data.draw(st.floats(0, 6))
    found = list(annulus((inner, outer), (int(x * parts), int(y * parts)), parts))
    assert len(found) == len(set(found))
    for column in range(-9, 10):
        for row in range(-9, 10):
            distance = math.hypot(column + 0.5 - x, row + 0.5 - y)
            if inner < distance - 1e-9 and distance + 1e-9 <= outer:
                assert (column, row) in found
            if (column, row) in found:
                assert inner - 1.5 / parts < distance <= outer + 1.5 / parts


@given(st.floats(-1, 6000), st.floats(1, 6000), st.integers(1, 100))
def test_steps_join_from_begin_to_end(begin: float, end: float, enough: int) -> None:
    steps = list(annuli(begin, end, enough))
    assert steps[0][0] == begin
    assert steps[-1][1] == end
    assert all(one[1] == other[0] for one, other in pairwise(steps))


def test_a_search_for_everybody_is_one_step() -> None:
    assert list(annuli(-1.0, 5000.0, EVERYBODY)) == [(-1.0, 5000.0)]


def test_distances_are_whole_cells_and_at_least_one() -> None:
    assert [whole_cells_m(metres, 25) for metres in (0, 1, 25, 25.01, 60)] == [25, 25, 25, 50, 75]

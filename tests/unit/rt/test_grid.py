"""The grid of discs against looking at all of them."""

import math

from hypothesis import given
from hypothesis import strategies as st

from divan_rt.grid import Disc, Grid

ROUNDING_M = 1e-6

metres = st.floats(-30_000, 30_000)
discs = st.builds(Disc, metres, metres, st.floats(1, 6000))
steps = st.lists(st.tuples(st.integers(0, 5), st.none() | discs), max_size=40)


@given(steps=steps, points=st.lists(st.tuples(metres, metres), min_size=1, max_size=5))
def test_every_disc_that_a_point_lies_in_is_found(
    steps: list[tuple[int, Disc | None]], points: list[tuple[float, float]]
) -> None:
    grid = Grid[int]()
    there: dict[int, Disc] = {}
    for key, disc in steps:
        if disc is None:
            grid.drop(key)
            there.pop(key, None)
        else:
            grid.put(key, disc)
            there[key] = disc
    middles = [(disc.east, disc.north) for disc in there.values()]
    for east, north in points + middles:
        found = list(grid.near(east, north))
        assert len(found) == len(set(found))
        assert set(found) <= set(there)
        for key, disc in there.items():
            inside = math.hypot(disc.east - east, disc.north - north) <= disc.reach_m - ROUNDING_M
            assert key in found or not inside


def test_nothing_is_left_of_what_was_dropped() -> None:
    grid = Grid[str]()
    grid.put("small", Disc(0, 0, 300))
    grid.put("wide", Disc(0, 0, 5000))
    for key in ("small", "wide", "unknown"):
        grid.drop(key)
    assert not list(grid.near(0, 0))
    assert not grid._buckets  # noqa: SLF001 - memory shows only inside

"""The invented campus holds together, so that people walk on paths and through doors."""

import math

import pytest

from divan_cli.demo.plan import (
    Building,
    Metres,
    Plan,
    Shape,
    between,
    invented_plan,
    is_inside,
    rounded,
    trees,
)
from divan_cli.demo.routes import Ways, along, length_m

PLAN = invented_plan()
SQUARE: Shape = ((0, 0), (10, 0), (10, 10), (0, 10))
DOORS = [(house, door) for house in PLAN.buildings for door in (house.door, house.back) if door]


def from_edge(place: Metres, shape: Shape) -> float:
    """Metres from a place to the nearest edge of a polygon."""
    edges = zip(shape, shape[1:] + shape[:1], strict=True)
    return min(math.dist(place, between(*edge, n / 200)) for edge in edges for n in range(201))


@pytest.mark.parametrize(("house", "door"), DOORS, ids=[door for _, door in DOORS])
def test_a_door_is_in_the_wall(house: Building, door: str) -> None:
    assert from_edge(PLAN.nodes[door], house.shape) < 1
    assert PLAN.house(door) is house


def test_every_door_leads_to_every_other() -> None:
    ways = Ways(PLAN)
    doors = [door for _, door in DOORS]
    for door in doors:
        way = ways.way(doors[0], door)
        assert (way[0], way[-1]) == (PLAN.nodes[doors[0]], PLAN.nodes[door])


def test_no_path_leads_through_a_house() -> None:
    for path in PLAN.paths:
        line, ends = PLAN.line(path), {path[0], path[-1]}
        others = [house for house in PLAN.buildings if not ends & {house.door, house.back}]
        for metre in range(round(length_m(line))):
            assert not any(is_inside(along(line, metre), house.shape) for house in others)


def test_a_plan_whose_doors_cannot_be_reached_is_refused() -> None:
    island = Plan(
        start=(0, 0),
        companions=PLAN.companions,
        nodes={"a": (0, 0), "b": (1, 0), "c": (9, 9), "d": (8, 8)},
        paths=(("a", "b"), ("c", "d")),
        destinations={"a": 1, "c": 1},
    )
    with pytest.raises(ValueError, match="no way from a to c"):
        Ways(island)


def test_the_shortest_way_is_found_and_walked_both_ways() -> None:
    plan = Plan(
        start=(0, 0),
        companions=PLAN.companions,
        nodes={"a": (0, 0), "b": (10, 0), "c": (20, 0)},
        paths=(("a", (5, 5), "b"), ("b", "c"), ("a", (0, -50), "c")),
        destinations={"a": 1},
    )
    ways = Ways(plan)
    assert ways.way("a", "c") == ((0, 0), (5, 5), (10, 0), (20, 0))
    assert ways.way("c", "a") == ((20, 0), (10, 0), (5, 5), (0, 0))


def test_a_place_along_a_line() -> None:
    line: Shape = ((0, 0), (10, 0), (10, 5))
    assert length_m(line) == 15
    assert along(line, 4) == (4, 0)
    assert along(line, 12) == (10, 2)
    assert along(line, 99) == (10, 5)


def test_rounding_stays_inside_and_cuts_every_corner() -> None:
    round_square = rounded(SQUARE, 2)
    assert len(round_square) == 16
    assert all(0 <= east <= 10 and 0 <= north <= 10 for east, north in round_square)
    assert not set(SQUARE) & set(round_square)


def test_the_ends_of_a_line_stay() -> None:
    line = rounded(((0, 0), (10, 0), (10, 10)), 2, closed=False)
    assert (line[0], line[-1]) == ((0, 0), (10, 10))
    assert (10, 0) not in line


@pytest.mark.parametrize(
    ("place", "inside"), [((5, 5), True), ((15, 5), False), ((5, -1), False), ((-0.1, 5), False)]
)
def test_inside_or_not(place: Metres, inside: bool) -> None:
    assert is_inside(place, SQUARE) is inside


def test_trees_stand_in_rows_and_woods_and_always_in_the_same_places() -> None:
    woods = [area.shape for area in PLAN.areas if area.kind == "wood"]
    standing = list(trees(PLAN))
    assert standing == list(trees(PLAN))
    in_rows = sum(grove.trees for grove in PLAN.groves)
    assert len(standing) > in_rows + 20
    assert all(any(is_inside(tree, wood) for wood in woods) for tree in standing[in_rows:])

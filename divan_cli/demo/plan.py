"""The plan of an invented campus: what is drawn, and where people can walk.

Everything is in metres east and north of the campus's centre. The plan itself is data
(``plan.json``); a recorded place has a plan made from its tracks (:mod:`.traces`).
"""

from __future__ import annotations

import functools
import importlib.resources
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import attrs
import msgspec

WOOD_STEP_M: Final = 18
"""How close trees stand in a wood."""

Metres = tuple[float, float]
"""Metres east, metres north."""

Shape = tuple[Metres, ...]
"""The corners of a polygon or the bends of a line, in order."""


@attrs.frozen
class Area:
    """Ground of one kind. ``corners_cut`` says how often its corners are rounded."""

    kind: Literal["wood", "lawn", "garden", "pitch", "field", "court", "plaza", "water", "fountain"]
    shape: Shape
    corners_cut: int = 0


@attrs.frozen
class Building:
    """A house with a door, which is a node of the paths, and perhaps another at the back."""

    name: str
    door: str
    shape: Shape
    kind: Literal["hall", "small", "glass"] = "hall"
    back: str | None = None


@attrs.frozen
class Grove:
    """A row of ``trees`` trees from ``begin`` to ``end``."""

    begin: Metres
    end: Metres
    trees: int = attrs.field(validator=attrs.validators.ge(2))


@attrs.frozen
class Companions:
    """Where the two stand with whose eyes the visitor can look at himself or herself."""

    friend: Metres
    stranger: Metres


@attrs.frozen
class Plan:
    """A campus to draw and to walk on.

    ``paths`` lead from a node to a node, with bends between; ``destinations`` are nodes with how
    popular they are; ``start`` is where the visitor stands first.
    """

    start: Metres
    companions: Companions
    ground: Shape = ()
    areas: tuple[Area, ...] = ()
    buildings: tuple[Building, ...] = ()
    nodes: dict[str, Metres] = attrs.field(factory=dict)
    paths: tuple[tuple[str | Metres, ...], ...] = ()
    streets: tuple[Shape, ...] = ()
    groves: tuple[Grove, ...] = ()
    destinations: dict[str, float] = attrs.field(factory=dict)
    tracks: tuple[Shape, ...] = ()

    def line(self, path: Sequence[str | Metres]) -> Shape:
        """A path as positions."""
        return tuple(self.nodes[stop] if isinstance(stop, str) else stop for stop in path)

    def house(self, node: str) -> Building | None:
        """The building that has a door at this node."""
        return next((one for one in self.buildings if node in {one.door, one.back}), None)


@functools.cache
def invented_plan() -> Plan:
    """The campus that ``divan demo`` shows when nothing else is asked for."""
    text = importlib.resources.files(__package__).joinpath("plan.json").read_bytes()
    return msgspec.json.decode(text, type=Plan)


def rounded(shape: Shape, times: int, *, closed: bool = True) -> Shape:
    """The shape with its corners cut ``times`` times (Chaikin, 1974); ends of a line stay."""
    for _ in range(times):
        pairs = list(itertools.pairwise(shape))
        if closed:
            pairs.append((shape[-1], shape[0]))
        cut = tuple(point for pair in pairs for point in _quarters(*pair))
        shape = cut if closed else (shape[0], *cut[1:-1], shape[-1])
    return shape


def _quarters(begin: Metres, end: Metres) -> tuple[Metres, Metres]:
    """The points at a quarter and at three quarters of a line."""
    return between(begin, end, 0.25), between(begin, end, 0.75)


def between(begin: Metres, end: Metres, part: float) -> Metres:
    """The point at ``part`` (0 to 1) of the line from ``begin`` to ``end``."""
    return (
        begin[0] + (end[0] - begin[0]) * part,
        begin[1] + (end[1] - begin[1]) * part,
    )


def trees(plan: Plan) -> Iterator[Metres]:
    """Where trees stand: in rows, and all over the woods."""
    for grove in plan.groves:
        for index in range(grove.trees):
            yield between(grove.begin, grove.end, index / (grove.trees - 1))
    for area in plan.areas:
        if area.kind == "wood":
            yield from _scattered(area.shape)


def _scattered(shape: Shape) -> Iterator[Metres]:
    """Places all over a shape, not in rows and the same every time."""
    chance = random.Random(str(shape))  # noqa: S311 - repeatable on purpose
    easts, norths = [east for east, _ in shape], [north for _, north in shape]
    for east in range(round(min(easts)), round(max(easts)), WOOD_STEP_M):
        for north in range(round(min(norths)), round(max(norths)), WOOD_STEP_M):
            place = (east + chance.uniform(-6, 6), north + chance.uniform(-6, 6))
            if is_inside(place, shape):
                yield place


def is_inside(place: Metres, shape: Shape) -> bool:
    """Whether a place lies in a polygon (Shimrat, 1962: a ray crosses its border oddly often)."""
    east, north = place
    inside = False
    for (east_1, north_1), (east_2, north_2) in zip(shape, shape[-1:] + shape[:-1], strict=True):
        if (north_1 > north) != (north_2 > north):
            crossing = east_1 + (north - north_1) / (north_2 - north_1) * (east_2 - east_1)
            inside ^= east < crossing
    return inside


def middle(shape: Shape) -> Metres:
    """The mean of the corners, which lies inside the shapes of this plan's houses or near them."""
    return (
        sum(east for east, _ in shape) / len(shape),
        sum(north for _, north in shape) / len(shape),
    )

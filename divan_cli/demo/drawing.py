"""A plan in degrees, as the page draws it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from divan_cli.demo.plan import Metres, Plan, Shape, middle, rounded, trees
from divan_core.kernel.geo import LocalFrame

Degrees = tuple[float, float]
"""Latitude and longitude, to about a centimetre."""

Line = tuple[Degrees, ...]

_BENDS_CUT = 2


@attrs.frozen
class AreaView:
    """Ground of one kind."""

    kind: str
    outline: Line


@attrs.frozen
class BuildingView:
    """A house, and where its name stands."""

    name: str
    kind: str
    outline: Line
    label: Degrees


@attrs.frozen
class Drawing:
    """Everything that lies still; lowest first."""

    ground: Line
    areas: tuple[AreaView, ...]
    streets: tuple[Line, ...]
    paths: tuple[Line, ...]
    tracks: tuple[Line, ...]
    trees: tuple[Degrees, ...]
    buildings: tuple[BuildingView, ...]


class Draughtsman:
    """Turns metres of one frame into degrees."""

    def __init__(self, frame: LocalFrame) -> None:
        """Draw in ``frame``."""
        self._frame = frame

    def degrees(self, place: Metres) -> Degrees:
        """The place in degrees."""
        point = self._frame.position(*place)
        return round(point.lat, 7), round(point.lon, 7)

    def line(self, shape: Iterable[Metres]) -> Line:
        """The places in degrees."""
        return tuple(self.degrees(place) for place in shape)

    def drawing(self, plan: Plan) -> Drawing:
        """The whole plan."""
        return Drawing(
            ground=self.line(rounded(plan.ground, _BENDS_CUT)) if plan.ground else (),
            areas=tuple(
                AreaView(area.kind, self.line(rounded(area.shape, area.corners_cut)))
                for area in plan.areas
            ),
            streets=self._bent(plan.streets),
            paths=self._bent(plan.line(path) for path in plan.paths),
            tracks=tuple(self.line(track) for track in plan.tracks),
            trees=self.line(trees(plan)),
            buildings=tuple(
                BuildingView(
                    name=house.name,
                    kind=house.kind,
                    outline=self.line(house.shape),
                    label=self.degrees(middle(house.shape)),
                )
                for house in plan.buildings
            ),
        )

    def _bent(self, shapes: Iterable[Shape]) -> tuple[Line, ...]:
        return tuple(self.line(rounded(shape, _BENDS_CUT, closed=False)) for shape in shapes)

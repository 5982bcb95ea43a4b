"""Recorded movement, replayed in a loop: a table of fixes becomes people who are there together.

The table is CSV with the columns ``person, t_s, lat, lon``: seconds on any one clock and degrees.
"""

from __future__ import annotations

import bisect
import collections
import csv
import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

from divan_cli.demo.plan import Companions, Metres, Plan, Shape
from divan_core.errors import InvalidInput
from divan_core.kernel.geo import LocalFrame, Point, is_position

LONGEST_PAUSE_S: Final = 60.0
"""A longer silence is not replayed as it was."""

ABSENCE_S: Final = 95.0
"""Instead the person goes offline for so long that movement is judged afresh (90 s and a bit)."""

_TRACK_STEP_M: Final = 12.0
_BUSY_M: Final = 100.0
_ASIDE_M: Final = 45.0


class UnreadableTraces(InvalidInput):
    """The file does not hold recorded movement; the text says where it fails."""

    code = "unreadable_traces"
    title = "The recording cannot be replayed"


@attrs.frozen
class Fix:
    """A recorded position: seconds and degrees."""

    t_s: float
    lat: float
    lon: float


Recording = dict[str, list[Fix]]
"""Everybody's fixes in the order of time."""


def read_traces(path: Path) -> Recording:
    """Read a table of fixes.

    Raises:
        UnreadableTraces: it cannot be read, lacks a column, a number is no position, or nobody
            has two fixes.
    """
    recording: Recording = collections.defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                recording[row["person"]].append(_fix(row, f"{path}, line {number}"))
    except KeyError as fault:
        raise UnreadableTraces(f"{path} has no column {fault}.") from fault
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise UnreadableTraces(f"{path} cannot be read: {fault}") from fault
    people = {one: sorted(fixes, key=_time) for one, fixes in recording.items() if fixes[1:]}
    if not people:
        raise UnreadableTraces(f"{path} holds nobody with two fixes.")
    return people


def _fix(row: dict[str, str], place: str) -> Fix:
    try:
        fix = Fix(float(row["t_s"]), float(row["lat"]), float(row["lon"]))
    except (TypeError, ValueError) as fault:
        raise UnreadableTraces(f"{place}: t_s, lat and lon must be numbers.") from fault
    if not (math.isfinite(fix.t_s) and is_position(fix.lat, fix.lon)):
        raise UnreadableTraces(f"{place}: not a time and a position.")
    return fix


def _time(fix: Fix) -> float:
    return fix.t_s


def centre_of(recording: Recording) -> Point:
    """The middle of the box around all fixes."""
    fixes = list(itertools.chain.from_iterable(recording.values()))
    lats, lons = [fix.lat for fix in fixes], [fix.lon for fix in fixes]
    return Point((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)


def plan_of(recording: Recording, frame: LocalFrame) -> Plan:
    """A plan that shows where people went; the visitor stands where most was going on."""
    shapes = [_shape(fixes, frame) for fixes in recording.values()]
    east, north = _busiest(itertools.chain.from_iterable(shapes))
    companions = Companions((east - _ASIDE_M, north), (east, north + _ASIDE_M))
    tracks = tuple(_thinned(piece) for shape in shapes for piece in _pieces(shape))
    return Plan(start=(east, north), companions=companions, tracks=tracks)


def _shape(fixes: Iterable[Fix], frame: LocalFrame) -> Shape:
    located = (frame.locate(fix.lat, fix.lon) for fix in fixes)
    return tuple((place.east, place.north) for place in located)


def _busiest(places: Iterable[Metres]) -> Metres:
    """The middle of the square with the most fixes."""
    squares = collections.Counter((east // _BUSY_M, north // _BUSY_M) for east, north in places)
    (column, row), _ = squares.most_common(1)[0]
    return (column + 0.5) * _BUSY_M, (row + 0.5) * _BUSY_M


def _pieces(shape: Shape) -> Iterable[Shape]:
    """A track without its jumps, in which nobody walked."""
    begin = 0
    for index, (one, other) in enumerate(itertools.pairwise(shape), start=1):
        if math.dist(one, other) > _BUSY_M:
            yield shape[begin:index]
            begin = index
    yield shape[begin:]


def _thinned(shape: Shape) -> Shape:
    kept = [shape[0]]
    for place in shape:
        if math.dist(kept[-1], place) >= _TRACK_STEP_M:
            kept.append(place)
    return tuple(kept)


class _Loop:
    """One person's fixes with long silences cut to an absence, over and over."""

    def __init__(self, fixes: Sequence[Fix], shape: Shape) -> None:
        self._moments: list[float] = []
        self._places: list[Metres | None] = []
        moment = 0.0
        for (before, fix), place in zip(itertools.pairwise((fixes[0], *fixes)), shape, strict=True):
            pause = fix.t_s - before.t_s
            if pause > LONGEST_PAUSE_S:
                self._add(moment, None)
                pause = ABSENCE_S
            moment += pause
            self._add(moment, place)
        self._add(moment + LONGEST_PAUSE_S, None)
        self._length_s = moment + LONGEST_PAUSE_S + ABSENCE_S

    def _add(self, moment: float, place: Metres | None) -> None:
        self._moments.append(moment)
        self._places.append(place)

    def place(self, moment: float) -> Metres | None:
        index = bisect.bisect_right(self._moments, moment % self._length_s)
        return self._places[index - 1]


class Replay:
    """A :class:`~divan_cli.demo.walkers.Movement` of recorded people.

    All begin together with their first fix and repeat their own day; between the end and the
    beginning they are away, as during every silence of more than a minute.
    """

    accuracy_m: float = 30.0

    def __init__(self, recording: Recording, frame: LocalFrame) -> None:
        """Replay in metres of ``frame``."""
        self._now = 0.0
        self._loops = [_Loop(fixes, _shape(fixes, frame)) for fixes in recording.values()]

    def advance(self, seconds: float) -> None:
        """See :class:`~divan_cli.demo.walkers.Movement`."""
        self._now += seconds

    def places(self) -> list[Metres | None]:
        """See :class:`~divan_cli.demo.walkers.Movement`."""
        return [loop.place(self._now) for loop in self._loops]

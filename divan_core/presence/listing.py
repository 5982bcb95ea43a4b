"""Who is listed, in what order, and what is shown of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from math import hypot
from operator import itemgetter
from typing import Final, cast

from msgspec import Raw

from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard
from divan_core.presence.crowds import KINDS, Crowd, Place, Print, Question, Shown
from divan_core.presence.lattice import distance_to, whole_cells_m
from divan_core.presence.messages import NearbyPerson, Sighting
from divan_core.presence.model import Cell, Fix, Heard, Neighbourhood

_DISTANCE: Final = itemgetter(0)
_PLACE: Final = itemgetter(1)
_PEOPLE: Final = itemgetter(2)


def cell_size_m(card: PersonCard, floor_m: int) -> int:
    """The edge of a person's public cells: their blur, or the deployment's floor if larger."""
    return max(card.blur_distance_m, floor_m)


Occupied = tuple[float, Place]
"""A cell that counts: metres to its middle, and the cell with the people in it."""

Near = tuple[float, Cell, tuple[Shown, ...]]
"""Some who are listed: metres to the middle of their public cell, the cell, and they, by id."""


@value
class Position:
    """A place in a list: after this person, who was last seen in this cell."""

    cell: Cell
    user_id: UserId


def within(hood: Neighbourhood, span: tuple[float, float]) -> list[Occupied]:
    """The cells that count, nearest first.

    ``span`` is (farther than, radius) in metres. A cell counts when its middle lies within the
    radius, or within the cell's size if that is larger.
    """
    here = hood.here
    if here is None:
        return []
    beyond, radius = span
    east, north, complete = here.east, here.north, hood.complete_m
    found = [
        (distance, place)
        for place in hood.cells
        # This is distance_to in line, as every answer asks it of many cells.
        if beyond
        < (
            distance := hypot(
                ((cell := place[0]).column + 0.5) * (size_m := cell.size_m) - east,
                (cell.row + 0.5) * size_m - north,
            )
        )
        <= complete
        and (distance <= radius or distance <= size_m)
    ]
    found.sort(key=_DISTANCE)
    return found


def portions(cells: Sequence[Occupied], people: int) -> Iterator[Sequence[Occupied]]:
    """Cells, nearest first, in portions of at least so many people, but for the last one.

    Cells at the same distance are never parted, as people there are ordered by id.
    """
    if len(cells) <= people and sum([len(place[1]) for _, place in cells]) <= people:
        if cells:
            yield cells  # all of them, as mostly
        return
    begin, count, last = 0, 0, -1.0
    for end, (distance, place) in enumerate(cells):
        if count >= people and distance != last:
            yield cells[begin:end]
            begin, count = end, 0
        count += len(place[1])
        last = distance
    if count:
        yield cells[begin:]


def places(cells: Iterable[Occupied]) -> list[Place]:
    """The cells as the store told of them."""
    return list(map(_PLACE, cells))


def listed(
    cells: Sequence[Occupied],
    crowds: Sequence[Crowd],
    question: Question,
    apart: Collection[Crowd | None],
) -> list[Near]:
    """Those in the cells who are listed, nearest first, then by id; one crowd for each cell.

    ``apart`` are crowds in which each is to be asked about.
    """
    groups = question.groups
    found = []
    for (distance, (cell, _)), crowd in zip(cells, crowds, strict=True):
        kind = whole_cells_m(distance, cell.size_m) * KINDS + groups
        if crowd.alike and crowd not in apart:
            people = crowd.views.get(kind) or crowd.made(kind)
        else:
            people = crowd.shown(question, kind)
        found.append((distance, cell, people))
    level = len(set(map(_DISTANCE, found))) < len(found)
    return _by_id(found) if level else found


def _by_id(found: list[Near]) -> list[Near]:
    """The same with everybody alone, so that people of cells at one distance stand by id."""
    alone: list[Near] = [
        (distance, cell, (one,)) for distance, cell, people in found for one in people
    ]
    alone.sort(key=lambda near: (near[0], near[2][0].user_id.int))
    return alone


def after(found: list[Near], position: Position, here: Fix) -> list[Near]:
    """Those who come after a position, as the distances are now."""
    edge, number = distance_to(position.cell, here.east, here.north), position.user_id.int
    rest = [near for near in found if near[0] > edge]
    level = [
        (distance, cell, later)
        for distance, cell, there in found
        if distance == edge and (later := tuple([one for one in there if one.user_id.int > number]))
    ]
    return level + rest


def position_before(found: Sequence[Near], rest: int) -> Position:
    """The position after all but the last so many of those listed."""
    for _, cell, there in reversed(found):
        if rest < len(there):
            return Position(cell, there[-1 - rest].user_id)
        rest -= len(there)
    raise IndexError(rest)


def more_than(count: int, found: Sequence[Near]) -> bool:
    """Whether more people than that are listed."""
    return bool(found) and sum(map(len, map(_PEOPLE, found))) > count


def shown(found: Iterable[Near]) -> tuple[NearbyPerson, ...]:
    """Everybody listed, in order."""
    people = chain.from_iterable(map(_PEOPLE, found))
    return cast("tuple[NearbyPerson, ...]", tuple(people))


def printed(found: Iterable[Near]) -> tuple[Raw, ...]:
    """Everybody listed as JSON, in order, where the question was for that."""
    prints = cast("Iterable[Print]", chain.from_iterable(map(_PEOPLE, found)))
    return tuple([one.json for one in prints])


def sighting(user_id: UserId, heard: Heard | None) -> Sighting:
    """The view of when somebody was last heard; ``heard`` is None for whoever is not to be seen."""
    if heard is None:
        return Sighting(user_id, online=False, last_seen=None)
    minute = Millis(heard.at // 60_000 * 60_000)
    return Sighting(user_id, online=heard.online, last_seen=rfc3339(minute))

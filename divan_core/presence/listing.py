"""Who is listed, in what order, and what is shown of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Final

from msgspec import UNSET

from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see
from divan_core.presence.lattice import distance_to, whole_cells_m
from divan_core.presence.messages import Group, NearbyPerson, Sighting
from divan_core.presence.model import Cell, Fix, Heard, Neighbourhood

_NEARBY: Final = Surface.NEARBY  # looked up once, not for everyone near everyone
_DISTANCE: Final = itemgetter(0)


def cell_size_m(card: PersonCard, floor_m: int) -> int:
    """The edge of a person's public cells: their blur, or the deployment's floor if larger."""
    return max(card.blur_distance_m, floor_m)


Occupied = tuple[float, Cell, Sequence[UserId]]
"""A cell that counts: metres to its middle, the cell, and the people in it."""

Near = tuple[float, int, PersonCard, Cell]
"""Somebody listed: metres to the middle of their public cell, their id as a number, their card,
and the cell. As plain tuples they sort by distance and id without help."""


@value
class Position:
    """A place in a list: after this person, who was last seen in this cell."""

    cell: Cell
    user_id: UserId


@value
class Question:
    """Who asks, about whom: by the viewer's relations, and friends only if so asked."""

    viewer_id: UserId
    relations: Relations
    friends_only: bool = False


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
        (distance, cell, people)
        for cell, people in hood.cells
        if beyond < (distance := distance_to(cell, east, north)) <= complete
        and (distance <= radius or distance <= cell.size_m)
    ]
    found.sort(key=_DISTANCE)
    return found


def portions(cells: Sequence[Occupied], people: int) -> Iterator[Sequence[Occupied]]:
    """Cells, nearest first, in portions of at least so many people, but for the last one.

    Cells at the same distance are never parted, as people there are ordered by id.
    """
    begin, count, last = 0, 0, -1.0
    for end, (distance, _, there) in enumerate(cells):
        if count >= people and distance != last:
            yield cells[begin:end]
            begin, count = end, 0
        count += len(there)
        last = distance
    if count:
        yield cells[begin:]


def listed(
    cells: Sequence[Occupied],
    cards: Iterable[PersonCard | None],
    question: Question,
) -> list[Near]:
    """Those in the cells who are listed, nearest first, then by id; one card for each id.

    A cell finer than its person wants by now is not shown: it is from before a change of privacy
    that is still under way.
    """
    viewer_id, relations = question.viewer_id, question.relations
    each = iter(cards)
    found = [
        (distance, card.user_id.int, card, cell)
        for distance, cell, people in cells
        for card in islice(each, len(people))
        if card is not None
        and card.blur_distance_m <= cell.size_m
        and can_see(viewer_id, relations, card, _NEARBY)
    ]
    if question.friends_only:
        found = [near for near in found if near[2].user_id in relations.friends]
    found.sort()
    return found


def after(found: list[Near], position: Position, here: Fix) -> list[Near]:
    """Those who come after a position, as the distances are now."""
    edge = (distance_to(position.cell, here.east, here.north), position.user_id.int)
    return [near for near in found if near[:2] > edge]


def position_of(near: Near) -> Position:
    """The position right after somebody listed."""
    _, _, card, cell = near
    return Position(cell, card.user_id)


def shown(
    found: Iterable[Near], friends: frozenset[UserId], include: Collection[Group]
) -> tuple[NearbyPerson, ...]:
    """The views of people listed, with the groups that are included."""
    distances, profile = "distance" in include, "profile" in include
    return tuple(
        [  # a list, because a generator takes a tenth longer
            NearbyPerson(
                card.user_id,
                card.handle,
                card.display_name,
                card.avatar_url,
                bool(friends) and card.user_id in friends,
                whole_cells_m(distance, cell.size_m) if distances else UNSET,
                (profile and card.major) or UNSET,
                (profile and card.graduation_year) or UNSET,
                (profile and card.passions) or UNSET,
            )
            for distance, _, card, cell in found
        ]
    )


def sighting(user_id: UserId, heard: Heard | None) -> Sighting:
    """The view of when somebody was last heard; ``heard`` is None for whoever is not to be seen."""
    if heard is None:
        return Sighting(user_id, online=False, last_seen=None)
    minute = Millis(heard.at // 60_000 * 60_000)
    return Sighting(user_id, online=heard.online, last_seen=rfc3339(minute))

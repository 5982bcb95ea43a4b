"""Friends of friends, and how many friends lead to each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Relations, Standing


@value
class Acquaintances:
    """Those whom a viewer's friends are friends with, but not the viewer.

    ``mutual`` says how many of the viewer's friends each has as a friend, by the number of their
    id, which Python hashes five times as fast; the viewer and the viewer's friends may be in it.
    """

    people: Sequence[UserId]
    mutual: Mapping[int, int]


def active(friends: Iterable[PersonCard | None]) -> list[UserId]:
    """Those of the viewer's friends who count as mutual friends: banned ones do not."""
    return [one.user_id for one in friends if one is not None and one.standing is Standing.ACTIVE]


def acquaintances(
    viewer_id: UserId, relations: Relations, theirs: Iterable[Relations]
) -> Acquaintances:
    """Count from the relations of the viewer and ``theirs``, of the viewer's active friends."""
    mutual: dict[int, int] = {}
    people: dict[int, UserId] = {}
    for one in theirs:
        for friend in one.friends:
            number = friend.int
            mutual[number] = mutual.get(number, 0) + 1
            people[number] = friend
    for known in (viewer_id, *relations.friends, *relations.blocked):
        people.pop(known.int, None)
    return Acquaintances(list(people.values()), mutual)

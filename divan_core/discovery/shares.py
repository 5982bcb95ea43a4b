"""What one viewer sees of a tier: its cut, its scores, and its order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from divan_core.discovery.model import MOST_IN_TIER, Entry, Wanted
from divan_core.discovery.policy import person_score, text_scores
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value

Hit = tuple[float, int, UserId, bool, int]
"""Somebody found: minus the score, the id as a number, the id, whether a friend of the viewer,
and mutual friends. As plain tuples they sort by score and id without help."""

Edge = tuple[float, int]
"""A place in the order of hits: minus the score, and the id as a number."""


@value
class Ranked:
    """The open people of a tier, whoever asks: in the order of its cut, and by text score.

    ``places`` finds a person, by the number of their id, in the order of the cut; ``order`` has
    minus the score, the number and the place. ``is_all`` says that there is nobody else.
    """

    people: Sequence[UserId]
    places: Mapping[int, int]
    scores: Sequence[float]
    order: Sequence[tuple[float, int, int]]
    is_all: bool


def ranked(wanted: Wanted, people: Sequence[Entry], asked: int) -> Ranked:
    """Score a tier's people, the first ``asked`` that there are in the order of its cut."""
    numbers = [one.user_id.int for one in people]
    scores = text_scores(wanted, people)
    order = [(-score, numbers[at], at) for at, score in enumerate(scores)]
    return Ranked(
        [one.user_id for one in people],
        {number: at for at, number in enumerate(numbers)},
        scores,
        sorted(order),
        len(people) < asked,
    )


@value
class Share:
    """What a viewer sees of a tier: all matching friends, and others up to a place in the cut.

    ``apart`` are those of the tier who are not among the others; ``count`` is how many people
    there are, and ``is_known`` false where more of the tier must be asked for to say.
    """

    tier: Ranked
    friends: Sequence[Hit]
    apart: Collection[int]
    end: int
    count: int
    is_known: bool


def share(tier: Ranked, friends: Sequence[Hit], apart: frozenset[int]) -> Share:
    """Cut a tier for a viewer whose matching friends are these.

    ``apart`` are the friends, the viewer, and whoever is hidden by a block: nobody of them takes
    a place in the cut but the friends who match, who are always kept.
    """
    met = apart & tier.places.keys()
    end = max(0, MOST_IN_TIER - len(friends))
    for place in sorted(map(tier.places.__getitem__, met)):
        if place >= end:
            break
        end += 1
    is_known = tier.is_all or end <= len(tier.people)
    end = min(end, len(tier.people))
    hidden = sum(tier.places[one] < end for one in met)
    return Share(tier, friends, met, end, len(friends) + end - hidden, is_known)


def first(part: Share, mutual: Mapping[int, int], after: Edge | None, most: int) -> list[Hit]:
    """The first people of a viewer's share of a tier, from after an edge on, in its order.

    Those whom the viewer has no connection with stand in ``order`` as they are; only the others
    are scored.
    """
    tier = part.tier
    linked = mutual.keys() & tier.places.keys()
    found = [*part.friends, *_linked(part, linked, mutual)]
    start = 0
    if after is not None:
        found = [one for one in found if one[:2] > after]
        start = bisect_right(tier.order, (*after, len(tier.people)))
    people, end, apart = tier.people, part.end, part.apart
    others = (
        (score, number, people[place], False, 0)
        for score, number, place in islice(tier.order, start, None)
        if place < end and number not in linked and number not in apart
    )
    found += islice(others, most)
    found.sort()
    return found[:most]


def _linked(part: Share, linked: Collection[int], mutual: Mapping[int, int]) -> Iterator[Hit]:
    """Those of the others with whom the viewer has friends in common."""
    tier = part.tier
    for number in linked:
        place = tier.places[number]
        if place < part.end and number not in part.apart:
            count = mutual[number]
            score = person_score(tier.scores[place], is_friend=False, mutual=count)
            yield -score, number, tier.people[place], False, count

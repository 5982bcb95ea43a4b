"""What one viewer sees of a tier: its cut, its scores, and its order."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import compress, count, islice, repeat

from divan_core.discovery.circles import Circle
from divan_core.discovery.model import MOST_IN_TIER, Entry, Tier, Wanted
from divan_core.discovery.policy import likenesses, person_score, tier_score
from divan_core.discovery.ports import Likened
from divan_core.kernel.values import value

Hit = tuple[float, int, bool, int]
"""Somebody found: minus the score, the id as a number, whether a friend of the viewer, and mutual
friends. As plain tuples they sort by score and id without help."""

Edge = tuple[float, int]
"""A place in the order of hits: minus the score, and the id as a number."""


@value
class Ranked:
    """The open people of a tier, whoever asks: by text score, the highest first, then by id.

    All three belong together: the numbers of their ids, minus their scores, and where each stands
    in the order of the cut. So somebody takes 20 bytes here, besides the number, which is the one
    of their id wherever it is. ``is_all`` says that there is nobody else.
    """

    numbers: Sequence[int]
    losses: Sequence[float]
    places: Sequence[int]
    is_all: bool

    def after(self, edge: Edge) -> int:
        """Where those stand who come after an edge."""
        loss, number = edge
        start = bisect_left(self.losses, loss)
        return bisect_right(self.numbers, number, start, bisect_right(self.losses, loss, start))


def ranked(wanted: Wanted, people: Sequence[Entry], asked: int, tier: Tier) -> Ranked:
    """Score a tier's people, the first ``asked`` that there are in the order of its cut."""
    if isinstance(people, Likened):
        numbers, alike = people.numbers, people.alike
    else:
        numbers = [one.user_id.int for one in people]
        alike = likenesses(wanted, people)
    places = defaultdict[float, list[int]](list)  # most people are as alike as many others
    for place, likeness in enumerate(alike):
        places[likeness].append(place)
    order, losses = list[int](), array("d")
    for likeness in sorted(places, reverse=True):
        some = places[likeness]
        some.sort(key=numbers.__getitem__)
        order += some
        losses.extend(repeat(-tier_score(likeness, tier), len(some)))
    in_order = tuple(map(numbers.__getitem__, order))
    return Ranked(in_order, losses, array("I", order), len(people) < asked)


@value
class Share:
    """What a viewer sees of a tier: all matching friends, and others up to a place in the cut.

    ``linked`` are where those stand in the tier whom the circle knows; ``seen`` is how many people
    there are, and ``is_known`` false where more of the tier must be asked for to say.
    """

    tier: Ranked
    friends: Sequence[Hit]
    linked: frozenset[int]
    end: int
    seen: int
    is_known: bool


def share(tier: Ranked, friends: Sequence[Hit], circle: Circle) -> Share:
    """Cut a tier for a viewer whose matching friends are these.

    Nobody of the circle's ``apart`` takes a place in the cut but the friends who match, who are
    always kept.
    """
    numbers, places, apart = tier.numbers, tier.places, circle.apart
    linked = frozenset(compress(count(), map(circle.mutual.__contains__, numbers)))
    met = [places[at] for at in linked if numbers[at] in apart]
    end = max(0, MOST_IN_TIER - len(friends))
    for place in sorted(met):
        if place >= end:
            break
        end += 1
    is_known = tier.is_all or end <= len(numbers)
    end = min(end, len(numbers))
    hidden = sum(place < end for place in met)
    return Share(tier, friends, linked, end, len(friends) + end - hidden, is_known)


def first(part: Share, circle: Circle, after: Edge | None, most: int) -> list[Hit]:
    """The first people of a viewer's share of a tier, from after an edge on, in its order.

    Those whom the viewer has no connection with stand in the tier in order; only the others are
    scored.
    """
    tier, start = part.tier, 0
    found = [*part.friends, *_linked(part, circle)]
    if after is not None:
        found = [one for one in found if one[:2] > after]
        start = tier.after(after)
    losses, numbers, places = tier.losses, tier.numbers, tier.places
    linked, end = part.linked, part.end
    others = (
        (losses[at], numbers[at], False, 0)
        for at in range(start, len(numbers))
        if places[at] < end and at not in linked
    )
    if not found:
        return list(islice(others, most))
    found += islice(others, most)
    found.sort()
    return found[:most]


def _linked(part: Share, circle: Circle) -> Iterator[Hit]:
    """Those of the others with whom the viewer has friends in common."""
    tier, mutual = part.tier, circle.mutual
    for at in part.linked:
        number = tier.numbers[at]
        if tier.places[at] < part.end and number not in circle.apart:
            shared = mutual[number]
            score = person_score(-tier.losses[at], is_friend=False, mutual=shared)
            yield -score, number, False, shared

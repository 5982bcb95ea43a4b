"""What one viewer sees of a tier: its cut, its scores, and its order."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, count, islice, repeat

from divan_core.discovery.circles import Circle
from divan_core.discovery.likened import Likened, Run
from divan_core.discovery.model import MOST_IN_TIER, Entry, Tier, Wanted
from divan_core.discovery.policy import likenesses, person_score, tier_score
from divan_core.kernel.values import value

Hit = tuple[float, int, bool, int]
"""Somebody found: minus the score, the id as a number, whether a friend of the viewer, and mutual
friends. As plain tuples they sort by score and id without help."""

Edge = tuple[float, int]
"""A place in the order of hits: minus the score, and the id as a number."""


@value
class Ranked:
    """The open people of a tier, whoever asks; ``numbers`` are those of their ids.

    They stand in the order of the cut, so a place among them is one in the cut. ``groups`` are the
    places by text score, the highest first, each with minus that score; in a group they are by id.
    So somebody takes 16 bytes here, besides the number, which is the one of their id wherever it
    is. ``runs`` are the places in which whoever is known can be found sooner than one by one.
    ``is_all`` says that there is nobody else.
    """

    numbers: Sequence[int]
    groups: Sequence[tuple[float, Sequence[int]]]
    runs: Sequence[Run]
    is_all: bool

    def known(self, circle: Circle) -> Iterator[int]:
        """The places of those whom the circle knows."""
        numbers, is_known, start = self.numbers, circle.mutual.__contains__, 0
        for run in self.runs:
            yield from compress(range(start, run.start), map(is_known, numbers[start : run.start]))
            yield from run.places(numbers, circle.everybody)
            start = run.end
        yield from compress(count(start), map(is_known, numbers[start:]))

    def loss(self, at: int) -> float:
        """Minus the score of whoever has a place."""
        return next(loss for loss, places in self.groups if at in places)

    def after(self, edge: Edge | None) -> Iterator[tuple[float, int]]:
        """The places of those who come after an edge, in order, each with minus the score."""
        for loss, places in self.groups:
            first = 0
            if edge is not None and loss <= edge[0]:
                if loss < edge[0]:
                    continue
                first = bisect_right(places, edge[1], key=self.numbers.__getitem__)
            yield from zip(repeat(loss), islice(places, first, None))


def ranked(wanted: Wanted, people: Sequence[Entry], asked: int, tier: Tier) -> Ranked:
    """Score a tier's people, the first ``asked`` that there are in the order of its cut."""
    numbers: Sequence[int]
    runs: Sequence[Run]
    others: Mapping[int, float]
    if isinstance(people, Likened):
        numbers, others, runs = people.numbers, people.others, people.runs
    else:
        numbers, runs = [one.user_id.int for one in people], ()
        others = dict(enumerate(likenesses(wanted, people)))
    places = defaultdict[float, list[int]](list)
    for at, alike in others.items():
        places[alike].append(at)
    mixed = set(places)  # a run by itself is in order
    for run in runs:
        if run.alike in places:
            mixed.add(run.alike)
        places[run.alike] += _without(range(run.start, run.end), others)
    for alike in mixed:
        places[alike].sort(key=numbers.__getitem__)
    groups = [(-tier_score(alike, tier), places[alike]) for alike in sorted(places, reverse=True)]
    return Ranked(numbers, groups, runs, len(people) < asked)


def _without(places: range, others: Iterable[int]) -> list[int]:
    """Some places without those of others."""
    left = list(places)
    for at in sorted(others, reverse=True):
        if at in places:
            del left[at - places.start]
    return left


@value
class Share:
    """What a viewer sees of a tier: all matching friends, and others up to a place in the cut.

    ``linked`` are the places of those whom the circle knows; ``seen`` is how many people there are,
    and ``is_known`` false where more of the tier must be asked for to say.
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
    numbers, apart = tier.numbers, circle.apart
    linked = frozenset(tier.known(circle))
    met = [at for at in linked if numbers[at] in apart]
    end = max(0, MOST_IN_TIER - len(friends))
    for at in sorted(met):
        if at >= end:
            break
        end += 1
    is_known = tier.is_all or end <= len(numbers)
    end = min(end, len(numbers))
    hidden = sum(at < end for at in met)
    return Share(tier, friends, linked, end, len(friends) + end - hidden, is_known)


def first(part: Share, circle: Circle, after: Edge | None, most: int) -> list[Hit]:
    """The first people of a viewer's share of a tier, from after an edge on, in its order.

    Those whom the viewer has no connection with stand in the tier in order; only the others are
    scored.
    """
    found = [*part.friends, *_linked(part, circle)]
    if after is not None:
        found = [one for one in found if one[:2] > after]
    numbers, linked, end = part.tier.numbers, part.linked, part.end
    others = (
        (loss, numbers[at], False, 0)
        for loss, at in part.tier.after(after)
        if at < end and at not in linked
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
        if at < part.end and number not in circle.apart:
            shared = mutual[number]
            score = person_score(-tier.loss(at), is_friend=False, mutual=shared)
            yield -score, number, False, shared

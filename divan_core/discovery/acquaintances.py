"""The people with whom a viewer has friends in common, cached as long as nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from divan_core.discovery.circles import Circle, Circles
from divan_core.discovery.lately import Lately
from divan_core.discovery.lineup import Lineup, lineup, visible
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience, Moment
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard

CAPACITY: Final = 500_000
"""How many people one process keeps in rows: about 26 MB."""

MOST: Final = 1_000
"""Of more friends of friends, those with the most mutual friends are suggested."""


@value
class Acquainted:
    """A viewer's circle, and in a row those of it whom the viewer may be suggested."""

    circle: Circle
    known: Lineup


@value
class _Kept:
    """A row, what it was made of, and the moment for which that is known."""

    moment: Moment
    cards: Sequence[PersonCard | None]
    acquainted: Acquainted


class Acquaintances:
    """The rows of those who asked lately. One per process; bounded; the oldest go first."""

    def __init__(self, audience: Audience, circles: Circles, capacity: int = CAPACITY) -> None:
        """Make them of what ``audience`` and ``circles`` know."""
        self._audience = audience
        self._circles = circles
        self._kept = Lately[UserId, _Kept](capacity, _size)

    async def of(self, actor: Actor) -> Acquainted:
        """The actor's circle and row, as of the journal's news that the audience has had.

        In two statements at most for somebody new: one for the relations, one for all cards.
        """
        moment = self._audience.moment(actor.campus_id)
        kept = self._kept.get(actor.user_id)
        if kept is None:
            await self._read_together(actor)
        circle = await self._circles.of(actor)
        if kept is not None and kept.moment == moment and kept.acquainted.circle is circle:
            return kept.acquainted
        people = circle.known
        if len(people) > MOST:
            return Acquainted(circle, await self._of_many(actor, circle))
        cards = await self._audience.numbered(people)
        # Nearly always the same objects as before, which a comparison of lists sees at once.
        if kept is not None and kept.acquainted.circle is circle and kept.cards == cards:
            acquainted = kept.acquainted
        else:
            known = lineup(visible(actor, circle.relations, cards), circle.mutual)
            acquainted = Acquainted(circle, known)
        self._kept.keep(actor.user_id, _Kept(moment, cards, acquainted))
        return acquainted

    async def _read_together(self, actor: Actor) -> None:
        """Have the cards of friends and of their friends at hand, unless they are very many."""
        relations, theirs = await self._audience.circle(actor.user_id)
        people = {one.int for one in relations.friends}.union(*theirs)
        if len(people) <= MOST:
            await self._audience.numbered(tuple(people))

    async def _of_many(self, actor: Actor, circle: Circle) -> Lineup:
        """The visible ones with the most mutual friends; not kept, for it would fill the cache."""
        mutual = circle.mutual
        people = sorted(circle.known, key=lambda one: (-mutual[one], one))
        known: list[PersonCard] = []
        for start in range(0, len(people), MOST):
            portion = people[start : start + MOST]
            cards = await self._audience.numbered(portion)
            known += visible(actor, circle.relations, cards)
            if len(known) >= MOST:
                break
        return lineup(known[:MOST], mutual)


def _size(kept: _Kept) -> int:
    return 1 + len(kept.cards)

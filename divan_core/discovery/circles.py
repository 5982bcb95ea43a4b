"""Whom a viewer is connected with: their friends, and the friends of those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from divan_core.discovery.cardwise import Cardwise
from divan_core.discovery.friends import Friends, friend, friends
from divan_core.discovery.lately import Lately
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience, Moment
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Relations, Standing

CAPACITY: Final = 2_000_000
"""How many friends of friends one process keeps: about 90 MB."""

FRIENDS: Final = 50_000
"""How many different friends it keeps: about 30 MB."""


@value
class Circle:
    """A viewer's friends of their own campus, and everyone whom these are friends with.

    People stand here as the numbers of their ids, which Python hashes five times as fast.
    ``mutual`` says of how many of the viewer's friends somebody is a friend; friends who are
    banned, shadowed or deleted do not count. ``apart`` are those whom search does not take from
    its index: the viewer, everyone with a block in either direction, and the friends; they are
    all in ``mutual``, if need be with none. ``everybody`` are the people of ``mutual`` as a set,
    which meets another one without a look at any of them.
    """

    relations: Relations
    friends: Friends
    mutual: Mapping[int, int]
    apart: frozenset[int]
    everybody: frozenset[int]

    @property
    def known(self) -> Sequence[int]:
        """Those with whom the viewer has friends in common, and nothing else to do."""
        return tuple(self.everybody - self.apart)


@value
class _Kept:
    """A circle, what it was made of, and the moment for which that is known."""

    moment: Moment
    grounds: tuple[Relations, list[PersonCard | None], list[Sequence[int]]]
    circle: Circle


class Circles:
    """The circles of those who asked lately. One per process; bounded; the oldest go first."""

    def __init__(self, audience: Audience, capacity: int = CAPACITY) -> None:
        """Make them of what ``audience`` knows."""
        self._audience = audience
        self._friends = Cardwise(friend, FRIENDS)
        audience.follow(self._friends.forget)
        self._kept = Lately[UserId, _Kept](capacity, _size)

    async def of(self, actor: Actor) -> Circle:
        """The actor's circle, as of the journal's news that the audience has had.

        In two statements at most: one for the relations, one for the friends' cards.
        """
        moment = self._audience.moment(actor.campus_id)
        kept = self._kept.get(actor.user_id)
        if kept is not None and kept.moment == moment:
            return kept.circle
        relations, theirs = await self._audience.circle(actor.user_id)
        grounds = relations, await self._audience.cards(tuple(relations.friends)), theirs
        # Nearly always the same objects as before, which a comparison of lists sees at once.
        same = kept is not None and kept.grounds == grounds
        circle = kept.circle if kept is not None and same else self._made(actor, *grounds)
        self._kept.keep(actor.user_id, _Kept(moment, grounds, circle))
        return circle

    def _made(
        self,
        actor: Actor,
        relations: Relations,
        cards: Sequence[PersonCard | None],
        theirs: Sequence[Sequence[int]],
    ) -> Circle:
        campus = actor.campus_id.int
        known = [
            (card, their)
            for card, their in zip(cards, theirs, strict=True)
            if card is not None
            and card.campus_id.int == campus
            and card.standing is Standing.ACTIVE
        ]
        mutual = Counter(chain.from_iterable([their for _, their in known]))
        del mutual[actor.user_id.int]
        them = friends([self._friends.of(card) for card, _ in known])
        apart = {one.int for one in (*relations.blocked, *relations.friends, actor.user_id)}
        connected = dict.fromkeys(apart, 0) | mutual
        return Circle(relations, them, connected, frozenset(apart), frozenset(connected))


def _size(kept: _Kept) -> int:
    circle = kept.circle
    return 1 + 2 * len(circle.mutual) + len(circle.apart)

"""What queries find, whoever asks, cached per process and never stale when it matters.

Nothing of a viewer is in here. Every question reads the campus's journal first; what is cached
goes on being used as long as nobody whom the journal tells of is in there, or should be now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from divan_core.discovery.model import Tier, Wanted, entry
from divan_core.discovery.often import Often
from divan_core.discovery.policy import begins, tier_of
from divan_core.discovery.ports import PeopleIndex
from divan_core.discovery.shares import Ranked, ranked
from divan_core.kernel.audience import Moment
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, is_open

CAPACITY: Final = 1_500_000
"""How many people all cached answers together hold: about 30 MB, with what answers have besides.

Whom a front has they share with it: another 8 KB for each that was made anew meanwhile."""

OVERHEAD: Final = 40
"""An answer counts as so many people more, for what it takes besides them."""

MOST_CHANGES: Final = 64
"""After the changes of more people, looking at each takes as long as asking the index again."""


@value
class Question:
    """What is looked for, on which campus, and at which moment of its journal.

    What the index answers afterwards is good at least for that moment; should the journal go on
    meanwhile, then it is not good for the next one unless the news is of others.
    """

    campus_id: CampusId
    wanted: Wanted
    moment: Moment


@attrs.define
class _Pool:
    """What one query finds; the later tiers only where somebody looked at them."""

    moment: Moment
    beginning: Ranked | None = None
    later: tuple[Ranked, Ranked] | None = None

    def tiers(self) -> Sequence[Ranked]:
        found = (self.beginning, *(self.later or ()))
        return [tier for tier in found if tier is not None]

    def size(self) -> int:
        return OVERHEAD + sum(len(tier.numbers) for tier in self.tiers())


class News(Protocol):
    """Who changed lately: what an audience knows of them."""

    def changed(self, campus_id: CampusId, since: Moment) -> frozenset[UserId] | None:
        """Who changed after a moment, and perhaps a few more; None where that is not known."""
        ...

    async def cards(self, people: Sequence[UserId]) -> list[PersonCard | None]:
        """The card of each of these as it is now; None for whoever does not exist."""
        ...


class Pools:
    """The cache. One per process; bounded; what is asked for often stays longest."""

    def __init__(self, index: PeopleIndex, news: News, capacity: int = CAPACITY) -> None:
        """Cache what ``index`` finds, as long as no ``news`` change it."""
        self._index = index
        self._news = news
        self._pools = Often[tuple[int, str], _Pool](capacity, _Pool.size)

    async def beginning(self, asked: Question, most: int) -> Ranked:
        """The first ``most`` people of the first tier, or more; every question asks for these."""
        self._pools.count(_key(asked))
        pool = await self._pool(asked)
        if pool.beginning is None or not _holds(most, pool.beginning):
            people = await self._index.beginning(asked.campus_id, asked.wanted, most)
            tier = ranked(asked.wanted, people, most, Tier.BEGINS)
            self._keep(asked, _Pool(pool.moment, tier, pool.later))
            return tier
        return pool.beginning

    async def later(
        self, asked: Question, most: int, enough: int | None = None
    ) -> tuple[Ranked, Ranked]:
        """The first ``most`` people of the second and of the third tier, or more.

        Those of the third may be missing where there are ``enough`` of the second.
        """
        pool = await self._pool(asked)
        if pool.later is None or not _suffice(*pool.later, most, enough):
            wanted = asked.wanted
            found = await self._index.resembling(asked.campus_id, wanted, most, enough)
            inside, similar = ranked(wanted, found.inside, most, Tier.INSIDE), _UNASKED
            if found.is_whole:
                similar = ranked(wanted, found.similar, most, Tier.SIMILAR)
            self._keep(asked, _Pool(pool.moment, pool.beginning, (inside, similar)))
            return inside, similar
        return pool.later

    async def _pool(self, asked: Question) -> _Pool:
        """What is cached and good for the question's moment; an empty one where nothing is."""
        key = _key(asked)
        pool = self._pools.get(key)
        if pool is None:
            return _Pool(asked.moment)
        if pool.moment != asked.moment:
            if not await self._is_good(pool, asked):
                return _Pool(asked.moment)
            pool = attrs.evolve(pool, moment=asked.moment)
            self._keep(asked, pool)
        else:
            self._pools.renew(key)
        return pool

    async def _is_good(self, pool: _Pool, asked: Question) -> bool:
        """Whether nobody of whom there is news since is in the pool, or belongs there now."""
        changed = self._news.changed(asked.campus_id, pool.moment)
        if changed is None or len(changed) > MOST_CHANGES:
            return False
        numbers = {one.int for one in changed}
        if not all(numbers.isdisjoint(tier.numbers) for tier in pool.tiers()):
            return False
        cards = await self._news.cards(tuple(changed))
        return not any(
            card is not None
            and card.campus_id == asked.campus_id
            and is_open(card)
            and _belongs(asked.wanted, card, pool)
            for card in cards
        )

    def _keep(self, asked: Question, pool: _Pool) -> None:
        self._pools.keep(_key(asked), pool)


def _key(asked: Question) -> tuple[int, str]:
    return asked.campus_id.int, asked.wanted.text


_UNASKED: Final = Ranked((), (), (), is_all=False)
"""A tier that nobody looked at."""


def _holds(most: int, tier: Ranked) -> bool:
    return tier.is_all or len(tier.numbers) >= most


def _suffice(inside: Ranked, similar: Ranked, most: int, enough: int | None) -> bool:
    """Whether these are as many as are asked for."""
    is_enough = enough is not None and len(inside.numbers) >= enough
    return _holds(most, inside) and (is_enough or _holds(most, similar))


def _belongs(wanted: Wanted, card: PersonCard, pool: _Pool) -> bool:
    """Whether somebody is of a tier that the pool knows."""
    one = entry(card.user_id, card.handle, card.display_name)
    if pool.later is None:
        return begins(wanted.text, one)
    return tier_of(wanted, one) is not None

"""What queries find, whoever asks, cached per process and never stale when it matters.

Nothing of a viewer is in here. What is cached is used as long as the campus's journal, which
every question reads first, has nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from divan_core.discovery.model import Wanted
from divan_core.discovery.ports import PeopleIndex
from divan_core.discovery.shares import Ranked, ranked
from divan_core.kernel.audience import Moment
from divan_core.kernel.ids import CampusId
from divan_core.kernel.values import value

CAPACITY: Final = 100_000
"""How many people all cached answers together hold: about 40 MB."""


@value
class Question:
    """What is looked for, on which campus, and at which moment of its journal.

    What the index answers afterwards is good at least for that moment; should the journal go on
    meanwhile, then it is not good for the next one.
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

    def size(self) -> int:
        tiers = (self.beginning, *(self.later or ()))
        return 1 + sum(len(tier.people) for tier in tiers if tier is not None)


class Pools:
    """The cache. One per process; bounded; what nobody asked for longest goes first."""

    def __init__(self, index: PeopleIndex, capacity: int = CAPACITY) -> None:
        """Cache what ``index`` finds."""
        self._index = index
        self._capacity = capacity
        self._pools: dict[tuple[int, str], _Pool] = {}
        self._size = 0

    async def beginning(self, asked: Question, most: int) -> Ranked:
        """The first ``most`` people of the first tier, or more."""
        pool = self._pool(asked)
        if pool.beginning is None or not _holds(most, pool.beginning):
            people = await self._index.beginning(asked.campus_id, asked.wanted, most)
            tier = ranked(asked.wanted, people, most)
            self._keep(asked, attrs.evolve(pool, beginning=tier))
            return tier
        return pool.beginning

    async def later(self, asked: Question, most: int) -> Sequence[Ranked]:
        """The first ``most`` people of the second and of the third tier, or more."""
        pool = self._pool(asked)
        if pool.later is None or not _holds(most, *pool.later):
            found = await self._index.resembling(asked.campus_id, asked.wanted, most)
            tiers = (
                ranked(asked.wanted, found.inside, most),
                ranked(asked.wanted, found.similar, most),
            )
            self._keep(asked, attrs.evolve(pool, later=tiers))
            return tiers
        return pool.later

    def _pool(self, asked: Question) -> _Pool:
        key = _key(asked)
        pool = self._pools.get(key)
        if pool is None or pool.moment != asked.moment:
            return _Pool(asked.moment)
        self._pools[key] = self._pools.pop(key)  # to the end: it was asked for just now
        return pool

    def _keep(self, asked: Question, pool: _Pool) -> None:
        self._drop(_key(asked))
        self._pools[_key(asked)] = pool
        self._size += pool.size()
        while self._size > self._capacity and len(self._pools) > 1:
            self._drop(next(iter(self._pools)))

    def _drop(self, key: tuple[int, str]) -> None:
        before = self._pools.pop(key, None)
        if before is not None:
            self._size -= before.size()


def _key(asked: Question) -> tuple[int, str]:
    return asked.campus_id.int, asked.wanted.text


def _holds(most: int, *tiers: Ranked) -> bool:
    return all(tier.is_all or len(tier.people) >= most for tier in tiers)

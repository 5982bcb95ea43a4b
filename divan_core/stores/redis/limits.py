"""Sliding-window limits counted in Redis, exact over all processes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, exhausted, refusal
from divan_core.stores.redis.keys import KnownCampuses
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.link import Part
from divan_core.stores.redis.scripts import load_script

_ADMIT: Final = load_script("admit")
_SPEND: Final = load_script("spend")


def moment(clock: Clock | None) -> Part:
    """What scripts are told of the time: nothing, when they shall use the server's own."""
    return b"" if clock is None else clock.now()


def windows(limit: Limit) -> Iterator[Part]:
    """A limit as scripts read it: count, milliseconds, count, milliseconds..."""
    for window in limit.windows:
        yield window.count
        yield window.seconds * 1000


class RedisRateLimits:
    """A :class:`~divan_core.kernel.limits.RateLimits` for any number of processes."""

    def __init__(self, redis: RedisLifecycle, clock: Clock | None = None) -> None:
        """Count by the server's clock, the same for every process, unless given another."""
        self._redis = redis
        self._clock = clock
        self._campuses = KnownCampuses()

    async def admit(self, campus_id: CampusId, user_id: UserId, limit: Limit) -> Millis:
        """See the port."""
        key = self._campuses[campus_id].limit(limit.name, user_id)
        args = (moment(self._clock), *windows(limit))
        at: int = await self._redis.client.run(_ADMIT, (key,), args)
        if at < 0:
            raise refusal(limit, -at)
        return Millis(at)

    async def withdraw(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, at: Millis
    ) -> None:
        """See the port. Not sent twice: that could take back another of the same moment."""
        key = self._campuses[campus_id].limit(limit.name, user_id)
        await self._redis.client.call(b"LREM", key, 1, at)

    async def spend(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, people: Collection[UserId]
    ) -> None:
        """See the port."""
        key = self._campuses[campus_id].budget(limit.name, user_id)
        args = (moment(self._clock), *windows(limit), *(one.bytes for one in people))
        wait = await self._redis.client.run(_SPEND, (key,), args, idempotent=True)
        if wait > 0:
            raise exhausted(limit, wait)

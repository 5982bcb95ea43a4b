"""Questions admitted, and the journal's news for them, by one script."""

from __future__ import annotations

from typing import Final

from divan_core.kernel.audience import JournalSlice
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, refusal
from divan_core.stores.redis.journal import RedisJournal
from divan_core.stores.redis.keys import KnownCampuses
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.limits import moment, windows
from divan_core.stores.redis.scripts import load_script

_ENTER: Final = load_script("enter")


class RedisTurnstile:
    """A :class:`~divan_core.kernel.turnstile.Turnstile` for any number of processes."""

    def __init__(
        self, redis: RedisLifecycle, journal: RedisJournal, clock: Clock | None = None
    ) -> None:
        """Count by the server's clock, as the limits do, unless given another."""
        self._redis = redis
        self._journal = journal
        self._clock = clock
        self._campuses = KnownCampuses()

    async def enter(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, since: bytes
    ) -> JournalSlice:
        """See the port."""
        campus = self._campuses[campus_id]
        keys = (campus.pending, campus.journal, campus.limit(limit.name, user_id))
        args = (moment(self._clock), since, *windows(limit))
        reply = await self._redis.client.run(_ENTER, keys, args)
        if isinstance(reply, int):
            raise refusal(limit, reply)
        position, changed = reply
        return self._journal.slice(position, changed)

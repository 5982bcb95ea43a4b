"""Questions admitted, and the journal's news for them, in this process."""

from __future__ import annotations

from divan_core.kernel.audience import JournalSlice
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.limits import MemoryRateLimits


class MemoryTurnstile:
    """A :class:`~divan_core.kernel.turnstile.Turnstile` for one process."""

    def __init__(self, journal: MemoryJournal, limits: MemoryRateLimits) -> None:
        """Count by ``limits``, and read ``journal``."""
        self._journal = journal
        self._limits = limits

    async def enter(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, since: bytes
    ) -> JournalSlice:
        """See the port."""
        await self._limits.admit(campus_id, user_id, limit)
        return self._journal.since(campus_id, since)

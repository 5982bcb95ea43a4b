"""How much people are trusted, in memory."""

from __future__ import annotations

from collections import defaultdict

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.trust import Change, Merit, Trust
from divan_core.stores.memory.changes import Changes


def _by_person() -> defaultdict[UserId, dict[str, Change]]:
    return defaultdict(dict)


@attrs.define
class TrustRecords:
    """Everybody's trust, and each person's changes by their cause."""

    trust: dict[UserId, Trust] = attrs.field(factory=dict)
    changes: defaultdict[UserId, dict[str, Change]] = attrs.field(factory=_by_person)


class MemoryTrust:
    """Keeps how much people are trusted."""

    def __init__(self, records: TrustRecords, changes: Changes) -> None:
        """Work on ``records``; how to undo it goes into ``changes``."""
        self._records = records
        self._changes = changes

    async def get(self, user_id: UserId) -> Trust | None:
        """Somebody's trust; None where nothing has changed it yet."""
        return self._records.trust.get(user_id)

    async def put(self, user_id: UserId, trust: Trust) -> None:
        """Keep it, in place of what it was."""
        self._changes.begin()
        self._changes.set(self._records.trust, user_id, trust)

    async def add(self, user_id: UserId, change: Change) -> bool:
        """Keep why it is changed; False where that cause has counted."""
        self._changes.begin()
        theirs = self._records.changes[user_id]
        if change.cause in theirs:
            return False
        self._changes.set(theirs, change.cause, change)
        return True

    async def counted(self, user_id: UserId, merit: Merit, after: Millis) -> int:
        """How often something has changed it after a moment."""
        theirs = self._records.changes.get(user_id, {}).values()
        return sum(one.merit is merit and one.at > after for one in theirs)

    async def count_of(self, user_id: UserId) -> int:
        """How many rows there are of somebody."""
        changes = len(self._records.changes.get(user_id, {}))
        return changes + (user_id in self._records.trust)

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        self._changes.begin()
        theirs = self._records.changes.get(user_id, {})
        some = list(theirs)[:most]
        for cause in some:
            self._changes.drop(theirs, cause)
        if len(some) < most and user_id in self._records.trust:
            self._changes.drop(self._records.trust, user_id)
            return len(some) + 1
        return len(some)

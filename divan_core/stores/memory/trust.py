"""How much people are trusted, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.trust import Before, Change, Merit, Trust
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

    async def before(self, *causes: tuple[UserId, str]) -> Sequence[Before]:
        """What there is of each of these people before a cause changes their trust, in order."""
        trust, changes = self._records.trust, self._records.changes
        return [Before(trust.get(who), cause in changes.get(who, {})) for who, cause in causes]

    async def put(self, trust: Mapping[UserId, Trust]) -> None:
        """Keep the trust of each, in place of what it was."""
        self._changes.begin()
        for user_id, theirs in trust.items():
            self._changes.set(self._records.trust, user_id, theirs)

    async def add(self, *changes: tuple[UserId, Change]) -> None:
        """Keep why the trust of each is changed; a cause that has counted stays as it is."""
        self._changes.begin()
        for user_id, change in changes:
            theirs = self._records.changes[user_id]
            if change.cause not in theirs:
                self._changes.set(theirs, change.cause, change)

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

"""Who is restricted to what, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.safety.model import Restriction, RestrictionId
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes


def _by_person() -> defaultdict[UserId, dict[RestrictionId, Restriction]]:
    return defaultdict(dict)


@attrs.define
class RestrictionRecords:
    """All restrictions, and each person's."""

    restrictions: dict[RestrictionId, Restriction] = attrs.field(factory=dict)
    by_person: defaultdict[UserId, dict[RestrictionId, Restriction]] = attrs.field(
        factory=_by_person
    )


class MemoryRestrictions:
    """Keeps who is restricted to what."""

    def __init__(
        self, records: RestrictionRecords, accounts: AccountRecords, changes: Changes
    ) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def put(self, restriction: Restriction) -> None:
        """Keep it, replacing the one of the same id."""
        self._changes.begin()
        if restriction.user_id not in self._accounts.people:
            raise self._changes.failed(UnitMisused("A restriction's person does not exist."))
        before = self._records.restrictions.get(restriction.id)
        if before is not None and before.user_id != restriction.user_id:
            self._changes.drop(self._records.by_person[before.user_id], restriction.id)
        self._changes.set(self._records.restrictions, restriction.id, restriction)
        theirs = self._records.by_person[restriction.user_id]
        self._changes.set(theirs, restriction.id, restriction)

    async def get(self, restriction_id: RestrictionId) -> Restriction | None:
        """The restriction, or None."""
        return self._records.restrictions.get(restriction_id)

    async def lift(self, restriction_id: RestrictionId, at: Millis) -> Restriction | None:
        """End it; what it is now, or None where nothing was to be ended."""
        self._changes.begin()
        found = self._records.restrictions.get(restriction_id)
        if found is None or found.lifted_at is not None:
            return None
        lifted = attrs.evolve(found, lifted_at=at)
        await self.put(lifted)
        return lifted

    async def of(self, user_id: UserId, at: Millis) -> Sequence[Restriction]:
        """Those of a person that have not ended, by (since, id)."""
        theirs = self._records.by_person.get(user_id, {}).values()
        standing = (
            one for one in theirs if one.lifted_at is None and (one.until is None or one.until > at)
        )
        return sorted(standing, key=lambda one: (one.since, one.id))

    async def every(
        self, user_id: UserId, after: RestrictionId | None, limit: int
    ) -> Sequence[Restriction]:
        """Up to ``limit`` restrictions of a person with an id above ``after``, by id."""
        theirs = self._records.by_person.get(user_id, {}).values()
        found = (one for one in theirs if after is None or one.id > after)
        return sorted(found, key=lambda one: one.id)[:limit]

    async def purge(self, before: Millis, most: int) -> int:
        """Delete up to ``most`` that ended, or were lifted, before a moment; how many it were."""
        self._changes.begin()
        over = self._over(before)
        for one in over[:most]:
            self._changes.drop(self._records.restrictions, one.id)
            self._changes.drop(self._records.by_person[one.user_id], one.id)
        return len(over[:most])

    async def over(self, before: Millis) -> int:
        """How many of these there are."""
        return len(self._over(before))

    def _over(self, before: Millis) -> list[Restriction]:
        ends = ((one, (one.until, one.lifted_at)) for one in self._records.restrictions.values())
        return [one for one, at in ends if any(end is not None and end < before for end in at)]

"""How far erasures have come, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from divan_core.erasure.model import Erasure
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes


@attrs.define
class ErasureRecords:
    """All erasures."""

    erasures: dict[UserId, Erasure] = attrs.field(factory=dict)


class MemoryErasures:
    """Keeps how far erasures have come."""

    def __init__(self, records: ErasureRecords, accounts: AccountRecords, changes: Changes) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def get(self, user_id: UserId) -> Erasure | None:
        """The person's erasure, finished or not, or None."""
        return self._records.erasures.get(user_id)

    async def put(self, erasure: Erasure) -> None:
        """Keep it, replacing that of the same person."""
        self._changes.begin()
        if erasure.user_id not in self._accounts.people:
            raise self._changes.failed(UnitMisused("An erasure's person does not exist."))
        self._changes.set(self._records.erasures, erasure.user_id, erasure)

    async def waiting(self, most: int) -> Sequence[Erasure]:
        """Up to ``most`` that are not finished, those first that began first."""
        found = [one for one in self._records.erasures.values() if one.finished_at is None]
        return sorted(found, key=lambda one: (one.started_at, one.user_id))[:most]

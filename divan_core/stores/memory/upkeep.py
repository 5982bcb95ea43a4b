"""Looking after an index that cannot be wrong: in memory it is changed with the people."""

from __future__ import annotations

from divan_core.discovery.ports import IndexState, Reindexed
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.memory.accounts import AccountRecords


class MemoryIndexUpkeep:
    """Has nothing to do."""

    def __init__(self, records: AccountRecords) -> None:
        """Count the people of ``records``."""
        self._records = records

    async def state(self) -> IndexState:
        """How complete the index is: always."""
        shown = sum(
            one.standing is Standing.ACTIVE
            and one.privacy.visibility is Visibility.EVERYONE
            and not one.privacy.ghost_mode
            for one in self._records.people.values()
        )
        return IndexState(shown, shown)

    async def reindex(self, after: UserId | None, most: int) -> Reindexed:
        """Nobody is left to be indexed."""
        del after, most
        return Reindexed(0, 0, None)

    async def tidy(self) -> None:
        """Nothing belongs to nobody."""

    async def purge(self, most: int) -> int:
        """Nothing outlives the people."""
        del most
        return 0

"""Finding people by their names in memory, by looking at everybody."""

from __future__ import annotations

from collections.abc import Sequence

from divan_core.discovery.model import Entry, Tier, Wanted, entry
from divan_core.discovery.policy import cut, tier_of
from divan_core.discovery.ports import Resembling
from divan_core.kernel.ids import CampusId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.memory.accounts import AccountRecords


class MemoryPeopleIndex:
    """Finds people by their names."""

    def __init__(self, records: AccountRecords) -> None:
        """Look at ``records``."""
        self._records = records

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first ``most`` people of the first tier, in the order of its cut."""
        return self._tier(campus_id, wanted, Tier.BEGINS, most)

    async def resembling(self, campus_id: CampusId, wanted: Wanted, most: int) -> Resembling:
        """The first ``most`` people of the second and of the third tier, each in order."""
        return Resembling(
            self._tier(campus_id, wanted, Tier.INSIDE, most),
            self._tier(campus_id, wanted, Tier.SIMILAR, most),
        )

    def _tier(self, campus_id: CampusId, wanted: Wanted, tier: Tier, most: int) -> Sequence[Entry]:
        known = (
            entry(one.id, one.handle, one.display_name)
            for one in self._records.people.values()
            if one.campus_id == campus_id
            and one.standing is Standing.ACTIVE
            and one.privacy.visibility is Visibility.EVERYONE
            and not one.privacy.ghost_mode
        )
        return cut(wanted, (one for one in known if tier_of(wanted, one) is tier), tier, most)

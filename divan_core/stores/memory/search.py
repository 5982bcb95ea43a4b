"""Finding people by their names in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import attrs

from divan_core.discovery.model import Entry, Wanted, entry
from divan_core.discovery.names import Names
from divan_core.discovery.ports import Resembling
from divan_core.discovery.readying import ready
from divan_core.kernel.ids import CampusId
from divan_core.kernel.visibility import PersonCard, is_open
from divan_core.stores.memory.changes import Changes


@attrs.define
class SearchRecords:
    """The names of those who show themselves to everyone, by campus."""

    campuses: defaultdict[CampusId, Names] = attrs.field(factory=lambda: defaultdict(Names))

    def replace(
        self, before: PersonCard | None, after: PersonCard | None, changes: Changes
    ) -> None:
        """Know a person as ``after``; how to take it back goes into ``changes``."""
        old, new = _known(before), _known(after)
        if old != new:
            self._replace(old, new)
            changes.did(partial(self._replace, new, old))

    def _replace(
        self, old: tuple[CampusId, Entry] | None, new: tuple[CampusId, Entry] | None
    ) -> None:
        if old is not None:
            self.campuses[old[0]].replace(old[1], None)
        if new is not None:
            self.campuses[new[0]].replace(None, new[1])


def _known(card: PersonCard | None) -> tuple[CampusId, Entry] | None:
    if card is None or not is_open(card):
        return None
    return card.campus_id, entry(card.user_id, card.handle, card.display_name)


class MemoryPeopleIndex:
    """A :class:`~divan_core.discovery.ports.PeopleIndex` over an inverted index of trigrams."""

    def __init__(self, records: SearchRecords) -> None:
        """Read ``records``."""
        self._records = records

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        """See the port."""
        names = self._records.campuses.get(campus_id)
        return names.beginning(wanted, most) if names else ()

    async def resembling(
        self, campus_id: CampusId, wanted: Wanted, most: int, enough: int | None = None
    ) -> Resembling:
        """See the port."""
        names = self._records.campuses.get(campus_id)
        return names.resembling(wanted, most, enough) if names else Resembling((), ())

    async def keep(self) -> int:
        """See the port."""
        return sum([await ready(names) for names in list(self._records.campuses.values())])

"""What is on record, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice

import attrs

from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.chain import Entry, Link
from divan_core.stores.memory.changes import Changes


@attrs.define
class AuditRecords:
    """All entries in order, and what the end is said to be."""

    entries: list[Entry] = attrs.field(factory=list)
    head: Link = attrs.field(factory=Link)


class MemoryAudit:
    """Keeps what is on record."""

    def __init__(self, records: AuditRecords, changes: Changes) -> None:
        """Work on ``records``; how to undo it goes into ``changes``."""
        self._records = records
        self._changes = changes

    async def head(self) -> Link:
        """The end of the record; units are alone anyway."""
        self._changes.begin()
        return self._records.head

    async def add(self, entries: Sequence[Entry]) -> None:
        """Append these."""
        self._changes.begin()
        records, before, length = self._records, self._records.head, len(self._records.entries)

        def undo() -> None:
            del records.entries[length:]
            records.head = before

        self._changes.did(undo)
        records.entries.extend(entries)
        records.head = entries[-1].link if entries else before

    async def end(self) -> Link:
        """The end of the record, for reading."""
        return self._records.head

    async def page(
        self, after: int, limit: int, campus_id: CampusId | None = None
    ) -> Sequence[Entry]:
        """Up to ``limit`` entries above a number, ascending."""
        found = (
            one
            for one in self._records.entries
            if one.seq > after and campus_id in {None, one.campus_id}
        )
        return list(islice(found, limit))

    async def about(self, about: str, limit: int) -> Sequence[Entry]:
        """The first ``limit`` entries about something, ascending."""
        return list(islice((one for one in self._records.entries if one.about == about), limit))

    async def count_words(self, person_id: UserId) -> int:
        """How many entries hold words about a person."""
        return len(self._worded(person_id))

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Erase words about a person, with their salt; how many."""
        self._changes.begin()
        entries = self._records.entries
        places = self._worded(person_id)[:most]
        for place in places:
            before = entries[place]
            self._changes.did(partial(entries.__setitem__, place, before))
            entries[place] = attrs.evolve(before, words=None, salt=None)
        return len(places)

    def _worded(self, person_id: UserId) -> list[int]:
        return [
            place
            for place, one in enumerate(self._records.entries)
            if one.person == person_id.bytes and one.words is not None
        ]

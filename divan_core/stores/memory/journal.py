"""Changes of people and relations, remembered in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Final

from divan_core.kernel.audience import JournalSlice
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.model import PeopleChanged
from divan_core.stores.memory.notices import MemoryNotices

ANNOUNCED_MS: Final = 10_000
REMEMBERED: Final = 4096


class _Campus:
    """One campus's journal: numbered entries, the oldest forgotten."""

    def __init__(self) -> None:
        self.last = 0
        self.nothing_new = JournalSlice(b"0")
        self.entries: deque[tuple[int, frozenset[UserId]]] = deque(maxlen=REMEMBERED)
        self.announced: dict[frozenset[UserId], int] = {}

    def add(self, people: frozenset[UserId]) -> None:
        self.last += 1
        self.nothing_new = JournalSlice(b"%d" % self.last)
        self.entries.append((self.last, people))

    def after(self, position: int) -> frozenset[UserId] | None:
        if position == self.last:
            return frozenset()
        if position > self.last or self.entries[0][0] > position + 1:
            return None
        news = (people for number, people in reversed(self.entries) if number > position)
        return frozenset().union(*news)


class MemoryJournal:
    """A :class:`~divan_core.kernel.audience.ChangeJournal` for one process."""

    def __init__(self, clock: Clock, notices: MemoryNotices) -> None:
        """Entries are told to ``notices`` as well."""
        self._clock = clock
        self._notices = notices
        self._campuses: dict[int, _Campus] = {}  # by id as a number, which is hashed faster

    async def announce(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        """See the port."""
        campus = self._campuses.setdefault(campus_id.int, _Campus())
        campus.announced[frozenset(people)] = self._clock.now() + ANNOUNCED_MS

    async def record(self, campus_id: CampusId, people: Collection[UserId]) -> None:
        """See the port."""
        campus = self._campuses.setdefault(campus_id.int, _Campus())
        campus.announced.pop(frozenset(people), None)
        campus.add(frozenset(people))
        self._notices.send(PeopleChanged(campus_id))

    async def read(self, campus_id: CampusId, after: bytes) -> JournalSlice:
        """See the port."""
        return self.since(campus_id, after)

    def since(self, campus_id: CampusId, after: bytes) -> JournalSlice:
        """The same without awaiting, for the presence index beside it."""
        campus = self._campuses.get(campus_id.int)
        if campus is None:
            campus = self._campuses[campus_id.int] = _Campus()
        if campus.announced:
            self.settle(campus_id)
        nothing_new = campus.nothing_new
        position = nothing_new.position
        if after == position:
            return nothing_new
        return JournalSlice(position, campus.after(int(after)) if after else None)

    def settle(self, campus_id: CampusId) -> None:
        """Record what was announced more than ten seconds ago and not recorded since."""
        campus = self._campuses.get(campus_id.int)
        if campus is None:
            return
        now = self._clock.now()
        for people in [one for one, due in campus.announced.items() if due <= now]:
            del campus.announced[people]
            campus.add(people)
            self._notices.send(PeopleChanged(campus_id))

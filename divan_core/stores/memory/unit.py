"""Units of work in memory.

A unit runs to its end in one turn of the event loop, so that nothing comes between its steps:
units are serialised, and what they read is a snapshot.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

import attrs
from anyio.lowlevel import checkpoint

from divan_core.kernel.ids import UserId
from divan_core.kernel.units import run_through
from divan_core.kernel.visibility import PersonCard, Relations
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.accounts import (
    AccountRecords,
    MemoryCampuses,
    MemoryPeople,
    card_of,
)
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.social import MemoryRelations, SocialRecords

ResultT = TypeVar("ResultT")


@attrs.define
class MemoryRecords:
    """Everything that is kept."""

    accounts: AccountRecords = attrs.field(factory=AccountRecords)
    social: SocialRecords = attrs.field(factory=SocialRecords)


class MemoryUnit:
    """The repositories of one unit."""

    def __init__(self, records: MemoryRecords, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self.campuses = MemoryCampuses(records.accounts, changes)
        self.people = MemoryPeople(records.accounts, changes)
        self.relations = MemoryRelations(records.social, records.accounts, changes)


class MemoryUnits:
    """Runs units of work as ``kernel/units.py`` promises; durable as long as the process lives."""

    def __init__(self, records: MemoryRecords) -> None:
        """Work on ``records``."""
        self._records = records

    async def write(self, body: Callable[[MemoryUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body``; what it did is kept when it returns, and taken back when it raises."""
        await checkpoint()
        return self._run(body, Changes(reading=False))

    async def read(self, body: Callable[[MemoryUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body``; what it writes is an error."""
        await checkpoint()
        return self._run(body, Changes(reading=True))

    def _run(self, body: Callable[[MemoryUnit], Awaitable[ResultT]], changes: Changes) -> ResultT:
        try:
            result = run_through(body(MemoryUnit(self._records, changes)))
            changes.confirm()
        except BaseException:
            changes.take_back()
            raise
        return result


class MemoryPeopleSource:
    """Cards and relations of those in memory."""

    def __init__(self, records: MemoryRecords) -> None:
        """Read ``records``."""
        self._records = records

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        """The cards of those who exist."""
        known = self._records.accounts.people
        return {user_id: card_of(known[user_id]) for user_id in people if user_id in known}

    async def relations(self, user_id: UserId) -> Relations:
        """The person's friends and blocks; empty for an unknown id."""
        return self._records.social.of(user_id)


def open_memory() -> RelationalStores:
    """Stores of their own with nothing in them."""
    records = MemoryRecords()
    return RelationalStores(units=MemoryUnits(records), people=MemoryPeopleSource(records))

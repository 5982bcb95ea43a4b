"""What the desk needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.chain import Entry, Link


class AuditRepository(Protocol):
    """Keeps what is on record. Nothing is ever changed but by :meth:`erase`, or removed."""

    async def head(self) -> Link:
        """The end of the record, which no other unit can move until the end of this one."""
        ...

    async def add(self, entries: Sequence[Entry]) -> None:
        """Append these, which follow the head that this unit has asked for."""
        ...

    async def end(self) -> Link:
        """The end of the record, for reading."""
        ...

    async def page(
        self, after: int, limit: int, campus_id: CampusId | None = None
    ) -> Sequence[Entry]:
        """Up to ``limit`` entries above a number, ascending; of one campus, or all there are."""
        ...

    async def about(self, about: str, limit: int) -> Sequence[Entry]:
        """The first ``limit`` entries about something, ascending."""
        ...

    async def count_words(self, person_id: UserId) -> int:
        """How many entries hold words about a person."""
        ...

    async def erase_words(self, person_id: UserId, most: int) -> int:
        """Erase words about a person, with their salt, in up to ``most`` entries; how many."""
        ...


class Checkpoints(Protocol):
    """Where checkpoints are kept: apart from the database, one line each, append-only."""

    async def lines(self) -> Sequence[str]:
        """All of them, oldest first; nothing where none was kept.

        Raises:
            StoreUnavailable: they cannot be read.
        """
        ...

    async def add(self, line: str) -> None:
        """Append one, durably.

        Raises:
            StoreUnavailable: it was not kept.
        """
        ...


class NoCheckpoints:
    """Those of a deployment that keeps none."""

    async def lines(self) -> Sequence[str]:
        """None."""
        return ()

    async def add(self, line: str) -> None:
        """Forget it."""


class AuditUnit(Protocol):
    """What the record uses of a unit of work."""

    @property
    def audit(self) -> AuditRepository:
        """What is on record."""
        ...

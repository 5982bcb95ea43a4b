"""What accounts needs from a store, and from others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from divan_core.accounts.model import Campus, Person
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing


class CampusRepository(Protocol):
    """Keeps campuses."""

    async def get(self, campus_id: CampusId) -> Campus | None:
        """The campus, or None."""
        ...

    async def timezones(self, campuses: Collection[CampusId]) -> Mapping[CampusId, str]:
        """By which IANA time zones clocks of those of these go that there are."""
        ...

    async def page(self, after: CampusId | None, limit: int) -> Sequence[Campus]:
        """Up to ``limit`` campuses with an id above ``after``, by id ascending."""
        ...

    async def put(self, campuses: Sequence[Campus]) -> None:
        """Keep these, replacing those that have the same id. Few statements, however many."""
        ...


class PersonRepository(Protocol):
    """Keeps people."""

    async def get(self, user_id: UserId) -> Person | None:
        """The person, deleted ones included, or None."""
        ...

    async def get_many(self, people: Sequence[UserId]) -> Sequence[Person]:
        """Those who exist, in any order."""
        ...

    async def standings(self, people: Collection[UserId]) -> Mapping[UserId, Standing]:
        """How those of these stand who exist."""
        ...

    async def handles(self, handles: Sequence[str]) -> dict[str, UserId]:
        """Who has exactly these handles, however they are written; free ones are left out.

        The keys are the handles as they were asked for.
        """
        ...

    async def look_alikes(self, handles: Sequence[str]) -> dict[str, UserId]:
        """Who has these handles or ones that look like them, so that nobody else can.

        The keys are the handles as they were asked for; free ones are left out.
        """
        ...

    async def page(self, campus_id: CampusId, after: UserId | None, limit: int) -> Sequence[Person]:
        """Up to ``limit`` people of the campus with an id above ``after``, by id ascending."""
        ...

    async def count(self, campus_id: CampusId) -> int:
        """How many people the campus has, deleted ones not counted."""
        ...

    async def put(self, people: Sequence[Person]) -> None:
        """Keep these, replacing those that have the same id. Few statements, however many.

        Their campuses exist. Where the deployment has no profile tables the profile is dropped.

        Raises:
            HandleTaken: somebody else has one of the handles, or one that looks like it; nothing
                of the unit is kept. Deleted people have none.
        """
        ...


class PresenceRefresh(Protocol):
    """Whoever must act at once when a person's privacy has changed."""

    async def refresh(self, campus_id: CampusId, user_id: UserId) -> None:
        """Recompute what others see of the person's position."""
        ...


class Mailboxes(Protocol):
    """Whose mailbox is whose."""

    async def claim(self, user_id: UserId, email: str) -> None:
        """Let the address be this person's.

        Raises:
            EmailTaken: it is somebody else's; nothing of the unit is kept.
        """
        ...

    async def is_verified(self, user_id: UserId) -> bool:
        """Whether the person has shown that their mailbox is theirs."""
        ...

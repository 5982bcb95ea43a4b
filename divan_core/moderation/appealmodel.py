"""Appeals: what somebody says against what was done to them, and what came of it."""

from __future__ import annotations

import enum
from typing import NewType
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.model import CaseId

AppealId = NewType("AppealId", UUID)


class AppealStatus(enum.Enum):
    """Where an appeal stands: it waits, or an admin has decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@attrs.frozen
class Appeal:
    """One person's appeal against what was done about a case; there is one of each person.

    ``note`` is what they say, ``outcome_note`` what they are told of the outcome.
    """

    id: AppealId
    case_id: CaseId
    campus_id: CampusId
    appellant_id: UserId
    at: Millis
    note: str | None = attrs.field(default=None, repr=False)
    status: AppealStatus = AppealStatus.OPEN
    resolved_at: Millis | None = None
    resolver_id: UserId | None = None
    outcome_note: str | None = attrs.field(default=None, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether it waits."""
        return self.status is AppealStatus.OPEN


@attrs.frozen
class Verdict:
    """What an admin decides about an appeal, when, and what the appellant is told of it."""

    status: AppealStatus
    by: UserId
    at: Millis
    note: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class AppealFilter:
    """Which appeals; None where it does not matter.

    ``not_of``: none by this person, or against a case about what is theirs.
    """

    campus_id: CampusId | None = None
    status: AppealStatus | None = None
    not_of: UserId | None = None

    def fits(self, appeal: Appeal, owner_id: UserId | None) -> bool:
        """Whether it is one of these; ``owner_id`` is whose the subject of its case is."""
        if self.campus_id not in {None, appeal.campus_id}:
            return False
        if self.status not in {None, appeal.status}:
            return False
        return self.not_of is None or self.not_of not in {appeal.appellant_id, owner_id}

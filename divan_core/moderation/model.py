"""Reports, the cases that gather them, and where a case stands."""

from __future__ import annotations

import enum
from typing import Final, NewType
from uuid import UUID

import attrs
from attrs import validators as v

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId

CaseId = NewType("CaseId", UUID)
ReportId = NewType("ReportId", UUID)

WHOLE: Final = 100
"""The weight of a report by somebody of whom nothing speaks for or against, in hundredths."""


class SubjectKind(enum.Enum):
    """What can be reported."""

    USER = "user"
    MESSAGE = "message"
    ROOM = "room"
    POST = "post"
    COMMENT = "comment"
    GROUP = "group"
    TURN = "turn"
    """What somebody wrote in their turn of a game."""


@attrs.frozen
class Subject:
    """What a case is about."""

    kind: SubjectKind
    id: UUID

    @property
    def lock(self) -> str:
        """What is locked to decide about it."""
        return f"moderation:{self.kind.value}:{self.id}"


@attrs.frozen
class Found:
    """A subject that somebody may report: of which campus it is, and whose."""

    campus_id: CampusId
    owner_id: UserId | None


class Reason(enum.Enum):
    """Why something is reported."""

    ABUSE = "abuse"
    HARASSMENT = "harassment"
    SPAM = "spam"
    NSFW = "nsfw"
    OTHER = "other"


class CaseStatus(enum.Enum):
    """Where a case stands: waiting for a moderator or an admin, decided, or over."""

    OPEN = "open"
    ESCALATED = "escalated"
    ACTIONED = "actioned"
    DISMISSED = "dismissed"
    CLOSED = "closed"

    @property
    def is_live(self) -> bool:
        """Whether it still gathers reports and waits to be decided."""
        return self in {CaseStatus.OPEN, CaseStatus.ESCALATED}


class Decision(enum.Enum):
    """What a case came to."""

    ACTIONED = "actioned"
    DISMISSED = "dismissed"


@attrs.frozen
class Standing:
    """How much stands against a subject: its severity (1-5), and what speaks for that.

    ``weight`` is the sum of the reporters' weights, ``light`` how many of the reports weigh little.
    ``brigading``: so many of them do that they may have agreed to report.
    """

    severity: int = attrs.field(default=1, validator=[v.ge(1), v.le(5)])
    weight: int = 0
    reports: int = 0
    light: int = 0
    brigading: bool = False


@attrs.frozen
class Hold:
    """Who looks after a case: to whom it was assigned, and who has it on their desk until when."""

    assigned_to: UserId | None = None
    leased_to: UserId | None = None
    leased_until: Millis | None = None

    def is_free(self, moderator: UserId, now: Millis) -> bool:
        """Whether this moderator may take it up: it is nobody else's."""
        if self.assigned_to not in {None, moderator}:
            return False
        lapsed = self.leased_until is None or self.leased_until <= now
        return lapsed or self.leased_to == moderator

    def is_held(self, moderator: UserId, now: Millis) -> bool:
        """Whether this moderator has it on their desk."""
        return (
            self.leased_to == moderator
            and self.leased_until is not None
            and now < self.leased_until
        )


@attrs.frozen
class Case:
    """What is reported of a subject, until somebody has decided about it.

    ``reason`` is the gravest of its reports. ``appeal_open``: an appeal waits.
    """

    id: CaseId
    campus_id: CampusId
    subject: Subject
    owner_id: UserId | None
    reason: Reason
    opened_at: Millis
    reported_at: Millis
    status: CaseStatus = CaseStatus.OPEN
    standing: Standing = Standing()
    hold: Hold = Hold()
    decision: Decision | None = None
    decided_by: UserId | None = None
    decided_at: Millis | None = None
    appeal_open: bool = False

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide: about what is reported, or about an appeal."""
        return self.status.is_live or self.appeal_open

    @property
    def about(self) -> str:
        """What the audit and events call it."""
        return f"case:{self.id}"


@attrs.frozen
class Report:
    """What somebody says is wrong with a subject."""

    id: ReportId
    case_id: CaseId
    reporter_id: UserId
    reason: Reason
    weight: int
    at: Millis
    note: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Reporter:
    """What is known of somebody who reports: since when they are here, and how they were right."""

    since: Millis
    upheld: int = 0
    dismissed: int = 0


@attrs.frozen
class CaseFilter:
    """Which cases; None where it does not matter.

    ``ids`` are those of cases, of their subjects or of whose these are. Moments are those of
    opening: from the first, before the second. ``not_of``: none about what is this person's.
    """

    campus_id: CampusId | None = None
    status: CaseStatus | None = None
    severity_min: int = 1
    severity_max: int = 5
    assigned_to: UserId | None = None
    kind: SubjectKind | None = None
    reason: Reason | None = None
    opened_from: Millis | None = None
    opened_before: Millis | None = None
    not_of: UserId | None = None
    ids: tuple[UUID, ...] | None = None
    appeal_open: bool | None = None

    def fits(self, case: Case) -> bool:
        """Whether it is one of these."""
        wanted = (
            (self.campus_id, case.campus_id),
            (self.status, case.status),
            (self.assigned_to, case.hold.assigned_to),
            (self.kind, case.subject.kind),
            (self.reason, case.reason),
            (self.appeal_open, case.appeal_open),
        )
        if any(one is not None and one != found for one, found in wanted):
            return False
        if not self.severity_min <= case.standing.severity <= self.severity_max:
            return False
        if self.not_of is not None and self.not_of == case.owner_id:
            return False
        if self.opened_from is not None and case.opened_at < self.opened_from:
            return False
        if self.opened_before is not None and case.opened_at >= self.opened_before:
            return False
        return self.ids is None or bool({case.id, case.subject.id, case.owner_id} & set(self.ids))


@attrs.frozen
class Waiting:
    """How many cases wait alike, and since when the first of them does."""

    status: CaseStatus
    assigned_to: UserId | None
    severity: int
    count: int
    oldest: Millis


@attrs.frozen
class Course:
    """When a case was opened, and when and by whom it was decided, if it was."""

    opened_at: Millis
    decided_at: Millis | None
    decision: Decision | None
    decided_by: UserId | None

"""What crosses the border of the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import attrs
from msgspec import Meta

from divan_core.kernel.clock import LATEST
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.model import CaseId, ReportId

REPORTS: Final = "mod:reports"
"""The topic of what is reported."""

ESCALATIONS: Final = "mod:escalations"
"""The topic of cases that admins are to look at."""

REPORT_RECEIVED: Final = "report.received"
CASE_OPENED: Final = "case.opened"
CASE_ASSIGNED: Final = "case.assigned"
CASE_ESCALATED: Final = "case.escalated"
CASE_DISMISSED: Final = "case.dismissed"
CASE_CLOSED: Final = "case.closed"
"""The names of events and of deeds on record."""

SubjectName = Literal["post", "comment", "user", "group", "message", "room", "turn"]
ReasonName = Literal["abuse", "harassment", "spam", "nsfw", "other"]
StatusName = Literal["open", "escalated", "actioned", "dismissed", "closed"]
OutcomeName = Literal["pending", "action_taken", "no_action"]
SubjectText = Annotated[str, Meta(min_length=1, max_length=64)]
Note = Annotated[str, Meta(min_length=1, max_length=2000)]
Limit = Annotated[int, Meta(ge=1, le=200)]
Severity = Annotated[int, Meta(ge=1, le=5)]
Days = Annotated[int, Meta(ge=1, le=90)]
Moment = Annotated[int, Meta(ge=0, le=LATEST)]
Ids = Annotated[tuple[CaseId, ...], Meta(min_length=1, max_length=100)]


@attrs.frozen
class SendReport:
    """Say that something is wrong. ``subject_id`` is a UUID, of a message its ULID."""

    subject_type: SubjectName
    subject_id: SubjectText
    reason_code: ReasonName
    note: Note | None = None


@attrs.frozen
class ReportView:
    """A report, to who sent it. ``outcome`` tells what class of end it came to, and no more."""

    id: ReportId
    subject_type: SubjectName
    subject_id: str
    reason_code: ReasonName
    note: str | None
    outcome: OutcomeName
    created_at: str


@attrs.frozen
class ReportsQuery:
    """A page of one's own reports."""

    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class CasesQuery:
    """A page of cases, those that fit all that is given.

    ``assigned_to`` is a person's id. ``opened_from`` and ``opened_before`` are milliseconds of the
    epoch. ``q`` is the id of a case, of its subject or of whose that is, or that one's handle.
    """

    status: StatusName | None = None
    severity_min: Severity = 1
    severity_max: Severity = 5
    assigned_to: UserId | None = None
    subject_type: SubjectName | None = None
    reason: ReasonName | None = None
    opened_from: Moment | None = None
    opened_before: Moment | None = None
    appeal_open: bool | None = None
    q: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class CaseView:
    """A case, to staff. ``weight`` is the sum of its reporters', 100 being an ordinary one.

    ``brigading``: so many reports weigh little that they may have been agreed on. ``appeal_open``:
    an appeal waits.
    """

    id: CaseId
    campus_id: CampusId
    subject_type: SubjectName
    subject_id: str
    owner_id: UserId | None
    status: StatusName
    reason: ReasonName
    severity: int
    weight: int
    report_count: int
    brigading: bool
    assigned_to: UserId | None
    leased_to: UserId | None
    leased_until: str | None
    decision: str | None
    decided_by: UserId | None
    decided_at: str | None
    opened_at: str
    reported_at: str
    appeal_open: bool


@attrs.frozen
class CaseReport:
    """A report of a case, to staff."""

    id: ReportId
    reporter_id: UserId
    reason_code: ReasonName
    note: str | None
    weight: int
    created_at: str


@attrs.frozen
class OneCase:
    """A case."""

    case_id: CaseId


@attrs.frozen
class NextCase:
    """The case that is on one's desk now; null where nothing waits."""

    case: CaseView | None


@attrs.frozen
class AssignCase:
    """Give a case to a member of staff, to oneself if to nobody else."""

    case_id: CaseId
    assignee_id: UserId | None = None


@attrs.frozen
class EscalateCase:
    """Leave a case to admins."""

    case_id: CaseId
    reason: Note


@attrs.frozen
class DismissCase:
    """Decide that nothing is to be done."""

    case_id: CaseId
    reason: Note


@attrs.frozen
class BatchAction:
    """Do the same to many cases, or find out with ``dry_run`` what would come of it.

    ``payload`` of ``assign`` may have an ``assignee_id``; that of ``apply`` has an ``action`` and
    may have ``ttl_minutes`` and a ``note``.
    """

    case_ids: Ids
    action: Literal["assign", "escalate", "dismiss", "apply"]
    reason: Note
    payload: Mapping[str, Any] | None = None
    dry_run: bool = False


@attrs.frozen
class BatchError:
    """Why it cannot be done to a case."""

    code: str
    detail: str


@attrs.frozen
class BatchResult:
    """What came of one case of a batch."""

    case_id: CaseId
    ok: bool
    error: BatchError | None = None


@attrs.frozen
class BatchResults:
    """What came of a batch, in the order of the request."""

    results: tuple[BatchResult, ...]


@attrs.frozen
class DaysQuery:
    """The last days, today included."""

    days: Days = 30


@attrs.frozen
class Kpis:
    """How the desk stands. Ages are in seconds, of the last seven days where people decided."""

    open: int
    escalated: int
    unassigned: int
    oldest_age_s: int | None
    opened_24h: int
    decided_24h: int
    actioned_7d: int
    dismissed_7d: int
    median_decision_s: int | None
    appeals_open: int = 0
    appeals_accepted_7d: int = 0
    appeals_rejected_7d: int = 0


@attrs.frozen
class Day:
    """How many cases a day (UTC, ``YYYY-MM-DD``) brought, and how many were decided."""

    day: str
    opened: int
    actioned: int
    dismissed: int


@attrs.frozen
class Trends:
    """Day by day, the oldest first; days without anything are there as well."""

    days: tuple[Day, ...]


@attrs.frozen
class Load:
    """What a member of staff has before them, and has decided in the last seven days."""

    user_id: UserId
    assigned: int
    decided_7d: int


@attrs.frozen
class Workload:
    """Who has how much to do, the most first."""

    staff: tuple[Load, ...]


def subject_uuid(text: str) -> UUID | None:
    """A subject's id as it is written: a UUID, or a ULID (github.com/ulid/spec); else None."""
    if len(text) == len(_ULID_FORM):
        return _of_ulid(text)
    try:
        return UUID(text) if len(text) == len(str(UUID(int=0))) else None
    except ValueError:
        return None


_ULID_FORM: Final = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _of_ulid(text: str) -> UUID | None:
    number = 0
    for letter in text:
        digit = _DIGITS.find(letter)
        if digit < 0:
            return None
        number = number << 5 | digit
    return UUID(int=number) if number < 1 << 128 else None


def ulid_text(subject_id: UUID) -> str:
    """A message's id as it is written: 26 letters and digits."""
    return "".join(_DIGITS[subject_id.int >> shift & 31] for shift in range(125, -1, -5))

"""Pure rules of the desk: who may do what, how much stands against a subject, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from divan_core.errors import CaseDecided, InvalidInput, NotAllowed, NotFound
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.messages import (
    CaseReport,
    CaseView,
    OutcomeName,
    ReportView,
    ulid_text,
)
from divan_core.moderation.model import (
    WHOLE,
    Case,
    CaseId,
    CaseStatus,
    Decision,
    Found,
    Hold,
    Reason,
    Report,
    Reporter,
    Standing,
    Subject,
    SubjectKind,
)

DAY_MS: Final = 86_400_000
LEASE_MS: Final = 15 * 60_000
"""How long a case stays on the desk of whoever took it up, in milliseconds."""

CLOSES_AFTER_MS: Final = 30 * DAY_MS
"""How long after its decision a case closes, in milliseconds."""

LIGHT: Final = 50
"""Reports of less weight than this, in hundredths, are light."""

CROWD: Final = 10
"""From so many reports on a case may be the work of people who agreed on it, ..."""

MOSTLY: Final = 0.6
"""... and is taken for that if so large a part of them is light."""

LIGHTEST: Final = 10
SEVERITY: Final[Mapping[Reason, int]] = {
    Reason.HARASSMENT: 3,
    Reason.ABUSE: 3,
    Reason.NSFW: 2,
    Reason.SPAM: 1,
    Reason.OTHER: 1,
}
"""What one report counts for."""

GRAVER: Final = (3 * WHOLE, 10 * WHOLE)
"""Each of these sums of weights makes a case graver by one."""

GRAVEST: Final = 5


def check_staff(actor: Actor) -> CampusId | None:
    """The campus to which a member of staff is limited; None for all of them.

    Raises:
        NotAllowed: the actor is not of the staff.
    """
    if ADMIN in actor.roles:
        return None
    if MODERATOR in actor.roles:
        return actor.campus_id
    raise NotAllowed("This is for staff.")


def check_case(actor: Actor, case: Case | None) -> Case:
    """The case, if it is for this member of staff: of their campus, and not about themselves.

    Raises:
        NotAllowed: the actor is not of the staff.
        NotFound: there is no such case to them.
    """
    scope = check_staff(actor)
    if case is None or scope not in {None, case.campus_id} or case.owner_id == actor.user_id:
        raise NotFound
    return case


def check_live(case: Case, actor: Actor) -> None:
    """Refuse to decide again, and moderators what is left to admins.

    Raises:
        CaseDecided: somebody has decided.
        NotAllowed: it was escalated, and the actor is no admin.
    """
    if not case.status.is_live:
        raise CaseDecided
    if case.status is CaseStatus.ESCALATED and ADMIN not in actor.roles:
        raise NotAllowed("This case was left to admins.")


def check_assignable(case: Case, actor: Actor) -> None:
    """As :func:`check_live`, but a case with an appeal can be given to somebody, by admins.

    Raises:
        CaseDecided: somebody has decided, and nothing waits.
        NotAllowed: it is left to admins, and the actor is none.
    """
    if not case.appeal_open:
        check_live(case, actor)
    elif ADMIN not in actor.roles:
        raise NotAllowed("Appeals are left to admins.")


def check_reporter(actor: Actor, found: Found | None) -> Found:
    """What somebody reports, if there is such a thing to them and it is not their own.

    Raises:
        NotFound: there is not.
        InvalidInput: it is.
    """
    if found is None:
        raise NotFound
    if found.owner_id == actor.user_id:
        raise InvalidInput("Nobody can report themselves or what is theirs.")
    return found


def weight_of(reporter: Reporter, now: Millis) -> int:
    """How much a report weighs, in hundredths: less from newcomers, and by how they were right.

    A quarter in the first week, 0.6 in the first month. Whoever was always upheld counts up to
    half as much again, whoever never was down to half.
    """
    age = now - reporter.since
    whole = WHOLE // 4 if age < 7 * DAY_MS else WHOLE * 6 // 10 if age < 30 * DAY_MS else WHOLE
    right = (reporter.upheld + 1) / (reporter.upheld + reporter.dismissed + 2)
    return max(round(whole * (0.5 + right)), LIGHTEST)


def after_report(standing: Standing, weight: int) -> Standing:
    """What stands against a subject after one more report of this weight.

    A crowd of light reports makes a case no graver than one report would.
    """
    reports, light = standing.reports + 1, standing.light + (weight < LIGHT)
    brigading = reports >= CROWD and light >= MOSTLY * reports
    total = standing.weight + weight
    return Standing(standing.severity, total, reports, light, brigading)


def severity_of(reason: Reason, standing: Standing) -> int:
    """How grave a case is, from 1 to 5, by its gravest reason and the sum of its weights."""
    more = 0 if standing.brigading else sum(standing.weight >= one for one in GRAVER)
    return min(SEVERITY[reason] + more, GRAVEST)


def graver(one: Reason, other: Reason) -> Reason:
    """The graver one of two reasons; the first where they are alike."""
    return other if SEVERITY[other] > SEVERITY[one] else one


def new_case(case_id: CaseId, subject: Subject, found: Found, reason: Reason, now: Millis) -> Case:
    """A case without reports."""
    return Case(case_id, found.campus_id, subject, found.owner_id, reason, now, now)


def reported(case: Case, reason: Reason, weight: int, now: Millis) -> Case:
    """The case after one more report."""
    worst = graver(case.reason, reason)
    standing = after_report(case.standing, weight)
    standing = attrs.evolve(standing, severity=severity_of(worst, standing))
    return attrs.evolve(case, reason=worst, standing=standing, reported_at=now)


def assigned(case: Case, assignee: UserId) -> Case:
    """The case in somebody's care; whoever had it on their desk has it no longer."""
    return attrs.evolve(case, hold=Hold(assigned_to=assignee))


def leased(case: Case, moderator: UserId, now: Millis) -> Case:
    """The case on somebody's desk for a while."""
    hold = attrs.evolve(case.hold, leased_to=moderator, leased_until=Millis(now + LEASE_MS))
    return attrs.evolve(case, hold=hold)


def escalated(case: Case) -> Case:
    """The case before admins, on nobody's desk. Escalating again changes nothing else."""
    return attrs.evolve(case, status=CaseStatus.ESCALATED, hold=Hold())


def decided(case: Case, decision: Decision, moderator: UserId | None, now: Millis) -> Case:
    """The case after somebody has decided about it, or a rule, where that is None."""
    return attrs.evolve(
        case,
        status=CaseStatus(decision.value),
        hold=attrs.evolve(case.hold, leased_to=None, leased_until=None),
        decision=decision,
        decided_by=moderator,
        decided_at=now,
    )


def closed(case: Case) -> Case:
    """The case once it is over."""
    return attrs.evolve(case, status=CaseStatus.CLOSED)


def is_over(case: Case, decided_before: Millis) -> bool:
    """Whether a case is to be closed: it was decided before a moment, and no appeal waits."""
    if case.status is CaseStatus.CLOSED or case.appeal_open or case.decided_at is None:
        return False
    return case.decided_at < decided_before


def outcome_of(case: Case) -> OutcomeName:
    """What who reported is told of the end."""
    if case.decision is None:
        return "pending"
    return "action_taken" if case.decision is Decision.ACTIONED else "no_action"


def written(subject: Subject) -> str:
    """A subject's id as it is written."""
    message = subject.kind is SubjectKind.MESSAGE
    return ulid_text(subject.id) if message else str(subject.id)


def report_view(report: Report, case: Case) -> ReportView:
    """A report as who sent it sees it."""
    return ReportView(
        id=report.id,
        subject_type=case.subject.kind.value,
        subject_id=written(case.subject),
        reason_code=report.reason.value,
        note=report.note,
        outcome=outcome_of(case),
        created_at=rfc3339(report.at),
    )


def case_report(report: Report) -> CaseReport:
    """A report as staff sees it."""
    return CaseReport(
        id=report.id,
        reporter_id=report.reporter_id,
        reason_code=report.reason.value,
        note=report.note,
        weight=report.weight,
        created_at=rfc3339(report.at),
    )


def case_view(case: Case) -> CaseView:
    """A case as staff sees it."""
    return CaseView(
        id=case.id,
        campus_id=case.campus_id,
        subject_type=case.subject.kind.value,
        subject_id=written(case.subject),
        owner_id=case.owner_id,
        status=case.status.value,
        reason=case.reason.value,
        severity=case.standing.severity,
        weight=case.standing.weight,
        report_count=case.standing.reports,
        brigading=case.standing.brigading,
        assigned_to=case.hold.assigned_to,
        leased_to=case.hold.leased_to,
        leased_until=_moment(case.hold.leased_until),
        decision=None if case.decision is None else case.decision.value,
        decided_by=case.decided_by,
        decided_at=_moment(case.decided_at),
        opened_at=rfc3339(case.opened_at),
        reported_at=rfc3339(case.reported_at),
        appeal_open=case.appeal_open,
    )


def is_for(case: Case, moderator: UserId, now: Millis) -> bool:
    """Whether a case can be put on this moderator's desk: it waits, and is not their own affair."""
    return case.waits and case.hold.is_free(moderator, now) and case.owner_id != moderator


def urgency(case: Case) -> tuple[bool, int, CaseId]:
    """What cases that wait are ordered by: what only admins decide first, the gravest, the oldest.

    That is what was escalated, and appeals.
    """
    of_admins = case.status is CaseStatus.ESCALATED or case.appeal_open
    return not of_admins, -case.standing.severity, case.id


def _moment(at: Millis | None) -> str | None:
    return None if at is None else rfc3339(at)

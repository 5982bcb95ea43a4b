"""Cases and reports in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    desc,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.model import (
    Case,
    CaseFilter,
    CaseId,
    CaseStatus,
    Course,
    Decision,
    Hold,
    Reason,
    Report,
    ReportId,
    Standing,
    Subject,
    SubjectKind,
    Waiting,
)
from divan_core.stores.sql.clauses import insert_or_replace
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.desktables import CASES, REPORTS
from divan_core.stores.sql.reading import named_rows

_LIVE: Final = CASES.c.decision.is_(None)
APPEALED: Final = text("cases.appeal_open")
"""Whether an appeal waits; as the index has it, which SQLite would not use for ``= 1``."""
_WAITS: Final = or_(_LIVE, APPEALED)
_ESCALATED_FIRST: Final = desc(CASES.c.status == CaseStatus.ESCALATED.value)

_LATEST: Final = (
    select(CASES)
    .where(
        CASES.c.subject_kind == bindparam("of_kind", type_=CASES.c.subject_kind.type),
        CASES.c.subject_id == bindparam("of_subject", type_=CASES.c.subject_id.type),
    )
    .order_by(CASES.c.id.desc())
    .limit(literal_column("1", Integer()))
)


class SqlCases:
    """Keeps cases, and the reports that they gather."""

    def __init__(self, connection: SqlConnection, *, exists: bool = True) -> None:
        """Work in the transaction of ``connection``; ``exists``: there are such tables."""
        self._connection = connection
        self._exists = exists

    async def get(self, case_id: CaseId) -> Case | None:
        """The case, whatever its state, or None."""
        return await self._one(select(CASES).where(CASES.c.id == case_id))

    async def get_many(self, case_ids: Collection[CaseId]) -> Sequence[Case]:
        """Those of these that exist, in any order."""
        return await self._all(select(CASES).where(CASES.c.id.in_(case_ids)))

    async def live(self, subject: Subject) -> Case | None:
        """The case about a subject that is open or escalated, or None."""
        is_its = (CASES.c.subject_kind == subject.kind.value, CASES.c.subject_id == subject.id)
        return await self._one(select(CASES).where(_LIVE, *is_its))

    async def latest(self, subject: Subject) -> Case | None:
        """The newest case about a subject, whatever its state, or None."""
        given = {"of_kind": subject.kind.value, "of_subject": subject.id}
        found = await named_rows(self._connection, _LATEST, given)
        return case_of(found[0]) if found else None

    async def put(self, case: Case) -> None:
        """Keep it, replacing the one of the same id."""
        await self._connection.later(insert_or_replace(CASES, self._connection.dialect), _row(case))

    async def page(self, wanted: CaseFilter, before: CaseId | None, limit: int) -> Sequence[Case]:
        """Up to ``limit`` cases that fit, by id descending."""
        query = select(CASES).where(*_fitting(wanted)).order_by(CASES.c.id.desc()).limit(limit)
        return await self._all(query if before is None else query.where(CASES.c.id < before))

    async def urgent(
        self, campus_id: CampusId | None, moderator: UserId, now: Millis, limit: int
    ) -> Sequence[Case]:
        """Up to ``limit`` cases that this moderator may take up, the most urgent first."""
        hold = CASES.c
        query = select(CASES).where(
            _LIVE,
            or_(hold.owner_id.is_(None), hold.owner_id != moderator),
            or_(hold.assigned_to.is_(None), hold.assigned_to == moderator),
            or_(
                hold.leased_until.is_(None),
                hold.leased_until <= now,
                hold.leased_to == moderator,
            ),
        )
        if campus_id is None:
            query = query.order_by(_ESCALATED_FIRST)
        else:
            is_open = CASES.c.status == CaseStatus.OPEN.value
            query = query.where(CASES.c.campus_id == campus_id, is_open)
        return await self._all(query.order_by(CASES.c.severity.desc(), CASES.c.id).limit(limit))

    async def held(self, moderator: UserId, now: Millis) -> Case | None:
        """The case that waits on this moderator's desk, the one leased longest, or None."""
        is_theirs = and_(CASES.c.leased_to == moderator, CASES.c.leased_until > now)
        order = (CASES.c.leased_until.desc(), CASES.c.id.desc())
        return await self._one(select(CASES).where(_WAITS, is_theirs).order_by(*order).limit(1))

    async def over(self, decided_before: Millis, most: int) -> Sequence[Case]:
        """Up to ``most`` cases that were decided before a moment and are not closed, by id."""
        is_over = and_(
            CASES.c.decided_at < decided_before,
            CASES.c.status != CaseStatus.CLOSED.value,
            ~CASES.c.appeal_open,
        )
        return await self._all(select(CASES).where(is_over).order_by(CASES.c.id).limit(most))

    async def waiting(self, campus_id: CampusId | None) -> Sequence[Waiting]:
        """How many live cases there are of each status, assignee and severity."""
        alike = (CASES.c.status, CASES.c.assigned_to, CASES.c.severity)
        oldest = func.min(CASES.c.opened_at, type_=CASES.c.opened_at.type)
        query = select(*alike, func.count(), oldest).where(_LIVE, *_of_campus(campus_id))
        rows = await self._connection.execute(query.group_by(*alike))
        return [Waiting(CaseStatus(status), *rest) for status, *rest in map(tuple, rows)]

    async def courses(
        self, campus_id: CampusId | None, since: Millis, most: int
    ) -> Sequence[Course]:
        """Of up to ``most`` cases that were opened or decided since a moment, the newest first."""
        columns = (CASES.c.opened_at, CASES.c.decided_at, CASES.c.decision, CASES.c.decided_by)
        recent = or_(CASES.c.opened_at >= since, CASES.c.decided_at >= since)
        query = select(*columns).where(recent, *_of_campus(campus_id))
        rows = await self._connection.execute(query.order_by(CASES.c.id.desc()).limit(most))
        return [
            Course(row.opened_at, row.decided_at, _decision(row.decision), row.decided_by)
            for row in rows
        ]

    async def report(self, report: Report) -> None:
        """Keep a report, whose case exists."""
        row = attrs.asdict(report, recurse=False) | {"reason": report.reason.value}
        await self._connection.execute(insert(REPORTS), row)

    async def reports(self, case_id: CaseId, limit: int) -> Sequence[Report]:
        """The first ``limit`` reports of a case, by id."""
        query = select(REPORTS).where(REPORTS.c.case_id == case_id)
        rows = await self._connection.execute(query.order_by(REPORTS.c.id).limit(limit))
        return [_report(row) for row in rows]

    async def reports_by(
        self, reporter_id: UserId, before: ReportId | None, limit: int
    ) -> Sequence[tuple[Report, Case]]:
        """Up to ``limit`` reports of somebody, with their cases, by id descending."""
        query = select(REPORTS).where(REPORTS.c.reporter_id == reporter_id)
        query = query if before is None else query.where(REPORTS.c.id < before)
        rows = await self._connection.execute(query.order_by(REPORTS.c.id.desc()).limit(limit))
        found = [_report(row) for row in rows]
        ids = {one.case_id for one in found}
        cases = {one.id: one for one in await self.get_many(ids)}
        return [(one, cases[one.case_id]) for one in found]

    async def reporters_of(self, owner_id: UserId, since: Millis, weight: int) -> int:
        """How many different people reported what is somebody's after a moment."""
        query = (
            select(func.count(REPORTS.c.reporter_id.distinct()))
            .select_from(REPORTS.join(CASES))
            .where(CASES.c.owner_id == owner_id)
            .where(REPORTS.c.at > since, REPORTS.c.weight >= weight)
        )
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def upheld_and_dismissed(self, reporter_id: UserId) -> tuple[int, int]:
        """How many of somebody's reports came to something, and how many to nothing."""
        ends = (
            func.count(case((CASES.c.decision == end.value, 1)))
            for end in (Decision.ACTIONED, Decision.DISMISSED)
        )
        query = select(*ends).select_from(REPORTS.join(CASES))
        row = (
            await self._connection.execute(query.where(REPORTS.c.reporter_id == reporter_id))
        ).one()
        upheld, dismissed = tuple(row)
        return int(upheld), int(dismissed)

    async def count_notes(self, person_id: UserId) -> int:
        """How many notes there are in reports by somebody or about what is theirs."""
        if not self._exists:
            return 0
        query = select(func.count()).select_from(REPORTS).where(*_noted(person_id))
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def erase_notes(self, person_id: UserId, most: int) -> int:
        """Remove up to ``most`` of these notes; how many it were."""
        if not self._exists:
            return 0
        some = select(REPORTS.c.id).where(*_noted(person_id)).order_by(REPORTS.c.id).limit(most)
        emptied = update(REPORTS).where(REPORTS.c.id.in_(some)).values(note=None)
        return (await self._connection.execute(emptied)).rowcount

    async def _one(self, query: Select[Any]) -> Case | None:
        row = (await self._connection.execute(query)).first()
        return None if row is None else case_of(row)

    async def _all(self, query: Select[Any]) -> Sequence[Case]:
        return [case_of(row) for row in await self._connection.execute(query)]


def _of_campus(campus_id: CampusId | None) -> tuple[ColumnElement[bool], ...]:
    return () if campus_id is None else (CASES.c.campus_id == campus_id,)


def _noted(person_id: UserId) -> tuple[ColumnElement[bool], ...]:
    theirs = select(CASES.c.id).where(CASES.c.owner_id == person_id)
    return (
        REPORTS.c.note.is_not(None),
        or_(REPORTS.c.reporter_id == person_id, REPORTS.c.case_id.in_(theirs)),
    )


def _fitting(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    equal = (
        (CASES.c.campus_id, wanted.campus_id),
        (CASES.c.status, wanted.status and wanted.status.value),
        (CASES.c.assigned_to, wanted.assigned_to),
        (CASES.c.subject_kind, wanted.kind and wanted.kind.value),
        (CASES.c.reason, wanted.reason and wanted.reason.value),
        (CASES.c.appeal_open, wanted.appeal_open),
    )
    found = [column == value for column, value in equal if value is not None]
    found.append(CASES.c.severity.between(wanted.severity_min, wanted.severity_max))
    if wanted.opened_from is not None:
        found.append(CASES.c.opened_at >= wanted.opened_from)
    if wanted.opened_before is not None:
        found.append(CASES.c.opened_at < wanted.opened_before)
    if wanted.not_of is not None:
        found.append(or_(CASES.c.owner_id.is_(None), CASES.c.owner_id != wanted.not_of))
    if wanted.ids is not None:
        named = (CASES.c.id, CASES.c.subject_id, CASES.c.owner_id)
        found.append(or_(*(column.in_(wanted.ids) for column in named)))
    return found


def _decision(text: str | None) -> Decision | None:
    return None if text is None else Decision(text)


def _row(case: Case) -> dict[str, Any]:
    standing, hold = case.standing, case.hold
    return {
        **attrs.asdict(standing),
        **attrs.asdict(hold, recurse=False),
        "id": case.id,
        "campus_id": case.campus_id,
        "subject_kind": case.subject.kind.value,
        "subject_id": case.subject.id,
        "owner_id": case.owner_id,
        "reason": case.reason.value,
        "status": case.status.value,
        "decision": None if case.decision is None else case.decision.value,
        "decided_by": case.decided_by,
        "decided_at": case.decided_at,
        "opened_at": case.opened_at,
        "reported_at": case.reported_at,
        "appeal_open": case.appeal_open,
    }


def case_of(row: Row[Any]) -> Case:
    """The case of a row of the table."""
    standing = Standing(row.severity, row.weight, row.reports, row.light, row.brigading)
    return Case(
        id=row.id,
        campus_id=row.campus_id,
        subject=Subject(SubjectKind(row.subject_kind), row.subject_id),
        owner_id=row.owner_id,
        reason=Reason(row.reason),
        opened_at=row.opened_at,
        reported_at=row.reported_at,
        status=CaseStatus(row.status),
        standing=standing,
        hold=Hold(row.assigned_to, row.leased_to, row.leased_until),
        decision=_decision(row.decision),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        appeal_open=row.appeal_open,
    )


def _report(row: Row[Any]) -> Report:
    return Report(
        id=row.id,
        case_id=row.case_id,
        reporter_id=row.reporter_id,
        reason=Reason(row.reason),
        weight=row.weight,
        at=row.at,
        note=row.note,
    )

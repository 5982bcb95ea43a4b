"""Cases and reports in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import attrs

from divan_core.errors import AlreadyReported, CaseOpen
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.model import (
    Case,
    CaseFilter,
    CaseId,
    CaseStatus,
    Course,
    Decision,
    Report,
    ReportId,
    Subject,
    Waiting,
)
from divan_core.stores.memory.changes import Changes


@attrs.define
class CaseRecords:
    """All cases and reports."""

    cases: dict[CaseId, Case] = attrs.field(factory=dict)
    reports: dict[ReportId, Report] = attrs.field(factory=dict)


class MemoryCases:
    """Keeps cases, and the reports that they gather."""

    def __init__(self, records: CaseRecords, changes: Changes) -> None:
        """Work on ``records``; how to undo it goes into ``changes``."""
        self._records = records
        self._changes = changes

    async def get(self, case_id: CaseId) -> Case | None:
        """The case, whatever its state, or None."""
        return self._records.cases.get(case_id)

    async def get_many(self, case_ids: Collection[CaseId]) -> Sequence[Case]:
        """Those of these that exist, in any order."""
        known = self._records.cases
        return [known[one] for one in set(case_ids) if one in known]

    async def live(self, subject: Subject) -> Case | None:
        """The case about a subject that is open or escalated, or None."""
        return next((one for one in self._live() if one.subject == subject), None)

    async def latest(self, subject: Subject) -> Case | None:
        """The newest case about a subject, whatever its state, or None."""
        found = (one for one in self._records.cases.values() if one.subject == subject)
        return max(found, key=lambda one: one.id, default=None)

    async def put(self, case: Case) -> None:
        """Keep it, replacing the one of the same id."""
        self._changes.begin()
        other = await self.live(case.subject) if case.status.is_live else None
        if other is not None and other.id != case.id:
            raise self._changes.failed(CaseOpen())
        self._changes.set(self._records.cases, case.id, case)

    async def page(self, wanted: CaseFilter, before: CaseId | None, limit: int) -> Sequence[Case]:
        """Up to ``limit`` cases that fit, by id descending."""
        found = (one for one in self._records.cases.values() if wanted.fits(one))
        below = [one for one in found if before is None or one.id < before]
        return sorted(below, key=lambda one: one.id, reverse=True)[:limit]

    async def urgent(
        self, campus_id: CampusId | None, moderator: UserId, now: Millis, limit: int
    ) -> Sequence[Case]:
        """Up to ``limit`` cases that this moderator may take up, the most urgent first."""
        found = (
            one
            for one in self._live()
            if one.owner_id != moderator
            and one.hold.is_free(moderator, now)
            and (campus_id is None or _is_open_on(one, campus_id))
        )
        return sorted(found, key=_urgency)[:limit]

    async def held(self, moderator: UserId, now: Millis) -> Case | None:
        """The case that waits on this moderator's desk, the one leased longest, or None."""
        every = self._records.cases.values()
        found = [one for one in every if one.waits and one.hold.is_held(moderator, now)]
        return max(found, key=lambda one: (one.hold.leased_until or 0, one.id), default=None)

    async def over(self, decided_before: Millis, most: int) -> Sequence[Case]:
        """Up to ``most`` cases that were decided before a moment and are not closed, by id."""
        found = [
            one
            for one in self._records.cases.values()
            if one.status is not CaseStatus.CLOSED
            and not one.appeal_open
            and one.decided_at is not None
            and one.decided_at < decided_before
        ]
        return sorted(found, key=lambda one: one.id)[:most]

    async def waiting(self, campus_id: CampusId | None) -> Sequence[Waiting]:
        """How many live cases there are of each status, assignee and severity."""
        alike = defaultdict[tuple[CaseStatus, UserId | None, int], list[Millis]](list)
        for one in self._live():
            if campus_id in {None, one.campus_id}:
                key = (one.status, one.hold.assigned_to, one.standing.severity)
                alike[key].append(one.opened_at)
        return [Waiting(*key, len(opened), min(opened)) for key, opened in alike.items()]

    async def courses(
        self, campus_id: CampusId | None, since: Millis, most: int
    ) -> Sequence[Course]:
        """Of up to ``most`` cases that were opened or decided since a moment, the newest first."""
        found = (
            one
            for one in self._records.cases.values()
            if campus_id in {None, one.campus_id}
            and max(one.opened_at, one.decided_at or one.opened_at) >= since
        )
        newest = sorted(found, key=lambda one: one.id, reverse=True)[:most]
        return [
            Course(one.opened_at, one.decided_at, one.decision, one.decided_by) for one in newest
        ]

    async def report(self, report: Report) -> None:
        """Keep a report, whose case exists."""
        self._changes.begin()
        if report.case_id not in self._records.cases:
            raise self._changes.failed(UnitMisused("A report's case does not exist."))
        if any(
            (one.case_id, one.reporter_id) == (report.case_id, report.reporter_id)
            for one in self._records.reports.values()
        ):
            raise self._changes.failed(AlreadyReported())
        self._changes.set(self._records.reports, report.id, report)

    async def reports(self, case_id: CaseId, limit: int) -> Sequence[Report]:
        """The first ``limit`` reports of a case, by id."""
        found = (one for one in self._records.reports.values() if one.case_id == case_id)
        return sorted(found, key=lambda one: one.id)[:limit]

    async def reports_by(
        self, reporter_id: UserId, before: ReportId | None, limit: int
    ) -> Sequence[tuple[Report, Case]]:
        """Up to ``limit`` reports of somebody, with their cases, by id descending."""
        found = sorted(self._by(reporter_id), key=lambda one: one.id, reverse=True)
        below = (one for one in found if before is None or one.id < before)
        return [(one, self._records.cases[one.case_id]) for one in islice(below, limit)]

    async def reporters_of(self, owner_id: UserId, since: Millis, weight: int) -> int:
        """How many different people reported what is somebody's after a moment."""
        cases = self._records.cases
        return len(
            {
                one.reporter_id
                for one in self._records.reports.values()
                if cases[one.case_id].owner_id == owner_id
                and one.at > since
                and one.weight >= weight
            }
        )

    async def upheld_and_dismissed(self, reporter_id: UserId) -> tuple[int, int]:
        """How many of somebody's reports came to something, and how many to nothing."""
        ends = [self._records.cases[one.case_id].decision for one in self._by(reporter_id)]
        return ends.count(Decision.ACTIONED), ends.count(Decision.DISMISSED)

    async def count_notes(self, person_id: UserId) -> int:
        """How many notes there are in reports by somebody or about what is theirs."""
        return len(self._noted(person_id))

    async def erase_notes(self, person_id: UserId, most: int) -> int:
        """Remove up to ``most`` of these notes; how many it were."""
        self._changes.begin()
        found = self._noted(person_id)[:most]
        for one in found:
            self._changes.set(self._records.reports, one.id, attrs.evolve(one, note=None))
        return len(found)

    def _live(self) -> Iterator[Case]:
        return (one for one in self._records.cases.values() if one.status.is_live)

    def _by(self, reporter_id: UserId) -> Iterable[Report]:
        return (one for one in self._records.reports.values() if one.reporter_id == reporter_id)

    def _noted(self, person_id: UserId) -> list[Report]:
        found = [
            one
            for one in self._records.reports.values()
            if one.note is not None
            and person_id in {one.reporter_id, self._records.cases[one.case_id].owner_id}
        ]
        return sorted(found, key=lambda one: one.id)


def _is_open_on(case: Case, campus_id: CampusId) -> bool:
    return case.status is CaseStatus.OPEN and case.campus_id == campus_id


def _urgency(case: Case) -> tuple[bool, int, CaseId]:
    return case.status is not CaseStatus.ESCALATED, -case.standing.severity, case.id

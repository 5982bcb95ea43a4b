"""Reporting: what is wrong, said by those who see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.texts import check_texts
from divan_core.kernel.units import Units
from divan_core.moderation import policy
from divan_core.moderation.messages import (
    REPORT_RECEIVED,
    REPORTS,
    ReportsQuery,
    ReportView,
    SendReport,
    subject_uuid,
)
from divan_core.moderation.model import (
    Case,
    CaseId,
    Found,
    Reason,
    Report,
    Reporter,
    ReportId,
    Subject,
    SubjectKind,
)
from divan_core.moderation.ports import DeskUnit
from divan_core.moderation.tools import DeskTools, Place, event

SEND: Final = "reports.send"


class Reports:
    """What people report. Of a subject there is one open case, which gathers its reports."""

    def __init__(self, units: Units[DeskUnit], tools: DeskTools) -> None:
        """Keep reports through ``units``."""
        self._units = units
        self._tools = tools

    async def send(
        self, actor: Actor, command: SendReport, *, idempotency_key: KeyGiven = None
    ) -> Done[ReportView]:
        """Report something.

        Whoever it is about never learns by whom. Nothing happens by itself, however many report.

        Raises:
            ValidationFailed: the note is no text that can be kept.
            NotFound: there is no such thing to the actor.
            InvalidInput: it is their own.
            AlreadyReported: they have reported it, and nobody has decided yet.
            RateLimited: too many reports.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(note=command.note)
        tools, subject = self._tools, _subject_of(command)
        found = policy.check_reporter(actor, await tools.subjects.found(actor, subject))
        since = await tools.people.since(actor.user_id)

        async def body(unit: DeskUnit) -> ReportView:
            await unit.locks.take(subject.lock)
            record = await unit.cases.upheld_and_dismissed(actor.user_id)
            weight = policy.weight_of(Reporter(since, *record), tools.clock.now())
            case = await self._gathering(unit, subject, found, Reason(command.reason_code), weight)
            report = self._report(actor, command, case, weight)
            await unit.cases.report(report)
            await unit.outbox.add(event(tools, REPORTS, REPORT_RECEIVED, case))
            return policy.report_view(report, case)

        attempt = Attempt(actor, SEND, command, ReportView, idempotency_key, tools.limit)
        return await tools.once.once(attempt, body)

    async def mine(self, actor: Actor, query: ReportsQuery) -> Page[ReportView]:
        """The actor's own reports, the newest first, and what class of end they came to.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        place = Place(self._tools.sealer, b"reports:" + actor.user_id.bytes)
        last = place.open(query.cursor)
        before = None if last is None else ReportId(last)

        async def body(unit: DeskUnit) -> Sequence[tuple[Report, Case]]:
            return await unit.cases.reports_by(actor.user_id, before, query.limit + 1)

        found = await self._units.read(body)
        views = tuple(policy.report_view(*one) for one in found[: query.limit])
        more = len(found) > query.limit
        return Page(views, place.seal(views[-1].id) if more else None)

    async def _gathering(
        self, unit: DeskUnit, subject: Subject, found: Found, reason: Reason, weight: int
    ) -> Case:
        """The open case of a subject, one report heavier; a new one if there was none."""
        now = self._tools.clock.now()
        case = await unit.cases.live(subject)
        if case is None:
            case_id = CaseId(self._tools.ids.uuid())
            case = policy.new_case(case_id, subject, found, reason, now)
        case = policy.reported(case, reason, weight, now)
        await unit.cases.put(case)
        return case

    def _report(self, actor: Actor, command: SendReport, case: Case, weight: int) -> Report:
        return Report(
            id=ReportId(self._tools.ids.uuid()),
            case_id=case.id,
            reporter_id=actor.user_id,
            reason=Reason(command.reason_code),
            weight=weight,
            at=self._tools.clock.now(),
            note=command.note,
        )


def _subject_of(command: SendReport) -> Subject:
    """What a command names.

    Raises:
        NotFound: nothing is called so.
    """
    subject_id = subject_uuid(command.subject_id)
    if subject_id is None:
        raise NotFound
    return Subject(SubjectKind(command.subject_type), subject_id)

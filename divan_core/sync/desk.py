"""The human desk for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.moderation.actionmessages import (
    ActionView,
    Applied,
    ApplyAction,
    CaseDetail,
    ConfirmAction,
    RevertAction,
)
from divan_core.moderation.actions import Actions
from divan_core.moderation.cases import Cases
from divan_core.moderation.dashboard import Dashboard
from divan_core.moderation.messages import (
    AssignCase,
    BatchAction,
    BatchResults,
    CasesQuery,
    CaseView,
    DaysQuery,
    DismissCase,
    EscalateCase,
    Kpis,
    NextCase,
    OneCase,
    ReportsQuery,
    ReportView,
    SendReport,
    Trends,
    Workload,
)
from divan_core.moderation.reports import Reports
from divan_core.stores.bundle import StoreUnit
from divan_core.sync.waiting import Waiting


class SyncReports:
    """:class:`~divan_core.moderation.reports.Reports`, waiting for each answer."""

    def __init__(self, service: Reports, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def send(
        self, actor: Actor, command: SendReport, *, idempotency_key: KeyGiven = None
    ) -> Done[ReportView]:
        """See ``Reports.send``."""
        return self._run(self._service.send, actor, command, idempotency_key=idempotency_key)

    def mine(self, actor: Actor, query: ReportsQuery) -> Page[ReportView]:
        """See ``Reports.mine``."""
        return self._run(self._service.mine, actor, query)


class SyncCases:
    """:class:`~divan_core.moderation.cases.Cases`, waiting for each answer."""

    def __init__(self, service: Cases, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def page(self, actor: Actor, query: CasesQuery) -> Page[CaseView]:
        """See ``Cases.page``."""
        return self._run(self._service.page, actor, query)

    def get(self, actor: Actor, query: OneCase) -> CaseDetail:
        """See ``Cases.get``."""
        return self._run(self._service.get, actor, query)

    def next(self, actor: Actor) -> NextCase:
        """See ``Cases.next``."""
        return self._run(self._service.next, actor)

    def assign(
        self, actor: Actor, command: AssignCase, *, idempotency_key: KeyGiven = None
    ) -> Done[CaseView]:
        """See ``Cases.assign``."""
        return self._run(self._service.assign, actor, command, idempotency_key=idempotency_key)

    def escalate(
        self, actor: Actor, command: EscalateCase, *, idempotency_key: KeyGiven = None
    ) -> Done[CaseView]:
        """See ``Cases.escalate``."""
        return self._run(self._service.escalate, actor, command, idempotency_key=idempotency_key)

    def dismiss(
        self, actor: Actor, command: DismissCase, *, idempotency_key: KeyGiven = None
    ) -> Done[CaseView]:
        """See ``Cases.dismiss``."""
        return self._run(self._service.dismiss, actor, command, idempotency_key=idempotency_key)

    def batch(
        self, actor: Actor, command: BatchAction, *, idempotency_key: KeyGiven = None
    ) -> Done[BatchResults]:
        """See ``Cases.batch``."""
        return self._run(self._service.batch, actor, command, idempotency_key=idempotency_key)

    def export(self, actor: Actor, query: CasesQuery) -> str:
        """See ``Cases.export``."""
        return self._run(self._service.export, actor, query)


class SyncActions:
    """:class:`~divan_core.moderation.actions.Actions`, waiting for each answer."""

    def __init__(self, service: Actions[StoreUnit], waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def apply(
        self, actor: Actor, command: ApplyAction, *, idempotency_key: KeyGiven = None
    ) -> Done[Applied]:
        """See ``Actions.apply``."""
        return self._run(self._service.apply, actor, command, idempotency_key=idempotency_key)

    def revert(
        self, actor: Actor, command: RevertAction, *, idempotency_key: KeyGiven = None
    ) -> Done[ActionView]:
        """See ``Actions.revert``."""
        return self._run(self._service.revert, actor, command, idempotency_key=idempotency_key)

    def confirm(
        self, actor: Actor, command: ConfirmAction, *, idempotency_key: KeyGiven = None
    ) -> Done[Applied]:
        """See ``Actions.confirm``."""
        return self._run(self._service.confirm, actor, command, idempotency_key=idempotency_key)

    def batch(
        self, actor: Actor, command: BatchAction, *, idempotency_key: KeyGiven = None
    ) -> Done[BatchResults]:
        """See ``Actions.batch``."""
        return self._run(self._service.batch, actor, command, idempotency_key=idempotency_key)


class SyncDashboard:
    """:class:`~divan_core.moderation.dashboard.Dashboard`, waiting for each answer."""

    def __init__(self, service: Dashboard, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def kpis(self, actor: Actor) -> Kpis:
        """See ``Dashboard.kpis``."""
        return self._run(self._service.kpis, actor)

    def trends(self, actor: Actor, query: DaysQuery) -> Trends:
        """See ``Dashboard.trends``."""
        return self._run(self._service.trends, actor, query)

    def workload(self, actor: Actor) -> Workload:
        """See ``Dashboard.workload``."""
        return self._run(self._service.workload, actor)

"""Reports, cases and the dashboard of the staff."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.divan import Divan
from divan_core.errors import (
    AlreadyReported,
    CaseDecided,
    ConfirmationLapsed,
    InvalidCursor,
    InvalidInput,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    OwnDecision,
    RateLimited,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_core.moderation.actionmessages import (
    ActionView,
    Applied,
    ApplyAction,
    CaseDetail,
    ConfirmAction,
    RevertAction,
)
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
from divan_http.operation import KeyedOperation, Nothing, Operation, PersonOperation

ROOT: Final = "/api/mod/v1"
CSV: Final = "text/csv; charset=utf-8"
DECIDING: Final = (NotAllowed, NotFound, CaseDecided)


def report(
    divan: Divan, actor: Actor, command: SendReport, key: IdempotencyKey | None
) -> Awaitable[Done[ReportView]]:
    """Report a person, a message or a room; whoever it is about never learns by whom."""
    return divan.reports.send(actor, command, idempotency_key=key)


def mine(divan: Divan, actor: Actor, query: ReportsQuery) -> Awaitable[Page[ReportView]]:
    """List your reports, newest first, and what class of end they came to."""
    return divan.reports.mine(actor, query)


def cases(divan: Divan, actor: Actor, query: CasesQuery) -> Awaitable[Page[CaseView]]:
    """List the cases of your campus, newest first; to admins, of all."""
    return divan.cases.page(actor, query)


def case(divan: Divan, actor: Actor, query: OneCase) -> Awaitable[CaseDetail]:
    """Show a case with its reports and what was done."""
    return divan.cases.get(actor, query)


def following(divan: Divan, actor: Actor, _: Nothing) -> Awaitable[NextCase]:
    """Put the most urgent case on your desk for 15 minutes, unless there is one on it."""
    return divan.cases.next(actor)


def assign(
    divan: Divan, actor: Actor, command: AssignCase, key: IdempotencyKey | None
) -> Awaitable[Done[CaseView]]:
    """Give a case to a member of staff, to yourself if to nobody else."""
    return divan.cases.assign(actor, command, idempotency_key=key)


def escalate(
    divan: Divan, actor: Actor, command: EscalateCase, key: IdempotencyKey | None
) -> Awaitable[Done[CaseView]]:
    """Leave a case to admins."""
    return divan.cases.escalate(actor, command, idempotency_key=key)


def dismiss(
    divan: Divan, actor: Actor, command: DismissCase, key: IdempotencyKey | None
) -> Awaitable[Done[CaseView]]:
    """Decide that nothing is to be done."""
    return divan.cases.dismiss(actor, command, idempotency_key=key)


def act(
    divan: Divan, actor: Actor, command: ApplyAction, key: IdempotencyKey | None
) -> Awaitable[Done[Applied]]:
    """Do something about a case; doing it twice is as doing it once."""
    return divan.actions.apply(actor, command, idempotency_key=key)


def confirm(
    divan: Divan, actor: Actor, command: ConfirmAction, key: IdempotencyKey | None
) -> Awaitable[Done[Applied]]:
    """Let a ban of the whole deployment take force that another admin has proposed."""
    return divan.actions.confirm(actor, command, idempotency_key=key)


def revert(
    divan: Divan, actor: Actor, command: RevertAction, key: IdempotencyKey | None
) -> Awaitable[Done[ActionView]]:
    """Take an action back, as if it had never been."""
    return divan.actions.revert(actor, command, idempotency_key=key)


def batch(
    divan: Divan, actor: Actor, command: BatchAction, key: IdempotencyKey | None
) -> Awaitable[Done[BatchResults]]:
    """Do the same to many cases, or try what would come of it; each succeeds or fails by itself."""
    desk = divan.actions if command.action == "apply" else divan.cases
    return desk.batch(actor, command, idempotency_key=key)


def export(divan: Divan, actor: Actor, query: CasesQuery) -> Awaitable[str]:
    """Give up to 10,000 cases as CSV, newest first."""
    return divan.cases.export(actor, query)


def kpis(divan: Divan, actor: Actor, _: Nothing) -> Awaitable[Kpis]:
    """Tell how the desk stands."""
    return divan.desk.kpis(actor)


def trends(divan: Divan, actor: Actor, query: DaysQuery) -> Awaitable[Trends]:
    """Tell how many cases each of the last days brought, and how they were decided."""
    return divan.desk.trends(actor, query)


def workload(divan: Divan, actor: Actor, _: Nothing) -> Awaitable[Workload]:
    """Tell who of the staff has how much to do."""
    return divan.desk.workload(actor)


OPERATIONS: Final[tuple[Operation, ...]] = (
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/reports",
        name="reports.send",
        command=SendReport,
        view=ReportView,
        perform=report,
        errors=(NotFound, InvalidInput, AlreadyReported, RateLimited),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/reports/mine",
        name="reports.mine",
        command=ReportsQuery,
        view=Page[ReportView],
        perform=mine,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/cases",
        name="cases.list",
        command=CasesQuery,
        view=Page[CaseView],
        perform=cases,
        errors=(NotAllowed, InvalidCursor),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/cases/next",
        name="cases.next",
        command=Nothing,
        view=NextCase,
        perform=following,
        errors=(NotAllowed, OutcomeUnknown),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/cases/export.csv",
        name="cases.export",
        command=CasesQuery,
        view=str,
        media_type=CSV,
        perform=export,
        errors=(NotAllowed,),
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/batch_action",
        name="cases.batch_action",
        command=BatchAction,
        view=BatchResults,
        status=200,
        perform=batch,
        errors=(NotAllowed, InvalidInput),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/cases/{{case_id}}",
        name="cases.get",
        command=OneCase,
        view=CaseDetail,
        perform=case,
        errors=(NotAllowed, NotFound),
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/{{case_id}}/assign",
        name="cases.assign",
        command=AssignCase,
        view=CaseView,
        status=200,
        perform=assign,
        errors=DECIDING,
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/{{case_id}}/escalate",
        name="cases.escalate",
        command=EscalateCase,
        view=CaseView,
        status=200,
        perform=escalate,
        errors=DECIDING,
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/{{case_id}}/dismiss",
        name="cases.dismiss",
        command=DismissCase,
        view=CaseView,
        status=200,
        perform=dismiss,
        errors=DECIDING,
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/{{case_id}}/actions",
        name="cases.actions",
        command=ApplyAction,
        view=Applied,
        perform=act,
        errors=(*DECIDING, InvalidInput),
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/{{case_id}}/actions/{{action_id}}/confirm",
        name="cases.confirm",
        command=ConfirmAction,
        view=Applied,
        status=200,
        perform=confirm,
        errors=(*DECIDING, OwnDecision, InvalidInput, ConfirmationLapsed),
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/cases/{{case_id}}/actions/{{action_id}}/revert",
        name="cases.revert",
        command=RevertAction,
        view=ActionView,
        status=200,
        perform=revert,
        errors=(NotAllowed, NotFound),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/dashboard/kpis",
        name="dashboard.kpis",
        command=Nothing,
        view=Kpis,
        perform=kpis,
        errors=(NotAllowed,),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/dashboard/trends",
        name="dashboard.trends",
        command=DaysQuery,
        view=Trends,
        perform=trends,
        errors=(NotAllowed,),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/dashboard/workload",
        name="dashboard.workload",
        command=Nothing,
        view=Workload,
        perform=workload,
        errors=(NotAllowed,),
    ),
)

"""Policies of moderation."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Final

import attrs
from msgspec import Meta

from divan_core.divan import Divan
from divan_core.errors import (
    InvalidCursor,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PolicyExists,
    ValidationFailed,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_core.safety.messages import (
    Backtest,
    BacktestView,
    CreatePolicy,
    DecisionView,
    DryRun,
    PoliciesQuery,
    PolicyQuery,
    PolicySummary,
    PolicyView,
)
from divan_http.operation import KeyedOperation, Operation, PersonOperation

ROOT: Final = "/api/mod/v1/policies"

Moment = Annotated[str, Meta(max_length=40)]


def listed(divan: Divan, actor: Actor, query: PoliciesQuery) -> Awaitable[Page[PolicySummary]]:
    """List all policies, the newest first. For moderators."""
    return divan.policies.listed(actor, query)


def show(divan: Divan, actor: Actor, query: PolicyQuery) -> Awaitable[PolicyView]:
    """Show a policy as it was written. For moderators."""
    return divan.policies.show(actor, query)


def create(
    divan: Divan, actor: Actor, command: CreatePolicy, key: IdempotencyKey | None
) -> Awaitable[Done[PolicyView]]:
    """Keep a policy, which decides nothing until it is activated. For administrators."""
    return divan.policies.create(actor, command, idempotency_key=key)


def activate(divan: Divan, actor: Actor, query: PolicyQuery) -> Awaitable[PolicyView]:
    """Let a policy decide from now on, and no other. For administrators."""
    return divan.policies.activate(actor, query)


def dry_run(divan: Divan, actor: Actor, command: DryRun) -> Awaitable[DecisionView]:
    """Tell what a policy would decide, the active one unless another is given. For moderators."""
    return divan.policies.dry_run(actor, command)


def _body() -> type[Any]:
    """The body of a back-test, of which one member is called as no name of Python can be."""
    names = {
        "policy": attrs.field(type=dict[str, Any]),
        "from": attrs.field(type=Moment, alias="since"),
        "to": attrs.field(type=Moment, alias="until"),
    }
    made = attrs.make_class("BacktestBody", names, frozen=True, repr=False, eq=False)
    made.__module__ = __name__
    made.__doc__ = "Try a policy on a period: moments are RFC 3339, or days, which begin in UTC."
    return made


BacktestBody: Final = _body()


def backtest(divan: Divan, actor: Actor, body: Any) -> Awaitable[BacktestView]:  # noqa: ANN401 - a class made by hand
    """Tell what a policy would have decided on what was written in a period. For moderators."""
    since, until = getattr(body, "from"), body.to
    return divan.policies.backtest(actor, Backtest(body.policy, since, until))


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path=ROOT,
        name="policies.listed",
        command=PoliciesQuery,
        view=Page[PolicySummary],
        perform=listed,
        errors=(NotAllowed, InvalidCursor),
    ),
    KeyedOperation(
        method="POST",
        path=ROOT,
        name="policies.create",
        command=CreatePolicy,
        view=PolicyView,
        perform=create,
        errors=(NotAllowed, PolicyExists),
    ),
    PersonOperation(
        method="GET",
        path=ROOT + "/{policy_id}",
        name="policies.show",
        command=PolicyQuery,
        view=PolicyView,
        perform=show,
        errors=(NotAllowed, NotFound),
    ),
    PersonOperation(
        method="POST",
        path=ROOT + "/{policy_id}/activate",
        name="policies.activate",
        command=PolicyQuery,
        view=PolicyView,
        perform=activate,
        errors=(NotAllowed, NotFound, ValidationFailed, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path=ROOT + "/dry_run",
        name="policies.dry_run",
        command=DryRun,
        view=DecisionView,
        perform=dry_run,
        errors=(NotAllowed,),
    ),
    PersonOperation(
        method="POST",
        path=ROOT + "/backtest",
        name="policies.backtest",
        command=BacktestBody,
        view=BacktestView,
        perform=backtest,
        errors=(NotAllowed,),
    ),
)

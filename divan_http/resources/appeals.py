"""Appeals, and what people are told of what was done to them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.divan import Divan
from divan_core.errors import (
    AlreadyAppealed,
    AppealClosed,
    AppealResolved,
    InvalidCursor,
    NotAllowed,
    NotFound,
    OwnDecision,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_core.moderation.appealmessages import (
    AppealOutcome,
    AppealsQuery,
    AppealView,
    OneAppeal,
    OwnAppeal,
    ResolveAppeal,
    SendAppeal,
)
from divan_core.moderation.sanctionmessages import Sanction, SanctionsQuery
from divan_http.operation import KeyedOperation, Operation, PersonOperation

ROOT: Final = "/api/mod/v1"


def send(
    divan: Divan, actor: Actor, command: SendAppeal, key: IdempotencyKey | None
) -> Awaitable[Done[OwnAppeal]]:
    """Appeal against what was done to you, once for each case; a ban does not close this."""
    return divan.appeals.send(actor, command, idempotency_key=key)


def appeals(divan: Divan, actor: Actor, query: AppealsQuery) -> Awaitable[Page[AppealView]]:
    """List the appeals of your campus, newest first; to admins, of all."""
    return divan.appeals.page(actor, query)


def appeal(divan: Divan, actor: Actor, query: OneAppeal) -> Awaitable[AppealView]:
    """Show an appeal."""
    return divan.appeals.get(actor, query)


def resolve(
    divan: Divan, actor: Actor, command: ResolveAppeal, key: IdempotencyKey | None
) -> Awaitable[Done[AppealOutcome]]:
    """Decide about an appeal as an admin who has not acted; accepting takes everything back."""
    return divan.appeals.resolve(actor, command, idempotency_key=key)


def mine(divan: Divan, actor: Actor, query: SanctionsQuery) -> Awaitable[Page[Sanction]]:
    """List what was done to you and why, newest first; a ban does not close this."""
    return divan.sanctions.mine(actor, query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path=f"{ROOT}/mine",
        name="sanctions.mine",
        command=SanctionsQuery,
        view=Page[Sanction],
        perform=mine,
        errors=(InvalidCursor,),
        banned_too=True,
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/appeals",
        name="appeals.send",
        command=SendAppeal,
        view=OwnAppeal,
        perform=send,
        errors=(NotFound, AlreadyAppealed, AppealClosed),
        banned_too=True,
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/appeals",
        name="appeals.list",
        command=AppealsQuery,
        view=Page[AppealView],
        perform=appeals,
        errors=(NotAllowed, InvalidCursor),
    ),
    PersonOperation(
        method="GET",
        path=f"{ROOT}/appeals/{{appeal_id}}",
        name="appeals.get",
        command=OneAppeal,
        view=AppealView,
        perform=appeal,
        errors=(NotAllowed, NotFound),
    ),
    KeyedOperation(
        method="POST",
        path=f"{ROOT}/appeals/{{appeal_id}}/resolve",
        name="appeals.resolve",
        command=ResolveAppeal,
        view=AppealOutcome,
        status=200,
        perform=resolve,
        errors=(NotAllowed, OwnDecision, NotFound, AppealResolved),
    ),
)

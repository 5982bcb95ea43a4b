"""What is on record, for staff."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.divan import Divan
from divan_core.errors import InvalidCursor, NotAllowed
from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.moderation.auditmessages import AuditQuery, AuditView, Verification
from divan_http.operation import Nothing, Operation, PersonOperation


def audit(divan: Divan, actor: Actor, query: AuditQuery) -> Awaitable[Page[AuditView]]:
    """List what staff and rules have done on your campus, oldest first; to admins, everywhere."""
    return divan.audit.page(actor, query)


def verify(divan: Divan, actor: Actor, _: Nothing) -> Awaitable[Verification]:
    """Check the whole record against its seals and checkpoints, and name the first bad entry."""
    return divan.audit.check(actor)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path="/api/mod/v1/audit",
        name="audit.list",
        command=AuditQuery,
        view=Page[AuditView],
        perform=audit,
        errors=(NotAllowed, InvalidCursor),
    ),
    PersonOperation(
        method="GET",
        path="/api/mod/v1/audit/verify",
        name="audit.verify",
        command=Nothing,
        view=Verification,
        perform=verify,
        errors=(NotAllowed,),
    ),
)

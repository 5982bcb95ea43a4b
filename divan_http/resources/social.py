"""Friends and blocks."""

from __future__ import annotations

from collections.abc import Awaitable
from types import NoneType
from typing import Final

import attrs

from divan_core.divan import Divan
from divan_core.errors import InvalidInput, OutcomeUnknown, RateLimited
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_http.operation import Operation, PersonOperation


@attrs.frozen
class Other:
    """The person whom the path names."""

    user_id: UserId


def block(divan: Divan, actor: Actor, other: Other) -> Awaitable[None]:
    """Hide yourself and somebody from each other everywhere; it ends a friendship."""
    return divan.social.block(actor, other.user_id)


def unblock(divan: Divan, actor: Actor, other: Other) -> Awaitable[None]:
    """Take a block back; an ended friendship stays ended."""
    return divan.social.unblock(actor, other.user_id)


def remove(divan: Divan, actor: Actor, other: Other) -> Awaitable[None]:
    """End a friendship."""
    return divan.social.remove(actor, other.user_id)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="POST",
        path="/friends/{user_id}/block",
        name="social.block",
        command=Other,
        view=NoneType,
        status=204,
        perform=block,
        errors=(InvalidInput, OutcomeUnknown, RateLimited),
    ),
    PersonOperation(
        method="POST",
        path="/friends/{user_id}/unblock",
        name="social.unblock",
        command=Other,
        view=NoneType,
        status=204,
        perform=unblock,
        errors=(InvalidInput, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path="/friends/{user_id}/remove",
        name="social.remove",
        command=Other,
        view=NoneType,
        status=204,
        perform=remove,
        errors=(InvalidInput, OutcomeUnknown),
    ),
)

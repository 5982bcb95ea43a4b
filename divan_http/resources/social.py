"""Invites, friends and blocks."""

from __future__ import annotations

from collections.abc import Awaitable
from types import NoneType
from typing import Final

import attrs

from divan_core.divan import Divan
from divan_core.errors import (
    AlreadyFriends,
    InvalidInput,
    InviteExists,
    NotFound,
    OutcomeUnknown,
    RateLimited,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.social.messages import InviteView, SendInvite
from divan_http.operation import KeyedOperation, Operation, PersonOperation


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


def invite(
    divan: Divan, actor: Actor, command: SendInvite, key: IdempotencyKey | None
) -> Awaitable[Done[InviteView]]:
    """Ask somebody to be friends, by id or exact handle; two who ask each other are at once."""
    return divan.social.invite(actor, command, idempotency_key=key)


OPERATIONS: Final[tuple[Operation, ...]] = (
    KeyedOperation(
        method="POST",
        path="/invites/send",
        name="invites.send",
        command=SendInvite,
        view=InviteView,
        perform=invite,
        errors=(NotFound, AlreadyFriends, InviteExists, InvalidInput, RateLimited),
    ),
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

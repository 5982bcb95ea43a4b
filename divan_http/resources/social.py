"""Invites, friends and blocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Final

import attrs

from divan_core.divan import Divan
from divan_core.errors import (
    AlreadyFriends,
    InvalidCursor,
    InvalidInput,
    InviteClosed,
    InviteExists,
    InviteExpired,
    NotFound,
    OutcomeUnknown,
    RateLimited,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import CLOSED
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_core.social.messages import (
    FriendsQuery,
    InviteId,
    InvitesQuery,
    InviteView,
    ListedInvite,
    ListedPerson,
    MutualQuery,
    SendInvite,
)
from divan_http.operation import KeyedOperation, Operation, PersonOperation


@attrs.frozen
class Other:
    """The person whom the path names."""

    user_id: UserId


@attrs.frozen
class OneInvite:
    """The invite that the path names."""

    invite_id: InviteId


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


def accept(divan: Divan, actor: Actor, one: OneInvite) -> Awaitable[InviteView]:
    """Be friends with whoever invited you; accepting again changes nothing."""
    return divan.social.accept(actor, one.invite_id)


def decline(divan: Divan, actor: Actor, one: OneInvite) -> Awaitable[InviteView]:
    """Refuse an invite; declining again changes nothing."""
    return divan.social.decline(actor, one.invite_id)


def cancel(divan: Divan, actor: Actor, one: OneInvite) -> Awaitable[InviteView]:
    """Take an invite of your own back; cancelling again changes nothing."""
    return divan.social.cancel(actor, one.invite_id)


def inbox(divan: Divan, actor: Actor, query: InvitesQuery) -> Awaitable[Page[ListedInvite]]:
    """List the open invites to you, newest first."""
    return divan.social.inbox(actor, query)


def outbox(divan: Divan, actor: Actor, query: InvitesQuery) -> Awaitable[Page[ListedInvite]]:
    """List your own open invites, newest first."""
    return divan.social.outbox(actor, query)


def friends(divan: Divan, actor: Actor, query: FriendsQuery) -> Awaitable[Page[ListedPerson]]:
    """List your friends, whom you have blocked, or with whom an invite is open."""
    return divan.social.friends(actor, query)


def mutual(divan: Divan, actor: Actor, query: MutualQuery) -> Awaitable[Page[ListedPerson]]:
    """List the friends that you and somebody else have in common."""
    return divan.social.mutual(actor, query)


def _replying(
    name: str, perform: Callable[[Divan, Actor, OneInvite], Awaitable[InviteView]]
) -> Operation:
    """One of the replies to an invite, which differ in nothing but their effect."""
    return PersonOperation(
        method="POST",
        path=f"/invites/{{invite_id}}/{name}",
        name=f"invites.{name}",
        command=OneInvite,
        view=InviteView,
        perform=perform,
        errors=(NotFound, InviteClosed, InviteExpired, OutcomeUnknown),
    )


OPERATIONS: Final[tuple[Operation, ...]] = (
    KeyedOperation(
        method="POST",
        path="/invites/send",
        name="invites.send",
        command=SendInvite,
        view=InviteView,
        perform=invite,
        errors=(*CLOSED, NotFound, AlreadyFriends, InviteExists, InvalidInput, RateLimited),
    ),
    _replying("accept", accept),
    _replying("decline", decline),
    _replying("cancel", cancel),
    PersonOperation(
        method="GET",
        path="/invites/inbox",
        name="invites.inbox",
        command=InvitesQuery,
        view=Page[ListedInvite],
        perform=inbox,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path="/invites/outbox",
        name="invites.outbox",
        command=InvitesQuery,
        view=Page[ListedInvite],
        perform=outbox,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path="/friends/list",
        name="social.friends",
        command=FriendsQuery,
        view=Page[ListedPerson],
        perform=friends,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path="/friends/{user_id}/mutual",
        name="social.mutual",
        command=MutualQuery,
        view=Page[ListedPerson],
        perform=mutual,
        errors=(InvalidCursor, InvalidInput, NotFound),
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

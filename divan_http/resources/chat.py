"""Direct conversations."""

from __future__ import annotations

from collections.abc import Awaitable
from types import NoneType
from typing import Final

from msgspec import Raw

from divan_core.chat.messages import (
    Acknowledged,
    AcknowledgeDelivery,
    AcknowledgeReading,
    ConversationsQuery,
    ConversationView,
    MessagesQuery,
    MessageView,
    OutboxQuery,
    PeerQuery,
    SendMessage,
)
from divan_core.divan import Divan
from divan_core.errors import (
    DivanError,
    InvalidCursor,
    InvalidInput,
    NotFound,
    NotFriends,
    OutcomeUnknown,
    RateLimited,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import CLOSED
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_http.operation import KeyedOperation, Operation, PersonOperation

WRITING: Final[tuple[type[DivanError], ...]] = (NotFound, *CLOSED, RateLimited)
"""What refuses a message, wherever it goes."""


def send(
    divan: Divan, actor: Actor, command: SendMessage, key: IdempotencyKey | None
) -> Awaitable[Done[MessageView]]:
    """Write to somebody; the same `client_msg_id` again answers the message it was used for."""
    return divan.chat.send(actor, command, idempotency_key=key)


def conversations(
    divan: Divan, actor: Actor, query: ConversationsQuery
) -> Awaitable[Page[ConversationView]]:
    """List your direct conversations, the last written to first."""
    return divan.chat.conversations(actor, query)


def messages(divan: Divan, actor: Actor, query: MessagesQuery) -> Awaitable[Page[Raw]]:
    """List what you and somebody have written, newest first."""
    return divan.chat.printed(actor, query)


def outbox(divan: Divan, actor: Actor, query: OutboxQuery) -> Awaitable[Page[MessageView]]:
    """List what somebody has written and you have not acknowledged, oldest first."""
    return divan.chat.outbox(actor, query)


def deliver(divan: Divan, actor: Actor, command: AcknowledgeDelivery) -> Awaitable[Acknowledged]:
    """Say that your devices have what somebody wrote, up to a number; it never goes back."""
    return divan.chat.deliver(actor, command)


def read(divan: Divan, actor: Actor, command: AcknowledgeReading) -> Awaitable[Acknowledged]:
    """Say that you have read what somebody wrote, up to a number; it never goes back."""
    return divan.chat.read(actor, command)


def delete(divan: Divan, actor: Actor, query: PeerQuery) -> Awaitable[None]:
    """Delete a conversation for yourself; the other one keeps it."""
    return divan.chat.delete(actor, query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    KeyedOperation(
        method="POST",
        path="/chat/messages",
        name="chat.send",
        command=SendMessage,
        view=MessageView,
        perform=send,
        errors=(*WRITING, NotFriends, InvalidInput),
    ),
    PersonOperation(
        method="GET",
        path="/chat/conversations",
        name="chat.conversations",
        command=ConversationsQuery,
        view=Page[ConversationView],
        perform=conversations,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="DELETE",
        path="/chat/conversations/{user_id}",
        name="chat.delete",
        command=PeerQuery,
        view=NoneType,
        status=204,
        perform=delete,
        errors=(NotFound, InvalidInput, OutcomeUnknown),
    ),
    PersonOperation(
        method="GET",
        path="/chat/conversations/{user_id}/messages",
        name="chat.messages",
        command=MessagesQuery,
        view=Page[MessageView],
        perform=messages,
        errors=(NotFound, InvalidInput, InvalidCursor),
    ),
    PersonOperation(
        method="GET",
        path="/chat/conversations/{user_id}/outbox",
        name="chat.outbox",
        command=OutboxQuery,
        view=Page[MessageView],
        perform=outbox,
        errors=(NotFound, InvalidInput, InvalidCursor),
    ),
    PersonOperation(
        method="POST",
        path="/chat/conversations/{user_id}/deliveries",
        name="chat.deliver",
        command=AcknowledgeDelivery,
        view=Acknowledged,
        perform=deliver,
        errors=(NotFound, InvalidInput, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path="/chat/conversations/{user_id}/read",
        name="chat.read",
        command=AcknowledgeReading,
        view=Acknowledged,
        perform=read,
        errors=(NotFound, InvalidInput, OutcomeUnknown),
    ),
)

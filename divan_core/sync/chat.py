"""Conversations for programs without an event loop."""

from __future__ import annotations

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
    Typing,
)
from divan_core.chat.service import Chat
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.sync.waiting import Waiting


class SyncChat:
    """:class:`~divan_core.chat.service.Chat`, waiting for each answer."""

    def __init__(self, service: Chat, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def send(
        self, actor: Actor, command: SendMessage, *, idempotency_key: KeyGiven = None
    ) -> Done[MessageView]:
        """See ``Chat.send``."""
        return self._run(self._service.send, actor, command, idempotency_key=idempotency_key)

    def conversations(self, actor: Actor, query: ConversationsQuery) -> Page[ConversationView]:
        """See ``Chat.conversations``."""
        return self._run(self._service.conversations, actor, query)

    def messages(self, actor: Actor, query: MessagesQuery) -> Page[MessageView]:
        """See ``Chat.messages``."""
        return self._run(self._service.messages, actor, query)

    def printed(self, actor: Actor, query: MessagesQuery) -> Page[Raw]:
        """See ``Chat.printed``."""
        return self._run(self._service.printed, actor, query)

    def outbox(self, actor: Actor, query: OutboxQuery) -> Page[MessageView]:
        """See ``Chat.outbox``."""
        return self._run(self._service.outbox, actor, query)

    def deliver(self, actor: Actor, command: AcknowledgeDelivery) -> Acknowledged:
        """See ``Chat.deliver``."""
        return self._run(self._service.deliver, actor, command)

    def read(self, actor: Actor, command: AcknowledgeReading) -> Acknowledged:
        """See ``Chat.read``."""
        return self._run(self._service.read, actor, command)

    def delete(self, actor: Actor, query: PeerQuery) -> None:
        """See ``Chat.delete``."""
        self._run(self._service.delete, actor, query)

    def typing(self, actor: Actor, command: Typing) -> None:
        """See ``Chat.typing``."""
        self._run(self._service.typing, actor, command)

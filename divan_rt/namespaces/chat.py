"""``/chat``: direct conversations as they go on."""

from __future__ import annotations

from divan_core.chat.messages import AcknowledgeDelivery, SendMessage, Typing
from divan_core.divan import Divan
from divan_rt.audience import Session
from divan_rt.dispatch import Event, Table
from divan_rt.messages import AcknowledgePeer, Done, Sent
from divan_rt.namespaces.keys import key_of
from divan_rt.namespaces.since import since
from divan_rt.talks import Talks


class ChatEvents:
    """What clients may ask for in this namespace."""

    def __init__(self, divan: Divan, talks: Talks) -> None:
        """Answer from ``divan``; what others write comes from ``talks``."""
        self._divan = divan
        self._talks = talks

    def table(self) -> Table:
        """The events by their names."""
        return {
            "chat:send": Event(SendMessage, self.send),
            "chat:typing": Event(Typing, self.typing),
            "chat:ack": Event(AcknowledgePeer, self.acknowledge),
        }

    async def enter(self, session: Session, auth: object) -> None:
        """Begin to tell a socket what is written to its person, and by them elsewhere.

        With ``auth.since`` it is told first what it missed.
        """
        await self._talks.enter(session, since(auth))

    async def send(self, session: Session, command: SendMessage) -> Sent:
        """Write to somebody; the acknowledgement has the message."""
        self._talks.begin(session)
        sent = None
        try:
            key = key_of(self._divan.settings, command.to_user_id, command.client_msg_id)
            done = await self._divan.chat.send(session.actor, command, idempotency_key=key)
            sent = (done.view.conversation_id, done.view.seq)
        finally:
            self._talks.end(session, sent)
        return Sent(done.view, done.replayed)

    async def typing(self, session: Session, command: Typing) -> Done:
        """Tell somebody that one is typing."""
        await self._divan.chat.typing(session.actor, command)
        return Done()

    async def acknowledge(self, session: Session, command: AcknowledgePeer) -> Done:
        """Say that one has what somebody wrote."""
        delivery = AcknowledgeDelivery(command.peer_id, command.delivered_seq)
        await self._divan.chat.deliver(session.actor, delivery)
        return Done()

"""``/rooms``: rooms as they go on."""

from __future__ import annotations

from divan_core.chat.roommessages import RoomQuery, RoomTyping, SendRoomMessage
from divan_core.divan import Divan
from divan_core.errors import NotMember
from divan_rt.audience import Session
from divan_rt.dispatch import Event, Table
from divan_rt.messages import Done, Joined, JoinRoom, LeaveRoom, Sent
from divan_rt.namespaces.keys import key_of
from divan_rt.namespaces.since import since
from divan_rt.talks import Talks

DIRECT: int = 8
"""The version of UUID that the ids of direct conversations are."""


class RoomEvents:
    """What clients may ask for in this namespace."""

    def __init__(self, divan: Divan, talks: Talks) -> None:
        """Answer from ``divan``; what others write comes from ``talks``."""
        self._divan = divan
        self._talks = talks

    def table(self) -> Table:
        """The events by their names."""
        return {
            "room:join": Event(JoinRoom, self.join),
            "room:leave": Event(LeaveRoom, self.leave),
            "room:send": Event(SendRoomMessage, self.send),
            "room:typing": Event(RoomTyping, self.typing),
        }

    async def enter(self, session: Session, auth: object) -> None:
        """Begin with the rooms of ``auth.since``, if any, from where it left them."""
        places = {one: seq for one, seq in since(auth).items() if one.version != DIRECT}
        await self._talks.enter(session, places)

    async def join(self, session: Session, command: JoinRoom) -> Joined:
        """Begin to tell a socket of a room that its person is in.

        The card is read last, so that nothing is missing between its ``last_seq`` and what is told.

        Raises:
            NotFound, NotMember: the person is not in such a room.
        """
        await self._talks.join(session, command.room_id, command.since_seq)
        view = await self._divan.rooms.card(session.actor, RoomQuery(command.room_id))
        if not view.role:
            raise NotMember
        return Joined(view)

    async def leave(self, session: Session, command: LeaveRoom) -> Done:
        """Tell a socket no more of a room; its person stays in it."""
        self._talks.quit(session, command.room_id)
        return Done()

    async def send(self, session: Session, command: SendRoomMessage) -> Sent:
        """Write into a room; the acknowledgement has the message."""
        self._talks.begin(session)
        sent = None
        try:
            key = key_of(self._divan.settings, command.room_id, command.client_msg_id)
            done = await self._divan.rooms.send(session.actor, command, idempotency_key=key)
            sent = (done.view.conversation_id, done.view.seq)
        finally:
            self._talks.end(session, sent)
        return Sent(done.view, done.replayed)

    async def typing(self, session: Session, command: RoomTyping) -> Done:
        """Tell a room that one is typing."""
        await self._divan.rooms.typing(session.actor, command)
        return Done()

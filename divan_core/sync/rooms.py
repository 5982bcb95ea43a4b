"""Rooms for programs without an event loop."""

from __future__ import annotations

from msgspec import Raw

from divan_core.chat.messages import (
    Acknowledged,
    MessageView,
)
from divan_core.chat.roommessages import (
    AddMember,
    CreateRoom,
    KickMember,
    MuteMember,
    ReadRoom,
    RoomMessagesQuery,
    RoomQuery,
    RoomsQuery,
    RoomTyping,
    RoomView,
    RosterEntry,
    RosterQuery,
    SendRoomMessage,
    SetRole,
)
from divan_core.chat.rooms import Rooms
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.sync.waiting import Waiting


class SyncRooms:
    """:class:`~divan_core.chat.rooms.Rooms`, waiting for each answer."""

    def __init__(self, service: Rooms, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def create(
        self, actor: Actor, command: CreateRoom, *, idempotency_key: KeyGiven = None
    ) -> Done[RoomView]:
        """See ``Rooms.create``."""
        return self._run(self._service.create, actor, command, idempotency_key=idempotency_key)

    def mine(self, actor: Actor, query: RoomsQuery) -> Page[RoomView]:
        """See ``Rooms.mine``."""
        return self._run(self._service.mine, actor, query)

    def card(self, actor: Actor, query: RoomQuery) -> RoomView:
        """See ``Rooms.card``."""
        return self._run(self._service.card, actor, query)

    def join(self, actor: Actor, query: RoomQuery) -> RoomView:
        """See ``Rooms.join``."""
        return self._run(self._service.join, actor, query)

    def leave(self, actor: Actor, query: RoomQuery) -> None:
        """See ``Rooms.leave``."""
        self._run(self._service.leave, actor, query)

    def roster(self, actor: Actor, query: RosterQuery) -> Page[RosterEntry]:
        """See ``Rooms.roster``."""
        return self._run(self._service.roster, actor, query)

    def add(self, actor: Actor, command: AddMember) -> RosterEntry:
        """See ``Rooms.add``."""
        return self._run(self._service.add, actor, command)

    def set_role(self, actor: Actor, command: SetRole) -> RosterEntry:
        """See ``Rooms.set_role``."""
        return self._run(self._service.set_role, actor, command)

    def mute(self, actor: Actor, command: MuteMember) -> None:
        """See ``Rooms.mute``."""
        self._run(self._service.mute, actor, command)

    def kick(self, actor: Actor, command: KickMember) -> None:
        """See ``Rooms.kick``."""
        self._run(self._service.kick, actor, command)

    def send(
        self, actor: Actor, command: SendRoomMessage, *, idempotency_key: KeyGiven = None
    ) -> Done[MessageView]:
        """See ``Rooms.send``."""
        return self._run(self._service.send, actor, command, idempotency_key=idempotency_key)

    def messages(self, actor: Actor, query: RoomMessagesQuery) -> Page[MessageView]:
        """See ``Rooms.messages``."""
        return self._run(self._service.messages, actor, query)

    def printed(self, actor: Actor, query: RoomMessagesQuery) -> Page[Raw]:
        """See ``Rooms.printed``."""
        return self._run(self._service.printed, actor, query)

    def read(self, actor: Actor, command: ReadRoom) -> Acknowledged:
        """See ``Rooms.read``."""
        return self._run(self._service.read, actor, command)

    def typing(self, actor: Actor, command: RoomTyping) -> None:
        """See ``Rooms.typing``."""
        self._run(self._service.typing, actor, command)

"""Conversations as they go on: each message once to each socket, in order, without a gap.

A notice says how far a conversation has come; nobody's words travel in it. What was written since
is read once for all sockets of this process, unless it has just written that itself, and each is
sent what it does not have yet. So a notice that is lost or comes twice changes nothing but the
moment.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from uuid import UUID

import anyio
import msgspec
from anyio.abc import TaskGroup

from divan_core.chat.live import Listening, News
from divan_core.chat.messages import (
    MEMBERS_NOTICE,
    MESSAGE_NOTICE,
    ROOM_TYPING,
    VEIL_NOTICE,
    ConversationId,
)
from divan_core.chat.roommessages import RoomTyping
from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.kernel.urgency import Foreground
from divan_rt import ears
from divan_rt.audience import Session
from divan_rt.ears import Copies, Due, Ear
from divan_rt.library import EnginePacket
from divan_rt.messages import MembersChanged, MessageChanged
from divan_rt.packet import CHAT, ROOMS, event
from divan_rt.trailing import Trailing

REACH: Final = 100
"""How many messages a socket may be behind the others and still be brought them together."""

_TOPICS: Final = frozenset({CHAT.removeprefix("/"), ROOMS.removeprefix("/")})
_LOG: Final = logging.getLogger("divan.rt")


class Talks:
    """The sessions of this process that listen to conversations."""

    def __init__(self, listening: Listening, clock: Clock, foreground: Foreground) -> None:
        """Read what was written through ``listening``; bringing it is of the ``foreground``."""
        self._foreground = foreground
        self._listening = listening
        self._clock = clock
        self._ears: dict[Session, Ear] = {}
        self._people: dict[UserId, set[Ear]] = {}
        self._rooms: dict[ConversationId, set[Ear]] = {}
        self._due: dict[ConversationId, Due] = {}
        self._active: set[ConversationId] = set()
        self._pauses: dict[ConversationId, anyio.Event] = {}
        self._trailing = Trailing(listening, self._catch_up, self._put, self._errand)
        self._errands: list[Callable[[], Awaitable[None]]] = []
        self._tasks: TaskGroup | None = None

    async def run(self) -> None:
        """Bring what is due, each conversation by itself, until cancelled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                for conversation_id in tuple(self._due):
                    self._begin(conversation_id)
                errands, self._errands = self._errands, []
                for errand in errands:
                    self._errand(errand)
                await anyio.sleep_forever()
            finally:
                self._tasks = None

    def hear(self, notice: PersonNotice | NoticesLost) -> None:
        """Note what is to be done about a notice."""
        if isinstance(notice, NoticesLost):
            self._listening.forget()
            for ear in tuple(self._ears.values()):
                self._errand(self._catching_up(ear))
        elif notice.topic not in _TOPICS:
            return
        elif notice.name == MESSAGE_NOTICE:
            self._hear_message(notice)
        elif notice.name == VEIL_NOTICE:
            self._listening.forget()
            self._errand(lambda: self._tell_veil(notice))
        elif notice.name == MEMBERS_NOTICE:
            self._errand(lambda: self._tell_members(notice))
        elif notice.name == ROOM_TYPING:
            self._errand(lambda: self._tell_typing(notice))
        else:
            packet = event(CHAT, notice.name, notice.data)
            self._tell(self._people.get(notice.user_id, ()), packet)

    async def enter(self, session: Session, since: dict[ConversationId, int]) -> None:
        """Let a session listen to its person's conversations from now on, or from ``since``."""
        ear = self._ears[session] = Ear(session)
        direct = session.namespace == CHAT
        if direct:
            self._people.setdefault(session.actor.user_id, set()).add(ear)
        ear.places = await self._listening.places(session.actor, since, direct=direct)
        if not direct:
            for conversation_id in ear.places:
                self._rooms.setdefault(conversation_id, set()).add(ear)
        ear.ready = True
        self._errand(self._catching_up(ear))

    async def join(self, session: Session, room_id: RoomId, since_seq: int | None) -> None:
        """Let a session listen to a room that its person is in, from now on or from a number."""
        ear, conversation_id = self._ears[session], ConversationId(room_id)
        since = {conversation_id: 2**53 if since_seq is None else since_seq}
        places = await self._listening.places(session.actor, since, direct=False)
        if since_seq is not None or conversation_id not in ear.places:
            ear.places |= places
        if not session.ended and conversation_id in places:
            self._rooms.setdefault(conversation_id, set()).add(ear)
            self._errand(self._catching_up(ear))

    def quit(self, session: Session, room_id: RoomId) -> None:
        """Let a session no longer listen to a room."""
        ear = self._ears.get(session)
        if ear is not None:
            self._drop(ear, ConversationId(room_id))

    def leave(self, session: Session) -> None:
        """Forget a session."""
        ear = self._ears.pop(session, None)
        if ear is None:
            return
        for conversation_id in tuple(ear.places):
            self._drop(ear, conversation_id)
        ears = self._people.get(session.actor.user_id, set())
        ears.discard(ear)
        if not ears:
            self._people.pop(session.actor.user_id, None)

    def begin(self, session: Session) -> None:
        """The session sends a message; its own is not brought to it."""
        self._ears[session].sending += 1

    def end(self, session: Session, sent: tuple[ConversationId, int] | None) -> None:
        """It has sent ``sent``, or nothing; what others wrote meanwhile is brought now."""
        ear = self._ears.get(session)
        if ear is None:
            return
        ear.sending -= 1
        if sent is not None:
            conversation_id, seq = sent
            if ear.places.get(conversation_id, 0) == seq - 1:
                ear.places[conversation_id] = seq
            elif ear.places.get(conversation_id, 0) < seq:
                ear.own.add(sent)
            self._put(self._due_of(ear, conversation_id, seq))

    def _hear_message(self, notice: PersonNotice) -> None:
        due = _named(notice)
        if self._listeners(due):
            self._put(due)

    def _due_of(self, ear: Ear, conversation_id: ConversationId, seq: int) -> Due:
        actor, room = ear.session.actor, ear.session.namespace == ROOMS
        return Due(actor.campus_id, conversation_id, seq, room, {actor.user_id})

    def _put(self, due: Due) -> None:
        before = self._due.get(due.conversation_id)
        if before is None:
            self._due[due.conversation_id] = due
        else:
            before.seq = max(before.seq, due.seq)
            before.people |= due.people
        if (pause := self._pauses.get(due.conversation_id)) is not None:
            pause.set()
        self._begin(due.conversation_id)

    def _begin(self, conversation_id: ConversationId) -> None:
        """Bring a conversation that is due, unless that is under way.

        Whatever becomes due before its first step, such as by the notices that came with this one,
        goes along.
        """
        if self._tasks is not None and conversation_id not in self._active:
            self._active.add(conversation_id)
            self._tasks.start_soon(self._serve, conversation_id)

    def _errand(self, errand: Callable[[], Awaitable[None]]) -> None:
        if self._tasks is None:
            self._errands.append(errand)
        else:
            self._tasks.start_soon(self._run_errand, errand)

    async def _run_errand(self, errand: Callable[[], Awaitable[None]]) -> None:
        try:
            await errand()
        except StoreUnavailable:
            await anyio.sleep(ears.AGAIN_S)
            self._errand(errand)
        except Exception:  # noqa: BLE001 - one notice's bug must not end all telling
            _LOG.exception("a notice of a conversation could not be told")

    def _listeners(self, due: Due) -> list[Ear]:
        if due.room:
            return list(self._rooms.get(due.conversation_id, ()))
        return [ear for one in due.people for ear in self._people.get(one, ())]

    async def _serve(self, conversation_id: ConversationId) -> None:
        """Bring a conversation until nothing of it is due."""
        try:
            while (due := self._due.pop(conversation_id, None)) is not None:
                if await self._has_to_wait(due):
                    await self._pause(conversation_id)
                    self._put(due)
        except Exception:  # noqa: BLE001 - one conversation's bug must not end all of them
            _LOG.exception("a conversation could not be brought")
        finally:
            self._active.discard(conversation_id)
            if conversation_id in self._due:
                self._begin(conversation_id)

    async def _pause(self, conversation_id: ConversationId) -> None:
        """Wait a little, or until something new is due: who is slow holds up nobody else."""
        pause = self._pauses[conversation_id] = anyio.Event()
        try:
            with anyio.move_on_after(ears.AGAIN_S):
                await pause.wait()
        finally:
            del self._pauses[conversation_id]

    async def _has_to_wait(self, due: Due) -> bool:
        """Bring what is new; whether some of it has to wait, for a socket or for the store."""
        try:
            with self._foreground:
                return await self._bring(due)
        except StoreUnavailable:
            return True

    async def _bring(self, due: Due) -> bool:
        """Bring what is new to those who listen; whether some of it has to wait a little."""
        behind = [ear for ear in self._listeners(due) if ear.open and ear.place(due) < due.seq]
        near = [ear for ear in behind if due.seq - ear.place(due) <= REACH]
        for ear in set(behind).difference(near):
            self._trailing.follow(ear, due)
        ready = [ear for ear in near if ear.session.outlet.has_room]
        if not ready:
            return bool(near)
        lowest = min(ear.place(due) for ear in ready)
        news = await self._news(due, lowest)
        copies = Copies(news)
        late = [not self._catch_up(ear, due, copies, lowest) for ear in ready if ear.open]
        if news.more and not any(late):
            self._put(due)
        return any(late) or len(ready) < len(near)

    async def _news(self, due: Due, after: int) -> News:
        """What was written above a number; one message of this process is not read again."""
        if due.seq == after + 1 and not due.room:
            fresh = self._listening.fresh(due.conversation_id, due.seq)
            if fresh is not None:
                return fresh
        return await self._listening.news(due.campus_id, due.conversation_id, after, room=due.room)

    def _catch_up(self, ear: Ear, due: Due, copies: Copies, after: int) -> bool:
        """Send one session what it does not have; whether there was room for all of it.

        The news are those ``after`` a number; to a session that has gone back behind it meanwhile
        they are brought when it is looked at again.
        """
        place = ear.place(due)
        if place < after:
            return True
        if ear.session.actor.user_id not in copies.news.inside:
            self._drop(ear, due.conversation_id)
            return True
        for heard in copies.news.messages:
            if heard.view.seq <= place:
                continue
            if not ear.session.outlet.has_room:
                return False
            ear.pass_on(due, heard, copies)
            ear.places[due.conversation_id] = heard.view.seq
        return True

    def _catching_up(self, ear: Ear) -> Callable[[], Awaitable[None]]:
        async def catch_up() -> None:
            """Find out which conversations of a session have gone on without it, or put it out."""
            if ear.session.ended or not ear.ready:
                return
            direct = ear.session.namespace == CHAT
            named = dict.fromkeys(ear.places, 2**53)
            now = await self._listening.places(ear.session.actor, named, direct=direct)
            for conversation_id in named.keys() - now.keys():
                self._drop(ear, conversation_id)
            for conversation_id, seq in now.items():
                self._put(self._due_of(ear, conversation_id, seq))

        return catch_up

    async def _tell_members(self, notice: PersonNotice) -> None:
        """Tell a room who has come and gone, and let those who are out of it listen no more."""
        room_id = RoomId(UUID(notice.data["room_id"]))
        conversation_id = ConversationId(room_id)
        if conversation_id not in self._rooms:
            return
        people = [UserId(UUID(one)) for one in notice.data["user_ids"]]
        inside = await self._listening.inside(conversation_id)
        hidden = {one: await self._listening.hidden_from(notice.campus_id, one) for one in people}
        change = str(notice.data["change"]).removeprefix("room.")
        for ear in tuple(self._rooms.get(conversation_id, ())):
            viewer = ear.session.actor.user_id
            seen = tuple(one for one in people if viewer not in hidden[one])
            if seen and (viewer in inside or viewer in people):
                self._tell(
                    (ear,), event(ROOMS, "room:members", MembersChanged(room_id, change, seen))
                )
            if viewer not in inside:
                self._drop(ear, conversation_id)

    async def _tell_veil(self, notice: PersonNotice) -> None:
        """Tell those who have a message that they see it no more, or again, or otherwise."""
        due = _named(notice)
        ears = [ear for ear in self._listeners(due) if ear.has(due)]
        if not ears:
            return
        news = await self._listening.news(
            due.campus_id, due.conversation_id, due.seq - 1, room=due.room, most=1
        )
        name = "room:changed" if due.room else "chat:changed"
        for heard in news.messages:
            for ear in ears:
                viewer, noticed = ear.session.actor.user_id, bool(notice.data["noticed"])
                if viewer in news.inside and heard.is_other_to(viewer, noticed=noticed):
                    shown = heard.shown_to(viewer)
                    change = MessageChanged(due.conversation_id, due.seq, shown)
                    self._tell((ear,), event(ear.session.namespace, name, change))

    async def _tell_typing(self, notice: PersonNotice) -> None:
        typing = msgspec.convert(notice.data, RoomTyping)
        ears = self._rooms.get(ConversationId(typing.room_id))
        if not ears:
            return
        hidden = await self._listening.hidden_from(notice.campus_id, notice.user_id)
        others = hidden | {notice.user_id}
        packet = event(ROOMS, ROOM_TYPING, notice.data)
        self._tell([ear for ear in ears if ear.session.actor.user_id not in others], packet)

    def _tell(self, ears: Iterable[Ear], packet: EnginePacket) -> None:
        now = self._clock.now()
        for ear in ears:
            if not ear.session.ended:
                ear.session.outlet.update(packet, now)

    def _drop(self, ear: Ear, conversation_id: ConversationId) -> None:
        ear.places.pop(conversation_id, None)
        ears = self._rooms.get(conversation_id, set())
        ears.discard(ear)
        if not ears:
            self._rooms.pop(conversation_id, None)


def _named(notice: PersonNotice) -> Due:
    """The conversation of a notice, and the number that it names."""
    data, room = notice.data, f"/{notice.topic}" == ROOMS
    conversation_id = ConversationId(UUID(data["conversation_id"]))
    people = {UserId(UUID(one)) for one in data["people"]}
    return Due(notice.campus_id, conversation_id, data["seq"], room, people)

"""Whatever becomes of notices, sockets and connections, a client's copy is the conversation.

The replica is as simple as a client can be: it keeps what it is sent and the last number it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import anyio
import attrs
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.chat.live import Heard, News
from divan_core.chat.messages import CHAT, MESSAGE_NOTICE, VEIL_NOTICE, ConversationId, MessageView
from divan_core.errors import StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.kernel.urgency import Foreground
from divan_core.testing.clock import ManualClock
from divan_rt import ears, talks
from divan_rt.talks import Talks

CAMPUS = CampusId(UUID(int=1))
PEOPLE = (UserId(UUID(int=10)), UserId(UUID(int=11)))
TALK = ConversationId(UUID(int=99))
ROOM = 4
"""How many packets a socket takes before it has to be read."""


@attrs.define
class Truth:
    """What is kept: in place of the core's Listening. It may be away now and then."""

    messages: list[MessageView] = attrs.field(factory=list)
    away: int = 0
    just: int = 0
    hold: anyio.Event | None = None

    def write(self, sender: UserId) -> int:
        seq = len(self.messages) + 1
        view = MessageView(str(seq), None, seq, TALK, sender, f"{seq}", (), "")
        self.messages.append(view)
        return seq

    async def places(
        self, _actor: Actor, since: Mapping[ConversationId, int], *, direct: bool
    ) -> dict[ConversationId, int]:
        assert direct
        await checkpoint()
        last = len(self.messages)
        if not last:
            return {}
        return {TALK: min(since.get(TALK, last), last)}

    def fresh(self, talk: ConversationId, seq: int) -> News | None:
        assert talk == TALK
        if self.just != seq:
            return None
        self.just = 0
        heard = Heard(self.messages[seq - 1], shadowed=False, hidden_from=frozenset())
        return News((heard,), frozenset(PEOPLE))

    def forget(self) -> None:
        self.just = 0

    async def news(
        self, _campus: CampusId, talk: ConversationId, after: int, *, room: bool, most: int = 3
    ) -> News:
        assert talk == TALK
        assert not room
        assert most >= 3
        found = self.messages[after : after + 3]  # fewer than there may be, as if it were long
        await checkpoint()
        if self.hold is not None:
            await self.hold.wait()
        if self.away:
            self.away -= 1
            raise StoreUnavailable
        heard = tuple(Heard(one, shadowed=False, hidden_from=frozenset()) for one in found)
        return attrs.evolve(_Portion(heard, frozenset(PEOPLE)))


class _Portion(News):
    """News of which there are always three at a time."""

    @property
    def more(self) -> bool:
        return len(self.messages) == 3


@attrs.define(eq=False)
class Socket:
    """A session and its way out, as far as Talks sees them; read when the client wants to."""

    actor: Actor
    namespace: str = "/chat"
    ended: bool = False
    queue: list[Any] = attrs.field(factory=list)
    most: int = 0

    @property
    def outlet(self) -> Socket:
        return self

    @property
    def has_room(self) -> bool:
        return len(self.queue) < ROOM

    def send(self, packet: Any) -> None:
        self.most = max(self.most, len(self.queue) + 1)
        self.queue.append(json.loads(packet.data.partition(",")[2]))


@attrs.define(eq=False)
class Replica:
    """A client that keeps what it is sent, and comes back with the last number it has."""

    talks: Talks
    actor: Actor
    kept: list[int] = attrs.field(factory=list)
    start: int = 0
    socket: Socket | None = None

    async def connect(self, truth: Truth) -> None:
        if not self.kept:
            self.start = len(truth.messages)
        self.socket = Socket(self.actor)
        last = self.kept[-1] if self.kept else self.start
        await self.talks.enter(self.socket, {TALK: last} if last else {})  # type: ignore[arg-type]

    def lose(self) -> None:
        """What was not read is lost with the connection."""
        if self.socket is not None:
            self.socket.ended = True
            self.talks.leave(self.socket)  # type: ignore[arg-type]
            self.socket = None

    def read(self) -> None:
        """Each message once, in order, without a gap; told apart by who wrote it."""
        if self.socket is None:
            return
        for name, view in self.socket.queue:
            mine = view["sender_id"] == str(self.actor.user_id)
            assert name == ("chat:echo" if mine else "chat:message")
            last = self.kept[-1] if self.kept else self.start
            assert view["seq"] == last + 1
            self.kept.append(view["seq"])
        self.socket.queue.clear()


Deed = tuple[str, int]
deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ("told", "lost", "twice", "late", "read", "lose", "connect", "gap", "away")
        ),
        st.integers(0, 3),
    ),
    max_size=40,
)


async def play(history: list[Deed]) -> None:
    truth = Truth()
    made = Talks(truth, ManualClock(), Foreground())  # type: ignore[arg-type]
    replicas = [Replica(made, Actor(PEOPLE[number % 2], CAMPUS)) for number in range(4)]
    late: list[PersonNotice] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        for deed, number in history:
            await perform(deed, number, (truth, made, replicas, late))
            for _ in range(number):
                await checkpoint()
        for notice in late[::-1]:
            made.hear(notice)
        made.hear(NoticesLost())
        await settle(truth, replicas)
        tasks.cancel_scope.cancel()
    for replica in replicas:
        if replica.socket is not None:
            assert replica.socket.most <= ROOM
            assert replica.kept == list(range(replica.start + 1, len(truth.messages) + 1))


async def settle(truth: Truth, replicas: list[Replica]) -> None:
    """Read until nothing more comes."""
    with anyio.fail_after(10):
        while True:
            for _ in range(20):
                await checkpoint()
            for replica in replicas:
                replica.read()
            here = [one for one in replicas if one.socket is not None]
            last = len(truth.messages)
            if all((one.kept[-1] if one.kept else one.start) == last for one in here):
                return
            await checkpoint()


World = tuple[Truth, Talks, list[Replica], list[PersonNotice]]


async def perform(deed: str, number: int, world: World) -> None:
    truth, made, replicas, _ = world
    replica = replicas[number]
    if deed in {"told", "lost", "twice", "late"}:
        write(deed, PEOPLE[number % 2], world)
    elif deed == "read":
        replica.read()
    elif deed == "lose":
        replica.lose()
    elif deed == "connect" and replica.socket is None:
        await replica.connect(truth)
    elif deed == "gap":
        made.hear(NoticesLost())
    elif deed == "away":
        truth.away = 2


def write(deed: str, sender: UserId, world: World) -> None:
    """Write a message, whose notice is told, told twice, told at the very end, or lost."""
    truth, made, _, late = world
    people = [str(one) for one in PEOPLE]
    data = {"conversation_id": str(TALK), "seq": truth.write(sender), "people": people}
    if deed in {"told", "late"}:  # the others are of another process
        truth.just = len(truth.messages)
    notice = PersonNotice(CAMPUS, sender, CHAT, MESSAGE_NOTICE, data)
    for _ in range({"told": 1, "twice": 2}.get(deed, 0)):
        made.hear(notice)
    if deed == "late":
        late.append(notice)


async def hold_up() -> None:
    truth = Truth()
    made = Talks(truth, ManualClock(), Foreground())  # type: ignore[arg-type]
    for number in range(50):
        truth.write(PEOPLE[number % 2])
    replicas = [Replica(made, Actor(PEOPLE[0], CAMPUS)) for _ in range(3)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        replicas[0].kept.append(1)
        for replica in replicas:
            await replica.connect(truth)
        for count in range(1, 6):
            write("told", PEOPLE[0], (truth, made, replicas, []))
            for _ in range(100):
                await checkpoint()
            replicas[2].read()
            assert replicas[2].kept == list(range(51, 51 + count))
        await settle(truth, replicas)
        tasks.cancel_scope.cancel()


async def make_way() -> None:
    truth, foreground, made_way = Truth(), Foreground(), anyio.Event()
    made = Talks(truth, ManualClock(), foreground)  # type: ignore[arg-type]
    replica = Replica(made, Actor(PEOPLE[0], CAMPUS))

    async def worker() -> None:
        await foreground.give_way(3600)
        made_way.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        await replica.connect(truth)
        truth.hold = anyio.Event()
        write("twice", PEOPLE[0], (truth, made, [replica], []))
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(worker)
        await anyio.wait_all_tasks_blocked()
        assert not made_way.is_set()
        truth.hold.set()
        await made_way.wait()
        replica.read()
        assert replica.kept == [1]
        tasks.cancel_scope.cancel()


VEILED = {"conversation_id": str(TALK), "seq": 1, "people": [], "noticed": False}


@pytest.mark.parametrize(
    "notice", [PersonNotice(CAMPUS, PEOPLE[0], CHAT, VEIL_NOTICE, VEILED), NoticesLost()]
)
def test_what_may_have_been_decided_about_is_read_however_fresh_it_is(
    notice: PersonNotice | NoticesLost,
) -> None:
    truth = Truth(just=1)
    made = Talks(truth, ManualClock(), Foreground())  # type: ignore[arg-type]
    made.hear(notice)
    assert not truth.just


def test_workers_make_way_for_what_is_being_brought() -> None:
    anyio.run(make_way)


def test_neither_who_is_far_behind_nor_who_does_not_read_holds_up_others() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(talks, "REACH", 2)
        patch.setattr(ears, "AGAIN_S", 0.01)
        anyio.run(hold_up)


@settings(max_examples=150, deadline=None)
@given(deeds, st.integers(1, 3))
def test_a_replica_is_the_conversation(history: list[Deed], reach: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ears, "AGAIN_S", 0)
        patch.setattr(talks, "REACH", reach)
        anyio.run(play, history)

"""Direct conversations, on every set of stores."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core import Divan, Settings, memory_stores, wiring
from divan_core.accounts.messages import ChangePrivacy, CreateCampus
from divan_core.chat.messages import (
    AcknowledgeDelivery,
    AcknowledgeReading,
    Attachment,
    ConversationsQuery,
    MessagesQuery,
    MessageView,
    OutboxQuery,
    PeerQuery,
    SendMessage,
)
from divan_core.chat.roommessages import (
    CreateRoom,
    RoomMessagesQuery,
    RoomQuery,
    SendRoomMessage,
)
from divan_core.errors import (
    CooldownActive,
    IdempotencyKeyReused,
    InvalidInput,
    Muted,
    NotFound,
    NotFriends,
    RateLimited,
    ValidationFailed,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.kernel.gate import Act, Decision, Verdict
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Done
from divan_core.kernel.visibility import Standing
from divan_core.settings import LimitSettings
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.workers.subscription import Subscription
from tests.library.conftest import CAMPUS, CENTRE, KINDS, World, stores_of
from tests.library.pages import page_of

pytestmark = pytest.mark.anyio

NOBODY = UserId(UUID(int=7))


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Any:
    return stores_of(request.param, request, clock)


@attrs.frozen
class Pair:
    """Ana and Ben of a campus, who are strangers."""

    world: World
    ana: Actor
    ben: Actor

    async def say(
        self, body: str = "hello", by: Actor | None = None, key: str | None = None, **more: Any
    ) -> Done[MessageView]:
        """Write to the other one; Ana does, if nobody else."""
        by = by or self.ana
        to = self.ben if by == self.ana else self.ana
        command = SendMessage(to.user_id, body, **more)
        return await self.world.divan.chat.send(by, command, idempotency_key=key)

    async def heard(self, viewer: Actor, **query: Any) -> list[str]:
        """What a viewer reads of the conversation, newest first."""
        peer = self.ben if viewer == self.ana else self.ana
        asked = MessagesQuery(peer.user_id, **query)
        return [one.body for one in (await page_of(self.world.divan, viewer, asked)).items]


@pytest.fixture
async def pair(world: World) -> Pair:
    return Pair(world, await world.join("ana"), await world.join("ben"))


async def hide(world: World, actor: Actor, **privacy: Any) -> None:
    await world.divan.accounts.change_privacy(actor, ChangePrivacy(**privacy))


async def test_what_is_sent_is_read(pair: Pair) -> None:
    first = await pair.say("one", client_msg_id="c1", attachments=(Attachment("image/png"),))
    view = first.view
    assert (view.seq, view.client_msg_id, view.body) == (1, "c1", "one")
    assert (view.sender_id, view.recipient_id) == (pair.ana.user_id, pair.ben.user_id)
    assert len(view.message_id) == 26
    await pair.say("two", by=pair.ben)
    for viewer in (pair.ana, pair.ben):
        assert await pair.heard(viewer) == ["two", "one"]
        assert await pair.heard(viewer, limit=1) == ["two"]
        assert await pair.heard(viewer, before_seq=2) == ["one"]
        assert await pair.heard(viewer, after_seq=1) == ["two"]


async def test_pages_of_messages(pair: Pair) -> None:
    for number in range(5):
        await pair.say(str(number))
    found, cursor = list[str](), None
    while True:
        query = MessagesQuery(pair.ana.user_id, limit=2, cursor=cursor)
        page = await page_of(pair.world.divan, pair.ben, query)
        found += [one.body for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == ["4", "3", "2", "1", "0"]


async def test_a_name_for_a_message_is_good_once(pair: Pair) -> None:
    first = await pair.say("hello", client_msg_id="x")
    again = await pair.say("hello", client_msg_id="x")
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.view, again.body) == (first.view, first.body)
    with pytest.raises(IdempotencyKeyReused):
        await pair.say("other", client_msg_id="x")
    with pytest.raises(IdempotencyKeyReused):
        await pair.say("hello", client_msg_id="x", attachments=(Attachment("image/png"),))
    assert (await pair.say("next")).view.seq == 2
    pair.world.clock.advance(400 * 86_400)
    assert (await pair.say("hello", client_msg_id="x", key="k")).replayed


async def test_a_key_besides(pair: Pair) -> None:
    first = await pair.say("hello", key="k1", client_msg_id="x")
    again = await pair.say("hello", key="k1", client_msg_id="x")
    assert (first.replayed, again.replayed, again.body) == (False, True, first.body)
    with pytest.raises(IdempotencyKeyReused):
        await pair.say("other", key="k1")
    assert await pair.heard(pair.ben) == ["hello"]


async def test_the_same_at_once_is_one_message(pair: Pair) -> None:
    done = list[Done[MessageView]]()

    async def send(key: str | None) -> None:
        done.append(await pair.say("hello", client_msg_id="x", key=key))

    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(send, f"k{number}" if number % 2 else None)
    assert len({one.body for one in done}) == 1
    assert [one.replayed for one in done].count(False) == 1
    assert await pair.heard(pair.ben) == ["hello"]


async def test_one_does_not_write_to_oneself(pair: Pair) -> None:
    command = SendMessage(pair.ana.user_id, "hello")
    with pytest.raises(InvalidInput):
        await pair.world.divan.chat.send(pair.ana, command)


@pytest.mark.parametrize("body", ["nul \0", "half \ud83d"])
async def test_texts_that_cannot_be(pair: Pair, body: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await pair.say(body)
    assert [one.path for one in refused.value.errors] == ["$.body"]


@pytest.mark.parametrize("privacy", [{"ghost_mode": True}, {"visibility": "none"}], ids=str)
async def test_whoever_hides_is_absent_but_to_friends(pair: Pair, privacy: dict[str, Any]) -> None:
    await hide(pair.world, pair.ben, **privacy)
    for target in (pair.ben.user_id, NOBODY):
        with pytest.raises(NotFound):
            await pair.world.divan.chat.send(pair.ana, SendMessage(target, "hello"))
        with pytest.raises(NotFound):
            await pair.world.divan.chat.messages(pair.ana, MessagesQuery(target))
        with pytest.raises(NotFound):
            await pair.world.divan.chat.outbox(pair.ana, OutboxQuery(target))
        with pytest.raises(NotFound):
            await pair.world.divan.chat.deliver(pair.ana, AcknowledgeDelivery(target, 0))
        with pytest.raises(NotFound):
            await pair.world.divan.chat.delete(pair.ana, PeerQuery(target))
    await pair.world.divan.social.befriend(pair.ana, pair.ben.user_id)
    assert (await pair.say()).view.seq == 1


async def test_an_existing_conversation_goes_on_with_whoever_hides(pair: Pair) -> None:
    await pair.say("before")
    await hide(pair.world, pair.ben, ghost_mode=True)
    assert (await pair.say("after")).view.seq == 2
    assert await pair.heard(pair.ana) == ["after", "before"]


async def test_a_conversation_with_nobody_yet_is_empty(pair: Pair) -> None:
    chat = pair.world.divan.chat
    assert await pair.heard(pair.ana) == []
    assert (await chat.outbox(pair.ana, OutboxQuery(pair.ben.user_id))).items == ()
    await chat.delete(pair.ana, PeerQuery(pair.ben.user_id))
    with pytest.raises(ValidationFailed):
        await chat.deliver(pair.ana, AcknowledgeDelivery(pair.ben.user_id, 1))


async def test_messages_of_friends_only(pair: Pair) -> None:
    await pair.say("before")
    await hide(pair.world, pair.ben, chat_from="friends")
    with pytest.raises(NotFriends):
        await pair.say()
    assert (await pair.say("mine", by=pair.ben)).view.seq == 2
    await pair.world.divan.social.befriend(pair.ana, pair.ben.user_id)
    assert (await pair.say()).view.seq == 3


async def test_after_a_block_nothing_new_passes_and_all_is_readable(pair: Pair) -> None:
    chat = pair.world.divan.chat
    await pair.say("one")
    await pair.say("two", by=pair.ben)
    await pair.world.divan.social.block(pair.ben, pair.ana.user_id)
    for by in (pair.ana, pair.ben):
        with pytest.raises(NotFound):
            await pair.say(by=by)
        assert await pair.heard(by) == ["two", "one"]
        (listed,) = (await chat.conversations(by, ConversationsQuery())).items
        assert (listed.peer.handle, listed.peer.display_name, listed.peer_read_seq) == (None,) * 3
        assert listed.last_message.body == "two"
    await pair.world.divan.social.unblock(pair.ben, pair.ana.user_id)
    assert (await pair.say()).view.seq == 3


async def test_acknowledging(pair: Pair) -> None:
    chat, peer = pair.world.divan.chat, pair.ana.user_id
    for number in range(1, 4):
        await pair.say(str(number))

    async def outbox() -> list[int]:
        return [one.seq for one in (await chat.outbox(pair.ben, OutboxQuery(peer))).items]

    assert await outbox() == [1, 2, 3]
    found = await chat.deliver(pair.ben, AcknowledgeDelivery(peer, 2))
    assert (found.delivered_seq, found.read_seq) == (2, 0)
    assert await outbox() == [3]
    assert (await chat.deliver(pair.ben, AcknowledgeDelivery(peer, 1))).delivered_seq == 2
    found = await chat.read(pair.ben, AcknowledgeReading(peer, 3))
    assert (found.delivered_seq, found.read_seq) == (3, 3)
    assert await outbox() == []
    with pytest.raises(ValidationFailed) as refused:
        await chat.read(pair.ben, AcknowledgeReading(peer, 4))
    assert [one.path for one in refused.value.errors] == ["$.read_seq"]
    (listed,) = (await chat.conversations(pair.ana, ConversationsQuery())).items
    assert (listed.peer_delivered_seq, listed.peer_read_seq) == (3, 3)
    await hide(pair.world, pair.ben, read_receipts=False)
    (listed,) = (await chat.conversations(pair.ana, ConversationsQuery())).items
    assert (listed.peer_delivered_seq, listed.peer_read_seq) == (3, None)


async def test_pages_of_the_outbox(pair: Pair) -> None:
    chat, peer = pair.world.divan.chat, pair.ana.user_id
    for number in range(1, 4):
        await pair.say(str(number))
        await pair.say("own", by=pair.ben)
    first = await chat.outbox(pair.ben, OutboxQuery(peer, limit=2))
    rest = await chat.outbox(pair.ben, OutboxQuery(peer, limit=2, cursor=first.cursor))
    assert [one.body for one in (*first.items, *rest.items)] == ["1", "2", "3"]
    assert rest.cursor is None


async def test_deleting_is_for_oneself(pair: Pair) -> None:
    chat = pair.world.divan.chat
    await pair.say("one")
    await chat.delete(pair.ben, PeerQuery(pair.ana.user_id))
    assert await pair.heard(pair.ben) == []
    assert (await chat.conversations(pair.ben, ConversationsQuery())).items == ()
    assert (await chat.outbox(pair.ben, OutboxQuery(pair.ana.user_id))).items == ()
    assert await pair.heard(pair.ana) == ["one"]
    await pair.say("two")
    assert await pair.heard(pair.ben) == ["two"]


async def test_the_list_of_conversations(pair: Pair) -> None:
    chat, world = pair.world.divan.chat, pair.world
    eve = await world.join("eve")
    await pair.say("to ben")
    world.clock.advance(1)
    await chat.send(eve, SendMessage(pair.ana.user_id, "from eve"))
    page = await chat.conversations(pair.ana, ConversationsQuery(limit=1))
    (first,) = page.items
    assert (first.peer.handle, first.unread_count, first.last_message.body) == (
        "eve",
        1,
        "from eve",
    )
    page = await chat.conversations(pair.ana, ConversationsQuery(limit=1, cursor=page.cursor))
    (second,) = page.items
    assert (second.peer.handle, second.unread_count, second.last_seq) == ("ben", 0, 1)
    assert page.cursor is None


@pytest.fixture
async def narrow(clock: ManualClock) -> AsyncIterator[Pair]:
    """A campus on which three messages a minute are a lot."""
    settings = Settings(env="test", limit=LimitSettings(message_per_minute=3))
    async with Divan.open(settings, stores=memory_stores(clock), clock=clock) as divan:
        world = World(divan, clock)
        await divan.accounts.create_campus(
            CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS, radius_m=5000)
        )
        yield Pair(world, await world.join("ana"), await world.join("ben"))


async def test_repeats_and_refusals_do_not_count(narrow: Pair) -> None:
    await narrow.say("one", client_msg_id="x")
    for _ in range(5):
        assert (await narrow.say("one", client_msg_id="x")).replayed
        with pytest.raises(IdempotencyKeyReused):
            await narrow.say("other", client_msg_id="x")
    await narrow.say("two")
    await narrow.say("three")
    with pytest.raises(RateLimited):
        await narrow.say("four")
    with pytest.raises(RateLimited):
        await narrow.say("four", client_msg_id="y")
    assert (await narrow.say("one", client_msg_id="x")).replayed


async def sentence(world: World, actor: Actor, standing: Standing) -> None:
    """What becomes of somebody when the community decides, or they do."""

    async def body(unit: StoreUnit) -> None:
        person = await unit.people.get(actor.user_id)
        assert person is not None
        await unit.people.put((attrs.evolve(person, standing=standing),))

    async with world.divan.audience.changing(actor.campus_id, (actor.user_id,)):
        await world.divan.stores.units.write(body)


async def test_a_deleted_persons_messages_stay_without_their_name(pair: Pair) -> None:
    chat, world = pair.world.divan.chat, pair.world
    await pair.say("hello", by=pair.ben)
    (before,) = (await chat.conversations(pair.ana, ConversationsQuery())).items
    assert before.peer.handle == "ben"
    await sentence(world, pair.ben, Standing.DELETED)
    assert await pair.heard(pair.ana) == ["hello"]
    (after,) = (await chat.conversations(pair.ana, ConversationsQuery())).items
    assert (after.peer.handle, after.peer.display_name, after.peer_delivered_seq) == (None,) * 3
    assert after.last_message == before.last_message
    with pytest.raises(NotFound):
        await pair.say("still there?")


class Gate:
    """A gate that says what it is told to, and remembers who asked."""

    def __init__(self) -> None:
        self.verdict = Verdict()
        self.asked: list[tuple[Actor, Act]] = []

    async def ask(self, actor: Actor, act: Act) -> Verdict:
        self.asked.append((actor, act))
        return self.verdict


@pytest.fixture
async def gated(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Pair, Gate]]:
    """A campus with a gate before every message."""
    gate = Gate()
    monkeypatch.setattr(wiring, "Gate", lambda *_given: gate)
    stores = memory_stores(clock)
    async with Divan.open(Settings(env="test"), stores=stores, clock=clock) as divan:
        world = World(divan, clock)
        await divan.accounts.create_campus(
            CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS, radius_m=5000)
        )
        yield Pair(world, await world.join("ana"), await world.join("ben")), gate


async def test_every_message_passes_the_gate(gated: tuple[Pair, Gate]) -> None:
    pair, gate = gated
    rooms = pair.world.divan.rooms
    room_id = (await rooms.create(pair.ana, CreateRoom("Den", "2-4", "link"))).view.id
    await rooms.join(pair.ben, RoomQuery(room_id))

    async def write() -> None:
        await pair.say("direct")
        await rooms.send(pair.ana, SendRoomMessage(room_id, "in a room"))

    gate.asked.clear()
    await write()
    assert gate.asked == [(pair.ana, Act.MESSAGE)] * 2
    gate.verdict = Verdict(Decision.COOLING, 9)
    with pytest.raises(CooldownActive) as refused:
        await write()
    assert refused.value.retry_after == 9
    gate.verdict = Verdict(Decision.MUTED)
    with pytest.raises(Muted):
        await write()
    gate.verdict = Verdict(Decision.SHADOWED)
    await write()
    assert await pair.heard(pair.ana) == ["direct", "direct"]
    assert await pair.heard(pair.ben) == ["direct"]
    for viewer, count in ((pair.ana, 2), (pair.ben, 1)):
        page = await page_of(pair.world.divan, viewer, RoomMessagesQuery(room_id))
        assert len(page.items) == count


async def test_events_are_told_in_order_and_hold_no_words(clock: ManualClock) -> None:
    found: list[Event] = []

    async def note(_unit: StoreUnit, event: Event) -> None:
        found.append(event)

    subscriptions = [Subscription(Group("probe", topic), note) for topic in ("chat", "rooms")]
    async with Divan.open(
        Settings(env="test"),
        stores=memory_stores(clock),
        clock=clock,
        subscriptions=subscriptions,
    ) as divan:
        world = World(divan, clock)
        await divan.accounts.create_campus(
            CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS, radius_m=5000)
        )
        pair = Pair(world, await world.join("ana"), await world.join("ben"))
        for number in range(3):
            await pair.say(f"secret {number}", client_msg_id=f"x{number}")
        await pair.say("secret 0", client_msg_id="x0")
        room_id = (await divan.rooms.create(pair.ana, CreateRoom("secret", "2-4", "link"))).view.id
        await divan.rooms.join(pair.ben, RoomQuery(room_id))
        await divan.rooms.join(pair.ben, RoomQuery(room_id))
        await divan.rooms.send(pair.ben, SendRoomMessage(room_id, "secret"))
        await divan.rooms.leave(pair.ben, RoomQuery(room_id))
        await divan.drain()
    direct = [one for one in found if one.topic == "chat"]
    assert [(one.name, one.data["seq"]) for one in direct] == [
        ("message.sent", seq) for seq in (1, 2, 3)
    ]
    assert len({one.aggregate for one in direct}) == 1
    assert sorted(one.name for one in found if one.topic == "rooms") == [
        "message.sent",
        "room.created",
        "room.joined",
        "room.left",
    ]
    assert "secret" not in str([one.data for one in found])


async def test_what_was_just_written_is_told_once_as_it_would_be_read(pair: Pair) -> None:
    divan = pair.world.divan
    attachment = Attachment("image/png", file_name="me.png")

    async def check(view: MessageView) -> None:
        where, seq = view.conversation_id, view.seq
        fresh = divan.listening.fresh(where, seq)
        assert fresh == await divan.listening.news(CAMPUS, where, seq - 1, room=False)
        assert divan.listening.fresh(where, seq) is None

    first = (await pair.say("one", client_msg_id="x1", key="k1")).view
    await check(first)
    await check((await pair.say("two", by=pair.ben, attachments=(attachment,))).view)
    await pair.say("one", client_msg_id="x1", key="k1")  # replayed: its notice goes out again
    assert divan.listening.fresh(first.conversation_id, 1) is None


async def test_what_was_just_written_in_a_room_is_read(pair: Pair) -> None:
    """Who is inside has to be asked anyway."""
    divan = pair.world.divan
    room_id = (await divan.rooms.create(pair.ana, CreateRoom("Den", "2-4", "link"))).view.id
    view = (await divan.rooms.send(pair.ana, SendRoomMessage(room_id, "hello"))).view
    assert divan.listening.fresh(view.conversation_id, view.seq) is None


async def test_what_is_shadowed_is_told_its_sender_alone_however_fresh(
    gated: tuple[Pair, Gate],
) -> None:
    pair, gate = gated
    gate.verdict = Verdict(Decision.SHADOWED)
    view = (await pair.say("unseen")).view
    fresh = pair.world.divan.listening.fresh(view.conversation_id, view.seq)
    assert fresh is not None
    (heard,) = fresh.messages
    seen = [heard.shown_to(one.user_id) for one in (pair.ana, pair.ben)]
    assert (seen, heard.sealed) == ([True, False], True)


async def test_what_was_decided_about_while_it_was_written_is_read(pair: Pair) -> None:
    """Of whoever is held up between the commit and the telling."""
    divan = pair.world.divan
    answered = divan.idempotency.once

    async def held_up(*given: Any) -> Any:
        done = await answered(*given)
        divan.listening.forget()
        return done

    with patch.object(divan.idempotency, "once", held_up):
        view = (await pair.say("hidden by now")).view
    assert divan.listening.fresh(view.conversation_id, view.seq) is None
    view = (await pair.say("shown")).view
    assert divan.listening.fresh(view.conversation_id, view.seq) is not None

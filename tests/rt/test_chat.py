"""``/chat`` and ``/rooms``: each message once on every socket it is for, in order."""

from collections.abc import Sequence
from typing import Any

import anyio
import attrs
import pytest
import socketio

from divan_core.accounts.messages import ChangePrivacy
from divan_core.chat.messages import AcknowledgeReading, SendMessage
from divan_core.chat.roommessages import CreateRoom, KickMember, RoomQuery, SendRoomMessage
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import RoomId
from divan_core.kernel.notices import NoticesLost
from divan_core.settings import IdempotencySettings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.told import ToldClient
from tests.rt.world import SLOW_TICK, World, a_world, ids_of

pytestmark = pytest.mark.anyio

CHAT, ROOMS = "/chat", "/rooms"
EVENTS = {
    CHAT: (
        "chat:message",
        "chat:echo",
        "chat:delivered",
        "chat:read",
        "chat:typing",
        "chat:changed",
    ),
    ROOMS: ("room:message", "room:members", "room:typing", "room:changed"),
}


class ChatClient(ToldClient):
    """A client of one of both namespaces, which waits until all has arrived."""

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace, EVENTS[namespace])

    async def until(self, count: int) -> None:
        """Wait for so many events, and for what comes with them."""
        await super().until(count)
        await self.settle()

    async def settle(self) -> None:
        """Let what is on its way arrive."""
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        answer = await self.call("settle")
        assert answer["error"]["code"] == "not_found"


async def connect(
    world: World, actor: Actor, namespace: str = CHAT, since: object = None
) -> ChatClient:
    client = ChatClient(namespace)
    auth = ids_of(actor) | ({} if since is None else {"since": since})
    await client.enter(world, auth)
    return client


async def pair(world: World) -> tuple[Actor, Actor]:
    return await world.join("ana"), await world.join("ben")


async def say(world: World, sender: Actor, recipient: Actor, body: str) -> int:
    """Write through the library, as HTTP does."""
    done = await world.divan.chat.send(sender, SendMessage(recipient.user_id, body))
    return done.view.seq


def bodies(views: Sequence[Any]) -> list[str]:
    return [view["body"] for view in views]


async def test_a_message_reaches_every_device_once(world: World) -> None:
    ana, ben = await pair(world)
    anas, other, bens, bens_other = [await connect(world, one) for one in (ana, ana, ben, ben)]
    answer = await anas.call("chat:send", {"to_user_id": str(ben.user_id), "body": "hello"})
    assert (answer["ok"], answer["replayed"], answer["message"]["seq"]) == (True, False, 1)
    for client in (bens, bens_other):
        assert await client.hears("chat:message") == [answer["message"]]
    assert await other.hears("chat:echo") == [answer["message"]]
    assert await anas.hears() == []
    answer = await bens.call("chat:send", {"to_user_id": str(ana.user_id), "body": "yes"})
    assert await anas.hears("chat:message") == [answer["message"]]


async def test_nobody_else_hears_it(world: World) -> None:
    ana, ben = await pair(world)
    eve = await connect(world, await world.join("eve"))
    bens = await connect(world, ben)
    await say(world, ana, ben, "hello")
    await bens.hears("chat:message")
    assert await eve.hears() == []


async def test_a_repeat_is_the_same_message(world: World) -> None:
    ana, ben = await pair(world)
    anas, bens = await connect(world, ana), await connect(world, ben)
    payload = {"to_user_id": str(ben.user_id), "body": "hello", "client_msg_id": "x"}
    first = await anas.call("chat:send", payload)
    again = await anas.call("chat:send", payload)
    assert (again["replayed"], again["message"]) == (True, first["message"])
    await bens.hears("chat:message")
    answer = await anas.call("chat:send", payload | {"body": "other"})
    assert answer["error"]["code"] == "idempotency_key_reused"


async def test_whoever_comes_back_is_sent_what_it_missed(world: World) -> None:
    ana, ben = await pair(world)
    for number in range(1, 31):
        await say(world, ana, ben, str(number))
    nothing = await connect(world, ben)
    conversation_id = (await world.divan.chat.send(ana, SendMessage(ben.user_id, "31"))).view
    place = {str(conversation_id.conversation_id): 2}
    back = await connect(world, ben, since=place)
    assert bodies(await back.hears(*["chat:message"] * 29)) == [str(one) for one in range(3, 32)]
    assert bodies(await nothing.hears("chat:message")) == ["31"]
    beyond = await connect(world, ben, since=dict.fromkeys(place, 1000))
    await say(world, ana, ben, "32")
    assert bodies(await beyond.hears("chat:message")) == ["32"]
    stranger = await connect(world, await world.join("eve"), since=place)
    assert await stranger.hears() == []


@pytest.mark.parametrize("since", ["x", {"x": 1}, {"0" * 32: -1}, {"0" * 32: "1"}, [1]], ids=str)
async def test_a_place_that_is_none(world: World, since: object) -> None:
    ana = await world.join("ana")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connect(world, ana, since=since)
    await connect(world, ana)


async def test_what_was_missed_between_processes_is_found(world: World) -> None:
    ana, ben = await pair(world)
    bens = await connect(world, ben)
    await say(world, ana, ben, "heard")
    await bens.hears("chat:message")
    notices: Any = world.divan.stores.person_notices
    publish = notices.publish

    async def lost(_notice: object) -> None:
        await anyio.lowlevel.checkpoint()

    notices.publish = lost
    await say(world, ana, ben, "lost")
    assert await bens.hears() == []
    notices.publish = publish
    await say(world, ana, ben, "next")
    assert bodies(await bens.hears("chat:message", "chat:message")) == ["lost", "next"]
    notices.publish = lost
    await say(world, ana, ben, "lost again")
    world.server._talks.hear(NoticesLost())  # noqa: SLF001 - what a broken connection says
    assert bodies(await bens.hears("chat:message")) == ["lost again"]


async def test_receipts_and_typing(world: World) -> None:
    ana, ben = await pair(world)
    anas, bens = await connect(world, ana), await connect(world, ben)
    await say(world, ana, ben, "hello")
    await bens.hears("chat:message")
    await anas.hears("chat:echo")
    payload = {"peer_id": str(ana.user_id), "delivered_seq": 1}
    assert await bens.call("chat:ack", payload) == {"ok": True}
    assert await anas.hears("chat:delivered") == [{"peer_id": str(ben.user_id), "delivered_seq": 1}]
    assert (await bens.call("chat:ack", payload | {"delivered_seq": 2}))["error"]["status"] == 422
    await world.divan.chat.read(ben, AcknowledgeReading(ana.user_id, 1))
    told = await anas.hears("chat:delivered", "chat:read")
    assert told[1] == {"peer_id": str(ben.user_id), "read_seq": 1}
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(read_receipts=False))
    await world.divan.chat.read(ben, AcknowledgeReading(ana.user_id, 1))
    await anas.hears("chat:delivered")
    typing = {"peer_id": str(ana.user_id), "active": True}
    assert await bens.call("chat:typing", typing) == {"ok": True}
    assert await anas.hears("chat:typing") == [{"peer_id": str(ben.user_id), "active": True}]


async def test_after_a_block_nothing_passes(world: World) -> None:
    ana, ben = await pair(world)
    anas, bens = await connect(world, ana), await connect(world, ben)
    await say(world, ana, ben, "before")
    await anas.hears("chat:echo")
    await bens.hears("chat:message")
    await world.divan.social.block(ana, ben.user_id)
    for event, payload in (
        ("chat:send", {"to_user_id": str(ana.user_id), "body": "no"}),
        ("chat:typing", {"peer_id": str(ana.user_id)}),
    ):
        answer = await bens.call(event, payload)
        assert answer["error"]["code"] == "not_found"
    await bens.call("chat:ack", {"peer_id": str(ana.user_id), "delivered_seq": 1})
    assert await anas.hears() == []


async def test_a_slow_socket_gets_all_of_it(world: World) -> None:
    ana, ben = await pair(world)
    bens = await connect(world, ben)
    for number in range(100):
        await say(world, ana, ben, f"{number} " + "x" * 3000)
    told = await bens.hears(*["chat:message"] * 100)
    assert [one["seq"] for one in told] == list(range(1, 101))


async def room_of(world: World, owner: Actor, *others: Actor) -> RoomId:
    """A link room with these people in it."""
    view = (await world.divan.rooms.create(owner, CreateRoom("Den", "4-6", "link"))).view
    for one in others:
        await world.divan.rooms.join(one, RoomQuery(view.id))
    return view.id


async def write(world: World, sender: Actor, room_id: RoomId, body: str) -> int:
    """Write into a room through the library, as HTTP does."""
    done = await world.divan.rooms.send(sender, SendRoomMessage(room_id, body))
    return done.view.seq


async def test_a_room(world: World) -> None:
    ana, ben = await pair(world)
    room_id = await room_of(world, ana, ben)
    anas, bens = await connect(world, ana, ROOMS), await connect(world, ben, ROOMS)
    for client in (anas, bens):
        answer = await client.call("room:join", {"room_id": str(room_id)})
        assert (answer["ok"], answer["room"]["member_count"]) == (True, 2)
    answer = await anas.call("room:send", {"room_id": str(room_id), "body": "hello"})
    assert await bens.hears("room:message") == [answer["message"]]
    assert await anas.hears() == []
    await bens.call("room:typing", {"room_id": str(room_id)})
    (typing,) = await anas.hears("room:typing")
    assert typing == {"room_id": str(room_id), "user_id": str(ben.user_id), "active": True}
    assert await bens.call("room:leave", {"room_id": str(room_id)}) == {"ok": True}
    await write(world, ana, room_id, "more")
    assert await bens.hears() == []
    assert bodies(await anas.hears("room:message")) == ["more"]
    await bens.call("room:join", {"room_id": str(room_id), "since_seq": 1})
    assert bodies(await bens.hears("room:message")) == ["more"]
    back = await connect(world, ben, ROOMS, since={str(room_id): 0})
    assert bodies(await back.hears("room:message", "room:message")) == ["hello", "more"]


async def test_nothing_falls_between_the_card_of_a_room_and_listening_to_it(world: World) -> None:
    """The acknowledgement's last number leads to what is heard, without a gap."""
    ana, ben = await pair(world)
    room_id = await room_of(world, ana, ben)
    bens = await connect(world, ben, ROOMS)
    rooms: Any = world.divan.rooms
    card = rooms.card

    async def written_meanwhile(actor: Actor, query: RoomQuery) -> Any:
        found = await card(actor, query)
        await write(world, ana, room_id, "meanwhile")
        return found

    rooms.card = written_meanwhile
    answer = await bens.call("room:join", {"room_id": str(room_id)})
    assert answer["room"]["last_seq"] == 0
    assert bodies(await bens.hears("room:message")) == ["meanwhile"]


async def test_whoever_is_put_out_hears_no_more(world: World) -> None:
    ana, ben = await pair(world)
    room_id = await room_of(world, ana, ben)
    anas, bens = await connect(world, ana, ROOMS), await connect(world, ben, ROOMS)
    for client in (anas, bens):
        await client.call("room:join", {"room_id": str(room_id)})
    await world.divan.rooms.kick(ana, KickMember(room_id, ben.user_id))
    for client in (anas, bens):
        (told,) = await client.hears("room:members")
        assert told == {
            "room_id": str(room_id),
            "change": "kicked",
            "user_ids": [str(ben.user_id)],
        }
    await write(world, ana, room_id, "among us")
    await anas.hears("room:message")
    assert await bens.hears() == []
    answer = await bens.call("room:join", {"room_id": str(room_id)})
    assert answer["error"]["code"] == "not_member"


async def test_whoever_was_put_out_unheard_hears_no_more_either(world: World) -> None:
    """Where the notice of it was lost, it is found out with the next look at everything."""
    ana, ben = await pair(world)
    room_id = await room_of(world, ana, ben)
    anas, bens = await connect(world, ana, ROOMS), await connect(world, ben, ROOMS)
    for client in (anas, bens):
        await client.call("room:join", {"room_id": str(room_id)})
    notices: Any = world.divan.stores.person_notices
    publish = notices.publish

    async def lost(_notice: object) -> None:
        await anyio.lowlevel.checkpoint()

    notices.publish = lost
    await world.divan.rooms.kick(ana, KickMember(room_id, ben.user_id))
    notices.publish = publish
    world.server._talks.hear(NoticesLost())  # noqa: SLF001 - what a broken connection says
    await bens.settle()
    assert await anas.call("room:typing", {"room_id": str(room_id)}) == {"ok": True}
    assert await bens.hears() == []


async def test_those_who_block_each_other_in_a_room(world: World) -> None:
    ana, ben = await pair(world)
    cem = await world.join("cem")
    room_id = await room_of(world, ana, ben, cem)
    bens, cems = await connect(world, ben, ROOMS), await connect(world, cem, ROOMS)
    for client in (bens, cems):
        await client.call("room:join", {"room_id": str(room_id)})
    await world.divan.social.block(ben, cem.user_id)
    for sender, body in ((ben, "from ben"), (cem, "from cem"), (ana, "from ana")):
        await write(world, sender, room_id, body)
    await bens.call("room:typing", {"room_id": str(room_id)})
    await world.divan.rooms.leave(ben, RoomQuery(room_id))
    told = await bens.hears("room:message", "room:message", "room:members")
    assert bodies(told[:2]) == ["from ben", "from ana"]
    assert bodies(await cems.hears("room:message", "room:message")) == ["from cem", "from ana"]


async def test_where_keys_are_mandatory_a_name_is_one() -> None:
    clock = ManualClock()
    insisting = attrs.evolve(SLOW_TICK, idempotency=IdempotencySettings(key_mandatory=True))
    async with a_world(memory_stores(clock), clock, insisting) as world:
        ana, ben = await pair(world)
        anas = await connect(world, ana)
        payload = {"to_user_id": str(ben.user_id), "body": "hello"}
        answer = await anas.call("chat:send", payload)
        assert answer["error"]["code"] == "idempotency_key_missing"
        for replayed in (False, True):
            answer = await anas.call("chat:send", payload | {"client_msg_id": "ä b"})
            assert (answer["ok"], answer["replayed"]) == (True, replayed)

"""What sockets are told of messages that staff hides or shows again."""

from typing import Any

import attrs
import pytest

from divan_core.chat.roommessages import CreateRoom, RoomQuery, SendRoomMessage
from divan_core.kernel.actor import MODERATOR, Actor
from divan_core.moderation.actionmessages import ActionView, ApplyAction, RevertAction
from divan_core.moderation.messages import CasesQuery, SendReport
from tests.rt.test_chat import ROOMS, connect, pair
from tests.rt.world import World

pytestmark = pytest.mark.anyio


@attrs.define
class Desk:
    """A moderator, and the case about one message."""

    world: World
    mod: Actor
    case_id: Any

    @classmethod
    async def of(cls, world: World, reporter: Actor, message_id: str) -> "Desk":
        mod = attrs.evolve(await world.join("mod"), roles=frozenset({MODERATOR}))
        await world.divan.reports.send(reporter, SendReport("message", message_id, "abuse"))
        (case,) = (await world.divan.cases.page(mod, CasesQuery())).items
        return cls(world, mod, case.id)

    async def act(self, action: Any) -> ActionView:
        command = ApplyAction(self.case_id, action, "So.")
        (done,) = (await self.world.divan.actions.apply(self.mod, command)).view.actions
        await self.world.divan.drain()
        return done

    async def undo(self, action: ActionView) -> None:
        command = RevertAction(self.case_id, action.id, "No.")
        await self.world.divan.actions.revert(self.mod, command)
        await self.world.divan.drain()


@pytest.mark.parametrize(
    ("action", "author"), [("tombstone", [True, True]), ("remove", [False, True])]
)
async def test_a_message_disappears_and_comes_back(
    world: World, action: str, author: list[bool]
) -> None:
    ana, ben = await pair(world)
    anas, bens = await connect(world, ana), await connect(world, ben)
    answer = await anas.call("chat:send", {"to_user_id": str(ben.user_id), "body": "Rude."})
    await bens.hears("chat:message")
    desk = await Desk.of(world, ben, answer["message"]["message_id"])
    where = {"conversation_id": answer["message"]["conversation_id"], "seq": 1}
    done = await desk.act(action)
    assert await bens.hears("chat:changed") == [where | {"shown": False}]
    assert await anas.hears("chat:changed") == [where | {"shown": author[0]}]
    await desk.act("warn")
    assert (await anas.hears(), await bens.hears()) == ([], [])
    await desk.undo(done)
    assert await bens.hears("chat:changed") == [where | {"shown": True}]
    assert await anas.hears("chat:changed") == [where | {"shown": author[1]}]


async def test_what_goes_unnoticed_is_not_told_its_author(world: World) -> None:
    ana, ben = await pair(world)
    anas, bens = await connect(world, ana), await connect(world, ben)
    answer = await anas.call("chat:send", {"to_user_id": str(ben.user_id), "body": "Rude."})
    await bens.hears("chat:message")
    desk = await Desk.of(world, ben, answer["message"]["message_id"])
    done = await desk.act("shadow_hide")
    assert [one["shown"] for one in await bens.hears("chat:changed")] == [False]
    await desk.undo(done)
    assert [one["shown"] for one in await bens.hears("chat:changed")] == [True]
    assert await anas.hears() == []


async def test_in_a_room_those_are_told_who_saw_it(world: World) -> None:
    people = [await world.join(name) for name in ("ana", "ben", "cyd", "dan")]
    ana, ben, cyd, dan = people
    room = (await world.divan.rooms.create(ana, CreateRoom("Den", "4-6", "link"))).view
    for one in (ben, cyd):
        await world.divan.rooms.join(one, RoomQuery(room.id))
    await world.divan.social.block(cyd, ana.user_id)
    clients = [await connect(world, one, ROOMS) for one in people]
    for client in clients[:3]:
        assert (await client.call("room:join", {"room_id": str(room.id)}))["ok"]
    direct = await connect(world, dan)
    said = await world.divan.rooms.send(ana, SendRoomMessage(room.id, "Rude."))
    await clients[1].hears("room:message")
    desk = await Desk.of(world, ben, said.view.message_id)
    for client in clients:
        client.told.clear()
    await desk.act("remove")
    where = {"conversation_id": str(room.id), "seq": said.view.seq, "shown": False}
    assert await clients[1].hears("room:changed") == [where]
    assert await clients[0].hears("room:changed") == [where]
    for client in (clients[2], clients[3], direct):
        assert await client.hears() == []

"""Pages of messages as JSON: what is made once is shown only to whoever may see it now."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import attrs
import pytest
from msgspec.json import decode, encode

from divan_core import Divan, Settings
from divan_core.accounts.messages import CreateCampus
from divan_core.chat.messages import MessagesQuery, MessageView, PeerQuery, SendMessage
from divan_core.chat.model import MessageId, Veil
from divan_core.chat.roommessages import (
    CreateRoom,
    RoomMessagesQuery,
    RoomQuery,
    SendRoomMessage,
)
from divan_core.errors import NotMember
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import RoomId
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints

from .conftest import CAMPUS, CENTRE, KINDS, World, stores_of
from .pages import page_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    return stores_of(request.param, request, clock)


@attrs.frozen
class Readers:
    """Ana and Ben, what is read of the store for them, and one of their processes."""

    world: World
    ana: Actor
    ben: Actor
    faults: FaultPoints

    @property
    def divan(self) -> Divan:
        return self.world.divan

    def reads(self) -> tuple[int, int]:
        """How often editions alone were read, and how often all of the messages."""
        calls = ("messages.editions:before", "messages.history:before")
        editions, history = map(self.faults.reached, calls)
        return editions, history

    async def say(self, body: str, by: Actor | None = None, **more: Any) -> MessageView:
        by = by or self.ana
        other = self.ben if by == self.ana else self.ana
        return (await self.divan.chat.send(by, SendMessage(other.user_id, body, **more))).view

    async def printed(self, viewer: Actor, **query: Any) -> list[str]:
        other = self.ben if viewer == self.ana else self.ana
        page = await self.divan.chat.printed(viewer, MessagesQuery(other.user_id, **query))
        return bodies(encode(page))

    async def veil(self, view: MessageView, veil: Veil | None) -> None:
        async def body(unit: StoreUnit) -> None:
            (found,), _ = await unit.messages.news(view.conversation_id, view.seq - 1, 1)
            await unit.messages.veil(MessageId(found.id), veil)

        await self.divan.stores.units.write(body, locking=True)

    async def check(self) -> None:
        """Both ways of reading give the same, whatever is asked for."""
        for viewer, other in ((self.ana, self.ben), (self.ben, self.ana)):
            query = MessagesQuery(other.user_id, limit=2)
            for one in (
                MessagesQuery(other.user_id),
                MessagesQuery(other.user_id, limit=1),
                MessagesQuery(other.user_id, after_seq=1, before_seq=4),
            ):
                await page_of(self.divan, viewer, one)
            first = await page_of(self.divan, viewer, query)
            if first.cursor is not None:
                await page_of(self.divan, viewer, attrs.evolve(query, cursor=first.cursor))


def bodies(page: bytes) -> list[str]:
    return [one["body"] for one in decode(page)["items"]]


@pytest.fixture
async def readers(stores: Stores, clock: ManualClock, settings: Settings) -> AsyncIterator[Readers]:
    faults, elsewhere = FaultPoints(), attrs.evolve(settings, workers_enabled=False)
    async with Divan.open(elsewhere, stores=faults.around(stores), clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        world = World(divan, clock)
        yield Readers(world, await world.join("ana"), await world.join("ben"), faults)


async def test_what_was_read_or_sent_here_is_not_read_again(readers: Readers) -> None:
    for number in range(3):
        await readers.say(str(number))
    assert await readers.printed(readers.ben) == ["2", "1", "0"]
    assert readers.reads() == (0, 1)
    assert await readers.printed(readers.ana, limit=2) == ["2", "1"]
    assert readers.reads() == (1, 1)
    await readers.say("3", client_msg_id="three")
    await readers.say("3", client_msg_id="three")
    assert await readers.printed(readers.ben) == ["3", "2", "1", "0"]
    assert readers.reads() == (2, 1)
    await readers.check()


@pytest.mark.parametrize("stores", ["postgres+valkey"], indirect=True)
async def test_who_reads_at_the_same_time_reads_together(readers: Readers) -> None:
    """One goes at once, and all the others together; each is shown what is theirs."""
    for number in range(3):
        await readers.say(str(number))
    await readers.printed(readers.ana)
    found: dict[int, list[str]] = {}

    async def read(limit: int) -> None:
        viewer = (readers.ana, readers.ben)[limit % 2]
        found[limit] = await readers.printed(viewer, limit=limit)

    async with anyio.create_task_group() as group:
        for limit in range(1, 9):
            group.start_soon(read, limit)
    assert found == {limit: ["2", "1", "0"][:limit] for limit in range(1, 9)}
    assert readers.reads() == (2, 1)


async def test_what_another_process_has_sent_is_read_once(readers: Readers) -> None:
    await readers.say("0")
    await readers.check()
    before = readers.reads()
    async with Divan.open(
        readers.divan.settings, stores=readers.divan.stores, clock=readers.world.clock
    ) as other:
        await other.chat.send(readers.ben, SendMessage(readers.ana.user_id, "1"))
        assert await readers.printed(readers.ana) == ["1", "0"]
        assert readers.reads() == (before[0] + 1, before[1] + 1)
        assert await readers.printed(readers.ana) == ["1", "0"]
        assert readers.reads() == (before[0] + 2, before[1] + 1)
        await readers.check()


@pytest.mark.parametrize("veil", Veil)
async def test_what_staff_hides_is_gone_at_once(readers: Readers, veil: Veil) -> None:
    views = [await readers.say(str(number)) for number in range(3)]
    await readers.check()
    await readers.veil(views[1], veil)
    assert await readers.printed(readers.ben) == ["2", "0"]
    removed = veil is Veil.REMOVED
    assert await readers.printed(readers.ana) == (["2", "0"] if removed else ["2", "1", "0"])
    await readers.check()
    await readers.veil(views[1], None)
    assert await readers.printed(readers.ben) == ["2", "1", "0"]
    await readers.check()


async def test_what_is_deleted_for_oneself_stays_with_the_other(readers: Readers) -> None:
    await readers.say("0")
    await readers.check()
    await readers.divan.chat.delete(readers.ben, PeerQuery(readers.ana.user_id))
    assert await readers.printed(readers.ben) == []
    await readers.say("1", by=readers.ben)
    assert await readers.printed(readers.ben) == ["1"]
    assert await readers.printed(readers.ana) == ["1", "0"]
    await readers.check()


async def test_a_room_shows_each_what_they_may_see(readers: Readers) -> None:
    rooms, cem = readers.divan.rooms, await readers.world.join("cem")
    room_id = (await rooms.create(readers.ana, CreateRoom("Den", "2-4", "link"))).view.id
    for one in (readers.ben, cem):
        await rooms.join(one, RoomQuery(room_id))
    for one in (readers.ana, readers.ben, cem):
        await rooms.send(one, SendRoomMessage(room_id, one.user_id.hex))
    ana, ben, of_cem = (one.user_id.hex for one in (readers.ana, readers.ben, cem))
    assert await heard(readers, readers.ana, room_id) == [of_cem, ben, ana]
    await readers.divan.social.block(readers.ben, cem.user_id)
    assert await heard(readers, readers.ben, room_id) == [ben, ana]
    assert await heard(readers, cem, room_id) == [of_cem, ana]
    assert await heard(readers, readers.ana, room_id) == [of_cem, ben, ana]
    await readers.divan.social.unblock(readers.ben, cem.user_id)
    assert await heard(readers, cem, room_id) == [of_cem, ben, ana]
    await rooms.leave(cem, RoomQuery(room_id))
    with pytest.raises(NotMember):
        await rooms.printed(cem, RoomMessagesQuery(room_id))


async def heard(readers: Readers, viewer: Actor, room_id: RoomId) -> list[str]:
    page = await page_of(readers.divan, viewer, RoomMessagesQuery(room_id))
    return [one.body for one in page.items]

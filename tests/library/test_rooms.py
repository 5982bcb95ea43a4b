"""Rooms, on every set of stores."""

from typing import Any
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.accounts.messages import ChangePrivacy
from divan_core.chat.messages import MessageView
from divan_core.chat.roommessages import (
    AddMember,
    CreateRoom,
    KickMember,
    MuteMember,
    ReadRoom,
    RoomMessagesQuery,
    RoomQuery,
    RoomsQuery,
    RoomView,
    RosterQuery,
    SendRoomMessage,
    SetRole,
)
from divan_core.discovery.messages import DiscoverQuery, SearchQuery
from divan_core.errors import (
    IdempotencyKeyReused,
    InvalidInput,
    KickedOut,
    Muted,
    NotAllowed,
    NotFound,
    NotFriends,
    NotMember,
    RoomFull,
    ValidationFailed,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.once import Done
from divan_core.presence.messages import GoOffline
from divan_core.testing.clock import ManualClock
from tests.library.conftest import KINDS, World, stores_of
from tests.library.pages import page_of

pytestmark = pytest.mark.anyio

NOBODY = UserId(UUID(int=7))
NO_ROOM = RoomId(UUID(int=8))


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Any:
    return stores_of(request.param, request, clock)


@attrs.frozen
class House:
    """A campus with rooms in it."""

    world: World

    def __getattr__(self, name: str) -> Actor:
        return self.world.people[name]

    async def open(
        self, owner: str = "ana", *members: str, visibility: str = "link", preset: str = "4-6"
    ) -> RoomId:
        """Open a room with friends in it."""
        rooms, people = self.world.divan.rooms, self.world.people
        for one in members:
            await self.world.divan.social.befriend(people[owner], people[one].user_id)
        ids = tuple(people[one].user_id for one in members)
        command = CreateRoom("Den", preset, visibility, ids)  # type: ignore[arg-type]  # as given
        return (await rooms.create(people[owner], command)).view.id

    async def say(self, name: str, room_id: RoomId, body: str, **more: Any) -> Done[MessageView]:
        """Write into a room."""
        key = more.pop("key", None)
        command = SendRoomMessage(room_id, body, **more)
        actor = self.world.people[name]
        return await self.world.divan.rooms.send(actor, command, idempotency_key=key)

    async def heard(self, name: str, room_id: RoomId, **query: Any) -> list[str]:
        """What somebody reads in a room, newest first."""
        asked = RoomMessagesQuery(room_id, **query)
        page = await page_of(self.world.divan, self.world.people[name], asked)
        return [one.body for one in page.items]

    async def roles(self, name: str, room_id: RoomId) -> dict[str, str]:
        """Who is in a room to somebody, and as what, the longest-standing first."""
        actor = self.world.people[name]
        page = await self.world.divan.rooms.roster(actor, RosterQuery(room_id))
        return {one.handle: one.role for one in page.items}

    async def card(self, name: str, room_id: RoomId) -> RoomView:
        """A room as somebody sees it."""
        return await self.world.divan.rooms.card(self.world.people[name], RoomQuery(room_id))

    async def join(self, name: str, room_id: RoomId) -> RoomView:
        """Enter a room; a second later than whoever came before."""
        self.world.clock.advance(1)
        return await self.world.divan.rooms.join(self.world.people[name], RoomQuery(room_id))

    async def leave(self, name: str, room_id: RoomId) -> None:
        """Leave a room."""
        await self.world.divan.rooms.leave(self.world.people[name], RoomQuery(room_id))

    async def kick(self, name: str, room_id: RoomId, target: str) -> None:
        """Put somebody out."""
        command = KickMember(room_id, self.world.people[target].user_id)
        await self.world.divan.rooms.kick(self.world.people[name], command)

    async def set_role(self, name: str, room_id: RoomId, target: str, role: Any) -> None:
        """Give somebody a role."""
        command = SetRole(room_id, self.world.people[target].user_id, role)
        await self.world.divan.rooms.set_role(self.world.people[name], command)

    async def add(self, name: str, room_id: RoomId, target: str) -> None:
        """Bring somebody in."""
        command = AddMember(room_id, self.world.people[target].user_id)
        await self.world.divan.rooms.add(self.world.people[name], command)

    async def mute(self, name: str, room_id: RoomId, target: str, minutes: int) -> None:
        """Let somebody only read."""
        command = MuteMember(room_id, self.world.people[target].user_id, minutes)
        await self.world.divan.rooms.mute(self.world.people[name], command)


@pytest.fixture
async def house(world: World) -> House:
    for name in ("ana", "ben", "cem", "dia", "eva"):
        await world.join(name)
    return House(world)


async def test_a_room_from_beginning_to_end(house: House) -> None:
    room_id = await house.open("ana", "ben")
    card = await house.card("ana", room_id)
    assert (card.name, card.preset, card.capacity, card.member_count) == ("Den", "4-6", 6, 2)
    assert (card.role, card.unread_count) == ("owner", 0)
    assert await house.roles("ben", room_id) == {"ana": "owner", "ben": "member"}
    first = await house.say("ana", room_id, "hello", client_msg_id="x")
    assert (first.view.seq, first.view.room_id) == (1, room_id)
    assert (await house.card("ben", room_id)).unread_count == 1
    found = await house.world.divan.rooms.read(house.ben, ReadRoom(room_id, 1))
    assert found.read_seq == 1
    with pytest.raises(ValidationFailed):
        await house.world.divan.rooms.read(house.ben, ReadRoom(room_id, 2))
    assert (await house.join("cem", room_id)).role == "member"
    assert await house.heard("cem", room_id) == ["hello"]
    assert (await house.card("cem", room_id)).unread_count == 0
    for name in ("ana", "ben", "cem"):
        await house.leave(name, room_id)
    for name in ("ana", "dia"):
        with pytest.raises(NotFound):
            await house.card(name, room_id)


async def test_a_name_for_a_message_is_good_once(house: House) -> None:
    room_id = await house.open("ana", "ben")
    first = await house.say("ana", room_id, "hello", client_msg_id="x")
    again = await house.say("ana", room_id, "hello", client_msg_id="x", key="k")
    assert (again.replayed, again.body) == (True, first.body)
    with pytest.raises(IdempotencyKeyReused):
        await house.say("ana", room_id, "other", client_msg_id="x")
    await house.say("ben", room_id, "hello", client_msg_id="x")
    await house.say("ben", room_id, "again", key="k")
    assert (await house.say("ben", room_id, "again", key="k")).replayed
    await house.kick("ana", room_id, "ben")
    with pytest.raises(NotMember):
        await house.say("ben", room_id, "again", key="k")


async def test_from_outside(house: House) -> None:
    link, private = await house.open("ana"), await house.open("ana", visibility="private")
    assert (await house.card("ben", link)).member_count == 1
    rooms, ben = house.world.divan.rooms, house.ben
    for room_id, refusal in ((link, NotMember), (private, NotFound), (NO_ROOM, NotFound)):
        with pytest.raises(refusal):
            await house.heard("ben", room_id)
        with pytest.raises(refusal):
            await house.say("ben", room_id, "hello")
        with pytest.raises(refusal):
            await house.roles("ben", room_id)
        with pytest.raises(refusal):
            await rooms.read(ben, ReadRoom(room_id, 0))
        with pytest.raises(refusal):
            await house.add("ben", room_id, "cem")
        with pytest.raises(refusal):
            await house.kick("ben", room_id, "ana")
        with pytest.raises(refusal):
            await house.mute("ben", room_id, "ana", 1)
        with pytest.raises(refusal):
            await house.set_role("ben", room_id, "ana", "member")
    for room_id in (private, NO_ROOM):
        with pytest.raises(NotFound):
            await house.card("ben", room_id)
        with pytest.raises(NotFound):
            await house.join("ben", room_id)
        with pytest.raises(NotFound):
            await house.leave("ben", room_id)
    await house.leave("ben", link)


async def test_only_friends_are_brought_in_from_the_start(house: House) -> None:
    for stranger in (house.ben.user_id, NOBODY):
        command = CreateRoom("Den", "2-4", "private", (stranger,))
        with pytest.raises(ValidationFailed) as refused:
            await house.world.divan.rooms.create(house.ana, command)
        assert [one.path for one in refused.value.errors] == ["$.member_ids[0]"]


async def test_a_full_room(house: House) -> None:
    room_id = await house.open("ana", "ben", "cem", preset="2-4")
    await house.join("dia", room_id)
    with pytest.raises(RoomFull):
        await house.join("eva", room_id)
    with pytest.raises(RoomFull):
        await house.add("ana", room_id, "eva")
    await house.leave("dia", room_id)
    await house.join("eva", room_id)
    with pytest.raises(RoomFull):
        await house.open("ana", "ben", "cem", "dia", "eva", preset="2-4")


async def test_the_last_place_is_taken_once(house: House) -> None:
    room_id = await house.open("ana", "ben", preset="2-4")
    refused = list[str]()

    async def enter(name: str) -> None:
        try:
            await house.join(name, room_id)
        except RoomFull:
            refused.append(name)

    async with anyio.create_task_group() as group:
        for name in ("cem", "dia", "eva"):
            group.start_soon(enter, name)
    assert len(refused) == 1
    assert len(await house.roles("ana", room_id)) == 4


async def test_roles(house: House) -> None:
    room_id = await house.open("ana", "ben", "cem")
    with pytest.raises(NotAllowed):
        await house.set_role("ben", room_id, "cem", "moderator")
    await house.set_role("ana", room_id, "ben", "moderator")
    for target in ("ana", "ben"):
        with pytest.raises(InvalidInput if target == "ben" else NotAllowed):
            await house.kick("ben", room_id, target)
    with pytest.raises(NotAllowed):
        await house.kick("cem", room_id, "ben")
    with pytest.raises(InvalidInput):
        await house.set_role("ana", room_id, "ana", "member")
    await house.set_role("ana", room_id, "cem", "owner")
    assert await house.roles("ana", room_id) == {
        "ana": "moderator",
        "ben": "moderator",
        "cem": "owner",
    }
    with pytest.raises(NotFound):
        await house.set_role("cem", room_id, "dia", "member")


async def test_an_owner_who_leaves_hands_over(house: House) -> None:
    room_id = await house.open("ana")
    for name in ("ben", "cem", "dia"):
        await house.join(name, room_id)
    await house.set_role("ana", room_id, "cem", "moderator")
    await house.leave("ana", room_id)
    assert await house.roles("ben", room_id) == {"ben": "member", "cem": "owner", "dia": "member"}
    await house.leave("cem", room_id)
    assert await house.roles("ben", room_id) == {"ben": "owner", "dia": "member"}
    await house.join("ana", room_id)
    assert (await house.card("ana", room_id)).role == "member"


async def test_whoever_was_put_out_returns_only_when_added(house: House) -> None:
    room_id = await house.open("ana")
    await house.join("ben", room_id)
    await house.kick("ana", room_id, "ben")
    with pytest.raises(KickedOut):
        await house.join("ben", room_id)
    with pytest.raises(NotMember):
        await house.heard("ben", room_id)
    await house.leave("ben", room_id)
    with pytest.raises(KickedOut):
        await house.join("ben", room_id)
    await house.add("ana", room_id, "ben")
    assert await house.roles("ben", room_id) == {"ana": "owner", "ben": "member"}


async def test_only_reading(house: House) -> None:
    room_id = await house.open("ana", "ben")
    await house.mute("ana", room_id, "ben", 10)
    with pytest.raises(Muted):
        await house.say("ben", room_id, "hello")
    assert (await house.card("ben", room_id)).muted_until is not None
    await house.leave("ben", room_id)
    await house.join("ben", room_id)
    with pytest.raises(Muted):
        await house.say("ben", room_id, "hello")
    await house.mute("ana", room_id, "ben", 0)
    await house.say("ben", room_id, "one")
    await house.mute("ana", room_id, "ben", 1)
    house.world.clock.advance(61)
    assert (await house.say("ben", room_id, "two")).view.seq == 2


async def test_those_who_block_each_other(house: House) -> None:
    room_id = await house.open("ana", "ben", "cem")
    await house.say("ben", room_id, "from ben")
    await house.say("cem", room_id, "from cem")
    await house.say("ana", room_id, "from ana")
    await house.world.divan.social.block(house.ben, house.cem.user_id)
    assert await house.heard("ben", room_id) == ["from ana", "from ben"]
    assert await house.heard("cem", room_id) == ["from ana", "from cem"]
    assert await house.heard("ana", room_id) == ["from ana", "from cem", "from ben"]
    assert await house.roles("ben", room_id) == {"ana": "owner", "ben": "member"}
    for name, count in (("ana", 3), ("ben", 2), ("cem", 2), ("dia", 3)):
        assert (await house.card(name, room_id)).member_count == count
    (listed,) = (await house.world.divan.rooms.mine(house.ben, RoomsQuery())).items
    assert listed.member_count == 2
    for name, unread in (("ana", 2), ("ben", 1), ("cem", 1)):
        assert (await house.card(name, room_id)).unread_count == unread
    assert listed.unread_count == 1


async def test_a_block_does_not_shield_from_the_host(house: House) -> None:
    room_id = await house.open("ana", "ben")
    await house.world.divan.social.block(house.ben, house.ana.user_id)
    await house.kick("ana", room_id, "ben")
    with pytest.raises(NotMember):
        await house.heard("ben", room_id)
    await house.world.divan.rooms.kick(house.ana, KickMember(room_id, NOBODY))


async def test_whoever_hides_is_there_to_fellow_members_alone(house: House) -> None:
    room_id = await house.open("ana", "ben")
    privacy = ChangePrivacy(ghost_mode=True)
    await house.world.divan.accounts.change_privacy(house.ben, privacy)
    await house.join("cem", room_id)
    assert list(await house.roles("cem", room_id)) == ["ana", "ben", "cem"]
    for name, count in (("ana", 3), ("cem", 3), ("dia", 2)):
        assert (await house.card(name, room_id)).member_count == count


async def test_who_is_online_in_a_room(house: House) -> None:
    """Those whose presence the viewer may see elsewhere: no ghosts, and friends of some alone."""
    divan = house.world.divan
    room_id = await house.open("ana", "ben", "cem")
    for name in ("dia", "eva"):
        await house.join(name, room_id)
    for name in ("ana", "ben", "cem", "dia"):
        await house.world.beat(house.world.people[name])
    await divan.accounts.change_privacy(house.cem, ChangePrivacy(visibility="friends"))
    await divan.accounts.change_privacy(house.dia, ChangePrivacy(ghost_mode=True))

    async def online(viewer: Actor) -> set[str]:
        page = await divan.rooms.roster(viewer, RosterQuery(room_id))
        assert [one.handle for one in page.items] == ["ana", "ben", "cem", "dia", "eva"]
        return {one.handle for one in page.items if one.online}

    assert await online(house.ana) == {"ana", "ben", "cem"}
    assert await online(house.eva) == {"ana", "ben"}
    assert await online(house.dia) == {"ana", "ben", "dia"}
    entry = await divan.rooms.set_role(house.ana, SetRole(room_id, house.ben.user_id, "moderator"))
    assert (entry.handle, entry.online) == ("ben", True)
    await divan.presence.offline(house.ben, GoOffline())
    assert await online(house.eva) == {"ana"}


async def test_whom_one_can_bring_in(house: House) -> None:
    room_id = await house.open("ana", "ben", visibility="private")
    accounts = house.world.divan.accounts
    await accounts.change_privacy(house.cem, ChangePrivacy(visibility="none"))
    await accounts.change_privacy(house.dia, ChangePrivacy(chat_from="friends"))
    with pytest.raises(NotFound):
        await house.add("ana", room_id, "cem")
    with pytest.raises(NotFound):
        await house.world.divan.rooms.add(house.ana, AddMember(room_id, NOBODY))
    with pytest.raises(NotFriends):
        await house.add("ana", room_id, "dia")
    with pytest.raises(NotAllowed):
        await house.add("ben", room_id, "eva")
    await house.add("ana", room_id, "eva")
    await house.add("ana", room_id, "eva")
    assert list(await house.roles("eva", room_id)) == ["ana", "ben", "eva"]


async def test_pages(house: House) -> None:
    rooms = house.world.divan.rooms
    ids = [await house.open("ana") for _ in range(3)]
    first = await rooms.mine(house.ana, RoomsQuery(limit=2))
    rest = await rooms.mine(house.ana, RoomsQuery(limit=2, cursor=first.cursor))
    found = [one.id for one in (*first.items, *rest.items)]
    assert (found, rest.cursor) == (ids[::-1], None)
    for name in ("ben", "cem"):
        await house.join(name, ids[0])
    page = await rooms.roster(house.ben, RosterQuery(ids[0], limit=2))
    last = await rooms.roster(house.ben, RosterQuery(ids[0], limit=2, cursor=page.cursor))
    assert [one.handle for one in (*page.items, *last.items)] == ["ana", "ben", "cem"]
    for number in range(3):
        await house.say("ana", ids[0], str(number))
    newest = await rooms.messages(house.ben, RoomMessagesQuery(ids[0], limit=2))
    oldest = await rooms.messages(
        house.ben, RoomMessagesQuery(ids[0], limit=2, cursor=newest.cursor)
    )
    assert [one.body for one in (*newest.items, *oldest.items)] == ["2", "1", "0"]


async def test_a_name_that_is_none(house: House) -> None:
    for name in ("  ", "a\nb"):
        with pytest.raises(ValidationFailed) as refused:
            await house.world.divan.rooms.create(house.ana, CreateRoom(name, "2-4", "link"))
        assert [one.path for one in refused.value.errors] == ["$.name"]


async def test_rooms_are_found_and_suggested(house: House) -> None:
    ana, discovery = house.ana, house.world.divan.discovery
    await house.open("ana", visibility="private")
    quiet = await house.open("ana")
    lively = await house.open("ana", "ben")
    await house.say("ben", lively, "hello")
    found = await discovery.rooms(house.cem, DiscoverQuery())
    assert [one.id for one in found.items] == [lively, quiet]
    named = await discovery.search_rooms(house.cem, SearchQuery("den"))
    assert [one.id for one in named.items] == [lively, quiet]
    house.world.clock.advance(86_401)
    await house.join("cem", quiet)
    await house.say("ana", quiet, "news")
    found = await discovery.rooms(ana, DiscoverQuery())
    assert [one.id for one in found.items] == [quiet, lively]

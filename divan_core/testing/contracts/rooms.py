"""What stores keep of rooms, and of who is in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import attrs
import pytest

from divan_core.accounts.model import Privacy
from divan_core.chat.model import (
    Content,
    ConversationId,
    Cursors,
    Draft,
    Member,
    Message,
    MessageId,
    OpenRoom,
    Preset,
    Role,
    Room,
    RoomVisibility,
    Seat,
    Window,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Relations, Standing, Visibility
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, person, populate, user_id


class RoomsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_room_is_kept(self, stores: RelationalStores) -> None:
        """As it was given, with whoever is in it; to others it is there without them."""
        await populate(stores, 3)
        owner, guest = member(1, 1, role=Role.OWNER), member(1, 2, muted_until=Millis(START_MS + 9))
        await put(stores, room(1, members=2), owner, guest)
        for number, seat in ((1, owner), (2, guest), (3, None)):
            assert await seated(stores, 1, number) == (room(1, members=2), seat)
        assert await stores.units.read(lambda unit: unit.rooms.get(room_id(1))) == (
            room(1, members=2)
        )
        assert await seated(stores, 2, 1) is None
        assert await stores.units.read(lambda unit: unit.rooms.get(room_id(2))) is None

    async def test_a_roster_is_in_the_order_of_joining(self, stores: RelationalStores) -> None:
        """Those who left or were put out are in none, though it is known that they were there."""
        await populate(stores, 5)
        seats = [
            member(1, 1, joined_at=Millis(START_MS + 5)),
            member(1, 2, joined_at=Millis(START_MS + 3)),
            member(1, 3, joined_at=Millis(START_MS + 3)),
            member(1, 4, seat=Seat.LEFT),
            member(1, 5, seat=Seat.KICKED),
        ]
        await put(stores, room(1), *seats)
        assert await roster(stores, 1) == [seats[1], seats[2], seats[0]]
        assert await seated(stores, 1, 5) == (room(1), seats[4])
        assert await roster(stores, 2) == []

    async def test_what_is_put_again(self, stores: RelationalStores) -> None:
        """Replaces the room and its members, but numbers and how far they have come."""
        await populate(stores, 2)
        await put(stores, room(1), member(1, 1), member(1, 2))
        await say(stores, 1, 1, 1)
        await stores.units.write(
            lambda unit: unit.messages.advance(
                ConversationId(room_id(1)), user_id(1), Cursors(1, 1, 1)
            ),
            locking=True,
        )
        changed = room(1, name="Other", visibility=RoomVisibility.PRIVATE, members=1, closed=True)
        await put(stores, changed, member(1, 1, role=Role.MODERATOR, seat=Seat.LEFT))
        found = await seated(stores, 1, 1)
        moment = Millis(START_MS + 1)
        assert found == (
            attrs.evolve(changed, last_seq=1, last_at=moment),
            member(1, 1, role=Role.MODERATOR, seat=Seat.LEFT, cursors=Cursors(1, 1, 1)),
        )
        assert await roster(stores, 1) == [member(1, 2)]

    async def test_the_rooms_of_somebody(self, stores: RelationalStores) -> None:
        """The newest first, in pages; no closed ones, and none they are not in any more."""
        await populate(stores, 2)
        for number in range(1, 7):
            await put(stores, room(number), member(number, 1), member(number, 2))
        await put(stores, room(2), member(2, 1, seat=Seat.LEFT))
        await put(stores, room(3, closed=True), member(3, 1, seat=Seat.LEFT))
        for number in range(1, 4):
            await say(stores, 5, 2, number)
        await say(stores, 5, 1, 4)
        found = await rooms_of(stores, 1)
        assert [(one.room.id, one.unread) for one in found] == [
            (room_id(6), 0),
            (room_id(5), 3),
            (room_id(4), 0),
            (room_id(1), 0),
        ]
        assert found[1].room.last_seq == 4
        assert found[1].member == member(5, 1)
        hiding = frozenset({user_id(2)})
        assert sum(one.unread for one in await rooms_of(stores, 1, hidden=hiding)) == 0
        first = await rooms_of(stores, 1, limit=3)
        rest = await rooms_of(stores, 1, before=first[-1].room.id, limit=3)
        assert [*first, *rest] == found

    async def test_what_somebody_is_and_was_in_rooms(self, stores: RelationalStores) -> None:
        """Also in those they left or were put out of, and in closed ones."""
        await populate(stores, 3)
        seats = [
            member(1, 1, role=Role.OWNER),
            member(2, 1, seat=Seat.KICKED, muted_until=Millis(START_MS + 9)),
            member(3, 1, seat=Seat.LEFT),
        ]
        for number, seat in enumerate(seats, 1):
            await put(stores, room(number, name=f"R{number}"), member(number, 1), member(number, 2))
            if number == 2:
                await say(stores, 2, 1, 7)
            await put(stores, room(number, name=f"R{number}", closed=number == 3), seat)
        await put(stores, room(4), member(4, 2))
        found = await stores.units.read(lambda unit: unit.messages.parts(user_id(1), None, 9))
        assert [(one.member, one.named, one.pair) for one in found] == [
            (seat, f"R{number}", None) for number, seat in enumerate(seats, 1)
        ]
        assert [one.last_seq for one in found] == [0, 1, 0]
        written = await stores.units.read(lambda unit: unit.messages.written(user_id(1), None, 9))
        assert [(one.conversation_id, one.seq) for one in written] == [
            (ConversationId(room_id(2)), 1)
        ]

    async def test_who_is_in_several_rooms(self, stores: RelationalStores) -> None:
        """In any order."""
        await populate(stores, 3)
        await put(stores, room(1), member(1, 1), member(1, 2, seat=Seat.LEFT))
        await put(stores, room(2), member(2, 2), member(2, 3))
        await put(stores, room(3), member(3, 3))
        ids = [room_id(1), room_id(2), room_id(9)]
        found = await stores.units.read(lambda unit: unit.rooms.members_of(ids))
        assert sorted(found) == [
            (room_id(1), user_id(1)),
            (room_id(2), user_id(2)),
            (room_id(2), user_id(3)),
        ]

    async def test_messages_of_a_room(self, stores: RelationalStores) -> None:
        """Numbered from 1; whoever is or was in it reads them, the hidden left out."""
        await populate(stores, 4)
        await put(stores, room(1), member(1, 1), member(1, 2), member(1, 3, seat=Seat.LEFT))
        sent = [await say(stores, 1, 1 + number % 2, number) for number in range(1, 5)]
        assert [one.seq for one in sent if one] == [1, 2, 3, 4]
        for viewer, hidden, expected in (
            (1, (), [4, 3, 2, 1]),
            (1, (2,), [4, 2]),
            (3, (), [4, 3, 2, 1]),
            (4, (), []),
        ):
            window = Window(user_id(viewer), 9, hidden=frozenset(map(user_id, hidden)))
            assert [one.seq for one in await history(stores, 1, window)] == expected
            inside = attrs.evolve(window, inside=True)
            shown = [] if viewer == 3 else expected
            assert [one.seq for one in await history(stores, 1, inside)] == shown

    async def test_excerpts_of_several(self, stores: RelationalStores) -> None:
        """Each is as it is by itself, whoever looks and whatever stands beside it."""
        await populate(stores, 4)
        for number in (1, 2):
            seats = (member(number, 1), member(number, 2), member(number, 3, seat=Seat.LEFT))
            await put(stores, room(number), *seats)
            for message in range(3):
                await say(stores, number, 1 + message % 2, 10 * number + message)
        windows = [
            Window(user_id(viewer), limit, after, before, hidden, inside)
            for viewer in (1, 2, 3)
            for limit, after, before in ((2, 0, None), (9, 1, 3))
            for hidden in (frozenset[UserId](), frozenset([user_id(2)]))
            for inside in (False, True)
        ]
        asked = [(number, window) for window in windows for number in (1, 2, 3)]
        excerpts = [(ConversationId(room_id(number)), window) for number, window in asked]
        found = await stores.units.read(lambda unit: unit.messages.editions(excerpts))
        assert len(found) == len(asked)
        for each, (number, window) in zip(found, asked, strict=True):
            shown = await history(stores, number, window)
            assert each == b"".join(one.edition for one in shown)

    async def test_who_may_write_in_a_room(self, stores: RelationalStores) -> None:
        """Whoever is in it and not muted at the moment of what they write; no number is lost."""
        await populate(stores, 5)
        until = Millis(START_MS + 4)
        await put(
            stores,
            room(1),
            member(1, 1),
            member(1, 2, seat=Seat.LEFT),
            member(1, 3, seat=Seat.KICKED),
            member(1, 4, muted_until=until),
        )
        sent = [await say(stores, 1, sender, number) for number in (3, 4) for sender in range(1, 6)]
        found = [(one.sender, one.seq) for one in sent if one is not None]
        assert found == [(user_id(1), 1), (user_id(1), 2), (user_id(4), 3)]

    async def test_many_write_at_once(self, stores: RelationalStores) -> None:
        """1 to n, without a gap, also while who is in the room changes."""
        await populate(stores, 3)
        await put(stores, room(1), member(1, 1), member(1, 2))
        numbers = list[int]()

        async def writer(number: int) -> None:
            for turn in range(4):
                sent = await say(stores, 1, 1, number * 10 + turn)
                assert sent is not None
                numbers.append(sent.seq)
            await put(stores, room(1, members=number), member(1, 3))

        async with anyio.create_task_group() as group:
            for number in range(1, 11):
                group.start_soon(writer, number)
        assert sorted(numbers) == list(range(1, 41))
        found = await seated(stores, 1, 1)
        assert found is not None
        assert found[0].last_seq == 40

    async def test_nothing_is_said_in_a_closed_room(self, stores: RelationalStores) -> None:
        """As if there were none."""
        await populate(stores, 1)
        await put(stores, room(1, closed=True), member(1, 1, seat=Seat.LEFT))
        assert await say(stores, 1, 1, 1) is None

    async def test_an_exception_undoes_rooms(self, stores: RelationalStores) -> None:
        """New ones and changes alike."""
        await populate(stores, 2)
        await put(stores, room(1), member(1, 1))

        async def body(unit: StoreUnit) -> None:
            await unit.rooms.put(room(1, name="Other"), [member(1, 1, seat=Seat.LEFT)])
            await unit.rooms.put(room(2), [member(2, 2)])
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body, locking=True)
        assert await seated(stores, 1, 1) == (room(1), member(1, 1))
        assert await seated(stores, 2, 2) is None
        assert await rooms_of(stores, 2) == []
        assert [one.room.id for one in await rooms_of(stores, 1)] == [room_id(1)]

    async def test_link_rooms(self, stores: RelationalStores) -> None:
        """With those the viewer may see in them, friends of them, and what is new."""
        await populate(stores, 4)
        hidden = [
            person(5, privacy=Privacy(ghost_mode=True)),
            person(6, privacy=Privacy(Visibility.NONE)),
            person(7, standing=Standing.DELETED),
        ]
        await stores.units.write(lambda unit: unit.people.put(hidden))
        await put(stores, room(1, members=7), *(member(1, number) for number in range(1, 8)))
        await put(stores, room(2), member(2, 1), member(2, 2, seat=Seat.LEFT))
        await put(stores, room(3, visibility=RoomVisibility.PRIVATE), member(3, 1))
        await put(stores, room(4, closed=True))
        for number in range(1, 5):
            await say(stores, 1, 1, number)
        nobody = Relations()
        some = Relations(frozenset({user_id(2), user_id(5)}), frozenset({user_id(3)}))
        for relations, late, expected in (
            (nobody, 0, {1: (4, 0, 4), 2: (1, 0, 0)}),
            (some, 2, {1: (4, 2, 2), 2: (1, 0, 0)}),
            (some, 4, {1: (4, 2, 0), 2: (1, 0, 0)}),
        ):
            since = Millis(START_MS + late)
            found = await link_rooms(stores, relations, since)
            assert {one.room.id: (one.members, one.friends, one.recent) for one in found} == {
                room_id(number): counts for number, counts in expected.items()
            }

    async def test_everybody_exists(self, stores: RelationalStores) -> None:
        """Anything else is a bug of the caller."""
        await populate(stores, 1)
        for seats, changes in (([member(1, 2)], {}), ([], {"campus_id": campus_id(7)})):
            with pytest.raises(UnitMisused, match="not exist"):
                await put(stores, room(1, **changes), *seats)

    async def test_a_reading_unit_keeps_none(self, stores: RelationalStores) -> None:
        """It is refused."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="reading"):
            await stores.units.read(lambda unit: unit.rooms.put(room(1), [member(1, 1)]))


def room_id(number: int) -> RoomId:
    """The id of room ``number``."""
    return RoomId(campus_id(0xF000 + number))


def room(number: int, **changes: Any) -> Room:  # noqa: ANN401 - evolve knows
    """Room ``number`` of campus 1."""
    made = Room(
        id=room_id(number),
        campus_id=campus_id(1),
        name=f"Room {number}",
        preset=Preset.SOME,
        visibility=RoomVisibility.LINK,
        created_at=Millis(START_MS + number),
    )
    return attrs.evolve(made, **changes)


def member(number: int, person: int, **changes: Any) -> Member:  # noqa: ANN401 - evolve knows
    """A person in room ``number``."""
    made = Member(ConversationId(room_id(number)), user_id(person), Millis(START_MS + person))
    return attrs.evolve(made, **changes)


async def put(stores: RelationalStores, one: Room, *members: Member) -> None:
    """Keep a room in a unit of its own."""
    await stores.units.write(lambda unit: unit.rooms.put(one, members), locking=True)


async def say(stores: RelationalStores, number: int, sender: int, message: int) -> Message | None:
    """Send a message to a room in a unit of its own; None where the sender may not.

    It is a brief one for every other number.
    """
    letter = Draft(
        id=MessageId(campus_id(message + 10_000 * sender)),
        conversation_id=ConversationId(room_id(number)),
        sender=user_id(sender),
        at=Millis(START_MS + message),
        content=Content(f"message {message}"),
    )
    return await stores.units.write(
        lambda unit: unit.messages.send_to_room(letter), locking=True, brief=message % 2 == 0
    )


async def history(stores: RelationalStores, number: int, window: Window) -> Sequence[Message]:
    """What a window shows of a room, of which editions tell the same."""
    conversation_id = ConversationId(room_id(number))
    units = stores.units
    found = await units.read(lambda unit: unit.messages.history(conversation_id, window))
    excerpt = (conversation_id, window)
    (editions,) = await units.read(lambda unit: unit.messages.editions([excerpt]))
    assert editions == b"".join(one.edition for one in found)
    return found


async def link_rooms(
    stores: RelationalStores, relations: Relations, since: Millis
) -> Sequence[OpenRoom]:
    """The link rooms of campus 1."""
    return await stores.units.read(
        lambda unit: unit.rooms.link_rooms(campus_id(1), relations, since)
    )


async def seated(
    stores: RelationalStores, number: int, person: int
) -> tuple[Room, Member | None] | None:
    """A room, and somebody in it."""
    return await stores.units.read(lambda unit: unit.rooms.seated(room_id(number), user_id(person)))


async def roster(stores: RelationalStores, number: int) -> Sequence[Member]:
    """Who is in a room."""
    return list(await stores.units.read(lambda unit: unit.rooms.roster(room_id(number))))


async def rooms_of(
    stores: RelationalStores,
    person: int,
    before: RoomId | None = None,
    limit: int = 50,
    hidden: frozenset[UserId] = frozenset(),
) -> Sequence[Any]:
    """The rooms of somebody."""
    return list(
        await stores.units.read(
            lambda unit: unit.rooms.rooms_of(user_id(person), before, limit, hidden)
        )
    )

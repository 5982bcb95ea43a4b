"""What stores keep of what counts on leaderboards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import RoomId, UserId
from divan_core.leaderboards.days import day_of
from divan_core.leaderboards.model import Count, Day, Deed, DeedKind, Mark, UserDay
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, user_id

ME, YOU, OTHER = user_id(1), user_id(2), user_id(3)
HERE, THERE = campus_id(1), campus_id(2)
TODAY = day_of(Millis(START_MS), "UTC")
ResultT = TypeVar("ResultT")


def deed(number: int, **changes: Any) -> Deed:  # noqa: ANN401 - evolve knows
    """Message ``number`` from me to you, so many milliseconds after the beginning."""
    made = Deed(ME, DeedKind.DIRECT, UUID(int=number), HERE, TODAY, Millis(START_MS + number), YOU)
    return attrs.evolve(made, **changes)


async def write(
    stores: RelationalStores, body: Callable[[StoreUnit], Awaitable[ResultT]]
) -> ResultT:
    """Run a locking unit."""
    return await stores.units.write(body, locking=True)


async def put(stores: RelationalStores, *deeds: Deed) -> None:
    """Keep deeds."""
    await write(stores, lambda unit: unit.deeds.put(deeds))


async def tally(
    stores: RelationalStores, who: UserId = ME, day: Day = TODAY
) -> dict[DeedKind, Count]:
    """What counts for somebody on a day."""
    key: UserDay = (who, day)
    found = await stores.units.read(lambda unit: unit.deeds.tallies([key]))
    return dict(found.get(key, {}))


async def marked(stores: RelationalStores) -> set[UserDay]:
    """The marked days of campus 1."""
    found = await stores.units.read(lambda unit: unit.deeds.marks(HERE, 100))
    return {(one.user_id, one.day) for one in found}


class DeedsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_deeds_come_back_as_they_were(self, stores: RelationalStores) -> None:
        """By what they count once by; a later one takes the place of an earlier."""
        friend = deed(7, kind=DeedKind.FRIEND, cause=YOU)
        sender = deed(8, user_id=YOU, kind=DeedKind.SENDER, cause=ME, peer_id=None, hidden=True)
        await put(stores, deed(1), friend, sender)
        keys = [deed(1).key, friend.key, sender.key, deed(2).key]
        found = await stores.units.read(lambda unit: unit.deeds.some(keys))
        assert sorted(found, key=lambda one: one.at) == [deed(1), friend, sender]
        moved = attrs.evolve(friend, day=Day(TODAY - 1), at=Millis(START_MS - 1), shunned=True)
        await put(stores, moved)
        assert await stores.units.read(lambda unit: unit.deeds.some([friend.key])) == [moved]
        assert DeedKind.FRIEND not in await tally(stores)

    async def test_the_first_of_a_day_count(self, stores: RelationalStores) -> None:
        """As many as there are points for, by moment; each kind, person and day of its own."""
        await put(stores, *(deed(number) for number in range(100, 39, -1)))
        assert await tally(stores) == {DeedKind.DIRECT: Count(60, Millis(START_MS + 99))}
        rooms = [deed(n, kind=DeedKind.CREATED, peer_id=None) for n in (1, 2, 3)]
        friends = [deed(n, kind=DeedKind.FRIEND) for n in range(200, 230)]
        await put(stores, *rooms, *friends, deed(5, user_id=YOU), deed(6, day=Day(TODAY + 1)))
        assert await tally(stores) == {
            DeedKind.DIRECT: Count(60, Millis(START_MS + 99)),
            DeedKind.CREATED: Count(2, Millis(START_MS + 2)),
            DeedKind.FRIEND: Count(30, Millis(START_MS + 229)),
        }
        assert await tally(stores, YOU) == {DeedKind.DIRECT: Count(1, Millis(START_MS + 5))}
        assert await tally(stores, OTHER) == {}

    async def test_what_is_hidden_or_shunned_counts_not(self, stores: RelationalStores) -> None:
        """And what is behind it moves up."""
        await put(stores, *(deed(number) for number in range(61)), deed(3, hidden=True))
        assert (await tally(stores))[DeedKind.DIRECT] == Count(60, Millis(START_MS + 60))
        await put(stores, deed(60, shunned=True))
        assert (await tally(stores))[DeedKind.DIRECT] == Count(59, Millis(START_MS + 59))

    async def test_the_first_message_to_somebody_is_found(self, stores: RelationalStores) -> None:
        """Of a day, of those that are not hidden."""
        other = deed(1, peer_id=OTHER)
        await put(stores, deed(2, hidden=True), deed(4), deed(3), other)
        find = lambda unit: unit.deeds.first(ME, YOU, TODAY)  # noqa: E731 - a unit's body
        assert await stores.units.read(find) == deed(3)
        assert await stores.units.read(lambda unit: unit.deeds.first(YOU, ME, TODAY)) is None

    async def test_who_came_into_a_room_is_found(self, stores: RelationalStores) -> None:
        """And who made it, but not what was written in it."""
        room = UUID(int=99)
        made = deed(1, kind=DeedKind.CREATED, cause=room)
        joined = deed(2, user_id=YOU, kind=DeedKind.JOINED, cause=room)
        await put(stores, made, joined, deed(3, kind=DeedKind.ROOM_MESSAGE, cause=room))
        found = await stores.units.read(lambda unit: unit.deeds.about_room(RoomId(room)))
        assert sorted(found, key=lambda one: one.at) == [made, joined]

    async def test_somebody_is_shunned_and_is_not(self, stores: RelationalStores) -> None:
        """What others did with them counts no more; their days and the person's are marked."""
        mine, theirs = deed(1), deed(2, user_id=OTHER, peer_id=ME, day=Day(TODAY - 1))
        await put(stores, mine, theirs, deed(3, peer_id=OTHER))
        await write(stores, lambda unit: unit.deeds.shun(YOU, shunned=True))
        assert await marked(stores) == {(ME, TODAY)}
        assert (await tally(stores))[DeedKind.DIRECT] == Count(1, Millis(START_MS + 3))
        await write(stores, lambda unit: unit.deeds.shun(ME, shunned=True))
        assert await marked(stores) == {(ME, TODAY), (OTHER, Day(TODAY - 1))}
        await write(stores, lambda unit: unit.deeds.shun(YOU, shunned=False))
        assert (await tally(stores))[DeedKind.DIRECT] == Count(2, Millis(START_MS + 3))

    async def test_company_is_counted(self, stores: RelationalStores) -> None:
        """Different peers of a week, with whom one did something oneself."""
        week = [deed(n, peer_id=user_id(n), day=Day(TODAY - n)) for n in range(10, 2, -1)]
        again = deed(50, peer_id=user_id(4))
        mute = deed(51, kind=DeedKind.INVITER, cause=OTHER, peer_id=OTHER)
        await put(stores, *week, again, mute, deed(52, peer_id=user_id(60), hidden=True))
        for least, found in ((4, {ME}), (5, set())):
            reached = await stores.units.read(
                lambda unit, least=least: unit.deeds.companions([ME, YOU], TODAY, least)  # type: ignore[misc]
            )
            assert reached == found

    async def test_marks_wait_until_they_are_cleared(self, stores: RelationalStores) -> None:
        """In order, of each campus its own; one that is set anew meanwhile stays."""
        await write(stores, lambda unit: unit.deeds.mark(HERE, {(ME, TODAY)}))
        await write(stores, lambda unit: unit.deeds.mark(THERE, {(YOU, TODAY)}))
        marks = await stores.units.read(lambda unit: unit.deeds.marks(HERE, 9))
        assert [(one.user_id, one.day) for one in marks] == [(ME, TODAY)]
        await write(stores, lambda unit: unit.deeds.mark(HERE, {(ME, TODAY)}))
        assert set(await stores.units.read(lambda unit: unit.deeds.marked())) == {HERE, THERE}
        await write(stores, lambda unit: unit.deeds.clear(marks))
        left = await stores.units.read(lambda unit: unit.deeds.marks(HERE, 9))
        assert [Mark(0, one.user_id, one.day) for one in left] == [Mark(0, ME, TODAY)]
        await write(stores, lambda unit: unit.deeds.clear(left))
        assert await stores.units.read(lambda unit: unit.deeds.marked()) == [THERE]

    async def test_deeds_go(self, stores: RelationalStores) -> None:
        """Of somebody, or of days long ago, some at a time."""
        old = [deed(number, day=Day(TODAY - 40)) for number in range(3)]
        await put(stores, *old, deed(10), deed(11, user_id=YOU), deed(12, campus_id=THERE))
        before = Day(TODAY - 35)
        for removed in (2, 1, 0):
            done = await write(stores, lambda unit: unit.deeds.purge(HERE, before, 2))
            assert done == removed
        assert await stores.units.read(lambda unit: unit.deeds.count_of(ME)) == 2
        for removed in (1, 1, 0):
            assert await write(stores, lambda unit: unit.deeds.remove_of(ME, 1)) == removed
        assert await stores.units.read(lambda unit: unit.deeds.count_of(YOU)) == 1

    async def test_a_unit_that_fails_leaves_nothing(self, stores: RelationalStores) -> None:
        """Neither deeds nor marks."""
        await put(stores, deed(1))

        async def body(unit: StoreUnit) -> None:
            await unit.deeds.put([deed(1, hidden=True), deed(2)])
            await unit.deeds.mark(HERE, {(ME, TODAY)})
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write(stores, body)
        assert await tally(stores) == {DeedKind.DIRECT: Count(1, Millis(START_MS + 1))}
        assert await marked(stores) == set()

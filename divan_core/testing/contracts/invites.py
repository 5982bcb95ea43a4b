"""What stores keep of invites."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import anyio
import attrs
import pytest

from divan_core.errors import InviteExists
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.social.model import (
    INVITE_MS,
    Between,
    Block,
    Friendship,
    Invite,
    InviteId,
    InviteState,
    Way,
)
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, populate, user_id


class InvitesContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_nothing_stands_between_strangers(self, stores: RelationalStores) -> None:
        """Nor between those who do not exist."""
        await populate(stores, 2)
        assert await between(stores, 1, 2) == Between()
        assert await between(stores, 7, 8) == Between()

    async def test_an_invite_stands_between_both(self, stores: RelationalStores) -> None:
        """As it was kept, from either side, and between nobody else."""
        await populate(stores, 3)
        await put(stores, invite(1, 1, 2))
        assert await between(stores, 1, 2) == Between(invites=(invite(1, 1, 2),))
        assert await between(stores, 2, 1) == Between(invites=(invite(1, 1, 2),))
        assert await between(stores, 1, 3) == Between()

    async def test_everything_at_once(self, stores: RelationalStores) -> None:
        """A friendship, a block and invites of both directions; nobody else's."""
        await populate(stores, 4)
        invites = [invite(1, 2, 1), invite(2, 1, 2)]
        await put(stores, *invites, invite(3, 1, 3), invite(4, 4, 2))

        async def body(unit: StoreUnit) -> None:
            await unit.relations.befriend([Friendship.between(user_id(1), user_id(2))])
            await unit.relations.block([Block(user_id(2), user_id(1))])
            await unit.relations.block([Block(user_id(1), user_id(3))])

        await stores.units.write(body)
        for pair in ((1, 2), (2, 1)):
            found = await between(stores, *pair)
            assert (found.friends, found.blocked) == (True, True)
            assert sorted(found.invites, key=_by_id) == invites
        found = await between(stores, 3, 1)
        assert (found.friends, found.blocked, found.invites) == (False, True, (invite(3, 1, 3),))

    async def test_a_block_of_either_counts(self, stores: RelationalStores) -> None:
        """Whoever asks."""
        await populate(stores, 2)
        await stores.units.write(lambda unit: unit.relations.block([Block(user_id(1), user_id(2))]))
        assert await between(stores, 1, 2) == Between(blocked=True)
        assert await between(stores, 2, 1) == Between(blocked=True)

    @pytest.mark.parametrize("state", [one for one in InviteState if one is not InviteState.OPEN])
    async def test_a_closed_invite_stands_between_nobody(
        self, stores: RelationalStores, state: InviteState
    ) -> None:
        """And makes room for another one."""
        await populate(stores, 2)
        await put(stores, invite(1, 1, 2))
        await put(stores, invite(1, 1, 2, state=state))
        assert await between(stores, 1, 2) == Between()
        await put(stores, invite(2, 1, 2))
        assert await between(stores, 1, 2) == Between(invites=(invite(2, 1, 2),))

    async def test_an_invite_is_replaced(self, stores: RelationalStores) -> None:
        """As a whole; saying the same again changes nothing."""
        await populate(stores, 2)
        later = attrs.evolve(invite(1, 1, 2), expires_at=Millis(START_MS + 5))
        for version in (invite(1, 1, 2), later, later):
            await put(stores, version)
            assert await between(stores, 1, 2) == Between(invites=(version,))

    async def test_one_is_open_in_each_direction(self, stores: RelationalStores) -> None:
        """A second one is refused, and the whole unit with it."""
        await populate(stores, 3)
        await put(stores, invite(1, 1, 2))
        await put(stores, invite(2, 2, 1))
        with pytest.raises(InviteExists):
            await put(stores, invite(3, 1, 3), invite(4, 1, 2))
        assert await between(stores, 1, 3) == Between()
        found = await between(stores, 1, 2)
        assert sorted(found.invites, key=_by_id) == [invite(1, 1, 2), invite(2, 2, 1)]

    async def test_the_time_of_an_invite_is_not_the_stores(self, stores: RelationalStores) -> None:
        """One whose time is over stands until it is closed."""
        await populate(stores, 2)
        over = attrs.evolve(invite(1, 1, 2), created_at=Millis(1), expires_at=Millis(2))
        await put(stores, over)
        assert await between(stores, 1, 2) == Between(invites=(over,))

    async def test_closing_one_makes_room_at_once(self, stores: RelationalStores) -> None:
        """In whichever order the two are given."""
        await populate(stores, 2)
        await put(stores, invite(1, 1, 2))
        await put(stores, invite(2, 1, 2), invite(1, 1, 2, state=InviteState.EXPIRED))
        assert await between(stores, 1, 2) == Between(invites=(invite(2, 1, 2),))
        await put(stores, invite(2, 1, 2, state=InviteState.EXPIRED), invite(3, 1, 2))
        assert await between(stores, 1, 2) == Between(invites=(invite(3, 1, 2),))

    async def test_an_invite_is_found_by_its_id(self, stores: RelationalStores) -> None:
        """In whatever state, whenever its time is over."""
        await populate(stores, 2)
        over = attrs.evolve(invite(1, 1, 2), created_at=Millis(1), expires_at=Millis(2))
        closed = invite(2, 2, 1, state=InviteState.DECLINED)
        await put(stores, over, closed)
        for number, expected in ((1, over), (2, closed), (3, None)):
            wanted = invite_id(number)

            async def body(unit: StoreUnit, wanted: InviteId = wanted) -> Invite | None:
                return await unit.invites.get(wanted)

            assert await stores.units.read(body) == expected

    async def test_the_open_invites_of_a_person(self, stores: RelationalStores) -> None:
        """The newest first, of one way or of both, and nobody else's."""
        await populate(stores, 6)
        await put(stores, *(invite(one, one, 1) for one in (2, 5, 4)), invite(3, 1, 3))
        await put(stores, invite(6, 2, 3), invite(7, 6, 1, state=InviteState.ACCEPTED))
        assert await open_ids(stores, 1, Way.RECEIVED) == [5, 4, 2]
        assert await open_ids(stores, 1, Way.SENT) == [3]
        assert await open_ids(stores, 1, Way.EITHER) == [5, 4, 3, 2]
        assert await open_ids(stores, 3, Way.EITHER) == [6, 3]
        assert await open_ids(stores, 77, Way.EITHER) == []
        await put(stores, invite(4, 4, 1, state=InviteState.CANCELLED))
        assert await open_ids(stores, 1, Way.RECEIVED) == [5, 2]
        assert await open_ids(stores, 4, Way.SENT) == []

    @pytest.mark.parametrize("way", Way)
    async def test_pages_of_open_invites(self, stores: RelationalStores, way: Way) -> None:
        """Each invite is on one page."""
        await populate(stores, 20)
        for number in range(2, 21):
            pair = (number, 1) if number % 2 else (1, number)
            await put(stores, invite(number, *pair))
        whole = await open_ids(stores, 1, way)
        assert whole == sorted(whole, reverse=True)
        pages: list[list[int]] = []
        before: int | None = None
        while not pages or len(pages[-1]) == 4:
            pages.append(await open_ids(stores, 1, way, before=before, limit=4))
            before = pages[-1][-1] if pages[-1] else None
        assert [one for page in pages for one in page] == whole

    async def test_whose_time_is_over_is_not_open(self, stores: RelationalStores) -> None:
        """To the millisecond, and it takes up no room on a page."""
        await populate(stores, 4)
        made = [
            attrs.evolve(invite(number, number, 1), expires_at=Millis(START_MS + 10 * number))
            for number in (2, 3, 4)
        ]
        await put(stores, *made)
        ids = [
            await open_ids(stores, 1, Way.RECEIVED, now=START_MS + now, limit=2)
            for now in (0, 19, 20, 29, 30, 40)
        ]
        assert ids == [[4, 3], [4, 3], [4, 3], [4, 3], [4], []]

    async def test_whose_time_is_over_is_closed(self, stores: RelationalStores) -> None:
        """Some at a time, and nothing else; another one may be opened then."""
        await populate(stores, 3)
        over = [invite(1, 1, 2), invite(2, 2, 1), invite(3, 3, 1)]
        done = attrs.evolve(invite(5, 3, 2), state=InviteState.DECLINED)
        await put(stores, *over, done, invite(1_000, 1, 3))
        now = over[-1].expires_at
        for left, closed in ((3, 2), (1, 1), (0, 0)):
            assert await stores.units.read(lambda unit: unit.invites.overdue(now)) == left
            assert await stores.units.write(lambda unit: unit.invites.expire(now, 2)) == closed
        for one in over:
            found = await stores.units.read(lambda unit, one=one: unit.invites.get(one.id))  # type: ignore[misc]
            assert found == attrs.evolve(one, state=InviteState.EXPIRED)
        assert await stores.units.read(lambda unit: unit.invites.get(done.id)) == done
        await put(stores, invite(2_000, 1, 2))
        assert await between(stores, 1, 2) == Between(invites=(invite(2_000, 1, 2),))

    async def test_an_exception_brings_open_invites_back(self, stores: RelationalStores) -> None:
        """Into the lists as well."""
        await populate(stores, 3)
        await put(stores, invite(1, 1, 2))

        async def body(unit: StoreUnit) -> None:
            closed = invite(1, 1, 2, state=InviteState.CANCELLED)
            await unit.invites.put([closed, invite(3, 3, 2)])
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        assert await open_ids(stores, 2, Way.RECEIVED) == [1]
        assert await open_ids(stores, 3, Way.SENT) == []

    async def test_of_concurrent_invites_one_is_kept(self, stores: RelationalStores) -> None:
        """The others are told so."""
        await populate(stores, 2)
        refused = list[int]()

        async def send(number: int) -> None:
            try:
                await put(stores, invite(number, 1, 2))
            except InviteExists:
                refused.append(number)

        async with anyio.create_task_group() as group:
            for number in range(1, 21):
                group.start_soon(send, number)
        assert len(refused) == 19
        (kept,) = (await between(stores, 1, 2)).invites
        assert kept.id not in {invite_id(number) for number in refused}

    async def test_an_exception_undoes_invites(self, stores: RelationalStores) -> None:
        """New ones and changes alike."""
        await populate(stores, 3)
        await put(stores, invite(1, 1, 2))

        async def body(unit: StoreUnit) -> None:
            closed = invite(1, 1, 2, state=InviteState.CANCELLED)
            await unit.invites.put([closed, invite(2, 1, 2), invite(3, 1, 3)])
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        assert await between(stores, 1, 2) == Between(invites=(invite(1, 1, 2),))
        assert await between(stores, 1, 3) == Between()

    async def test_both_people_exist(self, stores: RelationalStores) -> None:
        """Anything else is a bug of the caller."""
        await populate(stores, 1)
        for pair in ((1, 2), (2, 1)):
            with pytest.raises(UnitMisused, match="not exist"):
                await put(stores, invite(1, *pair))

    async def test_a_reading_unit_keeps_none(self, stores: RelationalStores) -> None:
        """It is refused."""
        await populate(stores, 2)
        with pytest.raises(UnitMisused, match="reading"):
            await stores.units.read(lambda unit: unit.invites.put([invite(1, 1, 2)]))


def invite_id(number: int) -> InviteId:
    """The id of invite ``number``."""
    return InviteId(campus_id(number))


def invite(
    number: int, sender: int, recipient: int, *, state: InviteState = InviteState.OPEN
) -> Invite:
    """Invite ``number``, from one person to another."""
    created_at = START_MS + number
    return Invite(
        id=invite_id(number),
        sender=user_id(sender),
        recipient=user_id(recipient),
        created_at=Millis(created_at),
        expires_at=Millis(created_at + INVITE_MS),
        state=state,
    )


async def put(stores: RelationalStores, *invites: Invite) -> None:
    """Keep invites in a unit of their own."""
    await stores.units.write(lambda unit: unit.invites.put(invites))


async def between(stores: RelationalStores, one: int, other: int) -> Between:
    """What stands between two people."""
    return await stores.units.read(lambda unit: unit.invites.between(user_id(one), user_id(other)))


async def open_ids(  # noqa: PLR0913 - as the port's
    stores: RelationalStores,
    number: int,
    way: Way,
    *,
    now: int = START_MS,
    before: int | None = None,
    limit: int = 50,
) -> list[int]:
    """The numbers of a person's open invites."""
    last = None if before is None else invite_id(before)
    found = await stores.units.read(
        lambda unit: unit.invites.open(user_id(number), way, Millis(now), last, limit)
    )
    return [one.id.int >> 64 for one in found]


def _by_id(one: Invite) -> InviteId:
    return one.id

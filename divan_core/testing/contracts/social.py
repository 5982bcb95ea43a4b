"""What stores keep of friendships and blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence

import pytest

from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Relations
from divan_core.social.model import Block, Friendship
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.contracts.samples import populate, user_id


class RelationsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_friends_are_friends_of_each_other(self, stores: RelationalStores) -> None:
        """However often, and in whichever order, it is said."""
        await populate(stores, 4)
        await befriend(stores, (1, 2), (3, 1))
        await befriend(stores, (2, 1), (2, 1), (2, 3))
        assert await relations(stores, 1) == known(friends=(2, 3))
        assert await relations(stores, 2) == known(friends=(1, 3))
        assert await relations(stores, 4) == known()

    async def test_a_friendship_ends_for_both(self, stores: RelationalStores) -> None:
        """And says whether it was there."""
        await populate(stores, 3)
        await befriend(stores, (1, 2), (1, 3))
        ended = Friendship.between(user_id(2), user_id(1))
        assert await stores.units.write(lambda unit: unit.relations.unfriend(ended)) is True
        assert await stores.units.write(lambda unit: unit.relations.unfriend(ended)) is False
        assert await relations(stores, 1) == known(friends=(3,))
        assert await relations(stores, 2) == known()

    async def test_a_block_stands_between_both(self, stores: RelationalStores) -> None:
        """It is one person's, and hides both; saying it again changes nothing."""
        await populate(stores, 3)
        await block(stores, (1, 2), (3, 1))
        await block(stores, (1, 2), (2, 1))
        assert await relations(stores, 1) == known(blocked=(2, 3))
        assert await relations(stores, 2) == known(blocked=(1,))
        assert await relations(stores, 3) == known(blocked=(1,))

    async def test_a_block_is_lifted_by_its_owner(self, stores: RelationalStores) -> None:
        """The other's own block stays."""
        await populate(stores, 2)
        await block(stores, (1, 2), (2, 1))
        lifted = Block(user_id(1), user_id(2))
        assert await stores.units.write(lambda unit: unit.relations.unblock(lifted)) is True
        assert await stores.units.write(lambda unit: unit.relations.unblock(lifted)) is False
        assert await relations(stores, 1) == known(blocked=(2,))
        other = Block(user_id(2), user_id(1))
        assert await stores.units.write(lambda unit: unit.relations.unblock(other)) is True
        assert await relations(stores, 1) == known()

    async def test_friends_and_blocks_are_told_apart(self, stores: RelationalStores) -> None:
        """Also of the same two people."""
        await populate(stores, 4)
        await befriend(stores, (1, 2), (1, 4))
        await block(stores, (1, 3), (2, 1))
        assert await relations(stores, 1) == known(friends=(2, 4), blocked=(2, 3))

    async def test_nobody_has_no_relations(self, stores: RelationalStores) -> None:
        """An unknown id is like somebody who knows nobody."""
        assert await relations(stores, 7) == known()

    async def test_relations_of_many_are_those_of_each(self, stores: RelationalStores) -> None:
        """Whoever exists or not, and however many are asked for."""
        await populate(stores, 6)
        await befriend(stores, (1, 2), (3, 1), (4, 5))
        await block(stores, (2, 4), (4, 2), (6, 1))
        everyone = [user_id(number) for number in range(1, 9)]
        found = await stores.people.relations_of(everyone)
        assert found == {one: await stores.people.relations(one) for one in everyone}
        assert found[user_id(2)] == known(friends=(1,), blocked=(4,))
        assert found[user_id(8)] == known()
        assert await stores.people.relations_of([]) == {}
        crowd = [user_id(number) for number in range(1, 12_001)]
        assert await stores.people.relations_of(crowd) == {
            one: found.get(one, known()) for one in crowd
        }

    async def test_friends_of_many_are_numbers(self, stores: RelationalStores) -> None:
        """Each friend once, whoever exists or not, and however many are asked for."""
        await populate(stores, 6)
        await befriend(stores, (1, 2), (3, 1), (4, 5))
        await block(stores, (2, 4), (4, 2), (6, 1))
        crowd = [user_id(number) for number in range(1, 12_001)]
        found = await stores.people.friends_of(crowd)
        friends = {1: [2, 3], 2: [1], 3: [1], 4: [5], 5: [4]}
        assert {one: sorted(them) for one, them in found.items()} == {
            one: [user_id(other).int for other in friends.get(at, ())]
            for at, one in enumerate(crowd, 1)
        }
        assert await stores.people.friends_of([]) == {}

    async def test_a_circle_is_the_relations_and_those_of_friends(
        self, stores: RelationalStores
    ) -> None:
        """Not the friends of whoever is blocked, and all three of two people at once."""
        await populate(stores, 8)
        await befriend(stores, (1, 2), (3, 1), (2, 3), (2, 4), (5, 2), (4, 5), (6, 7), (6, 1))
        await block(stores, (1, 4), (7, 1), (2, 6), (3, 1))
        for number in (1, 2, 7, 8, 9):
            relations, friends = await stores.people.circle(user_id(number))
            assert relations == await stores.people.relations(user_id(number))
            theirs = await stores.people.friends_of(relations.friends)
            assert {one: sorted(them) for one, them in friends.items()} == {
                one: sorted(them) for one, them in theirs.items()
            }
        relations, friends = await stores.people.circle(user_id(1))
        assert relations == known(friends=(2, 3, 6), blocked=(3, 4, 7))
        assert sorted(friends[user_id(6)]) == [user_id(one).int for one in (1, 7)]

    async def test_pages_of_friends(self, stores: RelationalStores) -> None:
        """By id, from both sides of the friendships together."""
        await populate(stores, 9)
        await befriend(stores, *((5, other) for other in (9, 1, 7, 3, 8)))

        async def page(after: UserId | None, limit: int) -> Sequence[UserId]:
            return list(
                await stores.units.read(
                    lambda unit: unit.relations.friends(user_id(5), after, limit)
                )
            )

        assert await page(None, 3) == [user_id(n) for n in (1, 3, 7)]
        assert await page(user_id(7), 3) == [user_id(n) for n in (8, 9)]
        assert await page(user_id(2), 2) == [user_id(n) for n in (3, 7)]
        assert await page(user_id(9), 3) == []

    async def test_pages_of_the_blocked(self, stores: RelationalStores) -> None:
        """Only those whom this person has blocked."""
        await populate(stores, 9)
        await block(stores, *((5, other) for other in (9, 1, 7)), (2, 5))

        async def page(after: UserId | None, limit: int) -> Sequence[UserId]:
            return list(
                await stores.units.read(
                    lambda unit: unit.relations.blocked_by(user_id(5), after, limit)
                )
            )

        assert await page(None, 2) == [user_id(1), user_id(7)]
        assert await page(user_id(7), 2) == [user_id(9)]
        assert await page(user_id(9), 2) == []

    async def test_a_block_that_is_not_listed(self, stores: RelationalStores) -> None:
        """Stands like any other; the first one decides, until it is lifted."""
        await populate(stores, 4)
        silent = Block(user_id(1), user_id(2), listed=False)
        loud = Block(user_id(1), user_id(2))

        async def listed() -> list[UserId]:
            return list(
                await stores.units.read(lambda unit: unit.relations.blocked_by(user_id(1), None, 9))
            )

        await stores.units.write(lambda unit: unit.relations.block([silent]))
        await block(stores, (1, 3), (1, 2))
        assert await relations(stores, 1) == known(blocked=(2, 3))
        assert await listed() == [user_id(3)]
        assert await stores.units.write(lambda unit: unit.relations.unblock(loud)) is True
        await stores.units.write(lambda unit: unit.relations.block([loud]))
        await stores.units.write(lambda unit: unit.relations.block([silent]))
        assert await listed() == [user_id(2), user_id(3)]

    async def test_relations_among_many(self, stores: RelationalStores) -> None:
        """Those with somebody else are left out; the unknown know nobody."""
        await populate(stores, 5)
        await befriend(stores, (1, 2), (3, 1), (4, 5), (2, 4))
        await block(stores, (2, 1), (1, 5), (5, 4))
        asked = [user_id(number) for number in (1, 2, 3, 2, 77)]

        async def body(unit: StoreUnit) -> tuple[set[Friendship], set[Block]]:
            friendships = await unit.relations.friendships_among(asked)
            return set(friendships), set(await unit.relations.blocks_among(asked))

        friendships, blocks = await stores.units.read(body)
        assert friendships == {
            Friendship.between(user_id(1), user_id(2)),
            Friendship.between(user_id(1), user_id(3)),
        }
        assert blocks == {Block(user_id(2), user_id(1))}

    async def test_an_exception_undoes_relations(self, stores: RelationalStores) -> None:
        """New ones and removals alike."""
        await populate(stores, 4)
        await befriend(stores, (1, 2))
        await block(stores, (1, 3))

        async def body(unit: StoreUnit) -> None:
            await unit.relations.befriend([Friendship.between(user_id(1), user_id(4))])
            await unit.relations.block([Block(user_id(4), user_id(1))])
            await unit.relations.unfriend(Friendship.between(user_id(1), user_id(2)))
            await unit.relations.unblock(Block(user_id(1), user_id(3)))
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        assert await relations(stores, 1) == known(friends=(2,), blocked=(3,))
        assert await relations(stores, 4) == known()

    async def test_both_people_exist(self, stores: RelationalStores) -> None:
        """Anything else is a bug of the caller."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await befriend(stores, (1, 2))
        with pytest.raises(UnitMisused, match="not exist"):
            await block(stores, (2, 1))

    async def test_many_at_once(self, stores: RelationalStores) -> None:
        """More than a statement has room for."""
        await populate(stores, 201)
        pairs = [(one, other) for one in range(1, 202) for other in range(one + 1, 202)]
        await befriend(stores, *pairs)
        await block(stores, *pairs)
        everyone = tuple(range(2, 202))
        assert await relations(stores, 1) == known(friends=everyone, blocked=everyone)


async def befriend(stores: RelationalStores, *pairs: tuple[int, int]) -> None:
    """Make these people friends."""
    made = [Friendship.between(user_id(one), user_id(other)) for one, other in pairs]
    await stores.units.write(lambda unit: unit.relations.befriend(made))


async def block(stores: RelationalStores, *pairs: tuple[int, int]) -> None:
    """Let the first of each pair block the second."""
    made = [Block(user_id(by), user_id(target)) for by, target in pairs]
    await stores.units.write(lambda unit: unit.relations.block(made))


async def relations(stores: RelationalStores, number: int) -> Relations:
    """A person's relations."""
    return await stores.people.relations(user_id(number))


def known(*, friends: Sequence[int] = (), blocked: Sequence[int] = ()) -> Relations:
    """The relations with these people."""
    return Relations(frozenset(map(user_id, friends)), frozenset(map(user_id, blocked)))

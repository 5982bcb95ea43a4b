"""What stores do for those who leave: how far it has come, and everything of one person."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest

from divan_core.erasure.model import Erasure
from divan_core.idempotency.model import KeyScope
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.social.model import Block, Friendship, InviteState
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.invites import invite
from divan_core.testing.contracts.samples import campus_id, populate, user_id

NOW = Millis(START_MS)


class ErasureContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_an_erasure_comes_back_as_put(self, stores: RelationalStores) -> None:
        """And is replaced, and waits until it is finished."""
        await populate(stores, 3)
        for number in (2, 1, 3):
            await keep(stores, erasure(number))
        further = attrs.evolve(erasure(2), step="b")
        await keep(stores, further)
        await keep(stores, attrs.evolve(erasure(1), finished_at=NOW))

        async def body(unit: StoreUnit) -> None:
            assert await unit.erasures.get(user_id(2)) == further
            assert await unit.erasures.get(user_id(9)) is None
            assert list(await unit.erasures.waiting(9)) == [further, erasure(3)]
            assert list(await unit.erasures.waiting(1)) == [further]

        await stores.units.read(body)

    async def test_nobodys_erasure(self, stores: RelationalStores) -> None:
        """It is of somebody who exists."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await keep(stores, erasure(2))

    async def test_ties_of_a_person(self, stores: RelationalStores) -> None:
        """Of whichever sort and direction, each other once; all between two go together."""
        await populate(stores, 7)

        async def tie(unit: StoreUnit) -> None:
            pairs = [(1, 2), (3, 1), (2, 3)]
            between = Friendship.between
            await unit.relations.befriend([between(user_id(a), user_id(b)) for a, b in pairs])
            blocks = [(1, 4), (5, 1), (1, 2), (4, 5), (2, 1)]
            await unit.relations.block([Block(user_id(a), user_id(b)) for a, b in blocks])

        await stores.units.write(tie)
        others = sorted(user_id(number) for number in (2, 3, 4, 5))
        assert await tied(stores, 1, 9) == others
        assert len(await tied(stores, 1, 3)) == 3
        assert await stores.units.read(lambda unit: unit.relations.count_tied(user_id(1))) == 4
        gone = [user_id(number) for number in (2, 5, 6)]
        await stores.units.write(lambda unit: unit.relations.part(user_id(1), gone))
        assert await tied(stores, 1, 9) == sorted([user_id(3), user_id(4)])
        assert await tied(stores, 2, 9) == [user_id(3)]
        assert await tied(stores, 5, 9) == [user_id(4)]
        await stores.units.write(lambda unit: unit.relations.part(user_id(1), []))
        assert await stores.units.read(lambda unit: unit.relations.count_tied(user_id(1))) == 2

    async def test_invites_of_a_person(self, stores: RelationalStores) -> None:
        """Of either direction and any state; once removed they are in nobody's way."""
        await populate(stores, 3)
        mine = [invite(1, 1, 2), invite(2, 3, 1), invite(3, 1, 3, state=InviteState.DECLINED)]
        other = invite(4, 2, 3)
        await stores.units.write(lambda unit: unit.invites.put([*mine, other]))
        mine.sort(key=lambda one: one.id)

        async def body(unit: StoreUnit) -> None:
            assert list(await unit.invites.of(user_id(1), 9)) == mine
            assert list(await unit.invites.of(user_id(1), 2)) == mine[:2]
            assert await unit.invites.count_of(user_id(1)) == 3
            assert await unit.invites.count_of(user_id(2)) == 2

        await stores.units.read(body)
        assert await portions(stores, lambda unit: unit.invites.remove_of(user_id(1), 2)) == [2, 1]
        found = await stores.units.read(lambda unit: unit.invites.of(user_id(3), 9))
        assert list(found) == [other]
        await stores.units.write(lambda unit: unit.invites.put([invite(5, 1, 2)]))

    async def test_answers_of_a_subject(self, stores: RelationalStores) -> None:
        """And nobody else's."""
        for number in range(3):
            await answer(stores, KeyScope("person.1", f"operation.{number % 2}", str(number)))
        other = KeyScope("person.10", "operation.1", "1")
        await answer(stores, other)
        assert await stores.units.read(lambda unit: unit.keys.count_of("person.1")) == 3
        assert await portions(stores, lambda unit: unit.keys.remove_of("person.1", 2)) == [2, 1]
        assert await stores.units.read(lambda unit: unit.keys.count_of("person.1")) == 0
        assert await stores.keys.recall(other) is not None
        await stores.keys.purge(10)


def erasure(number: int) -> Erasure:
    """An erasure of person ``number``, begun that many milliseconds after the first."""
    return Erasure(user_id(number), campus_id(1), "a", Millis(NOW + number))


async def keep(stores: RelationalStores, one: Erasure) -> None:
    """Keep an erasure."""
    await stores.units.write(lambda unit: unit.erasures.put(one))


async def tied(stores: RelationalStores, number: int, most: int) -> list[UserId]:
    """Those who are tied to a person, by id."""
    found = await stores.units.read(lambda unit: unit.relations.tied(user_id(number), most))
    return sorted(found)


async def answer(stores: RelationalStores, scope: KeyScope) -> None:
    """Use a key."""

    async def body(unit: StoreUnit) -> None:
        await unit.keys.claim(scope, bytes(32), 1000)
        await unit.keys.answer(scope, b"1", 1000)

    await stores.units.write(body)


async def portions(
    stores: RelationalStores, remove: Callable[[StoreUnit], Awaitable[int]]
) -> list[int]:
    """Remove until there is nothing left; how much it was each time."""
    found: list[int] = []
    while portion := await stores.units.write(remove):
        found.append(portion)
    return found

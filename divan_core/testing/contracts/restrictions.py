"""What stores do for restrictions of people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.safety.model import Restraint, Restriction, RestrictionId
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.accounts import FULL, put
from divan_core.testing.contracts.samples import campus_id, populate, user_id

NOW = Millis(START_MS)


class RestrictionsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    @pytest.mark.parametrize("restraint", Restraint)
    async def test_a_restriction_comes_back_as_put(
        self, stores: RelationalStores, restraint: Restraint
    ) -> None:
        """Whatever it restrains from; and it is replaced."""
        await populate(stores, 1)
        first = restriction(1, restraint=restraint)
        assert await keep(stores, first) == [first]
        other = attrs.evolve(first, until=Millis(NOW + 5), origin="action:1")
        assert await keep(stores, other) == [other]
        assert await found(stores, 1) == other
        assert await found(stores, 2) is None

    async def test_those_that_have_not_ended(self, stores: RelationalStores) -> None:
        """By (since, id), one person's only; what ends at a moment has ended then."""
        await populate(stores, 2)
        ended = restriction(1, until=Millis(NOW + 10))
        lasting = restriction(2, until=Millis(NOW + 11))
        later = restriction(4, since=Millis(NOW + 20))
        same = restriction(3, restraint=Restraint.SHADOW)
        other = restriction(5, user_id=user_id(2))
        await keep(stores, later, same, lasting, ended, other)
        assert await of(stores, 1, NOW + 9) == [ended, lasting, same, later]
        assert await of(stores, 1, NOW + 10) == [lasting, same, later]
        assert await of(stores, 2, NOW) == [other]
        assert await of(stores, 3, NOW) == []

    async def test_lifting(self, stores: RelationalStores) -> None:
        """Ends one, once; its like goes on, and it may still be looked up."""
        await populate(stores, 1)
        first, second = restriction(1), restriction(2)
        await keep(stores, first, second)
        at = Millis(NOW + 3)
        lifted = attrs.evolve(first, lifted_at=at)
        assert await lift(stores, 1, at) == lifted
        assert await lift(stores, 1, Millis(at + 1)) is None
        assert await lift(stores, 9, at) is None
        assert await of(stores, 1, NOW) == [second]
        assert await found(stores, 1) == lifted

    async def test_all_that_there_was(self, stores: RelationalStores) -> None:
        """One person's, by id, in portions; lifted and ended ones included."""
        await populate(stores, 2)
        ended, lasting = restriction(2, until=Millis(NOW + 1)), restriction(3)
        other = restriction(4, user_id=user_id(2))
        await keep(stores, lasting, ended, other, restriction(1))
        lifted = await lift(stores, 1, Millis(NOW + 3))
        me = user_id(1)
        found = await stores.units.read(lambda unit: unit.restrictions.every(me, None, 2))
        assert list(found) == [lifted, ended]
        after = ended.id
        found = await stores.units.read(lambda unit: unit.restrictions.every(me, after, 2))
        assert list(found) == [lasting]

    async def test_those_that_ended_long_ago_go(self, stores: RelationalStores) -> None:
        """Some at a time; lifted is ended, and what never ends stays."""
        await populate(stores, 1)
        ended = [restriction(one, until=Millis(NOW + one)) for one in (1, 2)]
        lifted = restriction(3, until=Millis(NOW + 90), lifted_at=Millis(NOW + 3))
        lasting = [restriction(4, until=Millis(NOW + 10)), restriction(5)]
        await keep(stores, *ended, lifted, *lasting)
        before = Millis(NOW + 10)
        for left, removed in ((3, 2), (1, 1), (0, 0)):
            assert await stores.units.read(lambda unit: unit.restrictions.over(before)) == left
            done = await stores.units.write(lambda unit: unit.restrictions.purge(before, 2))
            assert done == removed
        every = await stores.units.read(lambda unit: unit.restrictions.every(user_id(1), None, 9))
        assert list(every) == lasting

    async def test_a_unit_that_fails(self, stores: RelationalStores) -> None:
        """Leaves everything as it was."""
        await populate(stores, 1)
        first = restriction(1)
        await keep(stores, first)

        async def body(unit: StoreUnit) -> None:
            await unit.restrictions.lift(first.id, NOW)
            await unit.restrictions.put(restriction(2))
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        assert await of(stores, 1, NOW) == [first]

    async def test_nobodys_restriction(self, stores: RelationalStores) -> None:
        """It is of somebody who exists."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await keep(stores, restriction(1, user_id=user_id(2)))


class NoRestrictionsContract(ABC):
    """For stores that can do without moderation.

    A subclass gives the fixture ``core_stores``: running, empty, with only the branch ``core``.
    """

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def core_stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_nobody_is_restricted(self, core_stores: RelationalStores) -> None:
        """And nobody can be."""
        await put(core_stores, FULL)
        assert await of(core_stores, 1, NOW) == []
        assert await found(core_stores, 1) is None
        me = user_id(1)
        every = await core_stores.units.read(lambda unit: unit.restrictions.every(me, None, 9))
        assert list(every) == []
        with pytest.raises(StoreUnavailable):
            await keep(core_stores, restriction(1))


def restriction(number: int, **changes: Any) -> Restriction:  # noqa: ANN401 - evolve knows
    """Restriction ``number``: person 1 is muted from now on, unless ``changes`` say otherwise."""
    made = Restriction(
        id=RestrictionId(UUID(int=number)),
        user_id=user_id(1),
        campus_id=campus_id(1),
        restraint=Restraint.MUTE,
        since=NOW,
    )
    return attrs.evolve(made, **changes)


async def keep(stores: RelationalStores, *several: Restriction) -> Sequence[Restriction]:
    """Keep these; what person 1 is restricted to then."""

    async def body(unit: StoreUnit) -> None:
        for one in several:
            await unit.restrictions.put(one)

    await stores.units.write(body)
    return await of(stores, 1, NOW)


async def of(stores: RelationalStores, number: int, at: int) -> Sequence[Restriction]:
    """What a person is restricted to."""

    async def body(unit: StoreUnit) -> Sequence[Restriction]:
        return list(await unit.restrictions.of(user_id(number), Millis(at)))

    return await stores.units.read(body)


async def found(stores: RelationalStores, number: int) -> Restriction | None:
    """Restriction ``number``."""
    wanted = RestrictionId(UUID(int=number))
    return await stores.units.read(lambda unit: unit.restrictions.get(wanted))


async def lift(stores: RelationalStores, number: int, at: Millis) -> Restriction | None:
    """Lift restriction ``number``."""
    wanted = RestrictionId(UUID(int=number))
    return await stores.units.write(lambda unit: unit.restrictions.lift(wanted, at))

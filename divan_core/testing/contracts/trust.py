"""What stores keep of how much people are trusted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import pytest

from divan_core.kernel.clock import Millis
from divan_core.safety.pacing import Recall
from divan_core.safety.trust import Change, Merit, Trust
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import user_id

NOW = Millis(START_MS)
ME, OTHER = user_id(1), user_id(2)


def change(number: int, merit: Merit = Merit.INVITE) -> Change:
    """Change ``number``, so long after the beginning."""
    return Change(merit, f"invite:{number}", Millis(NOW + number))


async def add(stores: RelationalStores, *changes: Change) -> list[bool]:
    """Keep changes of one person."""

    async def body(unit: StoreUnit) -> list[bool]:
        return [await unit.trust.add(ME, one) for one in changes]

    return await stores.units.write(body, locking=True)


class TrustContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_trust_comes_back_as_it_was(self, stores: RelationalStores) -> None:
        """The last that was kept, each person's own."""
        for trust in (Trust(55, NOW), Trust(0, Millis(NOW + 1))):
            await stores.units.write(lambda unit, trust=trust: unit.trust.put(ME, trust))  # type: ignore[misc]
            assert await stores.units.read(lambda unit: unit.trust.get(ME)) == trust
        assert await stores.units.read(lambda unit: unit.trust.get(OTHER)) is None
        recalls = [Recall(one, "message", NOW) for one in (OTHER, ME, ME)]
        found = await stores.units.read(lambda unit: unit.decisions.background(*recalls))
        assert found is not None
        assert [one.trust for one in found.known] == [None, trust, trust]

    async def test_a_cause_counts_once(self, stores: RelationalStores) -> None:
        """Of each person, also in a later unit."""
        assert await add(stores, change(1), change(1), change(2)) == [True, False, True]
        assert await add(stores, change(2), change(3)) == [False, True]
        assert await stores.units.write(lambda unit: unit.trust.add(OTHER, change(1)))

    async def test_changes_are_counted(self, stores: RelationalStores) -> None:
        """Those of a kind, after a moment."""
        await add(stores, change(1), change(2), change(3), change(4, Merit.HIT))
        for after, count in ((0, 3), (1, 2), (2, 1), (3, 0)):
            moment = Millis(NOW + after)
            found = await stores.units.read(
                lambda unit, moment=moment: unit.trust.counted(ME, Merit.INVITE, moment)  # type: ignore[misc]
            )
            assert found == count

    async def test_somebody_is_forgotten(self, stores: RelationalStores) -> None:
        """Some rows at a time, the trust itself last; nobody else."""
        await add(stores, change(1), change(2), change(3))

        async def body(unit: StoreUnit) -> None:
            await unit.trust.put(ME, Trust(1, NOW))
            await unit.trust.put(OTHER, Trust(2, NOW))

        await stores.units.write(body)
        assert await stores.units.read(lambda unit: unit.trust.count_of(ME)) == 4
        for removed in (2, 2, 0):
            assert await stores.units.write(lambda unit: unit.trust.remove_of(ME, 2)) == removed
        assert await stores.units.read(lambda unit: unit.trust.count_of(ME)) == 0
        assert await stores.units.read(lambda unit: unit.trust.get(OTHER)) == Trust(2, NOW)
        assert await add(stores, change(1)) == [True]

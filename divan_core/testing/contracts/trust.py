"""What stores keep of how much people are trusted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.pacing import Recall
from divan_core.safety.trust import Before, Change, Merit, Trust
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import user_id

NOW = Millis(START_MS)
ME, OTHER = user_id(1), user_id(2)


def change(number: int, merit: Merit = Merit.INVITE) -> Change:
    """Change ``number``, so long after the beginning."""
    return Change(merit, f"invite:{number}", Millis(NOW + number))


async def add(stores: RelationalStores, *changes: Change, who: UserId = ME) -> None:
    """Keep changes of one person."""
    told = [(who, one) for one in changes]
    await stores.units.write(lambda unit: unit.trust.add(*told), locking=True)


async def counted(stores: RelationalStores, *causes: tuple[UserId, Change]) -> list[bool]:
    """Whether each of these has changed somebody's trust before."""
    names = [(who, one.cause) for who, one in causes]
    found = await stores.units.read(lambda unit: unit.trust.before(*names))
    return [one.counted for one in found]


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
            await stores.units.write(lambda unit, trust=trust: unit.trust.put({ME: trust}))  # type: ignore[misc]
            assert await stores.units.read(lambda unit: unit.trust.get(ME)) == trust
        assert await stores.units.read(lambda unit: unit.trust.get(OTHER)) is None
        recalls = [Recall(one, "message", NOW) for one in (OTHER, ME, ME)]
        found = await stores.units.read(lambda unit: unit.decisions.background(*recalls))
        assert found is not None
        assert [one.trust for one in found.known] == [None, trust, trust]
        causes = [(one, "invite:1") for one in (OTHER, ME, ME)]
        before = await stores.units.read(lambda unit: unit.trust.before(*causes))
        assert [one.trust for one in before] == [None, trust, trust]
        assert not await stores.units.read(lambda unit: unit.trust.before())

    async def test_a_cause_counts_once(self, stores: RelationalStores) -> None:
        """Of each person; one that has counted stays as it was."""
        asked = [(ME, change(1)), (ME, change(3)), (OTHER, change(1)), (ME, change(1))]
        assert await counted(stores, *asked) == [False] * 4
        await add(stores, change(1), change(2))
        assert await counted(stores, *asked) == [True, False, False, True]
        again = attrs.evolve(change(2), at=Millis(NOW + 99))
        await add(stores, again, change(3))
        await add(stores, change(1), who=OTHER)
        assert await counted(stores, *asked) == [True] * 4
        assert await stores.units.read(lambda unit: unit.trust.count_of(ME)) == 3
        moment = Millis(NOW + 3)
        late = await stores.units.read(lambda unit: unit.trust.counted(ME, Merit.INVITE, moment))
        assert late == 0

    async def test_what_a_unit_has_changed_it_finds(self, stores: RelationalStores) -> None:
        """Whenever the store writes it."""

        async def body(unit: StoreUnit) -> tuple[Before, int, Trust | None]:
            await unit.trust.add((ME, change(1)))
            await unit.trust.put({ME: Trust(5, NOW)})
            before = await unit.trust.before((ME, change(1).cause))
            await unit.trust.put({ME: Trust(6, NOW)})
            await unit.trust.put({ME: Trust(7, NOW)})
            count = await unit.trust.counted(ME, Merit.INVITE, NOW)
            return before[0], count, await unit.trust.get(ME)

        found = await stores.units.write(body, locking=True)
        assert found == (Before(Trust(5, NOW), counted=True), 1, Trust(7, NOW))

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
            await unit.trust.put({ME: Trust(1, NOW), OTHER: Trust(2, NOW)})

        await stores.units.write(body)
        assert await stores.units.read(lambda unit: unit.trust.count_of(ME)) == 4
        for removed in (2, 2, 0):
            assert await stores.units.write(lambda unit: unit.trust.remove_of(ME, 2)) == removed
        assert await stores.units.read(lambda unit: unit.trust.count_of(ME)) == 0
        assert await stores.units.read(lambda unit: unit.trust.get(OTHER)) == Trust(2, NOW)
        assert await counted(stores, (ME, change(1))) == [False]

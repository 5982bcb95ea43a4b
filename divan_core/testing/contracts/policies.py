"""What stores do for policies of moderation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.errors import PolicyExists
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.safety.model import KeptPolicy, PolicyId
from divan_core.safety.pacing import Recall
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import populate, user_id

NOW = Millis(START_MS)
DOCUMENT = {
    "version": "a",
    "rules": [{"id": "b", "when": {"user.trust_below": 19.5}, "shadow": True, "then": {"ü": None}}],
}


class PoliciesContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_policy_comes_back_as_added(self, stores: RelationalStores) -> None:
        """With its document as it was written; by id descending in pages."""
        await populate(stores, 1)
        several = [policy(number) for number in (2, 1, 3)]
        await add(stores, *several)

        async def body(unit: StoreUnit) -> None:
            assert await unit.policies.get(several[0].id) == several[0]
            assert await unit.policies.get(policy(9).id) is None
            assert await unit.policies.active() is None
            newest = [policy(number) for number in (3, 2, 1)]
            assert list(await unit.policies.page(None, 9)) == newest
            assert list(await unit.policies.page(None, 2)) == newest[:2]
            assert list(await unit.policies.page(newest[0].id, 1)) == newest[1:2]

        await stores.units.read(body)

    async def test_one_is_active(self, stores: RelationalStores) -> None:
        """And no other; when and by whom is remembered of each."""
        await populate(stores, 2)
        await add(stores, policy(1), policy(2))
        first = await activated(stores, 1, 1, NOW)
        assert first == attrs.evolve(
            policy(1), active=True, activated_by=user_id(1), activated_at=NOW
        )
        later = Millis(NOW + 5)
        second = await activated(stores, 2, 2, later)
        assert second is not None
        assert (second.id, second.activated_at) == (policy(2).id, later)
        old = await stores.units.read(lambda unit: unit.policies.get(policy(1).id))
        assert old == attrs.evolve(first, active=False)
        again = await activated(stores, 2, 1, Millis(later + 1))
        assert again is not None
        assert (again.activated_by, again.activated_at) == (user_id(1), later + 1)
        assert await activated(stores, None, 1, later) is None

    async def test_versions_are_used_once(self, stores: RelationalStores) -> None:
        """Nothing of a unit that uses one again is kept."""
        await populate(stores, 1)
        await add(stores, policy(1))
        with pytest.raises(PolicyExists):
            await add(stores, policy(3), policy(2, version="version-1"))
        found = await stores.units.read(lambda unit: unit.policies.page(None, 9))
        assert list(found) == [policy(1)]

    async def test_nobodys_policy(self, stores: RelationalStores) -> None:
        """Its author exists."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await add(stores, policy(1, created_by=user_id(2)))


def policy(number: int, **changes: Any) -> KeptPolicy:  # noqa: ANN401 - evolve knows
    """Policy ``number``, of person 1."""
    made = KeptPolicy(
        id=PolicyId(UUID(int=number)),
        version=f"version-{number}",
        document=DOCUMENT,
        created_by=user_id(1),
        created_at=NOW,
    )
    return attrs.evolve(made, **changes)


async def add(stores: RelationalStores, *several: KeptPolicy) -> None:
    """Keep these."""

    async def body(unit: StoreUnit) -> None:
        for one in several:
            await unit.policies.add(one)

    await stores.units.write(body)


async def activated(
    stores: RelationalStores, number: int | None, by: int, at: Millis
) -> KeptPolicy | None:
    """Activate policy ``number``; the one that is active then."""
    chosen = None if number is None else policy(number).id
    await stores.units.write(lambda unit: unit.policies.activate(chosen, user_id(by), at))
    found = await stores.units.read(lambda unit: unit.policies.active())
    recall = Recall(user_id(by), "message", NOW)
    background = await stores.units.read(lambda unit: unit.decisions.background(recall))
    assert background is not None
    assert background.policy_id == (None if found is None else found.id)
    return found

"""What stores keep of people where a deployment does without the optional branches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import attrs
import pytest

from divan_core.accounts.model import Profile
from divan_core.kernel.visibility import Standing
from divan_core.stores.bundle import RelationalStores
from divan_core.testing.contracts.accounts import FULL, count, page, put
from divan_core.testing.contracts.samples import person, user_id


class MissingBranchesContract(ABC):
    """For stores that can do without profiles and standings.

    A subclass gives the fixture ``core_stores``: running, empty, with only the branch ``core``.
    """

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def core_stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_profile_and_standing_are_dropped(self, core_stores: RelationalStores) -> None:
        """The rest is as ever, deletion included."""
        await put(core_stores, FULL, person(3, standing=Standing.DELETED))
        found = await core_stores.units.read(lambda unit: unit.people.get(user_id(1)))
        assert found == attrs.evolve(FULL, profile=Profile(), standing=Standing.ACTIVE)
        several = await page(core_stores, None, 5)
        assert [one.standing for one in several] == [Standing.ACTIVE, Standing.DELETED]
        assert await count(core_stores) == 1

    async def test_cards_do_without(self, core_stores: RelationalStores) -> None:
        """The fields of the profile are None."""
        await put(core_stores, FULL)
        card = (await core_stores.people.cards([user_id(1)]))[user_id(1)]
        assert (card.major, card.graduation_year, card.passions) == (None, None, None)
        assert card.standing is Standing.ACTIVE

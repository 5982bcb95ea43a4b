"""The relational contracts on memory."""

import pytest

from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.unit import open_memory
from divan_core.testing.contracts.accounts import CampusesContract, PeopleContract
from divan_core.testing.contracts.social import RelationsContract
from divan_core.testing.contracts.units import UnitsContract


class TestMemory(UnitsContract, CampusesContract, PeopleContract, RelationsContract):
    @pytest.fixture
    def stores(self) -> RelationalStores:
        return open_memory()

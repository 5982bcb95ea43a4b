"""The relational contracts on memory."""

import pytest

from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.unit import open_memory
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.accounts import CampusesContract, PeopleContract
from divan_core.testing.contracts.actions import ActionsContract
from divan_core.testing.contracts.activities import ActivitiesContract
from divan_core.testing.contracts.appeals import AppealsContract
from divan_core.testing.contracts.audit import AuditContract
from divan_core.testing.contracts.brief import BriefContract
from divan_core.testing.contracts.cases import CasesContract
from divan_core.testing.contracts.conversations import ConversationsContract
from divan_core.testing.contracts.decisions import DecisionsContract
from divan_core.testing.contracts.deeds import DeedsContract
from divan_core.testing.contracts.invites import InvitesContract
from divan_core.testing.contracts.keys import KeysContract
from divan_core.testing.contracts.people_index import PeopleIndexContract
from divan_core.testing.contracts.policies import PoliciesContract
from divan_core.testing.contracts.restrictions import RestrictionsContract
from divan_core.testing.contracts.rooms import RoomsContract
from divan_core.testing.contracts.scores import ScoresContract
from divan_core.testing.contracts.social import RelationsContract
from divan_core.testing.contracts.trust import TrustContract
from divan_core.testing.contracts.units import UnitsContract
from divan_core.testing.contracts.veils import VeilsContract


class OnMemory:
    @pytest.fixture
    def stores(self) -> RelationalStores:
        return open_memory()


class TestMemory(
    OnMemory, UnitsContract, CampusesContract, PeopleContract, RelationsContract, InvitesContract
):
    pass


class TestMemoryConversations(OnMemory, ConversationsContract):
    pass


class TestMemoryRooms(OnMemory, RoomsContract):
    pass


class TestMemoryRestrictions(OnMemory, RestrictionsContract):
    pass


class TestMemoryPolicies(OnMemory, PoliciesContract):
    pass


class TestMemoryKeys(KeysContract, BriefContract):
    @pytest.fixture
    def stores(self, clock: ManualClock) -> RelationalStores:
        return open_memory(clock)


class TestMemoryIndex(PeopleIndexContract):
    @pytest.fixture
    def stores(self) -> RelationalStores:
        return open_memory()


class TestMemoryAudit(OnMemory, AuditContract):
    pass


class TestMemoryCases(OnMemory, CasesContract):
    pass


class TestMemoryVeils(OnMemory, VeilsContract):
    pass


class TestMemoryActions(OnMemory, ActionsContract):
    pass


class TestMemoryAppeals(OnMemory, AppealsContract):
    pass


class TestMemoryDecisions(OnMemory, DecisionsContract):
    pass


class TestMemoryTrust(OnMemory, TrustContract):
    pass


class TestMemoryActivities(OnMemory, ActivitiesContract):
    pass


class TestMemoryDeeds(OnMemory, DeedsContract):
    pass


class TestMemoryScores(OnMemory, ScoresContract):
    pass

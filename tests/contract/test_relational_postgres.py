"""The relational contracts on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from divan_core.stores.bundle import RelationalStores
from divan_core.stores.sql.migrate import upgrade
from divan_core.stores.sql.store import open_sql
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.accounts import CampusesContract, PeopleContract
from divan_core.testing.contracts.actions import ActionsContract
from divan_core.testing.contracts.activities import ActivitiesContract
from divan_core.testing.contracts.appeals import AppealsContract
from divan_core.testing.contracts.audit import AuditContract
from divan_core.testing.contracts.branches import MissingBranchesContract
from divan_core.testing.contracts.brief import BriefContract
from divan_core.testing.contracts.cases import CasesContract
from divan_core.testing.contracts.conversations import ConversationsContract
from divan_core.testing.contracts.decisions import DecisionsContract
from divan_core.testing.contracts.deeds import DeedsContract
from divan_core.testing.contracts.invites import InvitesContract
from divan_core.testing.contracts.keys import KeysContract
from divan_core.testing.contracts.people_index import PeopleIndexContract
from divan_core.testing.contracts.policies import PoliciesContract
from divan_core.testing.contracts.restrictions import (
    NoRestrictionsContract,
    RestrictionsContract,
)
from divan_core.testing.contracts.rooms import RoomsContract
from divan_core.testing.contracts.samples import running
from divan_core.testing.contracts.scores import ScoresContract
from divan_core.testing.contracts.social import RelationsContract
from divan_core.testing.contracts.trust import TrustContract
from divan_core.testing.contracts.units import UnitsContract
from divan_core.testing.contracts.veils import VeilsContract


class OnPostgres:
    @pytest.fixture
    async def stores(self, postgres_url: str) -> AsyncIterator[RelationalStores]:
        async with running(open_sql(postgres_url)) as stores:
            yield stores


class TestPostgres(
    OnPostgres, UnitsContract, CampusesContract, PeopleContract, RelationsContract, InvitesContract
):
    pass


class TestPostgresConversations(OnPostgres, ConversationsContract):
    pass


class TestPostgresRooms(OnPostgres, RoomsContract):
    pass


class TestPostgresRestrictions(OnPostgres, RestrictionsContract):
    pass


class TestPostgresPolicies(OnPostgres, PoliciesContract):
    pass


class TestPostgresKeys(KeysContract, BriefContract):
    @pytest.fixture
    async def stores(
        self, postgres_url: str, clock: ManualClock
    ) -> AsyncIterator[RelationalStores]:
        async with running(open_sql(postgres_url, clock=clock)) as stores:
            yield stores


class TestPostgresWithoutBranches(MissingBranchesContract, NoRestrictionsContract):
    @pytest.fixture
    async def core_stores(self, empty_postgres_url: str) -> AsyncIterator[RelationalStores]:
        upgrade(empty_postgres_url, "core")
        async with running(open_sql(empty_postgres_url)) as stores:
            yield stores


class TestPostgresIndex(PeopleIndexContract):
    @pytest.fixture
    async def stores(self, postgres_url: str) -> AsyncIterator[RelationalStores]:
        async with running(open_sql(postgres_url)) as stores:
            yield stores


class TestPostgresAudit(OnPostgres, AuditContract):
    pass


class TestPostgresCases(OnPostgres, CasesContract):
    pass


class TestPostgresVeils(OnPostgres, VeilsContract):
    pass


class TestPostgresActions(OnPostgres, ActionsContract):
    pass


class TestPostgresAppeals(OnPostgres, AppealsContract):
    pass


class TestPostgresDecisions(OnPostgres, DecisionsContract):
    pass


class TestPostgresTrust(OnPostgres, TrustContract):
    pass


class TestPostgresActivities(OnPostgres, ActivitiesContract):
    pass


class TestPostgresDeeds(OnPostgres, DeedsContract):
    pass


class TestPostgresScores(OnPostgres, ScoresContract):
    pass

"""The relational contracts on SQLite, in a file and in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

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
from divan_core.testing.contracts.auth import AuthContract
from divan_core.testing.contracts.branches import MissingBranchesContract
from divan_core.testing.contracts.brief import BriefContract
from divan_core.testing.contracts.cases import CasesContract
from divan_core.testing.contracts.conversations import ConversationsContract
from divan_core.testing.contracts.decisions import DecisionsContract
from divan_core.testing.contracts.deeds import DeedsContract
from divan_core.testing.contracts.erasure import ErasureContract
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
from tests.servers.sqlite import migrated


class OnSqliteFile:
    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[RelationalStores]:
        path = migrated(tmp_path / "divan.db")
        async with running(open_sql(f"sqlite:///{path}")) as stores:
            yield stores


class TestSqliteFile(
    OnSqliteFile,
    UnitsContract,
    CampusesContract,
    PeopleContract,
    RelationsContract,
    InvitesContract,
    AuthContract,
    ErasureContract,
):
    pass


class TestSqliteFileConversations(OnSqliteFile, ConversationsContract):
    pass


class TestSqliteFileRooms(OnSqliteFile, RoomsContract):
    pass


class TestSqliteFileRestrictions(OnSqliteFile, RestrictionsContract):
    pass


class TestSqliteFilePolicies(OnSqliteFile, PoliciesContract):
    pass


class OnSqliteMemory:
    @pytest.fixture
    async def stores(self) -> AsyncIterator[RelationalStores]:
        async with running(open_sql("sqlite://")) as stores:
            yield stores


class TestSqliteMemory(
    OnSqliteMemory,
    UnitsContract,
    CampusesContract,
    PeopleContract,
    RelationsContract,
    InvitesContract,
    AuthContract,
    ErasureContract,
):
    pass


class TestSqliteMemoryConversations(OnSqliteMemory, ConversationsContract):
    pass


class TestSqliteMemoryRooms(OnSqliteMemory, RoomsContract):
    pass


class TestSqliteMemoryRestrictions(OnSqliteMemory, RestrictionsContract):
    pass


class TestSqliteMemoryPolicies(OnSqliteMemory, PoliciesContract):
    pass


class TestSqliteFileKeys(KeysContract, BriefContract):
    @pytest.fixture
    async def stores(self, tmp_path: Path, clock: ManualClock) -> AsyncIterator[RelationalStores]:
        url = f"sqlite:///{migrated(tmp_path / 'divan.db')}"
        async with running(open_sql(url, clock=clock)) as stores:
            yield stores


class TestSqliteMemoryKeys(KeysContract, BriefContract):
    @pytest.fixture
    async def stores(self, clock: ManualClock) -> AsyncIterator[RelationalStores]:
        async with running(open_sql("sqlite://", clock=clock)) as stores:
            yield stores


class TestSqliteWithoutBranches(MissingBranchesContract, NoRestrictionsContract):
    @pytest.fixture
    async def core_stores(self, tmp_path: Path) -> AsyncIterator[RelationalStores]:
        upgrade(f"sqlite:///{tmp_path}/divan.db", "core")
        async with running(open_sql(f"sqlite:///{tmp_path}/divan.db")) as stores:
            yield stores


class TestSqliteFileIndex(OnSqliteFile, PeopleIndexContract):
    pass


class TestSqliteMemoryIndex(OnSqliteMemory, PeopleIndexContract):
    pass


class TestSqliteFileAudit(OnSqliteFile, AuditContract):
    pass


class TestSqliteMemoryAudit(OnSqliteMemory, AuditContract):
    pass


class TestSqliteFileCases(OnSqliteFile, CasesContract):
    pass


class TestSqliteMemoryCases(OnSqliteMemory, CasesContract):
    pass


class TestSqliteFileVeils(OnSqliteFile, VeilsContract):
    pass


class TestSqliteMemoryVeils(OnSqliteMemory, VeilsContract):
    pass


class TestSqliteFileActions(OnSqliteFile, ActionsContract):
    pass


class TestSqliteMemoryActions(OnSqliteMemory, ActionsContract):
    pass


class TestSqliteFileAppeals(OnSqliteFile, AppealsContract):
    pass


class TestSqliteMemoryAppeals(OnSqliteMemory, AppealsContract):
    pass


class TestSqliteFileDecisions(OnSqliteFile, DecisionsContract):
    pass


class TestSqliteFileTrust(OnSqliteFile, TrustContract):
    pass


class TestSqliteMemoryDecisions(OnSqliteMemory, DecisionsContract):
    pass


class TestSqliteMemoryTrust(OnSqliteMemory, TrustContract):
    pass


class TestSqliteFileActivities(OnSqliteFile, ActivitiesContract):
    pass


class TestSqliteMemoryActivities(OnSqliteMemory, ActivitiesContract):
    pass


class TestSqliteFileDeeds(OnSqliteFile, DeedsContract):
    pass


class TestSqliteFileScores(OnSqliteFile, ScoresContract):
    pass


class TestSqliteMemoryDeeds(OnSqliteMemory, DeedsContract):
    pass


class TestSqliteMemoryScores(OnSqliteMemory, ScoresContract):
    pass

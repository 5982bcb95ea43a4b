"""What a server of the fault tests keeps its data in."""

from pathlib import Path

import pytest

from divan_core.stores.redis import taking
from divan_core.workers import relay
from tests.faults.server import LEASE_MS
from tests.servers.sqlite import migrated


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A database, and the bus that goes with it."""
    if request.param == "sqlite":
        return {"DIVAN_DATABASE_URL": f"sqlite:///{migrated(tmp_path / 'divan.db')}"}
    return {
        "DIVAN_DATABASE_URL": request.getfixturevalue("postgres_url"),
        "DIVAN_REDIS_URL": request.getfixturevalue("redis_url"),
    }


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the servers of these tests."""
    monkeypatch.setattr(relay, "LEASE_MS", LEASE_MS)
    monkeypatch.setattr(taking, "CONSUMER_LEASE_MS", LEASE_MS)

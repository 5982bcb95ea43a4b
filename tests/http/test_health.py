from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from divan_core.settings import HealthSettings, Settings
from divan_core.stores.bundle import StoreHealth
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.http.world import TEST_SETTINGS, World, open_world

pytestmark = pytest.mark.anyio

DATABASE = {"core": "core_0011", "profile": "profile_0001", "moderation": "moderation_0009"}


@attrs.frozen
class Dependencies:
    """A store whose health the test decides."""

    found: Mapping[str, StoreHealth]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    async def health(self) -> Mapping[str, StoreHealth]:
        return self.found


async def ready(
    settings: Settings = TEST_SETTINGS, **found: StoreHealth
) -> tuple[int, dict[str, Any]]:
    stores = memory_stores(ManualClock())
    stores = attrs.evolve(stores, lifecycle=(*stores.lifecycle, Dependencies(found)))
    async with open_world(settings, stores) as world:
        answer = await world.client.get("/health/ready")
        assert "x-request-id" in answer.headers
        return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/health/live", {"status": "ok"}),
        ("/health/startup", {"status": "ok", "env": "test"}),
        ("/health/ready", {"status": "ok", "checks": {}, "migrations": {}, "degraded": []}),
    ],
)
async def test_all_is_well_without_credentials(
    world: World, path: str, body: dict[str, object]
) -> None:
    answer = await world.client.get(path)
    assert (answer.status_code, answer.json()) == (200, body)


async def test_ready_tells_latency_and_migrations() -> None:
    database = StoreHealth(ok=True, latency_ms=1.23456, detail=DATABASE)
    redis = StoreHealth(ok=True, latency_ms=0.5)
    assert await ready(database=database, redis=redis) == (
        200,
        {
            "status": "ok",
            "checks": {
                "database": {"ok": True, "latency_ms": 1.235},
                "redis": {"ok": True, "latency_ms": 0.5},
            },
            "migrations": DATABASE,
            "degraded": [],
        },
    )


async def test_without_an_optional_branch_it_is_degraded_and_serves() -> None:
    detail = {"core": "core_0011", "profile": "profile_0001"}
    database = StoreHealth(ok=True, latency_ms=1.0, detail=detail)
    status, body = await ready(database=database)
    assert (status, body["status"], body["degraded"]) == (200, "degraded", ["moderation"])


async def test_with_a_dependency_away_it_is_down_and_tells_no_details() -> None:
    database = StoreHealth(ok=True, latency_ms=1.0, detail=DATABASE)
    redis = StoreHealth(ok=False, latency_ms=1000.0, detail={"error": "10.0.0.7 refused"})
    status, body = await ready(database=database, redis=redis)
    assert (status, body["status"]) == (503, "down")
    assert body["checks"] == {
        "database": {"ok": True, "latency_ms": 1.0},
        "redis": {"ok": False, "latency_ms": 1000.0},
    }
    assert "10.0.0.7" not in str(body)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (("core_0011",), 200),
        (("core_0009", "moderation_0009"), 200),
        (("core_0012",), 503),
        (("core_0011", "moderation_0010"), 503),
    ],
)
async def test_a_schema_that_is_older_than_it_has_to_be_is_down(
    wanted: tuple[str, ...], status: int
) -> None:
    settings = attrs.evolve(TEST_SETTINGS, health=HealthSettings(wanted))
    database = StoreHealth(ok=True, latency_ms=1.0, detail=DATABASE)
    found, body = await ready(settings, database=database)
    assert (found, body["checks"]["schema"]["ok"]) == (status, status == 200)


async def test_a_schema_that_nobody_can_tell_is_not_enough() -> None:
    settings = attrs.evolve(TEST_SETTINGS, health=HealthSettings(("core_0001",)))
    database = StoreHealth(ok=False, latency_ms=1.0, detail={"error": "away"})
    for found in ({"database": database}, {}):
        assert (await ready(settings, **found))[0] == 503


async def test_a_replica_that_is_away_is_no_outage() -> None:
    """The primary does what it did, so balancers need not know."""
    database = StoreHealth(ok=True, latency_ms=1.0, detail=DATABASE)
    away = StoreHealth(ok=False, latency_ms=9.0)
    status, body = await ready(database=database, replica=away)
    assert (status, body["status"], body["degraded"]) == (200, "degraded", ["replica"])
    status, body = await ready(database=away, replica=away)
    assert (status, body["status"]) == (503, "down")

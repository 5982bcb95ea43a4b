"""Divan as a library, on every set of stores."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import ChangePrivacy, CreateCampus, CreatePerson
from divan_core.kernel.actor import Actor
from divan_core.kernel.geo import LocalFrame, Point
from divan_core.kernel.ids import CampusId
from divan_core.presence.messages import Heartbeat, NearbyPerson, NearbyQuery
from divan_core.settings import LimitSettings
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores, production_stores
from divan_core.testing.clock import ManualClock
from tests.servers.sqlite import migrated
from tests.thorough import THOROUGH

CAMPUS = CampusId(UUID(int=0xCA))
CENTRE = Point(45.5048, -73.5772)
FRAME = LocalFrame(CENTRE)
ROOMY = LimitSettings(
    heartbeat_per_minute=100_000, nearby_per_minute=100_000, search_per_minute=100_000
)

EVERY_KIND = ("memory", "sqlite", "postgres+valkey", "sqlite+cluster", "sqlite+redis62")
"""For what is kept in Redis, which may be a cluster, or the oldest one."""

KINDS = EVERY_KIND if THOROUGH else EVERY_KIND[:3]
"""For everything else: each database, and each way to know who is where."""


def stores_of(kind: str, request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    if kind == "memory":
        return memory_stores(clock)
    folder: Path = request.getfixturevalue("tmp_path")
    path = migrated(folder / "divan.sqlite3")
    if kind == "sqlite":
        return embedded_stores(path, clock)
    database = (
        request.getfixturevalue("postgres_url") if "postgres" in kind else f"sqlite:///{path}"
    )
    fixture = {"valkey": "redis_url", "cluster": "redis_cluster_urls", "redis62": "redis62_url"}
    urls = request.getfixturevalue(fixture[kind.partition("+")[2]])
    return production_stores(
        database, urls if isinstance(urls, str) else ",".join(urls), key=bytes(32), clock=clock
    )


@attrs.define
class World:
    """A campus around a running Divan, in metres."""

    divan: Divan
    clock: ManualClock
    people: dict[str, Actor] = attrs.field(factory=dict)

    async def join(self, name: str, **privacy: Any) -> Actor:
        """Add a person."""
        account = await self.divan.accounts.create_person(
            CreatePerson(CAMPUS, name, name.title(), privacy=ChangePrivacy(**privacy))
        )
        self.people[name] = await self.divan.accounts.actor(account.user_id)
        return self.people[name]

    async def beat(
        self, actor: Actor, east: float = 0.0, north: float = 0.0, **fields: Any
    ) -> None:
        """Send a heartbeat from a place."""
        at = FRAME.position(east, north)
        given: dict[str, Any] = {
            "accuracy_m": 5.0,
            "device_id": "phone",
            "ts_client": self.clock.now(),
        } | fields
        await self.divan.presence.heartbeat(actor, Heartbeat(at.lat, at.lon, **given))

    async def near(
        self, actor: Actor, radius_m: int = 50, **query: Any
    ) -> tuple[NearbyPerson, ...]:
        """One page of who is near."""
        page = await self.divan.presence.nearby(actor, NearbyQuery(radius_m=radius_m, **query))
        return page.items

    async def names(self, actor: Actor, radius_m: int = 50, **query: Any) -> list[str]:
        """The handles on one page."""
        return [one.handle for one in await self.near(actor, radius_m, **query)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings() -> Settings:
    """No workers: what is to happen later happens when a test drains, and costs nothing before."""
    return Settings(env="test", limit=ROOMY, workers_enabled=False)


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    return stores_of(request.param, request, clock)


@pytest.fixture
async def world(stores: Stores, clock: ManualClock, settings: Settings) -> AsyncIterator[World]:
    async with Divan.open(settings, stores=stores, clock=clock) as divan:
        await divan.accounts.create_campus(
            CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS, radius_m=5000)
        )
        yield World(divan, clock)

"""A campus around a running Divan, on each kind of stores."""

from collections.abc import AsyncIterator

import pytest

from divan_core import Divan
from divan_core.accounts.messages import CreateCampus
from divan_core.stores.bundle import Stores
from divan_core.testing.clock import ManualClock
from tests.library.conftest import CAMPUS, CENTRE, World, stores_of

from .campus import ROOMY

__all__ = ["CAMPUS", "World"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite", "postgres+valkey"])
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    return stores_of(request.param, request, clock)


@pytest.fixture
async def world(stores: Stores, clock: ManualClock) -> AsyncIterator[World]:
    async with Divan.open(ROOMY, stores=stores, clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        yield World(divan, clock)

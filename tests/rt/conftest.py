"""A world in memory for every test of the Socket.IO server."""

from collections.abc import AsyncIterator

import pytest

from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.world import FAST_TICK, World, a_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = ManualClock()
    async with a_world(memory_stores(clock), clock) as made:
        yield made


@pytest.fixture
async def brisk_world() -> AsyncIterator[World]:
    """One whose server beats twenty times a second."""
    clock = ManualClock()
    async with a_world(memory_stores(clock), clock, FAST_TICK) as made:
        yield made

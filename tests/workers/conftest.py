"""A stage on memory stores; tests on other stores build their own."""

import pytest

from divan_core.testing.clock import ManualClock
from tests.workers.stage import Stage


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def stage(clock: ManualClock) -> Stage:
    return await Stage.on_memory(clock)

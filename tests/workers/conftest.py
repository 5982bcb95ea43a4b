"""A stage on memory stores; tests on other stores build their own."""

import pytest

from divan_core.testing.clock import ManualClock
from tests.workers.stage import Stage


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["alone", "together"])
async def stage(request: pytest.FixtureRequest, clock: ManualClock) -> Stage:
    """A group that handles each event alone, and one that handles those of many together."""
    return await Stage.on_memory(clock, together=request.param == "together")

"""Which workers run beside a server."""

import pytest

from divan_core import Divan, Settings, memory_stores
from divan_core.settings import ModerationSettings
from divan_core.staffing import MODERATING, inside
from divan_core.workers.crew import ALWAYS, SWEEP

pytestmark = pytest.mark.anyio

NAMES = ("relay", "social:sockets", SWEEP, *MODERATING)


@pytest.mark.parametrize(
    ("settings", "running"),
    [
        (Settings(), None),
        (
            Settings(moderation=ModerationSettings(workers_enabled=False)),
            {"relay", "social:sockets", SWEEP},
        ),
        (Settings(workers_enabled=False), set(ALWAYS)),
    ],
)
def test_those_that_decide_can_be_left_to_others(
    settings: Settings, running: set[str] | None
) -> None:
    assert inside(settings, NAMES) == running


async def test_they_are_called_so() -> None:
    async with Divan.open(Settings(env="test"), stores=memory_stores()) as divan:
        assert set(divan.workers.names) >= MODERATING

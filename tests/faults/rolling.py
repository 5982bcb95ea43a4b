"""A process that closes days, in small portions, and dies in the middle of it.

Its arguments are a database, a point, and how often that is passed before.
"""

import sys

import anyio

from divan_core import Divan, Settings
from divan_core.leaderboards import closing, scoring
from divan_core.rollover.messages import RollOver, RolloverView
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import sql_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Kill

DAY_S = 86_400
PORTION = 3
SETTINGS = Settings(env="test", workers_enabled=False)


def clock_after(days: int) -> ManualClock:
    """A clock that shows so many days after the beginning."""
    clock = ManualClock()
    clock.advance(days * DAY_S)
    return clock


async def rolled(stores: Stores, days: int) -> RolloverView:
    """Close what is over so many days after the beginning."""
    async with Divan.open(SETTINGS, stores=stores, clock=clock_after(days)) as divan:
        return await divan.rollover.run(RollOver())


def main() -> None:
    scoring.PORTION = closing.PORTION = PORTION  # type: ignore[misc]
    database, point, after = sys.argv[1:]
    faults = FaultPoints()
    faults.arm(point, Kill(), after=int(after))
    anyio.run(rolled, faults.around(sql_stores(database)), 2)

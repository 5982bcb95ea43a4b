"""A process that dies while it closes a day: another one goes on, and ranks are as counted."""

from __future__ import annotations

import os
import random
import signal
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import pytest
from anyio.to_thread import run_sync

from divan_core import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.leaderboards import closing, scoring
from divan_core.leaderboards.days import day_of, ymd
from divan_core.leaderboards.messages import BoardQuery
from divan_core.leaderboards.model import Day, Deed, DeedKind
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.factories import memory_stores, sql_stores
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts import samples
from tests.faults.campus import CAMPUS, person
from tests.faults.rolling import DAY_S, PORTION, SETTINGS, clock_after, rolled
from tests.servers.forked import ran

pytestmark = pytest.mark.anyio

PEOPLE: Final = 8
FRIEND: Final = 5.0
DEATHS: Final = (
    ("scores.award:after", 0),  # with badges given, and the day not closed yet
    ("scores.put:after", 1),  # in the second of three portions of a new day
)
"""Where a process dies, after it has passed there so often."""


async def test_days_are_closed_whoever_dies(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (scoring, closing):
        monkeypatch.setattr(module, "PORTION", PORTION)
    url = settings["DIVAN_DATABASE_URL"]
    deeds = what_they_did(random.Random(7))
    await told(sql_stores(url), deeds)
    for point, after in DEATHS:
        assert await run_sync(died, url, point, after) == -signal.SIGKILL
    done = await rolled(sql_stores(url), 2)
    assert done.days, "the dead had closed all of it"
    assert not (await rolled(sql_stores(url), 2)).days
    undisturbed = memory_stores()
    await told(undisturbed, deeds)
    await rolled(undisturbed, 2)
    assert await found(sql_stores(url)) == await found(undisturbed)
    assert await board(sql_stores(url)) == counted(deeds)


def what_they_did(dice: random.Random) -> list[Deed]:
    """Friendships of two days, each at a moment of its own."""
    today = day_of(Millis(START_MS), "UTC")
    found: list[Deed] = []
    for number in range(1, PEOPLE + 1):
        for ago in (0, 1):
            for _ in range(dice.randrange(4)):
                at = Millis(START_MS - ago * DAY_S * 1000 + dice.randrange(10_000))
                cause = UUID(int=dice.getrandbits(128))
                day = Day(today - ago)
                found.append(Deed(person(number), DeedKind.FRIEND, cause, CAMPUS, day, at))
    return found


async def let_in(unit: StoreUnit) -> None:
    """Let everybody in."""
    await unit.campuses.put([samples.campus()])
    await unit.people.put([samples.person(number) for number in range(1, PEOPLE + 1)])


async def told(stores: Stores, deeds: Sequence[Deed]) -> None:
    """Let people in, and keep what they did: some is added up, and some only marked."""

    async def kept(unit: StoreUnit, some: Sequence[Deed]) -> None:
        await unit.deeds.put(some)
        await unit.deeds.mark(CAMPUS, {(one.user_id, one.day) for one in some})

    async with Divan.open(SETTINGS, stores=stores, clock=clock_after(0)) as divan:
        await divan.stores.units.write(let_in)
        half = len(deeds) // 2
        await divan.stores.units.write(lambda unit: kept(unit, deeds[:half]), locking=True)
        await divan.drain()
        await divan.stores.units.write(lambda unit: kept(unit, deeds[half:]), locking=True)


def died(url: str, point: str, after: int) -> int:
    """How a process ends that closes days and dies at a point."""
    program = "from tests.faults.rolling import main; main()"
    return ran(program, url, point, after, environment=os.environ, timeout_s=120).returncode


def counted(deeds: Sequence[Deed]) -> list[tuple[int, UserId, float]]:
    """The board of these as one would count it: points, and who reached them first."""
    points: defaultdict[UserId, float] = defaultdict(float)
    reached: dict[UserId, int] = {}
    for one in deeds:
        points[one.user_id] += FRIEND
        reached[one.user_id] = max(reached.get(one.user_id, 0), one.at)
    order = sorted(points, key=lambda one: (-points[one], reached[one]))
    return [(rank, one, points[one]) for rank, one in enumerate(order, start=1)]


async def board(stores: Stores) -> list[tuple[int, UserId, float]]:
    """The board of the week in which all of it was, on the day before now."""
    async with Divan.open(SETTINGS, stores=stores, clock=clock_after(2)) as divan:
        day = ymd(Day(day_of(divan.clock.now(), "UTC") - 1))
        query = BoardQuery("social", "weekly", day)
        items = (await divan.leaderboards.board(Actor(person(1), CAMPUS), query)).items
        return [(one.rank, one.user_id, one.score) for one in items]


async def found(stores: Stores) -> Mapping[UserId, object]:
    """All that is kept of everybody's scores, as they would take it along."""
    async with Divan.open(SETTINGS, stores=stores, clock=clock_after(2)) as divan:
        people = [person(number) for number in range(1, PEOPLE + 1)]
        return {one: await divan.leaderboards.own(Actor(one, CAMPUS)) for one in people}

"""Leaderboards of a large campus: one's own ranks, and the end of a day."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final
from uuid import UUID

import asyncpg
import attrs
import uvloop

from benchmarks.deciding import addresses
from benchmarks.report import table
from benchmarks.search_server import stores_at
from benchmarks.world import CAMPUS, settings
from divan_core import Divan
from divan_core.accounts.messages import CreateCampus
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.leaderboards import policy
from divan_core.leaderboards.days import day_of
from divan_core.leaderboards.messages import BoardQuery, SummaryQuery
from divan_core.leaderboards.model import (
    SUMS,
    Board,
    Book,
    Count,
    Day,
    Deed,
    DeedKind,
    Period,
    Score,
    Shift,
    Tally,
)
from divan_core.rollover.messages import RollOver
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import START_MS, ManualClock

PORTION: Final = 2_000
ACTIVE: Final = (0, 2, 4, 6, 20, 29)
"""How many days ago everybody was active: so many days leave the sums when a day ends."""

PEERS: Final = 3
"""With how many others everybody had to do on the last day."""

ASKED: Final = 400
DAY_S: Final = 86_400
TODAY: Final = day_of(Millis(START_MS), "UTC")


def run(people: int) -> None:
    """Print the table."""
    with addresses() as places:
        rows = [uvloop.run(_measured(name, there, people)) for name, there in places]
    title = f"leaderboards of {people:,} people; wanted: rank under 5 ms, a day closed in 60 s"
    header = (
        "stores",
        "summary p50/p95 ms",
        "ranks p50/p95 ms",
        "day closed s",
        "CPU s of it here",
    )
    table(title, header, rows)


async def _measured(name: str, there: list[str], people: int) -> tuple[object, ...]:
    clock, dice = ManualClock(), random.Random(1)
    stores = stores_at(there)
    async with Divan.open(settings(), stores=stores, clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Large", 45.5, -73.6, id=CAMPUS))
        for start in range(0, people, PORTION):
            numbers = range(start, min(start + PORTION, people))
            await divan.stores.units.write(_kept(numbers, people, dice), locking=True)
        await divan.stores.units.write(lambda unit: unit.scores.keep_book(_BOOK), locking=True)
        await _tidied(there)
        asked = [dice.randrange(people) for _ in range(ASKED)]
        ranks = [await _took(lambda one=one: _summary(divan, one)) for one in asked]  # type: ignore[misc]
        single = [await _took(lambda one=one: _rank(divan, one)) for one in asked]  # type: ignore[misc]
        clock.advance(DAY_S)
        began, used = time.perf_counter(), time.process_time()
        done = await divan.rollover.run(RollOver())
        await divan.leaderboards.board(_actor(0), BoardQuery("overall", "monthly"))
        took, used = time.perf_counter() - began, time.process_time() - used
        assert [one.people for one in done.days] == [people]
        found = await divan.leaderboards.summary(_actor(0), SummaryQuery("monthly"))
        assert found.ranks["overall"] is not None
    return (
        name,
        _spread(ranks),
        _spread(single),
        f"{took:.1f}",
        f"{used:.1f}",
    )


async def _tidied(there: list[str]) -> None:
    """Do what autovacuum, which the server has off, does after so many rows."""
    if len(there) > 1:
        connection = await asyncpg.connect(there[0])
        try:
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()


_BOOK: Final = Book(CAMPUS, TODAY, TODAY, Day(TODAY - 1))


def _actor(number: int) -> Actor:
    return Actor(_person(number), CAMPUS)


def _person(number: int) -> UserId:
    return UserId(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128))


def _kept(
    numbers: range, people: int, dice: random.Random
) -> Callable[[StoreUnit], Awaitable[None]]:
    """A unit that keeps what some people have: their days, their sums of today, and deeds."""
    shifts: list[Shift] = []
    deeds: list[Deed] = []
    for number in numbers:
        shifts += [Shift(None, one) for one in _scores(_person(number), dice)]
        for _ in range(PEERS):
            cause, peer = UUID(int=dice.getrandbits(128)), _person(dice.randrange(people))
            kind, at = DeedKind.DIRECT, Millis(START_MS)
            deeds.append(Deed(_person(number), kind, cause, CAMPUS, TODAY, at, peer))

    async def body(unit: StoreUnit) -> None:
        await unit.scores.put(shifts)
        await unit.deeds.put(deeds)

    return body


def _scores(user_id: UserId, dice: random.Random) -> Iterator[Score]:
    """Somebody's days, and their sums of today; no two days are of one streak."""
    nobody, days = policy.slot(user_id, CAMPUS), []
    for ago in ACTIVE:
        day = policy.day_score(attrs.evolve(nobody, day=Day(TODAY - ago)), _tally(dice, ago), 1)
        days += [day] if day else []
    yield from days
    for period in SUMS:
        inside = [one for one in days if one.day > TODAY - period.value]
        whole = policy.added(attrs.evolve(nobody, period=period, day=TODAY), inside)
        if whole is not None:
            yield whole


def _tally(dice: random.Random, ago: int) -> Tally:
    """Few people do much, and most a little."""
    at = Millis(START_MS - ago * DAY_S * 1000 - dice.randrange(10_000_000))
    written = min(60, 1 + int(dice.expovariate(0.1)))
    tally = {DeedKind.DIRECT: Count(written, at), DeedKind.SENDER: Count(1 + written // 4, at)}
    if dice.random() < 0.2:
        tally[DeedKind.FRIEND] = Count(1, at)
    return tally


async def _summary(divan: Divan, number: int) -> object:
    return await divan.leaderboards.summary(_actor(number), SummaryQuery("monthly"))


async def _rank(divan: Divan, number: int) -> object:
    board = Board(CAMPUS, Period.MONTHLY, TODAY)

    async def body(unit: StoreUnit) -> object:
        score = await unit.scores.get(_person(number), board)
        assert score is not None
        return await unit.scores.ranks(score)

    return await divan.stores.units.look(body)


async def _took(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1000


def _spread(took: list[float]) -> str:
    return f"{statistics.median(took):.2f}/{statistics.quantiles(took, n=20)[-1]:.2f}"

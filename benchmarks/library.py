"""What the library does per second without a server, near and far people alike."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Awaitable, Callable
from statistics import median, quantiles

from benchmarks.report import table
from benchmarks.world import populate, settings, walkers
from divan_core import Divan, memory_stores
from divan_core.kernel.actor import Actor
from divan_core.presence.messages import NearbyQuery
from divan_core.testing.clock import ManualClock

CALLS = 4000
ROUNDS = 5


async def run() -> None:
    """Print the table."""
    rows = [
        await _nearby(count, side_m, radius_m)
        for count, side_m, radius_m in (
            (2_000, 1_000.0, 50),
            (2_000, 1_000.0, 200),
            (20_000, 3_162.0, 50),
            (200_000, 10_000.0, 50),
        )
    ]
    header = ("people", "radius", "listed", "answers/s of CPU", "p50 µs", "p95 µs", "p99 µs")
    table("Library, in memory, one task: nearby at 2,000 people a km²", header, rows)


async def _nearby(count: int, side_m: float, radius_m: int) -> tuple[object, ...]:
    clock = ManualClock()  # on a busy machine leases would end before all was asked
    async with Divan.open(settings(), stores=memory_stores(clock), clock=clock) as divan:
        # Whoever stands in the middle square kilometre asks, so that edges play no part.
        people = walkers(count, side_m)
        actors = await populate(divan, people)
        gc.freeze()
        chance = random.Random(2)
        query = NearbyQuery(radius_m=radius_m)
        asking = chance.sample(actors, min(len(actors), 2000))
        listed = [len((await divan.presence.nearby(one, query)).items) for one in asking[:500]]

        async def ask(actor: Actor) -> None:
            await divan.presence.nearby(actor, query)

        speeds, times = [], []
        for _ in range(ROUNDS):
            chosen = [chance.choice(asking) for _ in range(CALLS)]
            began = time.process_time()
            times += await _timed(ask, chosen)
            speeds.append(CALLS / (time.process_time() - began))
        gc.unfreeze()
    cuts = quantiles(times, n=100)
    return (
        f"{count:,}",
        f"{radius_m} m",
        f"{sum(listed) / len(listed):.0f}",
        f"{median(speeds):,.0f}",
        *(f"{cuts[percent - 1] * 1e6:.0f}" for percent in (50, 95, 99)),
    )


async def _timed(call: Callable[[Actor], Awaitable[None]], actors: list[Actor]) -> list[float]:
    took = []
    for actor in actors:
        began = time.perf_counter()
        await call(actor)
        took.append(time.perf_counter() - began)
    return took

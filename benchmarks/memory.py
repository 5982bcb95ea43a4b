"""What a live person costs in memory, above an empty store."""

from __future__ import annotations

import gc
import tracemalloc

from benchmarks.report import table
from benchmarks.world import beat, populate, settings, walkers
from divan_core import Divan, memory_stores
from divan_core.testing.clock import ManualClock

PEOPLE = 20_000
BEATS = 10


async def run() -> None:
    """Print bytes per person: after one heartbeat, and after ten at intervals of ten seconds."""
    clock = ManualClock()
    stores = memory_stores(clock)
    people = walkers(PEOPLE, 3162.0)
    async with Divan.open(settings(), stores=stores, clock=clock) as divan:
        # Accounts and cached cards are there before: they are not presence's.
        actors = await populate(divan, people)
        clock.advance(200)
        for actor in actors:
            await divan.audience.relations(actor.user_id)
        gc.collect()
        tracemalloc.start()
        rows = []
        empty = tracemalloc.get_traced_memory()[0]
        for number in range(1, BEATS + 1):
            clock.advance(10)
            for actor, walker in zip(actors, people, strict=True):
                await beat(divan, actor, walker.at)
            if number in {1, BEATS}:
                gc.collect()
                used = tracemalloc.get_traced_memory()[0] - empty
                rows.append((f"{number}", f"{used / PEOPLE:.0f}"))
        tracemalloc.stop()
    table(f"Memory: {PEOPLE:,} live people in memory", ("heartbeats each", "bytes/person"), rows)

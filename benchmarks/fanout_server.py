"""The Socket.IO server under measurement: ``python -m benchmarks.fanout_server PORT``.

All walk, a step every ten seconds; those who subscribe send their own heartbeats. A line on
standard input ends it; it then prints its beats as JSON.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Sequence

import anyio
import attrs
import msgspec
import uvicorn
import uvloop

from benchmarks.server import SIDE_M
from benchmarks.world import CENTRE, Walker, beat, populate, settings, walkers
from divan_cli.collecting import settle_memory
from divan_core import Divan, memory_stores
from divan_core.kernel.actor import Actor
from divan_core.kernel.geo import LocalFrame, Point
from divan_rt.server import UVICORN, Options, create_server
from divan_rt.ticker import Beat

PEOPLE = 2_000
SUBSCRIBERS = 1_000
STEP_S = 10.0
STEP_M = 15.0
FRAME = LocalFrame(CENTRE)
READY = "ready"
"""Printed when people are there and the port is about to be."""


@attrs.frozen
class Measured:
    """One beat, and when it began on the monotonic clock of the machine."""

    began: float
    beat: Beat


@attrs.frozen
class Told:
    """All beats that were measured, and the CPU seconds that the server spent meanwhile."""

    beats: list[Measured]
    cpu_s: float


def moved(at: Point, chance: random.Random) -> Point:
    """Ten seconds' walk in some direction."""
    here = FRAME.locate(at.lat, at.lon)
    east, north = chance.uniform(-STEP_M, STEP_M), chance.uniform(-STEP_M, STEP_M)
    return FRAME.position(here.east + east, here.north + north)


async def walk(divan: Divan, actors: Sequence[Actor], people: Sequence[Walker]) -> None:
    """Everybody who does not subscribe takes a step every ten seconds, one after the other."""
    chance = random.Random(5)
    places = [walker.at for walker in people]
    while True:
        for number, actor in enumerate(actors):
            await anyio.sleep(STEP_S / len(actors))
            places[number] = moved(places[number], chance)
            await beat(divan, actor, places[number])


async def serve(port: int) -> None:
    """Serve until a line comes in, then tell how the beats were."""
    measured: list[Measured] = []

    def observe(one: Beat) -> None:
        measured.append(Measured(anyio.current_time() - one.took_s, one))

    async with Divan.open(settings(), stores=memory_stores()) as divan:
        people = walkers(PEOPLE, SIDE_M)
        actors = await populate(divan, people)
        app = create_server(divan, Options(observe=observe))
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, lifespan="off", log_level="warning", **UVICORN
        )
        web = uvicorn.Server(config)
        async with app.running(), anyio.create_task_group() as tasks:
            tasks.start_soon(web.serve)
            tasks.start_soon(walk, divan, actors[SUBSCRIBERS:], people[SUBSCRIBERS:])
            settle_memory()
            print(READY, flush=True)
            began_s = time.process_time()
            while line := await asyncio.to_thread(sys.stdin.readline):
                if line.strip() == "measure":
                    settle_memory()
                    measured.clear()
                    began_s = time.process_time()
                else:
                    break
            told = Told(measured, time.process_time() - began_s)
            print(msgspec.json.encode(told).decode(), flush=True)
            web.should_exit = web.force_exit = True
            tasks.cancel_scope.cancel()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

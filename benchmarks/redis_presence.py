"""What presence in Redis costs: 2,000 people on 1 km², 32 callers, one process, no HTTP.

Prints, for each kind of call, calls a second, latencies, CPU of this process, and what the server
spent in scripts. ``python -m benchmarks.redis_presence [--url redis://...]``; without an address
it starts a Valkey server of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import attrs
import uvloop

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, Window
from divan_core.presence.model import (
    HOUR_MS,
    Amendment,
    Fix,
    Offset,
    PersonKey,
    PresenceRecord,
    Reach,
)
from divan_core.presence.policy import after_heartbeat
from divan_core.stores.bundle import LiveStores
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.store import open_redis
from tests.servers.valkey import RedisServer, valkey_binary

PEOPLE = 2_000
SIDE_M = 1_000.0
CALLERS = 32
STEP_M = 1.5
HEARTBEATS = Limit("heartbeat", (Window(30, 60),))
NEARBY = Limit("nearby", (Window(30, 60),))


@attrs.define
class SimulatedClock:
    """A millisecond for every reading of a caller, so that limits and leases are those of life."""

    millis: int = 1_790_000_000_000

    def now(self) -> Millis:
        """See :class:`~divan_core.kernel.clock.Clock`."""
        return Millis(self.millis)


class Campus:
    """People who walk about a square kilometre."""

    def __init__(self, stores: LiveStores, clock: SimulatedClock) -> None:
        self._stores = stores
        self._clock = clock
        self._random = random.Random(1)
        self._since = b""
        campus_id = CampusId(UUID(int=1))
        self._keys = [PersonKey(campus_id, UserId(UUID(int=2 + n))) for n in range(PEOPLE)]
        self._places = [(self._metre(), self._metre()) for _ in range(PEOPLE)]
        self._turns = itertools.cycle(range(PEOPLE))
        self.listed = 0

    async def heartbeat(self) -> None:
        """The next person takes a step and says where they are."""
        self._clock.millis += 1
        person, now = next(self._turns), self._clock.now()
        east, north = self._places[person]
        east, north = east + self._step(), north + self._step()
        self._places[person] = east, north
        fix = Fix(now, east, north, 10.0)

        def rule(record: PresenceRecord | None) -> Amendment:
            offset = Offset(now // HOUR_MS, 0.25, -0.5)
            return after_heartbeat(record, fix, b"one phone", 25, offset)

        await self._stores.presence.amend(self._keys[person], rule, now, HEARTBEATS)

    async def nearby(self, reach: Reach) -> None:
        """The next person asks who is near."""
        self._clock.millis += 1
        person, now = next(self._turns), self._clock.now()
        hood = await self._stores.presence.around(
            self._keys[person], reach, now, since=self._since, limit=NEARBY
        )
        assert hood.here is not None
        self._since = hood.news.position
        self.listed += sum(len(people) for _, people in hood.cells)

    def asking(self, reach: Reach | None) -> Callable[[], Awaitable[None]]:
        """A call to repeat: a heartbeat, or a question of this reach."""
        return self.heartbeat if reach is None else lambda: self.nearby(reach)

    def _metre(self) -> float:
        return self._random.uniform(-SIDE_M / 2, SIDE_M / 2)

    def _step(self) -> float:
        return self._random.uniform(-STEP_M, STEP_M)


async def measure(name: str, call: Callable[[], Awaitable[None]], calls: int) -> None:
    """Have 32 callers make so many calls and print a line about them."""
    latencies: list[float] = []
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            began = time.perf_counter()
            await call()
            latencies.append(time.perf_counter() - began)

    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    latencies.sort()
    p50, p95, p99 = (latencies[int(calls * part)] * 1000 for part in (0.50, 0.95, 0.99))
    print(
        f"{name:<24}{calls / wall:>9,.0f}/s{p50:>8.2f}{p95:>8.2f}{p99:>8.2f} ms"
        f"{cpu / calls * 1e6:>8.0f} µs",
        end="",
    )


async def script_micros(redis: RedisLifecycle) -> float:
    """Server microseconds a script took on average since last asked."""
    info: bytes = await redis.client.call(b"INFO", b"commandstats")
    await redis.client.call(b"CONFIG", b"RESETSTAT")
    for line in info.decode().splitlines():
        if line.startswith("cmdstat_evalsha:"):
            return float(line.partition("usec_per_call=")[2].partition(",")[0])
    return 0.0


async def run(url: str, calls: int) -> None:
    """Measure everything once."""
    clock = SimulatedClock()
    stores = open_redis(url, key=b"a key for benchmarks", clock=clock)
    redis = stores.lifecycle[0]
    assert isinstance(redis, RedisLifecycle)
    async with redis.running():
        campus = Campus(stores, clock)
        for _ in range(40 * PEOPLE):  # lists of admissions as long as they become
            await campus.heartbeat()
        print(f"{'call':<24}{'rate':>11}{'p50':>8}{'p95':>8}{'p99':>11}{'CPU':>11}{'server':>10}")
        for name, reach in (
            ("heartbeat", None),
            ("nearby 50 m", Reach(50.0, enough=85)),
            ("nearby 200 m, 50 listed", Reach(200.0, enough=85)),
            ("nearby 200 m, all", Reach(200.0)),
        ):
            for _ in range(PEOPLE):
                await campus.heartbeat()
            campus.listed = 0
            await script_micros(redis)
            await measure(name, campus.asking(reach), calls)
            print(f"{await script_micros(redis):>8.1f} µs{campus.listed / calls:>8.1f} people")


@contextlib.contextmanager
def server(url: str | None) -> Iterator[str]:
    """The server asked for, or one of our own."""
    if url:
        yield url
        return
    with RedisServer(valkey_binary()) as own:
        yield own.url


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a server whose data may be overwritten")
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    with server(options.url) as url:
        uvloop.run(run(url, options.calls))


if __name__ == "__main__":
    main()

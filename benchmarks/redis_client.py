"""What a call costs over the batching connection, beside redis-py's asyncio pool.

``python -m benchmarks.redis_client [--url redis://...]``; without an address it starts Valkey. The
figure to look at is the ratio: both run in turn, in one process, against one server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs
import redis.asyncio
import uvloop

from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.scripts import Script
from tests.servers.valkey import RedisServer, valkey_binary

CALLERS = 32
ROUNDS = 5
KEY = b"divan:{benchmark}:key"
VALUE = b"v" * 100
SCRIPT = Script("swap", b"redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])")

Work = Callable[[], Awaitable[Any]]


@attrs.frozen
class Cost:
    """One run: seconds of this process's CPU and of the clock, for each call."""

    cpu: float
    wall: float


async def measure(work: Work, calls: int) -> Cost:
    """Run ``calls`` calls by 32 callers, each waiting for its answer before the next."""

    async def caller() -> None:
        for _ in range(calls // CALLERS):
            if await work() != VALUE:
                raise AssertionError

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return Cost((time.process_time() - cpu) / calls, (time.perf_counter() - wall) / calls)


@contextlib.asynccontextmanager
async def contestants(url: str) -> AsyncIterator[dict[str, dict[str, Work]]]:
    """What is compared: for each kind of call, the same over both clients."""
    pool = redis.asyncio.ConnectionPool.from_url(url, max_connections=CALLERS, protocol=3)
    async with RedisClient.open(url) as ours, redis.asyncio.Redis(connection_pool=pool) as theirs:
        await ours.call(b"SET", KEY, VALUE)
        await ours.call(b"SCRIPT", b"LOAD", SCRIPT.body)
        digest = SCRIPT.digest.decode()
        yield {
            "GET": {
                "divan": lambda: ours.call(b"GET", KEY),
                "redis-py": lambda: theirs.get(KEY),
            },
            "EVALSHA": {
                "divan": lambda: ours.run(SCRIPT, [KEY], [VALUE]),
                "redis-py": lambda: theirs.evalsha(digest, 1, KEY, VALUE),
            },
        }
        await pool.disconnect()


async def compare(url: str, calls: int) -> None:
    """Print the medians of five rounds and their ratios."""
    print(f"{'call':8} {'client':9} {'CPU µs':>8} {'calls/s':>9} {'ratio':>6}")
    async with contestants(url) as kinds:
        for kind, clients in kinds.items():
            runs: dict[str, list[Cost]] = {name: [] for name in clients}
            for _ in range(ROUNDS):
                for name, work in clients.items():
                    runs[name].append(await measure(work, calls))
            report(kind, runs)


def report(kind: str, runs: dict[str, list[Cost]]) -> None:
    """Print a line for each client; the ratio is of CPU, to the first."""
    cpu = {name: statistics.median(run.cpu for run in costs) for name, costs in runs.items()}
    least = cpu[next(iter(cpu))]
    for name, costs in runs.items():
        rate = 1 / statistics.median(run.wall for run in costs)
        print(f"{kind:8} {name:9} {cpu[name] * 1e6:8.1f} {rate:9,.0f} {cpu[name] / least:6.1f}")


def main() -> None:
    """Compare on asyncio and on uvloop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a server to use; its key divan:{benchmark}:key is written")
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        url = options.url or stack.enter_context(RedisServer(valkey_binary())).url
        for loop in (asyncio, uvloop):
            print(loop.__name__)
            loop.run(compare(url, options.calls))


if __name__ == "__main__":
    main()

"""HTTP against the yardstick: the same server, the same client, in turns."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import attrs

from benchmarks.cores import OTHERS, SERVERS, tied
from benchmarks.load import Result, Target, client, load
from benchmarks.report import table
from benchmarks.server import PEOPLE, READY, SIDE_M
from benchmarks.world import walkers
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

_ROUTES = (
    Target("hello", "/hello"),
    Target("heartbeat", "/presence/heartbeat", beats=True),
    Target("nearby 50 m", "/proximity/nearby?radius_m=50"),
    Target("nearby 200 m", "/proximity/nearby?radius_m=200"),
)
PLAIN = ", plain uvicorn"
TARGETS = (
    *_ROUTES,
    *(attrs.evolve(one, name=one.name + PLAIN, door=1) for one in _ROUTES),
)
"""Every route on our own server, and again on one whose replies nobody gathers."""

WANTED = {
    "embedded": {"heartbeat": 0.40, "nearby 50 m": 0.25, "nearby 200 m": 0.10},
    "PostgreSQL and Valkey": {"heartbeat": 0.30, "nearby 50 m": 0.20, "nearby 200 m": 0.10},
}


def run(rounds: int, seconds: int) -> None:
    """Print a table for the embedded stores, and one for PostgreSQL and Valkey on loopback."""
    with tied(OTHERS):
        _measure("embedded", [], rounds, seconds)
    with (
        tied(OTHERS),
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, migrate) as databases,
        databases.migrated() as database_url,
    ):
        _measure("PostgreSQL and Valkey", [database_url, valkey.url], rounds, seconds)


def migrate(url: str) -> None:
    """Bring a database to the newest revision."""
    from divan_core.stores.sql.migrate import upgrade  # noqa: PLC0415 - only this half needs SQL

    upgrade(url)


def _measure(name: str, addresses: list[str], rounds: int, seconds: int) -> None:
    people = walkers(PEOPLE, SIDE_M)
    results: dict[str, list[Result]] = {target.name: [] for target in TARGETS}
    with serving(addresses) as origin, tempfile.TemporaryDirectory() as folder:
        for target in TARGETS:  # warm caches, not counted
            load(origin, target, people, 2, Path(folder))
        for _ in range(rounds):
            for target in TARGETS:
                results[target.name].append(load(origin, target, people, seconds, Path(folder)))
    _print(name, results)


def _print(name: str, results: dict[str, list[Result]]) -> None:
    rows = []
    for target, found in results.items():
        wanted = WANTED[name].get(target.removesuffix(PLAIN))
        hello = results["hello" + (PLAIN if target.endswith(PLAIN) else "")]
        rows.append(
            (
                target,
                f"{median(one.rate for one in found):,.0f}",
                f"{_ratio(found, hello):.2f}",
                "" if wanted is None else f"{wanted:.2f}",
                *(
                    f"{median(getattr(one, field) for one in found):.1f}"
                    for field in ("p50", "p95", "p99")
                ),
                sum(one.failed for one in found),
            )
        )
    header = (
        "route",
        "requests/s",
        "of its hello",
        "wanted",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "failed",
    )
    table(
        f"HTTP, {name}, one process, 32 callers by {client()}, {PEOPLE:,} live people on 1 km²",
        header,
        rows,
    )


def _ratio(found: list[Result], yardstick: list[Result]) -> float:
    """Of the yardstick on the same server in the same round."""
    return median(one.rate / base.rate for one, base in zip(found, yardstick, strict=True))


@contextmanager
def serving(addresses: list[str]) -> Iterator[str]:
    """A server of its own process; gives its origin."""
    port = free_ports()
    command = [sys.executable, "-m", "benchmarks.server", str(port), *addresses]
    with tied(SERVERS):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        if process.stdout is None or process.stdout.readline().strip() != READY:
            sys.exit("The server did not start.")
        wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def free_ports() -> int:
    """A free port whose next one is free as well."""
    while True:
        with socket.socket() as probe, socket.socket() as other:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            with suppress(OSError):
                other.bind(("127.0.0.1", port + 1))
                return port


def wait(port: int) -> None:
    """Wait until somebody listens there."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("The server does not listen.")

"""Searching a large campus by HTTP, against the yardstick: in turns, by one client."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import quote

import attrs
import psutil

from benchmarks import names
from benchmarks.crowd import viewers
from benchmarks.http import free_ports, migrate, wait
from benchmarks.load import CALLERS, Result, client, k6_path, run_client
from benchmarks.report import table
from benchmarks.server import READY
from divan_core.discovery.folding import comparable
from divan_core.testing.contracts.samples import campus_id
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

QUERIES: Final = 20_000
"""How many questions the mix has. Of 100,000 people 8,454 of them differ, which are more than the
cache of answers holds; of 200,000 questions 50,049."""

WARMING: Final = 5_000
MOST_WARMING: Final = 8
"""How often each kind of load is asked to warm the caches, which is not counted; in at most so many
turns, where the machine is busy."""

_APART: Final = 7_777
"""How far on each round begins, that it does not ask again what warmed the caches."""

WANTED: Final = {"in memory": (0.10, 0.03), "SQLite": (0.10, 0.03), "PostgreSQL": (0.04, 0.03)}


@attrs.frozen
class Load:
    """What is asked for, in turns, and by how many at once."""

    name: str
    paths: Sequence[str]
    callers: int = CALLERS


@attrs.frozen
class Asked:
    """What came of a load, and how many milliseconds of CPU an answer took the server."""

    result: Result
    cpu_ms: float


@attrs.frozen
class Server:
    """A server of its own process."""

    origin: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """How long it has been at work."""
        taken = self.process.cpu_times()
        return float(taken.user + taken.system)


WRK: Final = """\
local paths, people, count = {{}}, {{}}, {start}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
for line in io.lines("{people}") do people[#people + 1] = line end
wrk.headers["X-Campus-Id"] = "{campus}"
function request()
  count = count + 1
  wrk.headers["X-User-Id"] = people[(count * 7919) % #people + 1]
  return wrk.format("GET", paths[(count * 104729) % #paths + 1])
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %f %f %f %f %d\\n",
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    e.status + e.connect + e.read + e.write + e.timeout))
end
"""

K6: Final = """\
import http from "k6/http";
const paths = open("{paths}").trim().split("\\n"), people = open("{people}").trim().split("\\n");
export const options = {{
  vus: {callers}, duration: "{seconds}s", discardResponseBodies: true,
  summaryTrendStats: ["p(50)", "p(95)", "p(99)"],
}};
export default function () {{
  const at = {start} + __VU * 9973 + __ITER * 7919;
  const headers = {{ "X-User-Id": people[at % people.length], "X-Campus-Id": "{campus}" }};
  http.get("{origin}" + paths[at % paths.length], {{ headers }});
}}
export function handleSummary(data) {{
  const d = data.metrics.http_req_duration.values, r = data.metrics.http_reqs.values.rate;
  const failed = data.metrics.http_req_failed.values.passes;
  const words = ["RESULT", r, d["p(50)"], d["p(95)"], d["p(99)"], failed];
  return {{ stdout: words.join(" ") + "\\n" }};
}}
"""


def run(rounds: int, seconds: int, people: int, queries: int) -> None:
    """Print a table for each kind of stores; a mix of so many ``queries``."""
    loads = _loads(people, queries)
    _measure("in memory", [], loads, (rounds, seconds, people))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/divan.sqlite3"
        _measure("SQLite", [url], loads, (rounds, seconds, people))
    with (
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, migrate) as databases,
        databases.migrated() as url,
    ):
        _measure("PostgreSQL", [url, valkey.url], loads, (rounds, seconds, people))


def _loads(people: int, queries: int) -> list[Load]:
    known = list(names.people(people))
    mix = names.queries(queries, 3, known)
    prefixes = [one for one in mix if len(one) <= 6 and " " not in one]
    return [
        Load("hello", ["/hello"]),
        Load("search, the mix", _paths(mix)),
        Load("search, prefixes", _paths(prefixes)),
        Load("search, third tier only", _paths(_far(known, max(1, queries // 20))), callers=8),
        Load("discovery of people", ["/discover/people"]),
    ]


def _paths(queries: Sequence[str]) -> list[str]:
    return [f"/search/users?q={quote(one)}" for one in queries]


def _far(known: Sequence[names.NamedPerson], count: int) -> list[str]:
    """So many slips that nobody's handle or name begins with or has inside."""
    texts = "\n".join(comparable(text) for one in known for text in one)
    chance, found = random.Random(5), list[str]()
    while len(found) < count:
        words = [one for one in comparable(chance.choice(known)[1]).split(" ") if len(one) >= 5]
        if words and (typed := names.slip(chance, chance.choice(words))) not in texts:
            found.append(typed)
    return found


def _measure(
    name: str, addresses: list[str], loads: list[Load], size: tuple[int, int, int]
) -> None:
    rounds, seconds, people = size
    results: dict[str, list[Asked]] = {one.name: [] for one in loads}
    with _serving(people, addresses) as server, tempfile.TemporaryDirectory() as folder:
        asking = Path(folder) / "people"
        asking.write_text("\n".join(map(str, viewers(people))))
        for one in loads:
            _warm(server, one, seconds, Path(folder))
        for number in range(1, rounds + 1):
            for one in loads:
                start = number * _APART
                results[one.name].append(_ask(server, one, seconds, Path(folder), start))
    _print(name, people, loads, results)


@contextmanager
def _serving(people: int, addresses: list[str]) -> Iterator[Server]:
    """A server of its own process."""
    port = free_ports()
    command = [sys.executable, "-m", "benchmarks.search_server", str(port), str(people), *addresses]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        told = process.stdout.readline().split() if process.stdout else []
        if told[:1] != [READY]:
            sys.exit("The server did not start.")
        copied = f", their names copied in {told[2]} s" if addresses else ""
        print(f"{people:,} people and their friends let in after {told[1]} s{copied}")
        wait(port)
        yield Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def _warm(server: Server, load: Load, seconds: int, folder: Path) -> None:
    """Ask as often as a machine that does nothing else is asked in some seconds."""
    asked = 0
    for _ in range(MOST_WARMING):
        asked += int(_ask(server, load, seconds, folder, asked).result.rate * seconds)
        if asked >= WARMING:
            return


def _ask(server: Server, load: Load, seconds: int, folder: Path, start: int) -> Asked:
    before = server.cpu_s()
    result = _run(server.origin, load, seconds, folder, start)
    answers = max(1.0, result.rate * seconds)
    return Asked(result, (server.cpu_s() - before) / answers * 1000)


def _run(origin: str, load: Load, seconds: int, folder: Path, start: int) -> Result:
    paths = folder / "paths"
    paths.write_text("\n".join(load.paths))
    wrk = client() == "wrk"
    script = folder / ("search.lua" if wrk else "search.js")
    script.write_text(
        (WRK if wrk else K6).format(
            paths=paths,
            people=folder / "people",
            campus=campus_id(1),
            start=start,
            callers=load.callers,
            seconds=seconds,
            origin=origin,
        )
    )
    if wrk:
        numbers = ["-t1", f"-c{load.callers}", f"-d{seconds}s", "--timeout", "10s"]
        return run_client(["wrk", *numbers, "-s", str(script), origin])
    return run_client([k6_path() or "k6", "run", "--quiet", "--no-usage-report", str(script)])


def _print(name: str, people: int, loads: list[Load], results: dict[str, list[Asked]]) -> None:
    hello = [one.result.rate for one in results["hello"]]
    least = {"search, the mix": WANTED[name][0], "discovery of people": WANTED[name][1]}
    rows = []
    for load in loads:
        found = [one.result for one in results[load.name]]
        ratio = median(one.rate / base for one, base in zip(found, hello, strict=True))
        wanted = least.get(load.name)
        times = (median(getattr(one, field) for one in found) for field in ("p50", "p95", "p99"))
        rows.append(
            (
                load.name,
                load.callers,
                f"{median(one.rate for one in found):,.0f}",
                f"{ratio:.3f}",
                "" if wanted is None else f"{wanted:.2f}",
                *(f"{one:.1f}" for one in times),
                f"{median(one.cpu_ms for one in results[load.name]):.2f}",
                sum(one.failed for one in found),
            )
        )
    header = (
        "route",
        "callers",
        "requests/s",
        "of hello",
        "wanted",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "CPU ms",
        "failed",
    )
    table(f"Search, {name}, one process, {people:,} people by {client()}", header, rows)

"""Writing and reading messages by HTTP, against the yardstick, and how long one takes to arrive."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import attrs

from benchmarks.chat_delivery import RATE, Delivered, Route, deliver
from benchmarks.chat_scene import ROOMS, Ask, direct_pages, direct_sends, room_pages, room_sends
from benchmarks.chat_server import DRAIN
from benchmarks.http import free_ports, migrate, wait
from benchmarks.load import CALLERS, Result, client, k6_path, run_client
from benchmarks.report import table
from benchmarks.server import READY
from benchmarks.world import CAMPUS
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

HELLO_CALM: Final = 45_000
"""What ``hello`` reaches on the machine that the wanted numbers are of, with nothing beside it."""

PAGE: Final = 0.20
SENDS: Final[Mapping[str, float]] = {
    "in memory": 2_000 / HELLO_CALM,
    "SQLite file, synchronous=FULL": 2_000 / HELLO_CALM,
    "PostgreSQL (fsync off) and Valkey": 1_200 / HELLO_CALM,
}
"""How much of ``hello`` is wanted of messages sent, by where they are kept."""

WANTED_MS: Final = 30.0
"""In how many milliseconds 95 of a hundred messages are to arrive."""


@attrs.frozen
class Load:
    """What is asked for, in turns; ``wanted`` is how much of ``hello``, None for no promise."""

    name: str
    asks: Sequence[Ask]
    wanted: float | None = None


WRK: Final = """\
local users, paths, bodies, count = {{}}, {{}}, {{}}, 0
for line in io.lines("{asks}") do
  local user, path, body = line:match("^(.-)\\t(.-)\\t(.*)$")
  users[#users + 1], paths[#paths + 1], bodies[#bodies + 1] = user, path, body
end
wrk.headers["X-Campus-Id"] = "{campus}"
function request()
  count = count + 1
  local row = (count * 7919) % #users + 1
  wrk.headers["X-User-Id"] = users[row]
  if bodies[row] == "" then return wrk.format("GET", paths[row]) end
  local key = "{run}-" .. count
  wrk.headers["Idempotency-Key"] = key
  wrk.headers["Content-Type"] = "application/json"
  return wrk.format("POST", paths[row], nil, (bodies[row]:gsub("%$", key)))
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
const rows = open("{asks}").trim().split("\\n").map(line => line.split("\\t"));
export const options = {{
  vus: {callers}, duration: "{seconds}s", discardResponseBodies: true,
  summaryTrendStats: ["p(50)", "p(95)", "p(99)"],
}};
export default function () {{
  const [user, path, body] = rows[(__VU * 9973 + __ITER * 7919) % rows.length];
  const headers = {{ "X-User-Id": user, "X-Campus-Id": "{campus}" }};
  if (!body) {{
    http.get("{origin}" + path, {{ headers }});
    return;
  }}
  const key = "{run}-" + __VU + "-" + __ITER;
  headers["Idempotency-Key"] = key;
  headers["Content-Type"] = "application/json";
  http.post("{origin}" + path, body.replaceAll("$", key), {{ headers }});
}}
export function handleSummary(data) {{
  const d = data.metrics.http_req_duration.values, r = data.metrics.http_reqs.values.rate;
  const failed = data.metrics.http_req_failed.values.passes;
  const words = ["RESULT", r, d["p(50)"], d["p(95)"], d["p(99)"], failed];
  return {{ stdout: words.join(" ") + "\\n" }};
}}
"""


def run(rounds: int, seconds: int) -> None:
    """Print two tables for each kind of stores: of requests, and of deliveries."""
    kinds = list(SENDS)
    measure(kinds[0], [], rounds, seconds)
    with tempfile.TemporaryDirectory() as folder:
        measure(kinds[1], [f"sqlite:///{folder}/divan.sqlite3"], rounds, seconds)
    with (
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, migrate) as databases,
        databases.migrated() as url,
    ):
        measure(kinds[2], [url, valkey.url], rounds, seconds)


def measure(name: str, addresses: list[str], rounds: int, seconds: int) -> None:
    """Load one server with everything in turns, and then let messages arrive at sockets."""
    loads = _loads(SENDS[name])
    results: dict[str, list[Result]] = {one.name: [] for one in loads}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        origin = stack.enter_context(serving("first", addresses))
        for one in loads:  # warm caches, not counted
            ask(origin, one, 1, folder, "warm")
        for number in range(rounds):
            for one in loads:
                drain(origin)
                results[one.name].append(ask(origin, one, seconds, folder, str(number)))
        _print(name, loads, results)
        _print_deliveries(name, Route(origin, origin), rounds, 2 * seconds)
        if len(addresses) > 1:
            other = stack.enter_context(serving("second", addresses))
            _print_deliveries(name, Route(origin, other), rounds, 2 * seconds)


def _loads(wanted: float) -> list[Load]:
    hello = [attrs.evolve(one, path="/hello") for one in direct_pages()]
    return [
        Load("hello", hello),
        Load("history of two, 50 messages", direct_pages(), PAGE),
        Load("history of a room, 50 messages", room_pages(), PAGE),
        Load("send to a person, with a key", direct_sends(), wanted),
        Load("... and with client_msg_id", direct_sends(named=True)),
        Load("send to one of 20 rooms, with a key", room_sends(range(1, ROOMS + 1)), wanted),
        Load("all send to one room, with a key", room_sends([0])),
    ]


@contextmanager
def serving(which: str, addresses: list[str]) -> Iterator[str]:
    """A server of its own process; gives its origin."""
    port = free_ports()
    command = [sys.executable, "-m", "benchmarks.chat_server", str(port), which, *addresses]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        if process.stdout is None or process.stdout.readline().strip() != READY:
            sys.exit("The server did not start.")
        wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def drain(origin: str) -> None:
    """Wait until nothing is left to do of what was sent, which would be measured with the next."""
    urllib.request.urlopen(f"{origin}{DRAIN}").close()  # noqa: S310 - ours


def ask(origin: str, load: Load, seconds: int, folder: Path, run: str) -> Result:
    """Send requests for some seconds from 32 callers; no key of a ``run`` is used in another."""
    asks = folder / "asks"
    asks.write_text("\n".join(one.line for one in load.asks))
    wrk = client() == "wrk"
    script = folder / ("chat.lua" if wrk else "chat.js")
    script.write_text(
        (WRK if wrk else K6).format(
            asks=asks,
            campus=CAMPUS,
            run=f"{abs(hash(load.name)):x}-{run}",
            callers=CALLERS,
            seconds=seconds,
            origin=origin,
        )
    )
    if wrk:
        return run_client(
            ["wrk", "-t1", f"-c{CALLERS}", f"-d{seconds}s", "-s", str(script), origin]
        )
    return run_client([k6_path() or "k6", "run", "--quiet", "--no-usage-report", str(script)])


def _print(name: str, loads: list[Load], results: dict[str, list[Result]]) -> None:
    hello = [one.rate for one in results["hello"]]
    rows = []
    for load in loads:
        found = results[load.name]
        ratio = median(one.rate / base for one, base in zip(found, hello, strict=True))
        times = (median(getattr(one, field) for one in found) for field in ("p50", "p95", "p99"))
        rows.append(
            (
                load.name,
                f"{median(one.rate for one in found):,.0f}",
                f"{ratio:.3f}",
                "" if load.wanted is None else f"{load.wanted:.3f}",
                f"{ratio * HELLO_CALM:,.0f}",
                *(f"{one:.1f}" for one in times),
                sum(one.failed for one in found),
            )
        )
    header = (
        "route",
        "requests/s",
        "of hello",
        "wanted",
        f"at {HELLO_CALM:,} hello/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "failed",
    )
    table(f"Chat, {name}, one process, {CALLERS} callers by {client()}", header, rows)


def _print_deliveries(name: str, route: Route, rounds: int, seconds: int) -> None:
    """Percentiles are the medians of the rounds; of the 95th all are printed."""
    found: dict[bool, list[Delivered]] = {False: [], True: []}
    for _, rooms in itertools.product(range(rounds), found):
        for origin in {route.to, route.by}:  # else they would still work on what was sent before
            drain(origin)
        found[rooms].append(deliver(route, seconds, rooms=rooms))
    header = ("to", "sockets", "missing", "p50 ms", "p95 ms", "p99 ms", "wanted p95", "all p95")
    where = "one process" if route.to == route.by else "sent to one process, heard of another"
    table(
        f"From send to receipt, {name}, {RATE} messages/s, {where}",
        header,
        [_delivered(each) for each in found.values()],
    )


def _delivered(rounds: Sequence[Delivered]) -> tuple[object, ...]:
    times = (median(getattr(one, at) for one in rounds) for at in ("p50", "p95", "p99"))
    return (
        rounds[0].to,
        rounds[0].sockets,
        sum(one.missing for one in rounds),
        *(f"{one:.1f}" for one in times),
        f"{WANTED_MS:.0f}",
        " ".join(f"{one.p95:.0f}" for one in rounds),
    )

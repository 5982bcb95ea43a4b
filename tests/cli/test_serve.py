"""Servers that run for real, on free ports."""

import contextlib
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from divan_cli.seed import CAMPUS_ID, FRIEND, ME, demo_campus
from divan_core.system import SystemClock
from tests.servers.forked import ran

from .conftest import ENTRY, PATIENCE_S, Command, Serve, Served, eventually

SECRET = "a secret of at least thirty-two bytes"
SERVE_UNCHECKED = """
from divan_cli.listening import Plan, bound, serve_in_processes
with bound(Plan(port=0)) as listener:
    serve_in_processes(2, listener, print)
"""
PROD = {"DIVAN_ENV": "prod", "DIVAN_SECRET_KEY": SECRET, "DIVAN_JWT_SECRET": SECRET}


def credentials(user_id: object) -> dict[str, str]:
    return {"X_User_Id": str(user_id), "X_Campus_Id": str(CAMPUS_ID)}


def heartbeat() -> dict[str, object]:
    return {
        "lat": 45.5048,
        "lon": -73.5772,
        "accuracy_m": 10,
        "device_id": "test",
        "ts_client": SystemClock().now(),
    }


def websocket(served: Served) -> AbstractContextManager[ClientConnection]:
    place = urlsplit(served.url).netloc
    return connect(f"ws://{place}/socket.io/?EIO=4&transport=websocket", compression=None)


def measured(served: Served, name: str) -> float:
    """A number of the server's metrics."""
    connection = HTTPConnection(urlsplit(served.url).netloc, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return float(next(one for one in lines if one.startswith(f"{name} ")).split()[1])


def workers(served: Served) -> dict[int, psutil.Process]:
    """The processes that serve, without the one that watches over their resources."""
    found = psutil.Process(served.process.pid).children()
    return {one.pid: one for one in found if is_worker(one)}


def is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_address_and_ends_in_an_orderly_way(
    serve: Serve, tmp_path: Path, how: signal.Signals
) -> None:
    with serve(DIVAN_DATA_DIR=str(tmp_path / "new")) as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert served.get("/health/live")[0] == 200
        assert served.get("/health/ready")[1]["status"] == "ok"
        assert served.end(how) == 0
        assert served.process.stdout.read() == ""


def test_it_is_begun_as_usual(environment: dict[str, str]) -> None:
    """As no other test of a server does, because it takes seconds to load everything."""
    command = [sys.executable, "-c", ENTRY, "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Divan is at http://127.0.0.1:")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def test_its_log_is_json_and_its_answers_name_no_server(serve: Serve) -> None:
    with serve() as served:
        served.get("/health/live")
        served.end()
        lines = served.log.read_text().splitlines()
    records = [msgspec.json.decode(line) for line in lines]
    assert [one["route"] for one in records if one["msg"] == "request"] == ["/health/live"]


def test_an_open_socket_does_not_hold_it_up(serve: Serve) -> None:
    with serve() as served, websocket(served) as client:
        assert str(client.recv()).startswith("0")
        assert served.end() == 0
        with pytest.raises(ConnectionClosed):
            client.recv()


def test_no_socket_is_opened_elsewhere(serve: Serve) -> None:
    with (
        serve() as served,
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{urlsplit(served.url).netloc}/proximity/nearby"),
    ):
        pytest.fail("it was opened")
    answer = refused.value.response
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert msgspec.json.decode(answer.body)["request_id"] == answer.headers["x-request-id"]


def test_what_is_kept_is_there_again(divan: Command, serve: Serve) -> None:
    divan("seed", "demo", "--people", 0)
    for _ in range(2):
        with serve() as served:
            assert served.get("/me", **credentials(ME))[1]["handle"] == "demo_me"
            served.end()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - refused
def test_claims_are_not_believed_from_elsewhere(divan: Command, host: str) -> None:
    ended = divan("serve", "--host", host, "--port", 0)
    assert ended.status == 1
    assert "--allow-dev-auth" in ended.err


def test_unless_it_is_told_to(serve: Serve) -> None:
    with serve("--host", "0.0.0.0", "--allow-dev-auth") as served:  # noqa: S104 - on request
        assert served.url.startswith("http://0.0.0.0:")
        assert served.end() == 0


def test_production_needs_keys(divan: Command) -> None:
    assert "DIVAN_SECRET_KEY" in divan("serve", DIVAN_ENV="prod").err
    ended = divan("serve", DIVAN_ENV="prod", DIVAN_SECRET_KEY=SECRET)
    assert ended.status == 1
    assert "DIVAN_JWT_SECRET, DIVAN_JWT_JWKS_FILE or DIVAN_JWT_JWKS_URL" in ended.err


def test_production_believes_no_claims(serve: Serve) -> None:
    with serve("--host", "0.0.0.0", **PROD) as served:  # noqa: S104 - that is what production is
        assert served.get("/me", **credentials(ME))[0] == 401
        assert served.end() == 0


def test_a_port_that_is_taken_is_told(divan: Command, serve: Serve) -> None:
    with serve() as served:
        ended = divan("serve", "--port", urlsplit(served.url).port)
        assert ended.status == 1
        assert "Cannot listen at 127.0.0.1" in ended.err
        served.end()


def test_an_embedded_database_has_one_server(divan: Command, serve: Serve) -> None:
    with serve() as served:
        second = divan("serve", "--port", 0)
        assert second.status == 1
        assert "DIVAN_REDIS_URL" in second.err
        with serve(DIVAN_DATABASE_URL="sqlite://") as other:
            assert other.end() == 0
        served.end()
    with serve() as again:
        assert again.end() == 0


def test_who_changes_people_beside_it_is_warned(
    divan: Command, serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "people.jsonl"
    file.write_bytes(demo_campus(5).json_lines())
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(demo_campus(5).json_lines().replace(b"Demo Me", b"Me"))
    with serve() as served:
        assert divan("import", file).err == ""
        assert "A server is running" in divan("import", changed).err
        assert divan("import", changed).err == ""
        served.end()
    assert divan("import", file).err == ""


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"DIVAN_REDIS_URL": "redis://127.0.0.1:1", "DIVAN_DATABASE_URL": "sqlite://"},
    ],
)
def test_more_processes_need_what_they_share(divan: Command, given: dict[str, str]) -> None:
    ended = divan("serve", "--processes", 2, "--port", 0, **given)
    assert ended.status == 1
    assert "DIVAN_REDIS_URL" in ended.err or "DIVAN_DATABASE_URL" in ended.err


def test_postgresql_is_migrated_in_development(serve: Serve, empty_postgres_url: str) -> None:
    with serve(DIVAN_DATABASE_URL=empty_postgres_url) as served:
        assert served.get("/health/ready")[0] == 200
        assert served.end() == 0


def test_postgresql_is_not_migrated_behind_ones_back(
    divan: Command, serve: Serve, empty_postgres_url: str
) -> None:
    given = PROD | {"DIVAN_DATABASE_URL": empty_postgres_url}
    refused = divan("serve", "--port", 0, **given)
    assert (refused.status, refused.err) == (
        1,
        "The database is not migrated. Run: divan migrate\n",
    )
    divan("migrate", "--branch", "core", **given)
    with serve(**given) as served:
        assert "optional branch profile" in served.log.read_text()
        assert served.end() == 0


def test_two_processes_serve_at_one_address(
    divan: Command, serve: Serve, postgres_url: str, redis_url: str
) -> None:
    given = {"DIVAN_DATABASE_URL": postgres_url, "DIVAN_REDIS_URL": redis_url}
    divan("seed", "demo", "--people", 0, **given)
    with serve("--processes", 2, OBS_METRICS_PUBLIC="true", **given) as served:
        check_that_both_know_the_same(served)
        assert "demo_me" in divan("nearby", "--as", FRIEND, "--radius", 50, **given).out
        check_that_only_websockets_are_offered(served)
        check_that_one_that_dies_is_replaced(served)
        assert served.end() == 0


def check_that_both_know_the_same(served: Served) -> None:
    assert len(workers(served)) == 2
    for user_id in (ME, FRIEND):
        assert served.post("/presence/heartbeat", heartbeat(), **credentials(user_id))[0] == 200
    for _ in range(10):  # whichever process answers
        status, page = served.get("/proximity/nearby?radius_m=50", **credentials(ME))
        assert (status, [one["handle"] for one in page["items"]]) == (200, ["demo_friend"])
    for _ in range(4):  # and whichever tells of both, once it has heard of the other
        assert eventually(lambda: measured(served, "divan_nearby_total") == 10)
        assert eventually(lambda: measured(served, "divan_heartbeats_total") == 2)


def check_that_only_websockets_are_offered(served: Served) -> None:
    assert served.get("/socket.io/?EIO=4&transport=polling")[0] == 400
    with websocket(served) as client:
        assert str(client.recv()).startswith("0")


def check_that_one_that_dies_is_replaced(served: Served) -> None:
    before = workers(served)
    next(iter(before.values())).kill()
    assert eventually(lambda: len(workers(served).keys() - before.keys()) == 1)
    assert eventually(lambda: len(workers(served)) == 2)
    assert served.get("/health/live")[0] == 200


def test_what_keeps_processes_from_starting_is_told_once(divan: Command) -> None:
    ended = divan("serve", "--processes", 2, "--port", 0, DIVAN_REDIS_URL="redis://cache:x")
    assert ended.status == 1
    assert len(ended.err.splitlines()) == 1
    assert "The Redis address" in ended.err


def test_processes_that_cannot_start_are_given_up(environment: dict[str, str]) -> None:
    ended = ran(
        SERVE_UNCHECKED,
        environment=environment | {"DIVAN_REDIS_URL": "redis://cache:x"},
        timeout_s=PATIENCE_S,
    )
    assert "Unavailable: The server's processes did not start" in ended.stderr
    assert ended.stdout == ""

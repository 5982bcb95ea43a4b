"""``divan doctor`` against real servers, in order and out of it."""

import socket
from pathlib import Path
from typing import Any

import pytest
import redis

from .conftest import Command

ABOUT = "about"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder: nothing has started before."""
    return tmp_path / "home"


def found(divan: Command, *arguments: object, status: int = 0, **variables: str) -> dict[str, Any]:
    done = divan("doctor", "--port", 0, "--json", *arguments, **variables)
    assert done.status == status, done.out + done.err
    return {one[ABOUT]: one for one in done.json}


def test_before_the_first_start_all_is_well_and_nothing_is_made(
    divan: Command, environment: dict[str, str]
) -> None:
    said = found(divan)
    assert {one["verdict"] for one in said.values()} == {"ok", "warning"}
    assert said["configuration"]["verdict"] == "warning"
    assert said["search engine"]["seen"] == "SQLite's FTS5"
    assert not (Path(environment["HOME"]) / ".local").exists()


def test_a_file_of_sqlite_is_examined(divan: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'divan.sqlite3'}"
    divan("migrate", DIVAN_DATABASE_URL=url)
    said = found(divan, DIVAN_DATABASE_URL=url)
    assert said["database"]["seen"].startswith("SQLite 3.")
    assert said["migrations of core"]["verdict"] == "ok"


def test_a_file_that_is_no_database_is_a_fault(divan: Command, tmp_path: Path) -> None:
    (tmp_path / "divan.sqlite3").write_bytes(b"no database at all" * 100)
    url = f"sqlite:///{tmp_path / 'divan.sqlite3'}"
    assert found(divan, status=1, DIVAN_DATABASE_URL=url)["database"]["verdict"] == "fault"


def test_postgresql_and_redis_in_order(divan: Command, postgres_url: str, redis_url: str) -> None:
    said = found(divan, DIVAN_DATABASE_URL=postgres_url, DIVAN_REDIS_URL=redis_url)
    assert said["database"]["seen"].startswith("PostgreSQL ")
    for about in ("database", "redis", "clock of redis", "clock of the database"):
        assert said[about]["verdict"] == "ok", said[about]


def test_a_database_that_is_not_migrated_is_told_with_what_to_run(
    divan: Command, empty_postgres_url: str
) -> None:
    said = found(divan, status=1, DIVAN_DATABASE_URL=empty_postgres_url)
    assert said["migrations of core"]["verdict"] == "fault"
    assert said["migrations of profile"]["verdict"] == "warning"
    assert "divan migrate" in said["migrations of core"]["remedy"]


def test_servers_that_are_away_are_faults(divan: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = {
        "DIVAN_DATABASE_URL": f"postgresql://divan@127.0.0.1:{port}/divan",
        "DIVAN_REDIS_URL": f"redis://127.0.0.1:{port}",
    }
    said = found(divan, status=1, **away)
    assert said["database"]["verdict"] == said["redis"]["verdict"] == "fault"
    assert "DIVAN_REDIS_URL" in said["redis"]["remedy"]


def test_a_server_that_evicts_is_told(divan: Command, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        before = client.config_get("maxmemory-policy")["maxmemory-policy"]
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            said = found(divan, DIVAN_REDIS_URL=redis_url)
        finally:
            client.config_set("maxmemory-policy", before)
    assert said["eviction by redis"]["verdict"] == "warning"
    assert "noeviction" in said["eviction by redis"]["remedy"]


def test_a_port_that_is_taken_is_a_warning(divan: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = found(divan, "--port", port)
    assert said[f"port {port} of 127.0.0.1"]["verdict"] == "warning"


def test_the_table_names_the_remedy(divan: Command) -> None:
    assert "DIVAN_ENV=prod" in divan("doctor", "--port", 0).out


@pytest.mark.parametrize("url", ["mysql://db", "postgresql//db"])
def test_an_address_that_is_none_is_a_fault(divan: Command, url: str) -> None:
    assert found(divan, status=1, DIVAN_DATABASE_URL=url)["database"]["verdict"] == "fault"

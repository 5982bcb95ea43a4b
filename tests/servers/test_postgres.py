import anyio
import asyncpg
import pytest

from tests.servers import postgres
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer


async def fetch(url: str, statement: str, timeout_s: float) -> object:
    connection = await asyncpg.connect(url, timeout=timeout_s)
    try:
        return await connection.fetchval(statement, timeout=timeout_s)
    finally:
        connection.terminate()


def ask(url: str, statement: str, timeout_s: float = 30) -> object:
    return anyio.run(fetch, url, statement, timeout_s)


def test_databases_share_nothing(databases: Databases) -> None:
    with databases.empty() as first, databases.empty() as second:
        ask(first, "CREATE TABLE mine (name text)")
        assert ask(first, "SELECT to_regclass('mine')::text") == "mine"
        assert ask(second, "SELECT to_regclass('mine')::text") is None


def test_one_migration_serves_every_database(postgres_server_url: str) -> None:
    migrations: list[str] = []

    def migrate(url: str) -> None:
        migrations.append(url)
        ask(url, "CREATE TABLE migrated (name text)")

    with Databases(postgres_server_url, migrate) as databases:
        for _ in range(2):
            with databases.migrated() as url:
                assert ask(url, "SELECT count(*) FROM migrated") == 0
                ask(url, "INSERT INTO migrated VALUES ('seen by this database alone')")
    assert len(migrations) == 1


def test_what_a_test_altered_is_not_used_again(postgres_server_url: str) -> None:
    def migrate(url: str) -> None:
        ask(url, "CREATE TABLE migrated (number serial, name text)")
        ask(url, "INSERT INTO migrated (name) VALUES ('there from the beginning')")

    changes = (
        "UPDATE migrated SET name = 'otherwise'",
        "INSERT INTO migrated (name) VALUES ('one more')",
        "DELETE FROM migrated",
        "ALTER TABLE migrated ADD more text",
        "CREATE INDEX ON migrated (name)",
        "ANALYZE migrated",
        "DROP TABLE migrated",
    )
    rows = "SELECT array_agg(number || name) FROM migrated"
    with Databases(postgres_server_url, migrate) as databases:
        seen = set()
        for change in changes:
            with databases.migrated() as url:
                assert ask(url, rows) == ["1there from the beginning"]
                ask(url, change)
                seen.add(url)
    assert len(seen) == 4


def test_a_test_gets_every_migration(postgres_url: str) -> None:
    assert ask(postgres_url, "SELECT to_regclass('people')::text") == "people"


def test_databases_are_dropped_under_open_connections(postgres_server_url: str) -> None:
    async def leave_open(url: str) -> None:
        await asyncpg.connect(url)

    names = "SELECT array_agg(datname::text ORDER BY datname) FROM pg_database"
    before = ask(postgres_server_url, names)
    with (
        Databases(postgres_server_url, lambda _url: None) as databases,
        databases.migrated() as url,
        pytest.warns(ResourceWarning),
    ):
        anyio.run(leave_open, url)
    assert ask(postgres_server_url, names) == before


def test_the_trigram_extension_is_there(databases: Databases) -> None:
    with databases.empty() as url:
        ask(url, "CREATE EXTENSION pg_trgm")
        assert ask(url, "SELECT similarity('Ödön', 'ödön')") == 1


def test_committed_data_outlive_a_restart(breakable_postgres: PostgresServer) -> None:
    ask(breakable_postgres.url, "CREATE TABLE kept AS SELECT 1 AS number")
    breakable_postgres.stop()
    with pytest.raises(OSError, match="onnect"):
        ask(breakable_postgres.url, "SELECT 1")
    breakable_postgres.start()
    assert ask(breakable_postgres.url, "SELECT number FROM kept") == 1


def test_a_paused_server_hangs_until_it_is_resumed(breakable_postgres: PostgresServer) -> None:
    breakable_postgres.pause()
    with pytest.raises(TimeoutError):
        ask(breakable_postgres.url, "SELECT 1", timeout_s=0.5)
    breakable_postgres.resume()
    assert ask(breakable_postgres.url, "SELECT 1") == 1


def test_binaries_out_of_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "runs_as", lambda _binary, _user: False)
    with PostgresServer() as server:
        assert ask(server.url, "SELECT 1") == 1

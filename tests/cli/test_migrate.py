import anyio
import asyncpg

from .conftest import Command

BRANCHES = ["core", "moderation", "profile"]


def test_postgresql_is_migrated(divan: Command, empty_postgres_url: str) -> None:
    given = {"DIVAN_DATABASE_URL": empty_postgres_url}
    before = divan("migrate", "status", "--json", **given).json
    assert [(one["branch"], one["current"]) for one in before] == [(one, None) for one in BRANCHES]
    done = divan("migrate", **given)
    assert done.status == 0
    assert all(branch in done.out for branch in BRANCHES)
    after = divan("migrate", "status", "--json", **given).json
    assert [one["current"] for one in after] == [one["newest"] for one in before]
    again = divan("migrate", "up", "--json", **given).json
    assert all(one["before"] == one["after"] and one["error"] is None for one in again)


def test_one_branch_is_migrated_alone(divan: Command, empty_postgres_url: str) -> None:
    given = {"DIVAN_DATABASE_URL": empty_postgres_url}
    assert divan("migrate", "--branch", "core", **given).status == 0
    found = divan("migrate", "status", "--json", **given).json
    assert [one["current"] is None for one in found] == [False, True, True]
    (only,) = divan("migrate", "status", "--branch", "profile", "--json", **given).json
    assert only["branch"] == "profile"


def test_a_failure_in_an_optional_branch_does_not_stop_the_core(
    divan: Command, empty_postgres_url: str
) -> None:
    given = {"DIVAN_DATABASE_URL": empty_postgres_url}
    divan("migrate", "--branch", "core", **given)
    occupy(empty_postgres_url, "CREATE TABLE profiles (something_else int)")
    done = divan("migrate", **given)
    assert done.status == 0
    assert "The branch profile was not migrated: " in done.err
    found = {one["branch"]: one for one in divan("migrate", "status", "--json", **given).json}
    assert [found[branch]["pending"] for branch in BRANCHES] == [False, False, True]
    assert divan("migrate", "--branch", "profile", **given).status == 1


def occupy(url: str, statement: str) -> None:
    """Run a statement as somebody else would."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    anyio.run(run)


def test_the_statements_can_be_read(divan: Command) -> None:
    shown = divan("migrate", "sql")
    assert shown.status == 0
    assert "CREATE TABLE people" in shown.out
    assert "CREATE TABLE profiles" not in divan("migrate", "sql", "--branch", "core").out


def test_an_unknown_branch_is_wrong_usage(divan: Command) -> None:
    assert divan("migrate", "--branch", "twig").status == 2


def test_memory_has_nothing_to_migrate(divan: Command) -> None:
    ended = divan("migrate", DIVAN_DATABASE_URL="sqlite://")
    assert ended.status == 1
    assert "nothing to migrate" in ended.err


def test_a_database_that_is_not_there_is_told(divan: Command) -> None:
    ended = divan("migrate", DIVAN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert ended.status == 1
    assert len(ended.err.splitlines()) == 1

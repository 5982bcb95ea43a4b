"""Upgrading, branch by branch, at once, and against resistance."""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.stores.sql import migrate, revisions
from divan_core.stores.sql.metadata import VERSION_TABLE
from divan_core.stores.sql.migrate import BranchReport, BranchStatus, MigrationFailed
from divan_core.stores.sql.tables import BRANCHES
from tests.migrations.conftest import Query, locked, run_script
from tests.servers.forked import forked
from tests.servers.process import free_port

NEWEST = {"core": "core_0011", "moderation": "moderation_0009", "profile": "profile_0001"}
AHEAD = int(NEWEST["core"].removeprefix("core_")) + 1
NEXT_CORE, AFTER_NEXT = f"core_{AHEAD:04}", f"core_{AHEAD + 1:04}"
"""Revisions of the core that a later version will have."""
MODERATION_AHEAD = int(NEWEST["moderation"].removeprefix("moderation_")) + 1
NEEDED = {"core": "core_0001"}
NEEDED_TABLES = {"campuses", "people", "friendships", "blocks"}
"""What the optional branches stand on; they leave newer revisions of the core to the core."""

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "{branch}_{number}"
down_revision = "{branch}_{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("extra_{branch}_{number}", sa.Column("id", sa.Integer(), primary_key=True))
    {last}
"""


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations, in use, to add to."""
    folder = tmp_path / "50% of migrations"
    shutil.copytree(revisions.script_folder(), folder)
    monkeypatch.setattr(revisions, "script_folder", lambda: folder)
    return folder


def add(scripts: Path, branch: str, number: int, last: str = "pass") -> None:
    """Add a revision that makes a table and then does ``last``."""
    before, this = f"{number - 1:04}", f"{number:04}"
    source = NEXT.format(branch=branch, number=this, before=before, last=last)
    (scripts / "versions" / branch / f"{branch}_{this}.py").write_text(source)


def exists(query: Query, table: str) -> bool:
    try:
        query(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of this file
    except Exception as fault:
        if "no such table" in str(fault) or "does not exist" in str(fault):
            return False
        raise
    return True


def current(url: str) -> dict[str, str | None]:
    return {one.branch: one.current for one in migrate.status(url)}


def test_all_branches(url: str, query: Query) -> None:
    done = migrate.upgrade(url)
    assert done == tuple(BranchReport(branch, None, NEWEST[branch]) for branch in BRANCHES)
    for tables in BRANCHES.values():
        for table in tables:
            assert exists(query, table.name)
    again = migrate.upgrade(url)
    assert again == tuple(
        BranchReport(branch, NEWEST[branch], NEWEST[branch]) for branch in BRANCHES
    )


def test_the_version_table_is_private(url: str, query: Query) -> None:
    migrate.upgrade(url)
    assert exists(query, VERSION_TABLE)
    assert not exists(query, "alembic_version")


@pytest.mark.parametrize("branch", BRANCHES)
def test_one_branch(url: str, query: Query, branch: str) -> None:
    assert [report.after for report in migrate.upgrade(url, branch)] == [NEWEST[branch]]
    made = {table.name for table in BRANCHES[branch]} | NEEDED_TABLES
    for table in (table for tables in BRANCHES.values() for table in tables):
        assert exists(query, table.name) == (table.name in made)
    found = {name: revision for name, revision in current(url).items() if revision}
    assert found == NEEDED | {branch: NEWEST[branch]}
    migrate.upgrade(url)
    assert current(url) == NEWEST


def test_an_unknown_branch(url: str) -> None:
    with pytest.raises(ConfigurationError, match="core, moderation, profile"):
        migrate.upgrade(url, "chat")
    with pytest.raises(ConfigurationError, match="core, moderation, profile"):
        migrate.sql(url, "chat")


def test_later_revisions(url: str, query: Query, scripts: Path) -> None:
    migrate.upgrade(url)
    add(scripts, "core", AHEAD)
    add(scripts, "profile", 2)
    assert [one.branch for one in migrate.status(url) if one.pending] == ["core", "profile"]
    done = {report.branch: (report.before, report.after) for report in migrate.upgrade(url)}
    assert done["core"] == (NEWEST["core"], NEXT_CORE)
    assert done["moderation"] == (NEWEST["moderation"],) * 2
    assert exists(query, f"extra_{NEXT_CORE}")
    assert not [one for one in migrate.status(url) if one.pending]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_failure_leaves_nothing_half_done_on_sqlite(
    url: str, query: Query, scripts: Path
) -> None:
    migrate.upgrade(url)
    before = query("SELECT * FROM sqlite_master ORDER BY name")
    add(scripts, "core", AHEAD)
    add(scripts, "core", AHEAD + 1, "op.execute('INSERT INTO nowhere VALUES (1)')")
    with pytest.raises(MigrationFailed, match=r"core.*nowhere"):
        migrate.upgrade(url)
    assert query("SELECT * FROM sqlite_master ORDER BY name") == before
    assert current(url) == NEWEST


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_failure_leaves_nothing_half_done_on_postgres(
    url: str, query: Query, scripts: Path
) -> None:
    migrate.upgrade(url)
    add(scripts, "core", AHEAD)
    add(scripts, "core", AHEAD + 1, "op.execute('INSERT INTO nowhere VALUES (1)')")
    with pytest.raises(MigrationFailed, match=r"core.*nowhere"):
        migrate.upgrade(url)
    assert exists(query, f"extra_{NEXT_CORE}")
    assert not exists(query, f"extra_{AFTER_NEXT}")
    assert current(url) == NEWEST | {"core": NEXT_CORE}
    add(scripts, "core", AHEAD + 1)
    migrate.upgrade(url)  # the lock was given back
    assert current(url) == NEWEST | {"core": AFTER_NEXT}


def test_a_failure_of_an_optional_branch_is_reported(url: str, query: Query, scripts: Path) -> None:
    add(scripts, "moderation", MODERATION_AHEAD, "raise LookupError('the reason')")
    core, moderation, profile = migrate.upgrade(url)
    assert (core.error, profile.error) == (None, None)
    assert moderation.error is not None
    assert "the reason" in moderation.error
    assert exists(query, "profiles")
    assert not exists(query, f"extra_moderation_{MODERATION_AHEAD:04}")
    with pytest.raises(MigrationFailed, match="the reason"):
        migrate.upgrade(url, "moderation")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_dangling_references_are_refused(url: str, query: Query, scripts: Path) -> None:
    migrate.upgrade(url)
    dangling = "INSERT INTO blocks (by_id, target_id) VALUES (x'01', x'02')"
    add(scripts, "core", AHEAD, f'op.execute("{dangling}")')
    with pytest.raises(MigrationFailed, match="dangling"):
        migrate.upgrade(url)
    assert query("SELECT count(*) FROM blocks") == [(0,)]


def test_a_database_of_a_later_version(url: str, scripts: Path) -> None:
    add(scripts, "core", AHEAD)
    migrate.upgrade(url)
    (scripts / f"versions/core/{NEXT_CORE}.py").unlink()
    assert current(url) == NEWEST | {"core": NEXT_CORE}
    with pytest.raises(MigrationFailed, match=NEXT_CORE):
        migrate.upgrade(url)


def test_status_of_an_empty_database(url: str, tmp_path: Path) -> None:
    assert migrate.status(url) == tuple(
        BranchStatus(branch, None, NEWEST[branch]) for branch in BRANCHES
    )
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_reached() -> None:
    url = f"postgresql://a:b@127.0.0.1:{free_port()}/none"
    with pytest.raises(StoreUnavailable):
        migrate.status(url)
    with pytest.raises(StoreUnavailable):
        migrate.upgrade(url)


@pytest.mark.parametrize("branch", [None, "core", "profile"])
def test_the_statements_work(url: str, branch: str | None) -> None:
    run_script(url, migrate.sql(url, branch))
    expected = NEWEST if branch is None else NEEDED | {branch: NEWEST[branch]}
    assert {name: found for name, found in current(url).items() if found} == expected
    migrate.upgrade(url)
    assert current(url) == NEWEST


def test_the_statements_of_both_dialects() -> None:
    assert "TIMESTAMP WITH TIME ZONE" in migrate.sql("postgresql://nowhere/none")
    assert "WITHOUT ROWID" in migrate.sql("sqlite://")


def test_several_processes_at_once(url: str, tmp_path: Path) -> None:
    program = "import sys; from divan_core.stores.sql.migrate import upgrade; upgrade(sys.argv[1])"
    log = tmp_path / "log"
    with log.open("w") as said, ExitStack() as stack:
        begun = [
            stack.enter_context(forked(program, url, environment=dict(os.environ), stderr=said))
            for _ in range(3)
        ]
        assert [one.wait(90) for one in begun] == [0, 0, 0], log.read_text()
    assert current(url) == NEWEST


def test_two_threads_at_once(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, [url, other, url, other]))
    assert current(url) == current(other) == NEWEST


@pytest.mark.anyio
async def test_within_a_running_loop(url: str) -> None:
    await anyio.to_thread.run_sync(migrate.upgrade, url)
    migrate.upgrade(url)
    assert current(url) == NEWEST


def test_somebody_who_does_not_let_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "PATIENCE_S", 0.1)
    with locked(url), pytest.raises(StoreUnavailable, match="in time"):
        migrate.upgrade(url)
    migrate.upgrade(url)


def test_the_package_comes_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "divan_core"
    for folder in (package / "migrations", tmp_path / "site" / "migrations"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(revisions, "__file__", str(package / "stores/sql/revisions.py"))
    with pytest.raises(ConfigurationError, match="damaged"):
        revisions.script_folder()
    (tmp_path / "site/migrations/env.py").touch()
    assert revisions.script_folder() == tmp_path / "site/migrations"
    (package / "migrations/env.py").touch()
    assert revisions.script_folder() == package / "migrations"


def test_old_handles_that_look_alike_keep_working(url: str, query: Query, scripts: Path) -> None:
    """The oldest keeps what it looks like; the others get keys that no new handle can have."""
    folder = scripts / "versions" / "core"
    later = {one: one.read_text() for one in folder.glob("*.py") if one.name > "core_0003"}
    for one in later:
        one.unlink()
    migrate.upgrade(url)
    people = [("1", "pau1", 30, "false"), ("2", "paul", 20, "false"), ("3", "p.aul", 10, "true")]
    run_script(url, "".join([_campus(url), *(_person(url, *one) for one in people)]))
    for one, source in later.items():
        one.write_text(source)
    migrate.upgrade(url)
    found: dict[str, str | None] = {
        str(handle): key for handle, key in query("SELECT handle, handle_key FROM people")
    }
    assert (found["paul"], found["p.aul"]) == ("paul", None)
    assert re.fullmatch(r"~[0-9a-f-]{32,36}", found["pau1"] or "")


def _campus(url: str) -> str:
    return f"INSERT INTO campuses VALUES ({_id(url, '9')}, 'Campus', 45, -73, 'UTC', 500);"  # noqa: S608


def _person(url: str, number: str, handle: str, age: int, deleted: str) -> str:
    when = str(age) if url.startswith("sqlite") else f"to_timestamp({age})"
    return (
        "INSERT INTO people (id, campus_id, handle, display_name, created_at, visibility,"  # noqa: S608
        " blur_distance_m, ghost_mode, chat_from, roles, deleted) VALUES"
        f" ({_id(url, number)}, {_id(url, '9')}, '{handle}', 'P', {when}, 'everyone', 0, false,"
        f" 'everyone', '[]', {deleted});"
    )


def _id(url: str, digit: str) -> str:
    digits = digit * 32
    return f"x'{digits}'" if url.startswith("sqlite") else f"'{digits}'::uuid"

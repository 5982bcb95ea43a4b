"""``divan search``."""

import anyio
import asyncpg
import pytest

from divan_cli.seed import ME

from .conftest import Command

HERE = ("--lat", "45.5", "--lon", "-73.5", "--timezone", "America/Toronto")
PERSON = (
    '{"type":"person","id":"00000000-0000-0000-0000-%012d","campus_id":"%s",'
    '"handle":"maria%d","display_name":"Maria Garcia"}\n'
)


def emptied(url: str) -> None:
    """Lose the index."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(
                "TRUNCATE search_people, search_heads, search_holders, search_terms"
            )
        finally:
            await connection.close()

    anyio.run(run)


def test_the_embedded_index_is_ready(divan: Command) -> None:
    found = divan("search", "bootstrap", "--json").json
    assert found == {"index": "FTS5 in SQLite", "ready": True, "shown": 0, "indexed": 0}
    assert "part of the database" in divan("search", "bootstrap").out
    assert divan("search", "reindex", "--json").json == {"seen": 0, "mended": 0}


def test_an_index_is_made_anew(
    divan: Command, empty_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = {"DIVAN_DATABASE_URL": empty_postgres_url}
    assert divan("search", "bootstrap", "--json", **given).json["ready"]
    campus = divan("campus", "create", "North", *HERE, "--json", **given).json["id"]
    file = tmp_path_factory.mktemp("import") / "people.jsonl"
    file.write_text("".join(PERSON % (number, campus, number) for number in range(1, 701)))
    assert divan("import", str(file), **given).status == 0
    assert divan("search", "reindex", "--json", **given).json == {"seen": 700, "mended": 0}
    emptied(empty_postgres_url)
    half = f"00000000-0000-0000-0000-{400:012}"
    again = divan("search", "reindex", "--after", half, "--json", **given).json
    assert again == {"seen": 300, "mended": 300}
    found = divan("search", "bootstrap", "--json", **given).json
    assert (found["ready"], found["shown"], found["indexed"]) == (True, 700, 700)


def test_somebody_sees_whom_they_would_find(divan: Command) -> None:
    divan("seed", "demo", "--people", 3)
    found = divan("search", "users", "demo_frend", "--as", ME, "--json").json
    assert [(one["handle"], one["is_friend"]) for one in found] == [("demo_friend", True)]
    table = divan("search", "users", "demo", "--as", ME)
    assert (table.status, table.err) == (0, "")
    assert "demo_friend" in table.out
    assert divan("search", "users", "q", "--as", ME, "--json").json == []
    assert divan("search", "rooms", "chess", "--as", ME, "--json").json == []


def test_more_than_fits_is_told(divan: Command) -> None:
    divan("seed", "demo", "--people", 12)
    assert "more than these 1." in divan("search", "users", "de", "--as", ME, "--limit", 1).err


def test_what_is_out_of_range_is_refused(divan: Command) -> None:
    divan("seed", "demo", "--people", 0)
    long = divan("search", "users", "x" * 65, "--as", ME)
    assert (long.status, "64 characters" in long.err) == (2, True)

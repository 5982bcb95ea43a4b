"""``divan mod audit``, on a database that others have written to."""

import sqlite3
from pathlib import Path

import anyio
import msgspec
import pytest

from divan_core import Divan, Settings
from divan_core.kernel.clock import Millis
from divan_core.kernel.trail import Deed
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import START_MS
from tests.cli.conftest import Command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with three entries on record, and a checkpoint."""

    async def prepare() -> None:
        settings = Settings(env="test", data_dir=str(tmp_path), workers_enabled=False)
        async with Divan.open(settings) as divan:

            async def body(unit: StoreUnit) -> None:
                for number in range(3):
                    deed = Deed("case.dismissed", f"case:{number}", Millis(START_MS), words="Fine.")
                    await divan.audit.append(unit, deed)

            await divan.stores.units.write(body, locking=True)
            await divan.audit.checkpoint()

    anyio.run(prepare)
    return tmp_path


def test_the_tail(divan: Command, folder: Path) -> None:
    done = divan("mod", "audit", "tail", "--limit", 2, DIVAN_DATA_DIR=str(folder))
    assert "case:1" in done.out
    assert "case:0" not in done.out
    done = divan("mod", "audit", "tail", "--json", DIVAN_DATA_DIR=str(folder))
    assert [one["seq"] for one in done.json] == [1, 2, 3]


def test_it_is_whole(divan: Command, folder: Path) -> None:
    done = divan("mod", "audit", "verify", DIVAN_DATA_DIR=str(folder))
    assert done.status == 0
    assert "3 entries are as they were written." in done.out
    assert "Checkpoints compared: 1." in done.out


def test_the_first_bad_entry_is_named(divan: Command, folder: Path) -> None:
    with sqlite3.connect(folder / "divan.sqlite3") as database:
        database.execute("UPDATE audit_entries SET words = 'No.' WHERE seq = 2")
    database.close()
    done = divan("mod", "audit", "verify", DIVAN_DATA_DIR=str(folder))
    assert done.status == 1
    assert "Entry 2: changed." in done.out
    done = divan("mod", "audit", "verify", "--json", DIVAN_DATA_DIR=str(folder))
    assert (done.status, done.json["fault"]) == (1, {"kind": "changed", "seq": 2})


def test_a_copy_of_the_checkpoints(divan: Command, folder: Path) -> None:
    copy = folder / "copy"
    kept = folder / "divan.sqlite3.checkpoints"
    kept.rename(copy)
    with sqlite3.connect(folder / "divan.sqlite3") as database:
        database.execute("DELETE FROM audit_entries WHERE seq = 3")
        database.execute(
            "UPDATE audit_head SET seq = 2, mac = (SELECT mac FROM audit_entries WHERE seq = 2)"
        )
    database.close()
    assert divan("mod", "audit", "verify", DIVAN_DATA_DIR=str(folder)).status == 0
    done = divan("mod", "audit", "verify", "--checkpoints", copy, DIVAN_DATA_DIR=str(folder))
    assert (done.status, done.out.splitlines()[0]) == (1, "Entry 3: truncated.")
    copy.write_text("{}\n")
    done = divan("mod", "audit", "verify", "--checkpoints", copy, DIVAN_DATA_DIR=str(folder))
    assert "Line 1 of the checkpoints was not signed here." in done.out


def test_it_is_exported(divan: Command, folder: Path) -> None:
    done = divan("mod", "audit", "export", DIVAN_DATA_DIR=str(folder))
    lines = [msgspec.json.decode(line) for line in done.out.splitlines()]
    assert [(one["seq"], one["about"]) for one in lines] == [
        (1, "case:0"),
        (2, "case:1"),
        (3, "case:2"),
    ]
    assert all(len(one["mac"]) == 64 for one in lines)

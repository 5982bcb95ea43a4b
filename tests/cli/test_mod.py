"""``divan mod queue``, ``case`` and ``stats``, on a database in which somebody has reported."""

from pathlib import Path

import anyio
import msgspec
import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.moderation.messages import SendReport
from tests.cli.conftest import Command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder in which Ana has reported Ben."""

    async def prepare() -> None:
        settings = Settings(env="test", data_dir=str(tmp_path), workers_enabled=False)
        async with Divan.open(settings) as divan:
            campus = await divan.accounts.create_campus(CreateCampus("Here", 45.0, -73.0))
            people = [
                await divan.accounts.create_person(CreatePerson(campus.id, name, name.title()))
                for name in ("ana", "ben")
            ]
            ana = await divan.accounts.actor(people[0].user_id)
            report = SendReport("user", str(people[1].user_id), "abuse", "Look at this.")
            await divan.reports.send(ana, report)

    anyio.run(prepare)
    return tmp_path


def test_the_queue(divan: Command, folder: Path) -> None:
    where = {"DIVAN_DATA_DIR": str(folder)}
    assert "abuse" in divan("mod", "queue", **where).out
    (case,) = divan("mod", "queue", "--status", "open", "--q", "ben", "--json", **where).json
    assert (case["severity"], case["report_count"]) == (3, 1)
    assert divan("mod", "queue", "--status", "dismissed", "--json", **where).json == []
    shown = divan("mod", "case", case["id"], **where)
    assert "Look at this." in shown.out
    assert divan("mod", "case", case["id"], "--json", **where).json["content"] == "Ben (@ben)"
    assert divan("mod", "case", case["campus_id"], **where).status == 1


def test_acting(divan: Command, folder: Path) -> None:
    where = {"DIVAN_DATA_DIR": str(folder)}
    (case,) = divan("mod", "queue", "--json", **where).json
    (report,) = divan("mod", "case", case["id"], "--json", **where).json["reports"]
    act = ("mod", "act", case["id"], "mute", "--reason", "Rude.", "--ttl-minutes", "5")
    refused = divan(*act, "--as", report["reporter_id"], **where)
    assert (refused.status, "staff" in refused.err) == (1, True)
    line = {
        "type": "person",
        "id": "00000000-0000-0000-0000-0000000000ad",
        "campus_id": case["campus_id"],
        "handle": "root",
        "display_name": "Root",
        "roles": ["staff.admin"],
    }
    assert divan("import", "-", stdin=msgspec.json.encode(line), **where).status == 0
    done = divan(*act, "--as", line["id"], "--json", **where).json
    assert (done["case"]["status"], done["actions"][0]["action"]) == ("actioned", "mute")
    assert "mute" in divan(*act, "--as", line["id"], **where).out
    wrong = ("mod", "act", case["id"], "dance", "--reason", "So.", "--as", line["id"])
    assert divan(*wrong, **where).status == 2


def test_the_numbers(divan: Command, folder: Path) -> None:
    where = {"DIVAN_DATA_DIR": str(folder)}
    assert divan("mod", "stats", "--json", **where).json["open"] == 1
    assert "unassigned" in divan("mod", "stats", **where).out

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


def test_a_ban_of_the_deployment(divan: Command, folder: Path) -> None:
    where = {"DIVAN_DATA_DIR": str(folder)}
    (case,) = divan("mod", "queue", "--json", **where).json
    first, second = admins(divan, case["campus_id"], **where)
    act = ("mod", "act", case["id"], "ban", "--reason", "Rude.", "--scope", "deployment", "--json")
    (action,) = divan(*act, "--as", first, **where).json["actions"]
    assert action["pending"]
    confirm = ("mod", "confirm", case["id"], action["id"])
    assert divan(*confirm, "--as", first, **where).status == 1
    assert "deployment" in divan(*confirm, "--as", second, **where).out
    done = divan(*confirm, "--as", second, "--json", **where).json
    assert done["actions"][0]["confirmed_by"] == second


def admins(divan: Command, campus_id: str, **where: str) -> tuple[str, str]:
    """Two administrators."""
    ids = tuple(f"00000000-0000-0000-0000-0000000000a{number}" for number in (1, 2))
    lines = [
        {
            "type": "person",
            "id": user_id,
            "campus_id": campus_id,
            "handle": f"root{user_id[-1]}",
            "display_name": "Root",
            "roles": ["staff.admin"],
        }
        for user_id in ids
    ]
    people = b"\n".join(map(msgspec.json.encode, lines))
    assert divan("import", "-", stdin=people, **where).status == 0
    return ids[0], ids[1]


def test_an_appeal(divan: Command, folder: Path) -> None:
    where = {"DIVAN_DATA_DIR": str(folder)}
    (case,) = divan("mod", "queue", "--json", **where).json
    first, second = admins(divan, case["campus_id"], **where)
    act = ("mod", "act", case["id"], "ban", "--reason", "Rude.", "--as", first)
    assert divan(*act, **where).status == 0
    ben = case["owner_id"]
    assert "Rude." in divan("mod", "mine", "--as", ben, **where).out
    appeal = ("mod", "appeal", case["id"], "It was not me.", "--as", ben)
    assert "waits" in divan(*appeal, **where).out
    assert divan(*appeal, **where).status == 1
    assert divan("mod", "appeal", case["id"], "Short", "--as", ben, **where).status == 2
    (waiting,) = divan("mod", "queue", "--appeal-open", "--json", **where).json
    assert waiting["id"] == case["id"]
    assert "It was not me." in divan("mod", "case", case["id"], **where).out
    assert "ben" in divan("mod", "appeals", "list", "--status", "open", **where).out
    (listed,) = divan("mod", "appeals", "list", "--json", **where).json
    assert divan("mod", "appeals", "show", listed["id"], "--json", **where).json == listed
    assert "It was not me." in divan("mod", "appeals", "show", listed["id"], **where).out
    resolve = ("mod", "appeals", "resolve", listed["id"], "accepted", "--note", "Sorry.", "--as")
    assert divan(*resolve, first, **where).status == 1
    done = divan(*resolve, second, "--json", **where).json
    assert (done["status"], done["case_status"]) == ("accepted", "closed")
    (told,) = divan("mod", "mine", "--as", ben, "--json", **where).json
    assert (told["end"], told["appeal"]["outcome_note"]) == ("reverted", "Sorry.")


def test_the_numbers(divan: Command, folder: Path) -> None:
    where = {"DIVAN_DATA_DIR": str(folder)}
    assert divan("mod", "stats", "--json", **where).json["open"] == 1
    assert "unassigned" in divan("mod", "stats", **where).out

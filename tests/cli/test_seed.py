import json
import re
import subprocess
from pathlib import Path

import pytest

from divan_cli.seed import CAMPUS_ID, FRIEND, ME, demo_campus
from divan_core.bulk.lines import encode, parse

from .conftest import Command, Serve


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder: seeding is what is done first."""
    return tmp_path / "home"


def test_the_same_seed_makes_the_same_people() -> None:
    assert demo_campus(50, 3) == demo_campus(50, 3)
    assert demo_campus(50, 3) != demo_campus(50, 4)


def test_more_people_are_the_same_and_others() -> None:
    few, many = demo_campus(20), demo_campus(60)
    assert many.people[: len(few.people)] == few.people
    assert set(few.friendships) <= set(many.friendships)


def test_the_leads_are_friends() -> None:
    made = demo_campus(0)
    assert [(one.id, one.handle) for one in made.people] == [
        (ME, "demo_me"),
        (FRIEND, "demo_friend"),
    ]
    assert [{one.a, one.b} for one in made.friendships] == [{ME, FRIEND}]


def test_people_are_of_many_kinds() -> None:
    people = demo_campus(300).people
    assert len({one.handle for one in people}) == 302
    assert len({one.display_name for one in people}) == 302
    assert {one.privacy.visibility for one in people[2:]} == {"everyone", "friends", "none"}
    assert {one.privacy.blur_distance_m for one in people[2:]} == {0, 10, 20, 50, 200}
    assert {one.privacy.ghost_mode for one in people[2:]} == {True, False}
    assert len({one.profile.major for one in people}) > 10
    assert len(demo_campus(300).blocks) > 5


def test_however_many_there_are_handles_differ() -> None:
    crowds = demo_campus(20_000, 1), demo_campus(1000, 2)  # names are used up at 17,544
    handles = [one.handle for crowd in crowds for one in crowd.people[2:]]
    assert len(set(handles)) == 21_000


def test_lines_are_read_as_they_were_written() -> None:
    lines = list(demo_campus(30).lines())
    assert [parse(encode(line)) for line in lines] == lines


def test_seeding_again_changes_nothing(divan: Command) -> None:
    first = divan("seed", "demo", "--people", 40, "--json")
    assert first.status == 0
    assert first.json["tallies"][1]["added"] == 42
    again = divan("seed", "demo", "--people", 40, "--json")
    assert {one["added"] + one["changed"] for one in again.json["tallies"]} == {0}
    other = divan("seed", "demo", "--people", 40, "--seed", 2, "--json")
    assert other.json["tallies"][1]["added"] == 40


def test_made_up_people_stay_out_of_production(divan: Command) -> None:
    secret = "a secret of at least thirty-two bytes"
    given = {"DIVAN_ENV": "prod", "DIVAN_SECRET_KEY": secret, "DIVAN_JWT_SECRET": secret}
    assert divan("seed", "demo", **given).status == 1
    assert divan("campus", "list", "--json", **given).json == []


def test_the_printed_calls_work(divan: Command, serve: Serve) -> None:
    seeded = divan("seed", "demo")
    assert str(CAMPUS_ID) in seeded.out
    calls = re.findall(r"^curl .*$", seeded.out.partition("DUEL=")[0], re.MULTILINE)
    assert len(calls) == 3
    with serve() as served:
        answers = [
            subprocess.run(
                ["/bin/sh", "-c", call.replace("http://127.0.0.1:8000", served.url) + " -sS"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for call in calls
        ]
        asked = divan("nearby", "--as", ME, "--radius", 50, "--server", served.url, "--json")
        assert served.end() == 0
    assert answers[0].startswith('{"ts":')
    assert '"handle":"demo_friend"' in answers[2]
    assert [one["handle"] for one in asked.json] == ["demo_friend"]


def test_the_printed_duel_is_played(divan: Command, serve: Serve) -> None:
    seeded = divan("seed", "demo", "--people", 0)
    lines = seeded.out.splitlines()
    (begins,) = (place for place, line in enumerate(lines) if line.startswith("DUEL="))
    with serve() as served:
        script = "\n".join(lines[begins:]).replace("http://127.0.0.1:8000", served.url)
        played = subprocess.run(
            ["/bin/sh", "-ec", script.replace("curl ", "curl -sS -w '\\n' ")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        assert served.end() == 0
    answers = [json.loads(line) for line in played]
    started, prompt, first, second = answers
    assert (started["kind"], started["state"]) == ("typing_duel", "active")
    assert prompt["prompt"]
    assert first["state"] == "active"
    assert (second["state"], second["winner_id"]) == ("completed", str(ME))
    listed = divan("activities", "list", "--as", ME, "--json")
    assert [one["id"] for one in listed.json] == [started["id"]]
    shown = divan("activities", "show", started["id"], "--as", FRIEND)
    assert shown.json["winner_id"] == str(ME)
    assert divan("activities", "show", str(ME), "--as", FRIEND).status == 1

import gc
import json
from pathlib import Path

import pytest

from divan_cli.loading import collected_rarely
from tests.unit.bulk.conftest import block_line, campus_line, friendship_line, person_line

from .conftest import Command

GOOD = (campus_line(), person_line(1), person_line(2), friendship_line(1, 2), block_line(1, 3))
BAD = (*GOOD, person_line(3, handle="No"), "{")


def text(*lines: object) -> str:
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.jsonl"


def counts(printed: str) -> dict[str, list[str]]:
    rows = [line.split() for line in printed.splitlines()[1:]]
    return {row[0]: row[1:] for row in rows}


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    return {"DIVAN_DATABASE_URL": request.getfixturevalue("postgres_url")}


def test_a_file_is_kept_and_again_changes_nothing(
    divan: Command, file: Path, given: dict[str, str]
) -> None:
    file.write_text(text(*GOOD[:-1]))
    first = divan("import", file, **given)
    assert first.status == 0, first.err
    assert counts(first.out)["person"] == ["2", "0", "0"]
    again = divan("import", file, "--json", **given)
    assert again.status == 0
    assert [one["added"] + one["changed"] for one in again.json["tallies"]] == [0] * 5


def test_bad_lines_end_it_with_1_and_nothing_is_kept(
    divan: Command, file: Path, given: dict[str, str]
) -> None:
    file.write_text(text(*BAD))
    ended = divan("import", file, **given)
    assert (ended.status, ended.out) == (1, "")
    told = ended.err.splitlines()
    assert [line.partition(":")[0] for line in told[:3]] == ["line 5", "line 6", "line 7"]
    assert told[3] == "3 bad lines. Nothing was kept; --keep-good keeps the rest."
    as_json = divan("import", file, "--json", **given)
    assert as_json.status == 1
    assert [one["line"] for one in as_json.json["faults"]] == [5, 6, 7]
    assert as_json.json["tallies"] == []
    assert divan("campus", "list", "--json", **given).json == []


def test_good_lines_are_kept_and_it_ends_with_1(
    divan: Command, file: Path, given: dict[str, str]
) -> None:
    file.write_text(text(*BAD))
    ended = divan("import", file, "--keep-good", **given)
    assert ended.status == 1
    assert len(ended.err.splitlines()) == 3
    assert counts(ended.out)["person"] == ["2", "0", "0"]
    assert len(divan("campus", "list", "--json", **given).json) == 1


def test_standard_input_is_a_file(divan_process: Command) -> None:
    ended = divan_process("import", "-", "--json", stdin=text(*GOOD[:3]).encode())
    assert ended.status == 0
    assert ended.json["tallies"][1] == {"kind": "person", "added": 2, "changed": 0, "unchanged": 0}


def test_a_missing_file_is_wrong_usage(divan: Command, tmp_path: Path) -> None:
    assert divan("import", tmp_path / "nothing").status == 2
    assert divan("import", tmp_path).status == 2


@pytest.mark.parametrize("keep", [(), ("--keep-good",)])
def test_faults_tell_nothing_of_what_people_are(divan: Command, keep: tuple[str, ...]) -> None:
    lines = (
        b'{"type":"person","handle":"canary","email":"canary@example.org","password":["canary"]}\n'
        b'{"type":"person","id":"canary"\n'
    )
    ended = divan("import", "-", *keep, stdin=lines, LOG_LEVEL="DEBUG")
    assert ended.status == 1
    assert "canary" not in ended.out + ended.err


def test_cycles_are_looked_for_as_before_once_an_import_is_over() -> None:
    before = gc.get_threshold()
    with collected_rarely():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before

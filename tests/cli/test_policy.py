import json
from pathlib import Path

import pytest

from .conftest import Command

ADA = "00000000-0000-7000-8000-000000000002"
BEN = "00000000-0000-7000-8000-000000000003"
CAMPUS = "00000000-0000-7000-8000-000000000001"
DEFAULT = "00000000-0000-0000-0000-000000000000"
RULE = {
    "id": "r",
    "when": {"user.trust_below": 5},
    "then": {"action": "warn", "severity": 1, "reason": "R"},
}


def people(divan: Command, tmp_path: Path) -> None:
    person = {"type": "person", "campus_id": CAMPUS}
    lines = [
        {"type": "campus", "id": CAMPUS, "name": "N", "lat": 1, "lon": 1, "timezone": "UTC"},
        person | {"id": ADA, "handle": "ada", "display_name": "A", "roles": ["staff.admin"]},
        person | {"id": BEN, "handle": "ben", "display_name": "B"},
    ]
    path = tmp_path / "people.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert divan("import", str(path)).status == 0


def test_from_check_to_force(divan: Command, tmp_path: Path) -> None:
    people(divan, tmp_path)
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"version": "mine", "rules": [RULE]}))
    assert "1 rules" in divan("mod", "policy", "check", str(file)).out
    (default,) = divan("mod", "policy", "list", "--json").json
    assert (default["id"], default["active"]) == (DEFAULT, True)
    refused = divan("mod", "policy", "create", str(file), "--as", BEN)
    assert refused.status == 1
    assert "administrators" in refused.err
    made = divan("mod", "policy", "create", str(file), "--as", ADA, "--json").json
    assert (made["version"], made["active"]) == ("mine", False)
    ended = divan("mod", "policy", "activate", made["id"], "--as", ADA)
    assert (ended.status, "decides now" in ended.out) == (0, True)
    table = divan("mod", "policy", "list").out
    assert "mine" in table
    assert "default-1" in table
    shown = divan("mod", "policy", "show", made["id"]).json
    assert shown == {"version": "mine", "default_action": "none", "rules": [RULE]}
    assert divan("mod", "policy", "show", ADA).status == 1


def test_every_fault_is_named(divan: Command, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"version": 1, "rules": [RULE | {"when": {"x": 1}}, 3]}))
    ended = divan("mod", "policy", "check", str(file))
    assert ended.status == 2
    assert "$.rules[0].when.x" in ended.err
    assert "$.rules[1]" in ended.err
    file.write_text("no json")
    assert divan("mod", "policy", "check", str(file)).status == 2
    assert divan("mod", "policy", "check", str(tmp_path / "none.json")).status != 0


@pytest.mark.usefixtures("frozen_again")
def test_a_back_test(divan: Command, tmp_path: Path) -> None:
    people(divan, tmp_path)
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"version": "mine", "rules": [RULE]}))
    period = ("--from", "2026-01-01", "--to", "2026-02-01")
    found = divan("mod", "policy", "backtest", str(file), *period, "--json").json
    assert (found["version"], found["events"], found["rules"][0]["hits"]) == ("mine", 0, 0)
    told = divan("mod", "policy", "backtest", str(file), *period)
    assert "Of 0 decisions" in told.out
    assert "rule_id" in told.out
    refused = divan("mod", "policy", "backtest", str(file), "--from", "now", "--to", "2026-02-01")
    assert refused.status != 0
    assert "$.from" in refused.err

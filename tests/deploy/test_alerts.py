"""Rules and dashboards ask for what is measured, and say what they are tried to say."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy import dashboards
from tests.deploy.files import DEPLOY, RECORDED, measured, metrics_in, queries, read_yaml
from tests.packaging.conftest import ROOT

RULES = DEPLOY / "prometheus" / "rules.yml"
TRIALS = DEPLOY / "prometheus" / "rules_test.yml"
GROUPS = read_yaml(RULES)["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
RECORDS = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
QUERIES = [rule["expr"] for group in GROUPS for rule in group["rules"]]
PAGES = sorted(dashboards.FOLDER.glob("*.json"))
ANCHORS = {
    line.removeprefix("## ").strip().lower()
    for line in (ROOT / "docs" / "alerts.md").read_text().splitlines()
    if line.startswith("## ")
}


def trials(alert: str) -> list[dict[str, Any]]:
    """Where an alert is tried."""
    tests = read_yaml(TRIALS)["tests"]
    every = [one for test in tests for one in test.get("alert_rule_test", ())]
    return [one for one in every if one["alertname"] == alert]


def test_everything_that_is_asked_for_is_measured() -> None:
    shown = [query for path in PAGES for query in queries(json.loads(path.read_text()))]
    asked = set().union(*(metrics_in(query) for query in [*QUERIES, *shown]))
    assert asked - measured() == set()
    recorded = {name for query in [*QUERIES, *shown] for name in RECORDED.findall(query)}
    assert recorded == RECORDS


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tried_both_ways_and_explained(alert: str) -> None:
    assert any("exp_alerts" in one for one in trials(alert))
    assert any("exp_alerts" not in one for one in trials(alert))
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == "docs/alerts.md"
    assert anchor == alert.lower()
    assert anchor in ANCHORS


@pytest.mark.parametrize("kind", ["check", "test"])
def test_promtool_passes(kind: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool tries the rules (Debian: prometheus)")
    path = RULES if kind == "check" else TRIALS
    done = subprocess.run([promtool, kind, "rules", path], capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_the_committed_dashboards_are_the_generated_ones() -> None:
    assert {path: path.read_text("utf-8") for path in PAGES} == dashboards.files()


@pytest.mark.parametrize("path", PAGES, ids=lambda one: one.stem)
def test_a_dashboard_fits_its_page_and_its_source(path: Path) -> None:
    page = json.loads(path.read_text())
    (source,) = read_yaml(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    places = [panel["gridPos"] for panel in page["panels"]]
    assert all(one["x"] + one["w"] <= dashboards.WIDTH for one in places)
    assert len({(one["x"], one["y"]) for one in places}) == len(places)
    assert {panel["datasource"]["uid"] for panel in page["panels"]} == {source["uid"]}
    assert all(re.search(r"\S", query) for query in queries(page))

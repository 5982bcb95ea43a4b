"""The files of deploy/, as their programs read them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from divan_cli.main import app
from divan_core.configuration import describe, load
from tests.packaging.conftest import ROOT

DEPLOY = ROOT / "deploy"
PRODUCT = ("divan_core", "divan_http", "divan_rt", "divan_cli")
SETTINGS = {one.name for one in describe(load({}))}
METRIC = re.compile(r"\bdivan_[a-z_]+\b")
RECORDED = re.compile(r"\bdivan:[a-z_0-9:]+\b")


def read_yaml(path: Path) -> Any:
    """A file of YAML, without anything that YAML could run."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def is_a_command(words: Sequence[str]) -> bool:
    """Whether the divan command knows these words and options; nothing of it runs."""
    answer = CliRunner().invoke(app, [*words, "--help"])
    return answer.exit_code == 0 and "Usage" in answer.output


def measured() -> set[str]:
    """Every name of a metric in the code."""
    sources = (path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
    found = (re.findall(r'"(divan_[a-z_]+)"', path.read_text("utf-8")) for path in sources)
    return {name for names in found for name in names}


def metrics_in(query: str) -> set[str]:
    """The metrics that a query asks for; a histogram's series are its own name."""
    names = METRIC.findall(query)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def queries(dashboard: dict[str, Any]) -> Iterator[str]:
    """What a dashboard asks Prometheus."""
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])

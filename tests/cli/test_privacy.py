import pytest

from divan_cli.commands.privacy import holds
from divan_core.testing import probe
from divan_core.testing.probe import Finding

from .conftest import Command

SMALL = ("privacy", "probe", "--queries", 100, "--accounts", 3)


@pytest.fixture(autouse=True)
def _few_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found of a hundred is shown in tests/e2e."""
    monkeypatch.setattr(probe, "TARGETS", 10)


def test_the_figures_are_printed(divan: Command) -> None:
    findings = divan(*SMALL, "--json").json
    assert [one["target"] for one in findings] == ["still", "walking", "still, unprotected"]
    table = divan(*SMALL)
    assert table.status == 0
    assert "median cells" in table.out
    assert len(table.out.splitlines()) == 4


def test_the_same_seed_finds_the_same(divan: Command) -> None:
    one, other = divan(*SMALL, "--seed", 3, "--json"), divan(*SMALL, "--seed", 3, "--json")
    assert one.out == other.out
    assert one.out != divan(*SMALL, "--seed", 4, "--json").out


def test_cells_are_those_of_the_deployment(divan: Command) -> None:
    small = divan(*SMALL, "--json").json
    large = divan(*SMALL, "--json", DIVAN_LOCATION_FLOOR_M="100").json
    assert large[0]["median_m"] > 2 * small[0]["median_m"]


@pytest.mark.parametrize(
    ("target", "cells", "kept"),
    [
        ("still", 0.35, True),
        ("still", 0.34, False),
        ("walking", 0.25, True),
        ("walking", 0.24, False),
        ("still, unprotected", 0.01, True),
    ],
)
def test_what_is_promised(target: str, cells: float, kept: bool) -> None:
    assert holds(Finding(target, 1000, 100, 1.0, cells * 25, cells)) is kept


def test_too_small_an_attack_is_wrong_usage(divan: Command) -> None:
    assert divan("privacy", "probe", "--accounts", 2).status == 2

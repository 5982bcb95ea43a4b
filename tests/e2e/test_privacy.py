"""The attack of the contract: what it finds is a cell, and without protection everybody."""

from typing import Final

import pytest

from divan_core.stores.factories import memory_stores
from divan_core.testing import probe
from divan_core.testing.probe import Plan, attacked, leaky_stores, still, walking
from tests.thorough import THOROUGH

pytestmark = pytest.mark.anyio

PLAN: Final = Plan(queries=10_000 if THOROUGH else 2000)


@pytest.fixture(autouse=True)
def _few_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many show that without the offset a walker would be found within 0.14 cells."""
    if not THOROUGH:
        monkeypatch.setattr(probe, "TARGETS", 40)


async def test_a_still_target_is_somewhere_in_a_cell() -> None:
    finding = await attacked("still", PLAN, still, memory_stores)
    assert finding.queries == PLAN.queries
    assert finding.median_cells >= 0.35


async def test_a_walking_target_is_hidden_by_the_offset() -> None:
    finding = await attacked("walking", PLAN, walking, memory_stores)
    assert finding.queries == PLAN.queries
    assert finding.median_cells >= 0.25


async def test_the_attack_finds_whoever_is_not_protected() -> None:
    finding = await attacked("unprotected", Plan(queries=1000), still, leaky_stores)
    assert finding.median_m < 5

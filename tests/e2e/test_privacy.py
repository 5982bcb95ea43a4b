"""The attack of the contract: what it finds is a cell, and without protection everybody."""

import pytest

from divan_core.stores.factories import memory_stores
from divan_core.testing.probe import Plan, attacked, leaky_stores, still, walking

pytestmark = pytest.mark.anyio


async def test_a_still_target_is_somewhere_in_a_cell() -> None:
    finding = await attacked("still", Plan(), still, memory_stores)
    assert finding.queries == 10_000
    assert finding.median_cells >= 0.35


async def test_a_walking_target_is_hidden_by_the_offset() -> None:
    finding = await attacked("walking", Plan(), walking, memory_stores)
    assert finding.queries == 10_000
    assert finding.median_cells >= 0.25


async def test_the_attack_finds_whoever_is_not_protected() -> None:
    finding = await attacked("unprotected", Plan(queries=1000), still, leaky_stores)
    assert finding.median_m < 5

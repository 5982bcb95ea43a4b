"""When garbage is looked for, of what serves and of what reads much."""

import gc
from collections.abc import Iterator

import pytest

from divan_cli.collecting import settle_memory, settled_memory

FRESH = (700, 10, 10)
"""As a new process of CPython has it; servers that were tested in this one have set their own."""


@pytest.fixture(autouse=True)
def _as_in_a_new_process(frozen_again: None) -> Iterator[None]:  # noqa: ARG001 - has its effect
    before = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(*FRESH)
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def looked() -> int:
    """How often what is young was looked through while as much was made as by many requests."""
    before = gc.get_stats()[0]["collections"]
    under_way: list[list[int]] = [[] for _ in range(10_000)]
    return gc.get_stats()[0]["collections"] - before if under_way else 0


def test_requests_under_way_are_not_looked_through_for_cycles() -> None:
    settle_memory()
    assert looked() == 0


def test_it_is_as_before_once_much_was_read() -> None:
    with settled_memory():
        assert gc.get_freeze_count() > 0
        assert looked() == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (FRESH, 0)
    assert looked() > 0

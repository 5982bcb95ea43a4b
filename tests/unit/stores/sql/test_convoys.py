"""Statements about the same thing go in order, those that wait together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from divan_core.errors import OutcomeUnknown, StoreUnavailable
from divan_core.stores.sql.convoys import Convoys, Rider
from tests.clockwork import Backend, clockwork

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> Backend:
    return clockwork()


class Road:
    """Notes what is run; ``fault`` is raised by what comes next, and ``wrong`` are not kept."""

    def __init__(self) -> None:
        self.runs: list[list[Any]] = []
        self.open = anyio.Event()
        self.fault: BaseException | None = None
        self.wrong: set[Hashable] = set()

    async def run(self, sql: str, each: Sequence[Sequence[Any]]) -> Collection[Hashable]:
        self.runs.append([sql, *(name for (name,) in each)])
        await self.open.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return {name for (name,) in each} - self.wrong


class Riders:
    """Lets some ride, and knows what came of each."""

    def __init__(self, convoys: Convoys) -> None:
        self.convoys = convoys
        self.came_of: dict[str, object] = {}

    async def ride(self, *words: str) -> None:
        """By name, and what else is not as usual."""
        name, thing, sql = (*words, "thing", "sql") if len(words) == 1 else words
        try:
            self.came_of[name] = await self.convoys.ride(Rider(thing, name, sql, (name,)))
        except Exception as fault:  # noqa: BLE001 - whatever it is
            self.came_of[name] = type(fault)


async def _ridden(road: Road, *rides: Sequence[str], **options: Any) -> dict[str, object]:
    """What came of these, who all come while the first is under way."""
    riders = Riders(Convoys(road.run, **{"patience_s": 60.0, **options}))
    async with anyio.create_task_group() as tasks:
        for ride in rides:
            tasks.start_soon(riders.ride, *ride)
            await _idle()
        road.open.set()
    return riders.came_of


async def _idle() -> None:
    for _ in range(5):
        await checkpoint()


async def test_who_waits_goes_together() -> None:
    road = Road()
    came_of = await _ridden(road, "a", "b", "c", "d", most=2)
    assert road.runs == [["sql", "a"], ["sql", "b", "c"], ["sql", "d"]]
    assert came_of == dict.fromkeys("abcd", True)


async def test_other_things_wait_for_nobody() -> None:
    road = Road()
    await _ridden(road, ("a", "one", "sql"), ("b", "other", "sql"))
    assert road.runs == [["sql", "a"], ["sql", "b"]]


async def test_other_statements_keep_their_place() -> None:
    road = Road()
    one, other = ("thing", "one"), ("thing", "other")
    await _ridden(road, ("a", *one), ("b", *one), ("c", *other), ("d", *one))
    assert road.runs == [["one", "a"], ["one", "b"], ["other", "c"], ["one", "d"]]


async def test_each_is_told_its_own() -> None:
    road = Road()
    road.wrong = {"b"}
    assert await _ridden(road, "a", "b", "c") == {"a": True, "b": False, "c": True}


@pytest.mark.parametrize(
    ("fault", "first", "other"),
    [
        (OutcomeUnknown, OutcomeUnknown, OutcomeUnknown),
        (StoreUnavailable, StoreUnavailable, False),
        (ValueError, ValueError, False),
    ],
)
async def test_a_fault_is_that_of_all_along(
    fault: Callable[[], Exception], first: object, other: object
) -> None:
    """Those behind go on."""
    road = Road()
    riders = Riders(Convoys(road.run, 60.0, most=2))
    async with anyio.create_task_group() as tasks:
        for name in "abcd":
            tasks.start_soon(riders.ride, name)
            await _idle()
        road.open.set()
        while len(road.runs) < 2:
            await checkpoint()
        road.fault = fault()
    assert riders.came_of == {"a": True, "b": first, "c": other, "d": True}


async def test_who_waits_for_too_long_is_told_so() -> None:
    road = Road()
    riders = Riders(Convoys(road.run, 0.01))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(riders.ride, "a")
        await _idle()
        tasks.start_soon(riders.ride, "b")
        await anyio.sleep(0.02)
        road.open.set()
    assert riders.came_of == {"a": True, "b": StoreUnavailable}
    await riders.ride("c")
    assert riders.came_of["c"] is True

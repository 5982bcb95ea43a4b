"""What is asked at the same time goes together, and nobody is left behind."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from divan_core.kernel.ferry import Ferry

pytestmark = pytest.mark.anyio

MOST = 3


class Shore:
    """Doubles numbers, once it is let; negative ones are refused."""

    def __init__(self) -> None:
        self.trips: list[Sequence[int]] = []
        self.answers: dict[int, int | str] = {}
        self.ferry = Ferry(self._carry, MOST)
        self._let = anyio.Event()

    async def _carry(self, numbers: Sequence[int]) -> Sequence[int]:
        self.trips.append(tuple(numbers))
        await self._let.wait()
        if min(numbers) < 0:
            raise ValueError(numbers)
        return [2 * one for one in numbers]

    def let(self) -> None:
        """Answer whoever is under way now."""
        self._let.set()
        self._let = anyio.Event()

    async def let_all(self) -> None:
        while True:
            self.let()
            await checkpoint()

    async def ask(self, number: int) -> None:
        try:
            self.answers[number] = await self.ferry.ask(number)
        except ValueError:
            self.answers[number] = "refused"

    async def asked(self, group: TaskGroup, *numbers: int) -> None:
        for number in numbers:
            group.start_soon(self.ask, number)
            await anyio.wait_all_tasks_blocked()


@pytest.fixture
def shore() -> Shore:
    return Shore()


async def settled(shore: Shore) -> None:
    for _ in range(9):
        shore.let()
        await anyio.wait_all_tasks_blocked()


async def test_who_asks_alone_goes_at_once(shore: Shore) -> None:
    async with anyio.create_task_group() as group:
        for number in (1, 2):
            await shore.asked(group, number)
            await settled(shore)
    assert shore.trips == [(1,), (2,)]
    assert shore.answers == {1: 2, 2: 4}


async def test_what_is_asked_meanwhile_goes_together(shore: Shore) -> None:
    """As many as there is room for, in the order of asking."""
    async with anyio.create_task_group() as group:
        await shore.asked(group, 1, 2, 3, 4, 5)
        await settled(shore)
    assert [sorted(one) for one in shore.trips] == [[1], [2, 3, 4], [5]]
    assert shore.answers == {number: 2 * number for number in range(1, 6)}


async def test_a_fault_is_that_of_one(shore: Shore) -> None:
    """The others ask again by themselves."""
    async with anyio.create_task_group() as group:
        await shore.asked(group, 1, 2, -3, 4)
        await settled(shore)
    assert shore.answers == {1: 2, 2: 4, -3: "refused", 4: 8}


@pytest.mark.parametrize("leaving", [(1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("late", [False, True], ids=["waiting", "called"])
async def test_who_leaves_leaves_nobody_behind(
    shore: Shore, leaving: tuple[int, ...], *, late: bool
) -> None:
    """Also just as their turn has come."""
    scopes = {number: anyio.CancelScope() for number in range(1, 5)}

    async def ask(number: int) -> None:
        with scopes[number]:
            await shore.ask(number)

    async with anyio.create_task_group() as group:
        for number in scopes:
            group.start_soon(ask, number)
            await anyio.wait_all_tasks_blocked()
        if late:
            shore.let()
        for number in leaving:
            scopes[number].cancel()
        await settled(shore)
        with anyio.fail_after(5):
            group.start_soon(shore.let_all)
            assert await shore.ferry.ask(9) == 18
        group.cancel_scope.cancel()
    stayed = set(scopes).difference(leaving)
    assert {one: shore.answers.get(one) for one in stayed} == {one: 2 * one for one in stayed}

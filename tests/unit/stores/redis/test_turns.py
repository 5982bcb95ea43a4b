import asyncio

import anyio
import pytest

from divan_core.stores.redis.turns import Turns
from tests.clockwork import Backend, clockwork

ANN, BEN = b"ann", b"ben"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> Backend:
    return clockwork()


async def test_one_at_a_time_in_the_order_they_came() -> None:
    turns, order = Turns(), list[int]()
    assert await turns.take(ANN)
    assert await turns.take(BEN)

    async def work(number: int) -> None:
        assert await turns.take(ANN)
        order.append(number)
        turns.give(ANN)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(work, number)
        await anyio.wait_all_tasks_blocked()
        assert order == []
        turns.give(ANN)
    assert order == [0, 1, 2, 3, 4]
    assert await turns.take(ANN)


async def test_the_impatient_go_ahead() -> None:
    turns = Turns(patience_s=0.01)
    assert await turns.take(ANN)
    assert not await turns.take(ANN)
    turns.give(ANN)
    assert await turns.take(ANN)


@pytest.mark.parametrize("called", [False, True])
async def test_a_cancelled_waiter_holds_nobody_up(*, called: bool) -> None:
    """Neither while waiting nor in the moment of being called."""
    turns = Turns(patience_s=5)
    assert await turns.take(ANN)
    waits_in_vain = asyncio.create_task(turns.take(ANN))
    await anyio.wait_all_tasks_blocked()
    waits = asyncio.create_task(turns.take(ANN))
    await anyio.wait_all_tasks_blocked()
    if called:
        turns.give(ANN)
    waits_in_vain.cancel()
    await asyncio.wait([waits_in_vain])
    assert waits_in_vain.cancelled()
    if not called:
        turns.give(ANN)
    assert await waits

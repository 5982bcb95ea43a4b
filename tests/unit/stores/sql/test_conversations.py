"""Numbers of messages where several processes write: each has an engine of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio
import pytest

from divan_core.kernel.clock import Millis
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.store import open_sql
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.letters import draft, history, keep, send
from divan_core.testing.contracts.samples import populate, running

pytestmark = pytest.mark.anyio

SENDERS = 50


@pytest.fixture(params=["sqlite_url", "postgres_url"])
async def several(request: pytest.FixtureRequest) -> AsyncIterator[list[RelationalStores]]:
    url = request.getfixturevalue(request.param)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running(open_sql(url))) for _ in range(2)]


async def test_what_was_undone_is_not_supposed(several: list[RelationalStores]) -> None:
    """Neither its number nor its moment, when another process has used the number meanwhile."""
    first, second = several
    await populate(first, 2)
    await send(first, 1, 1, 2)
    late = Millis(START_MS + 1000)

    async def undone(unit: StoreUnit) -> None:
        await keep(unit, draft(3, 1, 2), 1, 2)
        raise LookupError

    with pytest.raises(LookupError):
        await first.units.write(undone, locking=True)
    await send(second, 5, 2, 1, at=late)
    message = await send(first, 6, 1, 2)
    assert (message.seq, message.at) == (3, late)


async def test_numbers_of_several_processes(several: list[RelationalStores]) -> None:
    """1 to n, without a gap, from the first message of the conversation on."""
    await populate(several[0], 2)
    numbers = list[int]()

    async def write(number: int) -> None:
        for turn in range(4):
            one, other = (1, 2) if number % 2 else (2, 1)
            stores = several[(number + turn) % 2]
            numbers.append((await send(stores, number * 10 + turn, one, other)).seq)

    async with anyio.create_task_group() as group:
        for number in range(1, SENDERS + 1):
            group.start_soon(write, number)
    assert sorted(numbers) == list(range(1, SENDERS * 4 + 1))
    found = await history(several[0], 1, 2, limit=SENDERS * 4 + 1)
    assert [one.seq for one in found] == list(range(SENDERS * 4, 0, -1))
    moments = [one.at for one in found]
    assert moments == sorted(moments, reverse=True)

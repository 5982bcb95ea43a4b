"""The bus goes away in the middle of many events and comes back empty; no event is lost by that."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio
import pytest

from divan_core.divan import Divan
from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.settings import Settings
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.factories import production_stores
from divan_core.testing.faults import FaultPoints, Raise
from tests.faults.campus import CAMPUS, people
from tests.faults.echo import echoes
from tests.faults.scale import SCALE
from tests.faults.truth import Truth, check_events
from tests.servers.valkey import RedisServer

pytestmark = pytest.mark.anyio

TOPIC = "diary"
WRITERS = 8
EACH = SCALE.events // WRITERS
PROCESSES = 2
PATIENCE_S = 30.0


@pytest.fixture
def faults() -> FaultPoints:
    return FaultPoints()


@pytest.fixture
async def divans(
    faults: FaultPoints, postgres_url: str, breakable_redis: RedisServer
) -> AsyncIterator[list[Divan]]:
    """As many as there would be processes."""
    await people(postgres_url, 1)
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(PROCESSES):
            stores = production_stores(postgres_url, breakable_redis.url, key=bytes(32))
            divan = Divan.open(
                Settings(env="test"),
                stores=faults.around(stores),
                subscriptions=(echoes(TOPIC),),
            )
            opened.append(await stack.enter_async_context(divan))
        yield opened


def entry(divan: Divan, writer: int, number: int) -> Event:
    return Event(
        id=EventId(divan.ids.uuid()),
        topic=TOPIC,
        name=f"entry.{number}",
        campus_id=CAMPUS,
        aggregate=f"diary:{writer}",
        at=Millis(divan.clock.now()),
    )


async def write(divan: Divan, writer: int, numbers: range, pause_s: float) -> None:
    """Record events of one aggregate, one after the other."""
    for number in numbers:
        event = entry(divan, writer, number)

        async def body(unit: StoreUnit, event: Event = event) -> None:
            await unit.outbox.add(event)

        await divan.stores.units.write(body)
        await anyio.sleep(pause_s)


async def published(divan: Divan) -> int:
    """Wait until the outbox is empty; how many events nobody has acted on by then."""
    with anyio.fail_after(PATIENCE_S):
        while True:
            lag = await divan.workers.lag(with_bus=False)
            if not lag.waiting:
                return lag.unsettled
            await anyio.sleep(0.02)


async def test_every_event_is_acted_on_once(
    faults: FaultPoints, divans: list[Divan], breakable_redis: RedisServer, postgres_url: str
) -> None:
    async def all_write(numbers: range, pause_s: float = 0) -> None:
        async with anyio.create_task_group() as tasks:
            for writer in range(WRITERS):
                tasks.start_soon(write, divans[writer % PROCESSES], writer, numbers, pause_s)

    await all_write(range(EACH // 4))
    faults.arm("bus.take:before", Raise(StoreUnavailable()), times=None)
    await all_write(range(EACH // 4, EACH // 2))
    assert await published(divans[0])  # so something is lost with the bus
    await anyio.to_thread.run_sync(breakable_redis.stop)
    faults.disarm()
    async with anyio.create_task_group() as tasks:
        # Half of the rest comes while nobody delivers, and half with the bus that is back.
        tasks.start_soon(all_write, range(EACH // 2, EACH), 4 * SCALE.outage_s / EACH)
        await anyio.sleep(SCALE.outage_s)
        await anyio.to_thread.run_sync(breakable_redis.start)
    truth = await Truth.delivered(postgres_url)
    assert len(truth.events) == WRITERS * EACH
    check_events(truth, lambda _diary: [f"entry.{number}" for number in range(EACH)])

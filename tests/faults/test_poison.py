"""An event that nobody can handle: it becomes a dead letter, and delays nobody meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from divan_core.divan import Divan
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event, EventId
from divan_core.settings import Settings
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.factories import production_stores, sql_stores
from divan_core.workers.subscription import Subscription
from tests.faults import echo
from tests.faults.campus import CAMPUS, people
from tests.faults.truth import Truth

pytestmark = pytest.mark.anyio

TOPIC = "diary"
GROUP = Group("reader", TOPIC)
POISON = "poison"
OTHERS = 20
AT_ONCE_S = 5.0


async def read(unit: StoreUnit, event: Event) -> None:
    """Choke on poison, but only after an effect that has to be undone."""
    await echo.answer(unit, event)
    if event.name == POISON:
        raise ZeroDivisionError


@pytest.fixture(params=["sqlite", "postgresql"])
async def served(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Divan, str]]:
    """A Divan with a reader, and its database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/divan.db"
        stores = sql_stores(url)
    else:
        url = request.getfixturevalue("postgres_url")
        redis_url = request.getfixturevalue("redis_url")
        stores = production_stores(url, redis_url, key=bytes(32))
    await people(url, 1)
    reading = Subscription(GROUP, read)
    async with Divan.open(Settings(env="test"), stores=stores, subscriptions=(reading,)) as divan:
        yield divan, url


def entry(divan: Divan, aggregate: str, name: str) -> Event:
    return Event(
        id=EventId(divan.ids.uuid()),
        topic=TOPIC,
        name=name,
        campus_id=CAMPUS,
        aggregate=aggregate,
        at=divan.clock.now(),
    )


async def test_it_delays_nobody(served: tuple[Divan, str]) -> None:
    divan, url = served
    bad = entry(divan, "bad", POISON)
    behind = entry(divan, "bad", "behind")
    others = [entry(divan, f"other-{number}", "fine") for number in range(OTHERS)]

    async def record(unit: StoreUnit) -> None:
        await unit.outbox.add(bad, behind, *others)

    await divan.stores.units.write(record)
    with anyio.fail_after(AT_ONCE_S):
        truth = await Truth.of(url)
        while len(truth.echoes) < OTHERS:
            await anyio.sleep(0.02)
            truth = await Truth.of(url)
    assert {echo.echoed(row) for row in truth.echoes} == {str(one.id) for one in others}
    await divan.drain()
    truth = await Truth.of(url)
    assert {echo.echoed(row) for row in truth.echoes} == {str(one.id) for one in [*others, behind]}
    assert len(truth.echoes) == OTHERS + 1
    assert (await divan.stores.bus.backlog(GROUP)).dead == 1
    lag = await divan.stores.outbox.lag({TOPIC: [GROUP.name]})
    assert (lag.waiting, lag.given_up) == (0, 1)

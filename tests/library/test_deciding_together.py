"""Many who write at the same time are decided about in one unit, on every set of stores."""

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from divan_core import testimony
from divan_core.activities.games.registry import Games
from divan_core.activities.passages import Passages
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ingress import INGRESS, WRITTEN
from divan_core.observability.metrics import Metrics
from divan_core.playing import GAMES
from divan_core.safety.deciding import Deciding, DecidingTools
from divan_core.safety.trusting import Trusting
from divan_core.settings import Settings
from divan_core.staffing import DECIDING
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.sql.postgres_connection import LoopConnection

from .conftest import CAMPUS, ROOMY, World

pytestmark = pytest.mark.anyio

FOUL = "You are such a fucking bitch, fuck you"
MANY = 20
STATEMENTS = 4
"""Of any number: authors; what they wrote; what each did lately, with their trust and the policy;
what was decided, and that it is handled."""


@pytest.fixture
def settings() -> Settings:
    """Nobody is at work, until a test drains."""
    return Settings(env="test", limit=ROOMY, workers_enabled=False)


async def write(world: World) -> list[Actor]:
    """Many people write something each."""
    reader = await world.join("reader")
    writers = [await world.join(f"writer{number}") for number in range(MANY)]
    for number, one in enumerate(writers):
        command = SendMessage(reader.user_id, f"How are you today, number {number}?")
        await world.divan.chat.send(one, command)
    return writers


async def told(divan: Divan) -> Sequence[Event]:
    """The events of what was written, off the outbox."""
    found = await divan.stores.outbox.claim("test", 1000, 60_000)
    return [one for one in found if one.topic == INGRESS]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The statements that are run on PostgreSQL from now on."""
    run: list[object] = []
    for name in ("_fetched", "execute"):
        before = getattr(LoopConnection, name)

        async def noted(self: Any, statement: Any, *rest: Any, before: Any = before) -> Any:
            run.append(statement)
            return await before(self, statement, *rest)

        monkeypatch.setattr(LoopConnection, name, noted)
    return run


@pytest.mark.parametrize("stores", ["postgres+valkey"], indirect=True)
async def test_many_cost_as_many_statements_as_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(world)
    witness = testimony.Testimony(Passages(Games(GAMES)))
    tools = DecidingTools(witness, Trusting(witness), Metrics(), world.divan.ids, bytes(32))
    deciding = Deciding(tools)
    events = await told(world.divan)
    run = counted(monkeypatch)

    async def body(unit: StoreUnit, some: Sequence[Event]) -> None:
        assert await unit.handled.begin_all("test", some) == some
        assert all(await deciding.decide_all(unit, some))

    for some in (events[:1], events[1:]):
        run.clear()
        await world.divan.stores.units.write(lambda unit, some=some: body(unit, some), locking=True)  # type: ignore[misc]
        assert len(run) == STATEMENTS


async def test_what_is_decided_about_a_message_is_done_at_once(world: World) -> None:
    """In the unit that decides: nobody who does what was decided is at work."""
    writer, reader = await world.join("writer"), await world.join("reader")
    chat, workers = world.divan.chat, world.divan.workers
    await chat.send(writer, SendMessage(reader.user_id, FOUL))

    async def shown() -> bool:
        found = await chat.messages(reader, MessagesQuery(writer.user_id))
        return [one.body for one in found.items] == [FOUL]

    assert await shown()
    with anyio.fail_after(10):
        async with workers.running({"relay", f"{INGRESS}:{DECIDING}"}):
            while await shown():  # noqa: ASYNC110 - nobody is told who is not at work
                await anyio.sleep(0.01)


async def test_one_that_cannot_be_decided_about_delays_nobody(world: World) -> None:
    divan = world.divan
    bad = Event(
        id=EventId(divan.ids.uuid()),
        topic=INGRESS,
        name=WRITTEN,
        campus_id=CAMPUS,
        aggregate="person:nobody",
        at=divan.clock.now(),
        data={"subject_type": "message", "subject_id": "nothing", "author_id": "nobody"},
    )
    await divan.stores.units.write(lambda unit: unit.outbox.add(bad))
    writers = await write(world)
    await divan.drain()
    for one in writers:
        count = await divan.stores.units.read(
            lambda unit, one=one: unit.decisions.count_of(one.user_id)  # type: ignore[misc]
        )
        assert count == 1
    lag = await divan.workers.lag()
    assert (lag.given_up, lag.unsettled) == (1, 1)

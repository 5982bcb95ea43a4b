"""Workers inside of a Divan, on every set of stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import anyio
import pytest

from divan_core import Divan, Settings, Subscription, SyncDivan, memory_stores
from divan_core.accounts.messages import CreateCampus
from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.urgency import is_patient
from divan_core.staffing import SCORING
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.factories import embedded_stores, production_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Raise
from divan_core.workers.crew import DeliveryLag, GroupLag
from tests.servers.sqlite import migrated
from tests.workers.stage import CAMPUS, GROUP, TOPIC, event, number

pytestmark = pytest.mark.anyio

EFFECTS = "effects"
READER = Group("reader", EFFECTS)
ELSEWHERE = Settings(env="test", workers_enabled=False)
INSIDE = Settings(env="test")
KINDS = ("memory", "sqlite", "postgres+valkey", "sqlite+cluster", "sqlite+redis62")


def stores_of(kind: str, request: pytest.FixtureRequest, clock: ManualClock) -> list[Stores]:
    """What two processes would open."""
    path = migrated(request.getfixturevalue("tmp_path") / "divan.sqlite3")
    if kind == "memory":
        return [memory_stores(clock)] * 2
    if kind == "sqlite":
        return [embedded_stores(path, clock)] * 2
    database = f"sqlite:///{path}"
    if "postgres" in kind:
        database = request.getfixturevalue("postgres_url")
    name = {"valkey": "redis_url", "cluster": "redis_cluster_urls", "redis62": "redis62_url"}
    urls = request.getfixturevalue(name[kind.partition("+")[2]])
    url = urls if isinstance(urls, str) else ",".join(urls)
    return [production_stores(database, url, key=bytes(32), clock=clock) for _ in range(2)]


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest, clock: ManualClock) -> list[Stores]:
    return stores_of(request.param, request, clock)


async def note(unit: StoreUnit, one: Event) -> None:
    """A handler whose effect is an event itself, so that it is kept with the handling."""
    await unit.outbox.add(
        Event(EventId(uuid4()), EFFECTS, "noted", one.campus_id, one.aggregate, one.at, one.data)
    )


async def fail(_: StoreUnit, one: Event) -> None:
    raise LookupError(one.aggregate)


async def effects(stores: Stores) -> dict[str, list[int]]:
    """The effects by aggregate, in order; what is delivered again is counted once."""
    found: dict[str, list[int]] = {}
    seen: Counter[EventId] = Counter()
    while taken := await stores.bus.take(READER, "reader", 100):
        for one in taken:
            seen[one.event.id] += 1
            if seen[one.event.id] == 1:
                found.setdefault(one.event.aggregate, []).append(number(one.event))
        await stores.bus.acknowledge(READER, taken)
    return found


def mine(lag: DeliveryLag) -> list[GroupLag]:
    """The groups of the topic here, but for the one that keeps what counts on leaderboards."""
    return [one for one in lag.groups if one.topic == TOPIC and one.group != SCORING]


async def record(divan: Divan, *events: Event) -> None:
    async def body(unit: StoreUnit) -> None:
        await unit.outbox.add(*events)

    await divan.stores.units.write(body)


@asynccontextmanager
async def opened(
    pair: list[Stores], clock: ManualClock, settings: Settings = ELSEWHERE, *given: Subscription
) -> AsyncIterator[list[Divan]]:
    """Two processes, or one where stores are in memory or have one server."""
    distinct = pair if pair[0] is not pair[1] else pair[:1]
    subscriptions = given or (Subscription(GROUP, note),)
    async with AsyncExitStack() as stack:
        divans = [
            await stack.enter_async_context(
                Divan.open(settings, stores=stores, clock=clock, subscriptions=subscriptions)
            )
            for stores in distinct
        ]
        await divans[0].accounts.create_campus(CreateCampus("Test", 45.5, -73.5, id=CAMPUS))
        yield divans


async def test_drain_delivers_everything_when_no_workers_run(
    pair: list[Stores], clock: ManualClock
) -> None:
    async with opened(pair, clock) as divans:
        await record(divans[0], *(event("a", count) for count in range(5)), event("b", 0))
        await divans[-1].drain()
        assert await effects(divans[0].stores) == {"a": [0, 1, 2, 3, 4], "b": [0]}
        lag = await divans[0].workers.lag()
        assert (lag.waiting, lag.unsettled, lag.given_up) == (0, 0, 0)
        assert [(one.group, one.pending) for one in mine(lag)] == [("indexer", 0)]


async def test_operators_are_told_how_far_delivery_is_behind(
    pair: list[Stores], clock: ManualClock
) -> None:
    async with opened(pair, clock) as divans:
        divan = divans[0]
        await record(divan, event("a", 0), event("a", 1))
        clock.advance(3)
        await divan.workers.measure()
        told = divan.metrics.exposition()
        assert "divan_outbox_waiting 2.0" in told
        assert "divan_outbox_oldest_seconds 3.0" in told
        assert f'divan_group_undelivered{{group="indexer",topic="{TOPIC}"}} 0.0' in told
        await divan.drain()
        await divan.workers.measure()
        told = divan.metrics.exposition()
        assert "divan_outbox_waiting 0.0" in told
        assert "divan_outbox_unsettled 0.0" in told


async def test_processes_share_the_work_in_order_and_act_once(
    pair: list[Stores], clock: ManualClock
) -> None:
    async with opened(pair, clock, INSIDE) as divans:
        async with anyio.create_task_group() as tasks:
            for name in "abcdef":
                tasks.start_soon(tell, divans, name)
        for divan in divans:
            await divan.drain()
        assert await effects(divans[0].stores) == {name: list(range(20)) for name in "abcdef"}


async def tell(divans: list[Divan], aggregate: str) -> None:
    for count in range(20):
        await record(divans[count % len(divans)], event(aggregate, count))


async def test_poison_ends_as_a_dead_letter_and_can_be_replayed(
    pair: list[Stores], clock: ManualClock
) -> None:
    async with opened(pair, clock, ELSEWHERE, Subscription(GROUP, fail)) as divans:
        await record(divans[0], event("a", 0))
        await divans[0].drain()
        lag = await divans[-1].workers.lag()
        assert (lag.given_up, lag.unsettled, mine(lag)[0].dead) == (1, 1, 1)
        replayed = await divans[-1].workers.replay()
        assert (replayed.retried, replayed.exhumed, replayed.republished) == (1, 1, 0)
        lag = await divans[0].workers.lag()
        assert (lag.given_up, lag.waiting, mine(lag)[0].dead) == (0, 1, 0)


async def test_it_is_handled_after_the_replay(pair: list[Stores], clock: ManualClock) -> None:
    broken = True

    async def handle(unit: StoreUnit, one: Event) -> None:
        if broken:
            raise LookupError
        await note(unit, one)

    async with opened(pair, clock, ELSEWHERE, Subscription(GROUP, handle)) as divans:
        await record(divans[0], event("a", 0), event("a", 1))
        await divans[0].drain()
        broken = False
        await divans[-1].workers.replay(TOPIC)
        await divans[0].drain()
        assert await effects(divans[0].stores) == {"a": [0, 1]}
        assert (await divans[0].workers.replay(everything=True)).republished == 0


async def test_what_a_group_has_not_handled_can_be_published_again(
    pair: list[Stores], clock: ManualClock
) -> None:
    async with opened(pair, clock) as divans:
        await record(divans[0], event("a", 0))
        await divans[0].drain()
        assert (await divans[0].workers.replay(everything=True)).republished == 0
        again = await divans[0].workers.replay(others=["chat:new"], everything=True)
        assert again.republished == 1
        await divans[0].drain()
        elsewhere = await divans[0].workers.replay("x", ["chat:new"], everything=True)
        assert elsewhere.republished == 0
        lag = await divans[0].workers.lag(["chat:new"])
        assert sorted(one.group for one in mine(lag)) == ["indexer", "new"]


@pytest.fixture
def alone(clock: ManualClock) -> list[Stores]:
    return [memory_stores(clock)] * 2


async def test_workers_inside_deliver_without_being_asked(
    alone: list[Stores], clock: ManualClock
) -> None:
    arrived = anyio.Event()

    async def handle(_unit: StoreUnit, _event: Event) -> None:
        arrived.set()

    with anyio.fail_after(10):
        async with opened(alone, clock, INSIDE, Subscription(GROUP, handle)) as (divan,):
            await record(divan, event("a", 0))
            await arrived.wait()


async def test_without_them_only_presence_is_swept(alone: list[Stores], clock: ManualClock) -> None:
    faults = FaultPoints()
    stores = faults.around(alone[0])
    async with Divan.open(ELSEWHERE, stores=stores, clock=clock) as divan:
        await anyio.wait_all_tasks_blocked()
        assert faults.reached("outbox.claim:before") == 0
        assert {"relay", "presence-sweep"} < set(divan.workers.names)


async def test_drain_tells_when_a_store_is_away(alone: list[Stores], clock: ManualClock) -> None:
    faults = FaultPoints()
    stores = [faults.around(alone[0])] * 2
    faults.arm("handled.begin:before", Raise(StoreUnavailable()), times=None)
    async with opened(stores, clock) as (divan,):
        await record(divan, event("a", 0))
        with pytest.raises(StoreUnavailable):
            await divan.drain()


async def test_drain_does_not_wait_for_ever(alone: list[Stores], clock: ManualClock) -> None:
    async with opened(alone, clock) as (divan,):
        await record(divan, event("a", 0))
        await divan.stores.outbox.claim("somebody who does not come back", 1, 1000)
        with pytest.raises(TimeoutError):
            await divan.drain(0.05)


async def test_two_subscriptions_of_a_group_are_refused(clock: ManualClock) -> None:
    twice = [Subscription(GROUP, note), Subscription(GROUP, fail)]
    with pytest.raises(ConfigurationError, match="group indexer of chat"):
        async with Divan.open(
            INSIDE, stores=memory_stores(clock), clock=clock, subscriptions=twice
        ):
            pytest.fail("it was opened")


@pytest.mark.parametrize("name", ["", "a b", "a:", "a:b:c", ":a", "ü", "x" * 65, "-x", "chat:dlq"])
def test_names_that_no_store_could_keep_are_refused(name: str) -> None:
    for group in (Group(name, TOPIC), Group("indexer", name)):
        with pytest.raises(ConfigurationError):
            Subscription(group, note)


def test_a_topic_may_have_two_names_a_group_may_not() -> None:
    assert Subscription(Group("indexer", "mod:reports"), note).group.topic == "mod:reports"
    with pytest.raises(ConfigurationError):
        Subscription(Group("mod:indexer", TOPIC), note)


@pytest.fixture
def waiting(clock: ManualClock) -> Iterator[tuple[SyncDivan, list[int]]]:
    seen: list[int] = []

    async def handle(_: StoreUnit, one: Event) -> None:
        seen.append(number(one))

    stores = memory_stores(clock)
    with SyncDivan.open(
        ELSEWHERE, stores=stores, clock=clock, subscriptions=[Subscription(GROUP, handle)]
    ) as divan:
        anyio.run(add_an_event, stores)
        yield divan, seen


async def add_an_event(stores: Stores) -> None:
    async def body(unit: StoreUnit) -> None:
        await unit.outbox.add(event("a", 7))

    await stores.units.write(body)


def test_programs_that_wait_drain_as_well(waiting: tuple[SyncDivan, list[int]]) -> None:
    divan, seen = waiting
    divan.drain()
    assert seen == [7]


async def test_workers_are_in_no_hurry_and_callers_are() -> None:
    found: list[object] = []
    noted = anyio.Event()

    async def watch(_: StoreUnit, _one: Event) -> bool:
        return is_patient()

    async def tell(hurry: object) -> None:
        found.append(hurry)
        noted.set()

    probe = Subscription(GROUP, watch, tell)
    async with Divan.open(INSIDE, stores=memory_stores(), subscriptions=[probe]) as divan:
        await record(divan, event("a", 1))
        with anyio.fail_after(10):
            await noted.wait()
        assert not is_patient()
        assert not await divan.stores.units.write(told_hurry)
    assert found == [True]


async def told_hurry(_: StoreUnit) -> bool:
    return is_patient()

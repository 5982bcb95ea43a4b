"""Consumers act once on each event, in order, and let nobody wait for somebody else's trouble."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import attrs
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.delivery import CONSUMER_LEASE_MS
from divan_core.kernel.events import Event
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import Raise
from divan_core.workers import consumer as module
from divan_core.workers.consumer import (
    ATTEMPTS,
    BATCH,
    EAGER_S,
    MOST_COUNT,
    MOST_TOGETHER,
    RETRY_LONGEST_MS,
    SPARE_S,
    Consumer,
)
from divan_core.workers.subscription import AT_ONCE, Subscription
from divan_core.workers.turns import POLL_S, Turn, Worker
from tests.workers.stage import (
    GROUP,
    OTHER_CAMPUS,
    TOPIC,
    Crashed,
    Stage,
    event,
    number,
    numbered,
    until_idle,
)

pytestmark = pytest.mark.anyio

BEGINNINGS = ("handled.begin:before", "handled.begin_all:before")


def poisonous(aggregate: str, count: int) -> object:
    """A reaction that cannot cope with one event."""

    def react(one: Event) -> None:
        if (one.aggregate, number(one)) == (aggregate, count):
            raise LookupError("of no use to anybody")

    return react


async def persist(stage: Stage, worker: Worker) -> None:
    """Have a worker take many turns, with a second between them."""
    for _ in range(100):
        await worker.turn()
        stage.clock.advance(1)


async def test_events_are_handled_in_order_and_acknowledged_together(stage: Stage) -> None:
    await stage.say(("a", 0), ("b", 0), ("a", 1), ("b", 1))
    await until_idle(stage.relay())
    consumer = stage.consumer()
    turn = await consumer.turn()
    assert (turn.done, turn.rest_s) == (8, POLL_S)  # taken, and tried; there is no more
    assert stage.of("a") == stage.of("b") == [0, 1]
    assert stage.faults.reached("bus.acknowledge:before") == 1
    assert await consumer.turn() == await consumer.turn()
    assert (await stage.backlog()).pending == 0


async def test_what_can_wait_gathers(stage: Stage) -> None:
    """It is not woken meanwhile, and wakes as all do where there was nothing."""
    await stage.say(("a", 0))
    await until_idle(stage.relay())
    patient = attrs.evolve(stage.subscribed(), gather_s=0.25)
    consumer = Consumer(patient, stage.stores, stage.tools())
    assert await consumer.turn() == Turn(2, 0.25, deaf=True)
    assert await consumer.turn() == Turn(0, POLL_S)
    assert (consumer.patient, stage.consumer().patient) == (True, False)


@pytest.mark.parametrize(("took_s", "gathers_s"), [(0.0, EAGER_S), (0.03, 0.015), (1.0, 0.25)])
async def test_what_is_eager_gathers_half_as_long_as_it_takes(
    clock: ManualClock, took_s: float, gathers_s: float
) -> None:
    stage = await Stage.on_memory(clock)
    stage.react = lambda _: clock.advance(took_s)
    await stage.say(("a", 0))
    await until_idle(stage.relay())
    eager = attrs.evolve(stage.subscribed(), gather_s=0.25, eager=True)
    consumer = Consumer(eager, stage.stores, stage.tools())
    assert await consumer.turn() == Turn(2, gathers_s, deaf=True)
    assert await consumer.turn() == Turn(0, POLL_S)


async def test_a_crash_between_commit_and_acknowledgement_acts_once(stage: Stage) -> None:
    await stage.say(*numbered("a", 3))
    await until_idle(stage.relay())
    stage.crash("bus.acknowledge:before")
    with pytest.raises(Crashed):
        await stage.consumer().turn()
    successor = stage.consumer()
    assert (await successor.turn()).done == 0  # the lease is still running
    stage.clock.advance(CONSUMER_LEASE_MS / 1000)
    await until_idle(successor)
    assert stage.seen == numbered("a", 3)
    assert (await stage.backlog()).pending == 0


async def test_another_takes_over_from_one_that_was_killed_in_the_middle(stage: Stage) -> None:
    await stage.say(*numbered("a", 3), *numbered("b", 3))
    await until_idle(stage.relay())

    def react(_: Event) -> None:
        if len(stage.seen) == 3:
            stage.kill()

    stage.react = react
    assert not await stage.live(stage.consumer())
    stage.react = lambda _: None
    assert len(stage.seen) == (2 if stage.together else 3)
    stage.clock.advance(CONSUMER_LEASE_MS / 1000)
    await until_idle(stage.consumer())
    assert stage.of("a") == stage.of("b") == [0, 1, 2]


async def test_poison_is_a_dead_letter_after_some_attempts_and_delays_nobody_else(
    stage: Stage,
) -> None:
    stage.react = poisonous("a", 1)  # type: ignore[assignment]  # any reaction
    await stage.say(*numbered("a", 3), *numbered("b", 3))
    relay, consumer = stage.relay(), stage.consumer()
    await until_idle(relay)
    await consumer.turn()
    assert stage.of("a") == [0]
    assert stage.of("b") == [0, 1, 2]
    tries = 1
    while (await stage.backlog()).pending:
        before = stage.clock.now()
        assert 0 < (await consumer.turn()).rest_s <= POLL_S
        stage.clock.advance((await consumer.turn()).rest_s)
        await stage.say(("b", 2 + tries))
        await until_idle(relay, consumer)
        assert stage.of("b") == list(range(3 + tries))  # whatever happens to a
        assert stage.clock.now() > before
        tries += 1
    assert stage.of("a") == [0, 2]
    assert stage.told.lines == [("gave up", "indexer", "a", "builtins.LookupError")]
    assert (await stage.backlog()).dead == 1
    assert (await stage.stores.outbox.lag(stage.groups)).given_up == 1


async def test_the_events_of_many_are_handled_together(clock: ManualClock) -> None:
    stage = await Stage.on_memory(clock, together=True)
    names = [f"a{count}" for count in range(MOST_TOGETHER + 2)]
    await stage.say(*((name, 0) for name in names), ("a0", 1), ("a1", 1), ("a0", 2))
    await until_idle(stage.relay())
    await stage.consumer().turn()
    # One of each in every unit, so an aggregate's next event sees what became of the last one.
    assert stage.units == [MOST_TOGETHER, 2, 2]
    assert stage.of("a0") == [0, 1, 2]
    assert sorted(stage.seen) == sorted(
        [*((name, 0) for name in names), ("a0", 1), ("a0", 2), ("a1", 1)]
    )
    assert (await stage.backlog()).pending == 0


async def test_where_order_is_all_the_same_those_of_one_go_together(clock: ManualClock) -> None:
    """And one that fails holds up nothing."""
    stage = await Stage.on_memory(clock, together=True)
    stage.react = poisonous("a", 1)  # type: ignore[assignment]  # any reaction
    await stage.say(*(("a", count) for count in range(MOST_TOGETHER)), ("b", 0), ("b", 1))
    consumer = Consumer(
        attrs.evolve(stage.subscription, unordered=True), stage.stores, stage.tools()
    )
    await until_idle(stage.relay())
    await consumer.turn()
    assert stage.units == [MOST_TOGETHER, 2]  # who was beside it went on alone
    assert stage.of("a") == [0, *range(2, MOST_TOGETHER)]
    await persist(stage, consumer)
    assert stage.told.lines == [("gave up", "indexer", "a", "builtins.LookupError")]
    await stage.say(("a", MOST_TOGETHER), ("a", MOST_TOGETHER + 1))
    await until_idle(stage.relay(), consumer)
    assert stage.units == [MOST_TOGETHER, 2, 2]


async def test_poison_among_many_is_the_trouble_of_one(clock: ManualClock) -> None:
    stage = await Stage.on_memory(clock, together=True)
    stage.react = poisonous("a1", 0)  # type: ignore[assignment]  # any reaction
    names = [f"a{count}" for count in range(MOST_TOGETHER + 2)]
    await stage.say(*((name, 0) for name in names), ("a1", 1), ("a2", 1), ("a3", 1))
    consumer = stage.consumer()
    await until_idle(stage.relay())
    await consumer.turn()
    assert stage.of("a1") == []
    assert len(stage.seen) == len(set(stage.seen)) == len(names) + 1
    assert stage.units == [MOST_TOGETHER, 2]  # who was beside it went on alone, the others did not
    await persist(stage, consumer)
    assert stage.of("a1") == [1]
    assert len(stage.units) == 2  # it has spoilt nothing again
    assert stage.told.lines == [("gave up", "indexer", "a1", "builtins.LookupError")]


async def test_what_comes_of_many_comes_of_each(clock: ManualClock) -> None:
    stage = await Stage.on_memory(clock)
    followed: list[object] = []

    async def handle_all(_: StoreUnit, events: Sequence[Event]) -> list[str]:
        return [one.aggregate for one in events]

    async def handle(unit: StoreUnit, one: Event) -> str:
        return (await handle_all(unit, (one,)))[0]

    async def follow(result: object) -> None:
        followed.append(result)
        raise LookupError

    await stage.say(("a", 0), ("b", 0), ("b", 1))
    await until_idle(stage.relay())
    subscription = Subscription(GROUP, handle, follow, together=handle_all)
    for _ in range(2):
        await until_idle(Consumer(subscription, stage.stores, stage.tools()))
        stage.clock.advance(CONSUMER_LEASE_MS / 1000)
    assert followed == ["a", "b", "b"]
    assert [line[0] for line in stage.told.lines] == ["failed"] * 3


async def test_what_is_around_many_is_around_all_of_them_at_once(clock: ManualClock) -> None:
    stage = await Stage.on_memory(clock)
    told: list[str] = []

    @asynccontextmanager
    async def around(events: Sequence[Event]) -> AsyncIterator[None]:
        told.append(f"before {' '.join(one.aggregate for one in events)}")
        yield
        told.append("after")

    async def handle_all(_: StoreUnit, events: Sequence[Event]) -> list[None]:
        told.append(f"inside {len(events)}")
        return [None] * len(events)

    async def handle(unit: StoreUnit, one: Event) -> None:
        await handle_all(unit, (one,))

    await stage.say(("a", 0), ("b", 0), ("b", 1))
    await until_idle(stage.relay())
    one = Subscription(GROUP, handle, around=around, together=handle_all)
    await until_idle(Consumer(one, stage.stores, stage.tools()))
    assert told == ["before a b", "inside 2", "after", "before b", "inside 1", "after"]


async def test_attempts_are_counted_and_lie_ever_farther_apart(stage: Stage) -> None:
    moments = []

    def react(_: Event) -> None:
        moments.append(stage.clock.now())
        raise LookupError

    stage.react = react
    await stage.say(("a", 0))
    consumer = stage.consumer()
    await until_idle(stage.relay())
    for _ in range(1000):
        await consumer.turn()
        stage.clock.advance(0.05)
    assert len(moments) == ATTEMPTS
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    wished = [500, 1000, 2000, 4000]
    assert all(wish / 2 <= gap <= wish + 100 for gap, wish in zip(gaps, wished, strict=True))


async def test_what_fails_once_keeps_its_place(stage: Stage) -> None:
    failed: list[Event] = []

    def react(one: Event) -> None:
        if not failed:
            failed.append(one)
            raise LookupError

    stage.react = react
    await stage.say(*numbered("a", 3))
    consumer = stage.consumer()
    await until_idle(stage.relay(), consumer)
    await stage.say(("a", 3))
    await until_idle(stage.relay(), consumer)
    assert stage.seen == []
    stage.clock.advance(1)
    await until_idle(consumer)
    assert stage.seen == numbered("a", 4)


async def test_a_database_that_is_away_is_not_the_events_fault(stage: Stage) -> None:
    await stage.say(*numbered("a", 2), *numbered("b", 2))
    await until_idle(stage.relay())
    for point in BEGINNINGS:
        stage.faults.arm(point, Raise(StoreUnavailable()), times=None)
    consumer = stage.consumer()
    for _ in range(50):
        turn = await consumer.turn()
        assert turn.deaf
        stage.clock.advance(RETRY_LONGEST_MS / 1000)
    stage.faults.disarm()
    await until_idle(consumer)
    assert stage.of("a") == stage.of("b") == [0, 1]
    assert stage.told.lines == [
        ("waiting", consumer.name, "store_unavailable"),
        ("resumed", consumer.name),
    ]


async def test_a_database_that_is_away_is_not_asked_for_every_aggregate(stage: Stage) -> None:
    await stage.say(*((f"a{count}", 0) for count in range(2 * AT_ONCE)))
    await until_idle(stage.relay())
    for point in BEGINNINGS:
        stage.faults.arm(point, Raise(StoreUnavailable()), times=None)
    await stage.consumer().turn()
    assert stage.faults.reached("handled.begin:before") <= AT_ONCE


async def test_one_unit_that_cannot_be_kept_holds_up_its_aggregate_only(stage: Stage) -> None:
    def react(one: Event) -> None:
        if one.aggregate == "a":
            raise StoreUnavailable  # too many writers want the same rows

    stage.react = react
    await stage.say(("a", 0), ("b", 0))
    consumer = stage.consumer()
    await until_idle(stage.relay(), consumer)
    assert stage.seen == [("b", 0)]
    for _ in range(10):
        stage.clock.advance(RETRY_LONGEST_MS / 1000)
        await consumer.turn()
    stage.react = lambda _: None
    stage.clock.advance(RETRY_LONGEST_MS / 1000)
    await until_idle(consumer)
    assert stage.seen == [("b", 0), ("a", 0)]


async def test_a_bus_that_goes_away_and_comes_back(stage: Stage) -> None:
    await stage.say(*numbered("a", 2))
    await until_idle(stage.relay())
    stage.faults.arm("bus.acknowledge:before", Raise(StoreUnavailable()), times=3)
    consumer = stage.consumer()
    for _ in range(5):
        await consumer.turn()
        stage.clock.advance(5)
    assert stage.seen == numbered("a", 2)
    assert (await stage.backlog()).pending == 0


async def test_an_answer_of_the_bus_that_was_lost_lets_nothing_overtake(stage: Stage) -> None:
    await stage.say(*numbered("a", 2))
    await until_idle(stage.relay())
    stage.faults.arm("bus.take:after", Raise(StoreUnavailable()))
    consumer = stage.consumer()
    await consumer.turn()
    await stage.say(("a", 2))
    await until_idle(stage.relay())
    stage.clock.advance(1)
    await until_idle(consumer)
    assert stage.seen == numbered("a", 3)


async def test_a_dead_letter_that_the_bus_did_not_take_is_not_forgotten(stage: Stage) -> None:
    stage.react = poisonous("a", 0)  # type: ignore[assignment]  # any reaction
    stage.faults.arm("bus.bury:before", Raise(StoreUnavailable()))
    await stage.say(*numbered("a", 2))
    consumer = stage.consumer()
    await until_idle(stage.relay())
    for _ in range(200):
        await consumer.turn()
        stage.clock.advance(0.5)
    assert stage.seen == [("a", 1)]
    backlog = await stage.backlog()
    assert (backlog.pending, backlog.dead) == (0, 1)


async def test_the_database_goes_away_before_an_event_can_be_given_up(stage: Stage) -> None:
    stage.react = poisonous("a", 0)  # type: ignore[assignment]  # any reaction
    stage.faults.arm("handled.give_up:before", Raise(StoreUnavailable()), times=3)
    await stage.say(*numbered("a", 2))
    consumer = stage.consumer()
    await until_idle(stage.relay())
    for _ in range(200):
        await consumer.turn()
        stage.clock.advance(1)
    assert stage.seen == [("a", 1)]
    assert (await stage.backlog()).dead == 1


async def test_a_second_life_does_not_act_on_what_was_given_up(stage: Stage) -> None:
    stage.react = poisonous("a", 0)  # type: ignore[assignment]  # any reaction
    await stage.say(("a", 0))
    consumer = stage.consumer()
    await until_idle(stage.relay())
    stage.crash("bus.bury:before")
    with pytest.raises(Crashed):
        await persist(stage, consumer)
    stage.react = lambda _: None
    stage.clock.advance(CONSUMER_LEASE_MS / 1000)
    await until_idle(stage.consumer())
    assert stage.seen == []
    assert (await stage.backlog()).pending == 0


async def test_an_event_that_ends_processes_is_buried_untried_and_alone(stage: Stage) -> None:
    def react(one: Event) -> None:
        if one.aggregate == "killer":
            stage.kill()

    stage.react = react
    await stage.say(("a", 0), ("killer", 0), ("b", 0), ("killer", 1), ("c", 0))
    await until_idle(stage.relay())
    lives = 0
    while (await stage.backlog()).pending or not lives:
        lives += 1
        assert lives < 3 * MOST_COUNT
        if not await stage.live(stage.consumer()):
            stage.clock.advance(CONSUMER_LEASE_MS / 1000)
    assert {("a", 0), ("b", 0), ("c", 0)} == set(stage.seen)
    assert [line[2] for line in stage.told.lines] == ["killer", "killer"]
    assert MOST_COUNT < lives <= 2 * MOST_COUNT  # each is blamed for what it did itself


async def test_what_is_kept_in_memory_is_bounded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_HELD", 10)
    stage.react = poisonous("a", 0)  # type: ignore[assignment]  # any reaction
    await stage.say(*numbered("a", 30))
    consumer = stage.consumer()
    await until_idle(stage.relay(), consumer)
    assert (await stage.backlog()).pending == 10
    stage.clock.advance(CONSUMER_LEASE_MS / 1000 - 1)
    await consumer.turn()
    stage.clock.advance(CONSUMER_LEASE_MS / 1000 - 1)
    assert (await stage.consumer().turn()).done == 0  # it has kept its lease all the same
    for _ in range(100):
        await until_idle(consumer)
        stage.clock.advance(1)
    assert stage.of("a") == list(range(1, 30))


async def test_one_that_leaves_lets_another_go_on_at_once(stage: Stage) -> None:
    stage.react = poisonous("a", 1)  # type: ignore[assignment]  # any reaction
    await stage.say(*numbered("a", 3))
    consumer = stage.consumer()
    await until_idle(stage.relay(), consumer)
    await consumer.leave()
    stage.react = lambda _: None
    await until_idle(stage.consumer())
    assert stage.seen == numbered("a", 3)


async def test_one_that_is_not_needed_is_not_woken_by_every_event(stage: Stage) -> None:
    """It looks again soon, for whoever is at it may have left or ended."""
    one, other = stage.consumer(), stage.consumer()
    assert await other.turn() == Turn(0, POLL_S)  # nobody has what is to come
    await stage.say(("a", 0), ("a", 1))
    await until_idle(stage.relay(), one)
    assert await other.turn() == Turn(0, SPARE_S, deaf=True)
    await one.leave()
    await stage.say(("a", 2))
    await until_idle(stage.relay())
    assert await other.turn() == Turn(2, POLL_S)
    assert stage.of("a") == [0, 1, 2]
    assert await one.turn() == Turn(0, SPARE_S, deaf=True)


async def test_leaving_does_not_need_the_bus(stage: Stage) -> None:
    stage.faults.arm("bus.leave:before", Raise(StoreUnavailable()))
    await stage.consumer().leave()


async def test_campuses_do_not_wait_for_each_other(stage: Stage) -> None:
    stage.react = poisonous("a", 0)  # type: ignore[assignment]  # any reaction
    await stage.say(("a", 0), ("a", 1))
    await stage.say(("a", 5), campus_id=OTHER_CAMPUS)
    await until_idle(stage.relay(), stage.consumer())
    assert stage.seen == [("a", 5)]


async def test_takes_are_bounded_and_follow_at_once(stage: Stage) -> None:
    await stage.record(*(event(f"a{count % 7}", count) for count in range(BATCH + 50)))
    await until_idle(stage.relay())
    consumer = stage.consumer()
    assert (await consumer.turn()).done == 2 * BATCH
    assert (await consumer.turn()).done == 100
    assert len(stage.seen) == BATCH + 50


async def test_other_topics_are_no_business_of_its(stage: Stage) -> None:
    await stage.record(event("a", 0, topic="elsewhere"), event("a", 1))
    await until_idle(stage.relay(), stage.consumer())
    assert stage.seen == [("a", 1)]
    assert (stage.consumer().name, GROUP.topic) == ("chat:indexer", TOPIC)


async def test_turns_of_one_consumer_do_not_overlap(stage: Stage) -> None:
    await stage.say(*numbered("a", 5))
    await until_idle(stage.relay())
    consumer = stage.consumer()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(consumer.turn)
    assert stage.seen == numbered("a", 5)


async def test_what_follows_is_done_once_and_after_the_handling(stage: Stage) -> None:
    """With what the handler returned; not where it failed, and not for a repeat."""
    done: list[tuple[str, bool]] = []
    broken = {"b"}

    async def handle(_unit: StoreUnit, one: Event) -> str:
        if one.aggregate in broken:
            raise LookupError
        return f"{one.aggregate}{number(one)}"

    async def follow(result: str) -> None:
        lag = await stage.stores.outbox.lag(stage.groups)
        done.append((result, lag.unsettled < 3))

    consumer = stage.consumer(handle, follow)
    await stage.say(("a", 0), ("b", 0), ("a", 1))
    await until_idle(stage.relay())
    stage.faults.arm("bus.acknowledge:before", Raise(StoreUnavailable()))
    await until_idle(consumer)
    assert sorted(done) == [("a0", True), ("a1", True)]
    broken.clear()
    stage.clock.advance(60)
    await until_idle(consumer, stage.consumer(handle, follow))
    assert sorted(done) == [("a0", True), ("a1", True), ("b0", True)]


@pytest.mark.parametrize("fault", [StoreUnavailable(), LookupError()])
async def test_what_follows_may_fail_and_holds_nothing_up(stage: Stage, fault: Exception) -> None:
    async def follow(_result: object) -> None:
        raise fault

    await stage.say(("a", 0), ("a", 1))
    await until_idle(stage.relay())
    await until_idle(stage.consumer(afterwards=follow))
    assert stage.of("a") == [0, 1]
    assert (await stage.backlog()).pending == 0
    assert stage.told.lines == [("failed", "chat:indexer", type(fault).__name__)] * 2


async def test_what_wraps_a_unit_is_there_before_and_after_it(stage: Stage) -> None:
    """Also where the unit fails; and where it cannot be there, the event waits."""
    await stage.say(("a", 0))
    await until_idle(stage.relay())
    told: list[str] = []
    away = [StoreUnavailable()]

    @asynccontextmanager
    async def around(events: Sequence[Event]) -> AsyncIterator[None]:
        if away:
            raise away.pop()
        told.append(f"before {number(events[0])}")
        try:
            yield
        finally:
            told.append(f"after {number(events[0])}")

    async def handle(unit: StoreUnit, one: Event) -> None:
        await unit.locks.take("a lock")
        told.append("inside")
        if told.count("inside") == 1:
            raise LookupError("not yet")
        stage.kept.append(one)

    one = Subscription(GROUP, handle, around=around, locking=True)
    await persist(stage, Consumer(one, stage.stores, stage.tools()))
    assert told == ["before 0", "inside", "after 0"] * 2
    assert stage.seen == [("a", 0)]

"""The relay loses nothing and reorders nothing, whatever happens to it."""

from collections.abc import Collection, Sequence
from unittest.mock import patch
from uuid import UUID

import attrs
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId
from divan_core.stores.memory.bus import MemoryBus
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Raise
from divan_core.workers.relay import BATCH, GATHER_S, LEASE_MS, LOOK_MS, Relay, Route
from divan_core.workers.turns import OUTAGE_LONGEST_MS, POLL_S, Turn
from tests.workers.stage import (
    TOPIC,
    Crashed,
    Stage,
    event,
    number,
    numbered,
    until_idle,
)

pytestmark = pytest.mark.anyio
READER = Group("reader", TOPIC)


async def published(stage: Stage) -> list[tuple[str, int]]:
    """What is on the bus, in order, as a group of its own reads it."""
    found: list[tuple[str, int]] = []
    while taken := await stage.stores.bus.take(READER, "reader", 100):
        found += [(one.event.aggregate, number(one.event)) for one in taken]
        await stage.stores.bus.acknowledge(READER, taken)
    return found


async def test_events_come_onto_the_bus_in_order(stage: Stage) -> None:
    await stage.say(("a", 0), ("b", 0), ("a", 1))
    relay = stage.relay()
    turn = await relay.turn()
    assert (turn.done, turn.rest_s, turn.deaf) == (3, GATHER_S, True)
    assert (await relay.turn()).rest_s == POLL_S
    assert await published(stage) == [("a", 0), ("b", 0), ("a", 1)]
    lag = await stage.stores.outbox.lag(stage.groups)
    assert (lag.waiting, lag.unsettled) == (0, 3)


async def test_what_is_urgent_ends_the_gathering(stage: Stage) -> None:
    route = Route.of(stage.stores, stage.groups, {TOPIC})
    relay = Relay(route, stage.tools())
    await stage.say(("a", 0))
    turn = await relay.turn()
    assert (turn.rest_s, turn.deaf) == (GATHER_S, True)
    assert turn.alarm is not None
    heard = turn.alarm.rings
    await stage.record(event("b", 0, topic="slow"))
    assert turn.alarm.rings == heard
    await stage.say(("a", 1))
    assert turn.alarm.rings > heard


async def test_it_is_patient_unless_something_urgent_was_recorded(stage: Stage) -> None:
    relay = Relay(Route.of(stage.stores, stage.groups, {TOPIC}), stage.tools())
    await stage.record(event("b", 0, topic="slow"))
    seen = [relay.patient]
    await stage.say(("a", 0))
    seen.append(relay.patient)
    await relay.turn()
    seen.append(relay.patient)
    assert seen == [True, False, True]


async def test_what_is_urgent_and_comes_during_a_turn_goes_along_at_once(stage: Stage) -> None:
    relay = Relay(Route.of(stage.stores, stage.groups, {TOPIC}), stage.tools())
    await stage.say(("a", 0))
    publish = stage.stores.bus.publish

    async def meanwhile(events: Sequence[Event]) -> frozenset[CampusId]:
        await stage.say(("a", 1))
        return await publish(events)

    with patch.object(stage.stores.bus, "publish", meanwhile):
        assert await relay.turn() == Turn(1)
    assert (await relay.turn()).done == 1


async def test_batches_are_bounded_and_follow_at_once(stage: Stage) -> None:
    await stage.record(*(event("a", count) for count in range(BATCH + 1)))
    relay = stage.relay()
    turn = await relay.turn()
    assert (turn.done, turn.rest_s) == (BATCH, 0.0)
    assert (await relay.turn()).done == 1
    assert [count for _, count in await published(stage)] == list(range(BATCH + 1))


async def test_a_bus_that_is_away_is_waited_for_and_nothing_is_lost(stage: Stage) -> None:
    stage.faults.arm("bus.publish:before", Raise(StoreUnavailable()), times=None)
    await stage.say(*numbered("a", 3))
    relay = stage.relay()
    rests = []
    for _ in range(20):
        turn = await relay.turn()
        assert turn.done == 0
        assert turn.deaf
        rests.append(turn.rest_s)
        stage.clock.advance(OUTAGE_LONGEST_MS / 1000)
    assert rests[0] < 0.2
    assert rests[-1] == POLL_S
    assert stage.told.lines == [("waiting", "relay", "store_unavailable")]
    assert len(await stage.stores.outbox.claim("another", 10, 1)) == 3  # they are free
    stage.clock.advance(1)
    stage.faults.disarm()
    await until_idle(relay)
    assert await published(stage) == numbered("a", 3)
    assert stage.told.lines[1:] == [("resumed", "relay")]


async def test_while_it_waits_it_asks_for_nothing(stage: Stage) -> None:
    stage.faults.arm("outbox.claim:before", Raise(StoreUnavailable()))
    relay = stage.relay()
    await relay.turn()
    for _ in range(5):
        await relay.turn()
    assert stage.faults.reached("outbox.claim:before") == 1
    stage.clock.advance(0.1)
    await relay.turn()
    assert stage.faults.reached("outbox.claim:before") == 2


async def test_publishing_that_was_cut_short_repeats_and_does_not_reorder(stage: Stage) -> None:
    stage.faults.arm("bus.publish:after", Raise(StoreUnavailable()))
    await stage.say(*numbered("a", 2))
    relay = stage.relay()
    await relay.turn()
    await stage.say(("a", 2))
    stage.clock.advance(1)
    await until_idle(relay)
    assert [count for _, count in await published(stage)] == [0, 1, 0, 1, 2]
    consumer = stage.consumer()
    await until_idle(consumer)
    assert stage.seen == numbered("a", 3)


async def test_marks_that_did_not_arrive_are_made_good_before_anything_else(stage: Stage) -> None:
    stage.faults.arm("outbox.published:before", Raise(StoreUnavailable()))
    await stage.say(("a", 0))
    relay = stage.relay()
    await relay.turn()
    stage.clock.advance(1)
    await until_idle(relay)
    assert await published(stage) == [("a", 0)]
    assert (await stage.stores.outbox.lag(stage.groups)).waiting == 0


async def test_a_crash_between_publishing_and_marking_publishes_twice(stage: Stage) -> None:
    stage.crash("outbox.published:before")
    await stage.say(*numbered("a", 2))
    with pytest.raises(Crashed):
        await stage.relay().turn()
    successor = stage.relay()
    assert (await successor.turn()).done == 0  # the lease is still running
    stage.clock.advance(LEASE_MS / 1000)
    consumer = stage.consumer()
    await until_idle(successor, consumer)
    assert [count for _, count in await published(stage)] == [0, 1, 0, 1]
    assert stage.seen == numbered("a", 2)


async def test_a_relay_that_leaves_gives_its_leases_back(stage: Stage) -> None:
    stage.crash("bus.publish:before")
    await stage.say(("a", 0))
    relay = stage.relay()
    with pytest.raises(Crashed):
        await relay.turn()
    await relay.leave()
    assert (await stage.relay().turn()).done == 1


async def test_one_that_leaves_marks_what_is_on_the_bus(stage: Stage) -> None:
    stage.faults.arm("outbox.published:before", Raise(StoreUnavailable()))
    await stage.say(("a", 0))
    relay = stage.relay()
    await relay.turn()
    await relay.leave()
    stage.clock.advance(LEASE_MS / 1000)
    assert (await stage.relay().turn()).done == 0


async def test_leaving_does_not_need_the_stores(stage: Stage) -> None:
    stage.crash("bus.publish:before")
    await stage.say(("a", 0))
    relay = stage.relay()
    with pytest.raises(Crashed):
        await relay.turn()
    stage.faults.arm("outbox.release:before", Raise(StoreUnavailable()))
    await relay.leave()


async def test_what_a_bus_has_lost_comes_again_and_comes_first(
    stage: Stage, clock: ManualClock
) -> None:
    await stage.say(*numbered("a", 2))
    await stage.relay().turn()
    restarted = await emptied_bus(stage, clock)
    await restarted.say(("a", 2))
    await until_idle(restarted.relay(), restarted.consumer())
    assert restarted.seen == numbered("a", 3)


async def test_it_does_so_without_anything_new(stage: Stage, clock: ManualClock) -> None:
    await stage.say(*numbered("a", 2))
    await stage.relay().turn()
    restarted = await emptied_bus(stage, clock)
    await until_idle(restarted.relay(), restarted.consumer())
    assert restarted.seen == numbered("a", 2)


async def test_a_running_relay_notices_a_loss_within_its_interval(stage: Stage) -> None:
    relay = stage.relay()
    await relay.turn()
    stage.clock.advance(LOOK_MS / 1000 - 0.001)
    await relay.turn()
    assert stage.faults.reached("bus.lost:before") == 1
    stage.clock.advance(0.001)
    await relay.turn()
    assert stage.faults.reached("bus.lost:before") == 2


async def test_a_loss_that_nobody_has_looked_for_lets_nothing_overtake(
    stage: Stage, clock: ManualClock
) -> None:
    bus = MemoryBus(clock)
    forgetting = Stage(attrs.evolve(stage.stores, bus=bus), clock, FaultPoints())
    relay = forgetting.relay()
    await forgetting.say(*numbered("a", 2))
    await until_idle(relay)
    vars(bus).update(vars(MemoryBus(clock)))  # it restarts with nothing
    await forgetting.say(("a", 2))
    await until_idle(relay, forgetting.consumer())
    assert forgetting.seen == numbered("a", 3)


class Forgetful(MemoryBus):
    """A bus that loses everything between being asked and being told."""

    async def lost(self, campuses: Collection[CampusId]) -> frozenset[CampusId]:  # noqa: ARG002
        return frozenset()


async def test_a_loss_between_asking_and_publishing_is_made_good(
    stage: Stage, clock: ManualClock
) -> None:
    await stage.say(("a", 0))
    await stage.relay().turn()
    await stage.say(("b", 0))
    restarted = Stage(attrs.evolve(stage.stores, bus=Forgetful(clock)), clock, FaultPoints())
    restarted.faults.arm("outbox.republish:before", Raise(StoreUnavailable()))
    relay = restarted.relay()
    assert (await relay.turn()).done == 0
    clock.advance(1)
    await until_idle(relay)
    assert await published(restarted) == [("b", 0), ("a", 0)]


async def test_settled_events_are_not_published_again(stage: Stage, clock: ManualClock) -> None:
    await stage.say(("a", 0))
    await until_idle(stage.relay(), stage.consumer())
    restarted = await emptied_bus(stage, clock)
    assert (await restarted.relay().turn()).done == 0


async def test_campuses_are_asked_about_page_by_page(stage: Stage) -> None:
    await stage.found(*(CampusId(UUID(int=0x1000 + one)) for one in range(450)))
    await stage.relay().turn()
    assert stage.faults.reached("bus.lost:before") == 3


async def emptied_bus(stage: Stage, clock: ManualClock) -> Stage:
    """The same stores with a bus that has lost everything."""
    return Stage(attrs.evolve(stage.stores, bus=MemoryBus(clock)), clock, FaultPoints())

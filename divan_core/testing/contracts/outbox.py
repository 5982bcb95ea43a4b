"""What stores keep of events until they are settled, and how they hand them out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Final

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import HealthCheck, given, settings

from divan_core.kernel.delivery import OutboxLag
from divan_core.kernel.events import Event
from divan_core.kernel.units import UnitMisused
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.outboxevents import (
    ALL,
    LEASE_MS,
    begin,
    claim,
    event,
    give_up,
    handle,
    id_of,
    ids,
    publish,
    record,
)
from divan_core.testing.contracts.outboxmodel import STEPS, Model, Step
from divan_core.testing.contracts.samples import campus_id

GROUPS: Final = {"topic": ["one", "other"]}
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class EventsContract(ABC):
    """The fixtures. A subclass gives ``stores``: running, migrated, empty, going by ``clock``.

    And ``other``, the same database as another process has it, where there can be one.
    """

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of the stores."""
        return ManualClock()

    @pytest.fixture
    @abstractmethod
    def stores(self, clock: ManualClock) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    @pytest.fixture
    def other(
        self, stores: RelationalStores, clock: ManualClock
    ) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The same stores as another process has them."""
        del clock
        return stores


class LeasesContract(EventsContract):
    """How events are recorded, leased and published."""

    async def test_events_come_as_they_were_recorded(self, stores: RelationalStores) -> None:
        """Oldest first, in the order of their units, all their fields as they were."""
        full = event(2, data={"é": ["\u2028", None, {"n": 1.5}], "big": 2**53}, campus=7)
        await record(stores, event(3), full)
        await record(stores, event(1))
        assert await claim(stores, "a") == [event(3), full, event(1)]

    async def test_a_failed_unit_records_nothing(self, stores: RelationalStores) -> None:
        """Neither does one for reading, which may not."""

        async def body(unit: StoreUnit) -> None:
            await unit.outbox.add(event(1))
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        with pytest.raises(UnitMisused):
            await stores.units.read(lambda unit: unit.outbox.add(event(1)))
        assert await claim(stores, "a") == []

    async def test_the_bell_rings_for_what_was_committed(self, stores: RelationalStores) -> None:
        """Whoever is woken finds it."""
        heard, found = stores.outbox.bell.rings, list[Event]()

        async def wait() -> None:
            with anyio.fail_after(10):
                while not found:
                    await stores.outbox.bell.wait(heard, 60)
                    found.extend(await claim(stores, "a"))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await checkpoint()
            await record(stores, event(1))
        assert found == [event(1)]

    async def test_bells_of_topics_ring_for_these_alone(self, stores: RelationalStores) -> None:
        """One bell of some topics, however often it is asked for, beside those of others."""
        topic, bell_of = event(1).topic, stores.outbox.bell_of
        bells = [bell_of(one) for one in ([topic], ["another"], ["another", topic], [])]
        heard = [one.rings for one in bells]
        await record(stores, event(1))
        rung = [one.rings - before for one, before in zip(bells, heard, strict=True)]
        assert rung == [1, 0, 1, 0]
        assert bell_of([topic, "another"]) is bells[2]

    async def test_a_lease_excludes_until_it_ends(
        self, stores: RelationalStores, other: RelationalStores, clock: ManualClock
    ) -> None:
        """To the millisecond, for its owner as for others."""
        await record(stores, event(1))
        assert await claim(stores, "a") == [event(1)]
        clock.advance((LEASE_MS - 1) / 1000)
        assert await claim(stores, "a") == await claim(other, "b") == []
        clock.advance(0.001)
        assert await claim(other, "b") == [event(1)]

    async def test_no_more_than_asked_for(self, stores: RelationalStores) -> None:
        """The rest of an aggregate waits until these are published."""
        await record(stores, *(event(number, "x") for number in range(5)))
        first = await claim(stores, "a", 2)
        assert [one.id.int for one in first] == [0, 1]
        assert await claim(stores, "b", 2) == []
        await stores.outbox.published("a", ids(first))
        assert [one.id.int for one in await claim(stores, "b")] == [2, 3, 4]

    async def test_one_aggregate_does_not_wait_for_another(
        self, stores: RelationalStores, other: RelationalStores
    ) -> None:
        """What is recorded later goes to somebody else, but not of the aggregate that is leased."""
        await record(stores, event(1, "x"))
        assert await claim(stores, "a") == [event(1, "x")]
        await record(other, event(2, "x"), event(3, "y"))
        assert await claim(other, "b") == [event(3, "y")]

    async def test_what_is_released_is_free_at_once(self, stores: RelationalStores) -> None:
        """In its old place."""
        await record(stores, event(1, "x"), event(2, "y"))
        assert len(await claim(stores, "a")) == 2
        await stores.outbox.release("a", [id_of(1)])
        await record(stores, event(3, "x"))
        assert await claim(stores, "b") == [event(1, "x"), event(3, "x")]

    async def test_an_aggregate_has_one_owner(self, stores: RelationalStores) -> None:
        """Though its first event was released alone."""
        await record(stores, event(1, "x"), event(2, "x"))
        assert len(await claim(stores, "a")) == 2
        await stores.outbox.release("a", [id_of(1)])
        await record(stores, event(3, "x"))
        assert await claim(stores, "b") == []
        await stores.outbox.release("a", [id_of(2)])
        assert [one.id.int for one in await claim(stores, "b")] == [1, 2, 3]

    async def test_a_lost_lease_is_worth_nothing(
        self, stores: RelationalStores, other: RelationalStores, clock: ManualClock
    ) -> None:
        """Neither to publish nor to release; nor are unknown events."""
        await record(stores, event(1), event(2))
        await claim(stores, "a")
        clock.advance(LEASE_MS / 1000)
        assert len(await claim(other, "b")) == 2
        await stores.outbox.published("a", [id_of(1), id_of(99)])
        await stores.outbox.release("a", [id_of(2), id_of(99)])
        await stores.outbox.published("a", [])
        assert await claim(stores, "a") == []
        assert (await stores.outbox.lag(GROUPS)).waiting == 2
        await other.outbox.release("b", [id_of(1), id_of(2)])
        assert len(await claim(stores, "a")) == 2

    async def test_what_was_published_late_is_published(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """When nobody else has claimed it since, so a slow bus does not get it again and again."""
        await record(stores, event(1))
        await claim(stores, "a")
        clock.advance(LEASE_MS / 1000)
        await stores.outbox.published("a", [id_of(1)])
        assert await claim(stores, "a") == []

    async def test_owners_at_once(self, stores: RelationalStores, other: RelationalStores) -> None:
        """None holds what another holds, and each aggregate leaves in order."""
        race = Race()
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for number in range(4):
                    group.start_soon(race.record, (stores, other)[number % 2], number)
                for number in range(6):
                    group.start_soon(
                        race.publish, (stores, other)[number % 2], f"o{number}", 1 + number
                    )
        assert race.left == {f"{one}.{two}": [*range(10)] for one in range(4) for two in range(3)}
        assert await claim(stores, "a") == []

    @EXAMPLES
    @given(steps=STEPS)
    async def test_leases_equal_a_simple_model(
        self, stores: RelationalStores, clock: ManualClock, steps: Sequence[Step]
    ) -> None:
        """Whatever owners do to whatever aggregates, and whenever."""
        clock.advance(10 * LEASE_MS / 1000)
        while events := await claim(stores, "before", ALL):
            await stores.outbox.published("before", ids(events))
        model = Model(stores, clock, LEASE_MS)
        for step in steps:
            await model.take(step)


class SettlingContract(EventsContract):
    """What groups have handled, and what is kept until they have."""

    async def test_a_group_begins_an_event_once(self, stores: RelationalStores) -> None:
        """Each group, each event."""
        assert await begin(stores, "one", event(1))
        assert not await begin(stores, "one", event(1))
        assert await begin(stores, "other", event(1))
        assert await begin(stores, "one", event(2))

    async def test_a_group_begins_each_of_many_once(self, stores: RelationalStores) -> None:
        """Those that are new to it, in order."""
        asked = [event(3), event(1), event(2), event(4)]
        assert await begin(stores, "one", event(1))
        await give_up(stores, "one", event(4))
        for some, new in ((asked, [event(3), event(2)]), (asked, []), ([], [])):
            done = await stores.units.write(
                lambda unit, some=some: unit.handled.begin_all("one", some)  # type: ignore[misc]
            )
            assert list(done) == new
        assert await begin(stores, "other", event(2))

    async def test_a_failed_handling_was_none(self, stores: RelationalStores) -> None:
        """It is undone with its unit."""

        async def body(unit: StoreUnit) -> None:
            assert await unit.handled.begin("one", event(1))
            assert not await unit.handled.begin("one", event(1))
            assert await unit.handled.begin_all("one", [event(1), event(2)]) == [event(2)]
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        with pytest.raises(UnitMisused):
            await stores.units.read(lambda unit: unit.handled.begin("one", event(1)))
        assert await begin(stores, "one", event(1))
        assert await begin(stores, "one", event(2))

    async def test_one_of_many_wins(
        self, stores: RelationalStores, other: RelationalStores
    ) -> None:
        """Who begin the same event at the same time."""
        won = list[bool]()

        async def attempt(one: RelationalStores) -> None:
            won.append(await begin(one, "one", event(1)))

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(attempt, (stores, other)[number % 2])
        assert sorted(won) == [False] * 9 + [True]

    async def test_what_was_given_up_is_handled(self, stores: RelationalStores) -> None:
        """Until it is retried; what was handled cannot be given up."""
        await publish(stores, event(1), event(2))
        await give_up(stores, "one", event(1))
        await give_up(stores, "one", event(1))
        assert not await begin(stores, "one", event(1))
        assert await begin(stores, "one", event(2))
        await give_up(stores, "one", event(2))
        assert (await stores.outbox.lag(GROUPS)).given_up == 1

    async def test_a_retry_publishes_again(self, stores: RelationalStores) -> None:
        """What was given up, of the topic, and nothing else."""
        await publish(stores, event(1), event(2, topic="second"), event(3))
        await handle(stores, "other", event(1))
        for number, topic in ((1, "topic"), (2, "second")):
            await give_up(stores, "one", event(number, topic=topic))
            await give_up(stores, "third", event(number, topic=topic))
        assert await stores.outbox.retry("unknown") == 0
        assert await stores.outbox.retry("topic") == 1
        assert await claim(stores, "a") == [event(1)]
        assert await begin(stores, "one", event(1))
        assert not await begin(stores, "other", event(1))
        assert not await begin(stores, "one", event(2))
        assert await stores.outbox.retry() == 1
        assert await stores.outbox.retry() == 0
        assert await claim(stores, "a") == [event(2, topic="second")]

    async def test_a_retry_ends_a_lease(self, stores: RelationalStores) -> None:
        """Whoever is just publishing the event may have done so before it was forgotten."""
        await record(stores, event(1))
        await give_up(stores, "one", event(1))
        await claim(stores, "a")
        assert await stores.outbox.retry() == 1
        await stores.outbox.published("a", [id_of(1)])
        assert await claim(stores, "b") == [event(1)]

    async def test_what_is_unsettled_is_published_again(self, stores: RelationalStores) -> None:
        """In its old order, before what waits; and what is given up is not settled."""
        await publish(stores, *(event(number, campus=number % 2) for number in range(1, 6)))
        await publish(stores, event(6, topic="unheard"))
        for group in GROUPS["topic"]:
            await handle(stores, group, event(1), event(2))
        await handle(stores, "one", event(3), event(4))
        await give_up(stores, "other", event(4))
        await record(stores, event(7))
        assert await stores.outbox.republish({}) == 0
        assert await stores.outbox.republish(GROUPS, []) == 0
        assert await stores.outbox.republish(GROUPS, [campus_id(1), campus_id(9)]) == 2
        assert [one.id.int for one in await claim(stores, "a")] == [3, 5, 7]
        assert await stores.outbox.republish(GROUPS) == 1
        assert [one.id.int for one in await claim(stores, "b")] == [4]
        assert await stores.outbox.republish(GROUPS) == 0

    async def test_settled_events_are_deleted(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """Once they are old enough; never those that wait, or that a group has not handled."""
        await publish(stores, *(event(number) for number in range(1, 6)))
        await publish(stores, event(6, topic="unheard"))
        await record(stores, event(7, topic="unheard"))
        for group in GROUPS["topic"]:
            await handle(stores, group, *(event(number) for number in range(1, 4)))
        await handle(stores, "one", event(4))
        await handle(stores, "one", event(5))
        await give_up(stores, "other", event(5))
        clock.advance(9.999)
        assert await stores.outbox.settle(GROUPS, 10_000, ALL) == 0
        clock.advance(0.001)
        assert await stores.outbox.settle(GROUPS, 10_000, 3) == 3
        assert await stores.outbox.settle(GROUPS, 10_000, ALL) == 1
        assert await stores.outbox.settle(GROUPS, 10_000, ALL) == 0
        assert await stores.outbox.lag(GROUPS) == OutboxLag(1, 10_000, 2, 1)
        assert await stores.outbox.settle({}, 10_000, ALL) == 2
        assert await claim(stores, "a") == [event(7, topic="unheard")]

    async def test_handlings_are_forgotten_after_their_events(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """Once they are old enough; never those that were given up."""
        await publish(stores, event(1), event(2))
        await handle(stores, "one", event(1), event(2), event(3), event(4))
        await give_up(stores, "other", event(4))
        clock.advance(10)
        await handle(stores, "one", event(5))
        assert await stores.outbox.forget_handled(10_001, ALL) == 0
        assert await stores.outbox.forget_handled(10_000, 1) == 1
        assert await stores.outbox.forget_handled(10_000, ALL) == 1
        assert await begin(stores, "one", event(3))
        assert not await begin(stores, "one", event(1))
        assert not await begin(stores, "other", event(4))
        assert not await begin(stores, "one", event(5))

    async def test_lag(self, stores: RelationalStores, clock: ManualClock) -> None:
        """What is leased waits, too."""
        assert await stores.outbox.lag(GROUPS) == OutboxLag(0, None, 0, 0)
        await publish(stores, event(1))
        clock.advance(1)
        await record(stores, event(2))
        clock.advance(1.5)
        await record(stores, event(3))
        await claim(stores, "a", 1)
        assert await stores.outbox.lag(GROUPS) == OutboxLag(2, 1500, 1, 0)
        await handle(stores, "one", event(1))
        assert (await stores.outbox.lag(GROUPS)).unsettled == 1
        await handle(stores, "other", event(1))
        assert await stores.outbox.lag(GROUPS) == OutboxLag(2, 1500, 0, 0)

    async def test_lag_among_the_latest(self, stores: RelationalStores, clock: ManualClock) -> None:
        """An older one is not looked at, settled or not."""
        for number in (1, 2, 3):
            await publish(stores, event(number))
            clock.advance(1)
        await record(stores, event(4))
        for group in ("one", "other"):
            await handle(stores, group, event(3))
        found = [(await stores.outbox.lag(GROUPS, latest)).unsettled for latest in (0, 1, 2, 3, 4)]
        assert found == [0, 0, 1, 2, 2]


class Race:
    """Writers that record thirty events of three aggregates each, and those who publish them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.left = defaultdict[str, list[int]](list)
        self._held = set[str]()

    async def record(self, stores: RelationalStores, writer: int) -> None:
        """Record them, one by one."""
        for turn in range(30):
            one = event(writer << 16 | turn, f"{writer}.{turn % 3}", data={"turn": turn // 3})
            await record(stores, one)

    async def publish(self, stores: RelationalStores, owner: str, most: int) -> None:
        """Publish until all have left; nobody has claimed of the same aggregate meanwhile."""
        while sum(map(len, self.left.values())) < 120:
            events = await claim(stores, owner, most)
            mine = {one.aggregate for one in events}
            assert not mine & self._held
            self._held |= mine
            for one in events:
                await checkpoint()
                self.left[one.aggregate].append(one.data["turn"])
            self._held -= mine
            await stores.outbox.published(owner, ids(events))

"""The contract of :class:`~divan_core.kernel.delivery.EventBus`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

import anyio
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import CONSUMER_LEASE_MS, Backlog, Delivery, EventBus, Group
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import START_MS, ManualClock
from divan_core.testing.contracts.live import LiveContract

LEASE_S = CONSUMER_LEASE_MS / 1000

UNREAD = 10_000
"""Of a stream that no group has ever read, more events than this may be dropped."""


def fact(campus_id: CampusId, topic: str, number: int = 0) -> Event:
    """An event, whose number is in its data."""
    return Event(
        id=EventId(uuid4()),
        topic=topic,
        name="invite.sent",
        campus_id=campus_id,
        aggregate=f"invite:{number % 3}",
        at=Millis(START_MS + number),
        data={"number": number, "to": ["ann", None], "zero": 0.5, "mark": "é\n"},
        trace=f"00-{number:032x}-00f067aa0ba902b7-01",
    )


def facts(campus_id: CampusId, topic: str, count: int) -> list[Event]:
    """Events numbered from 0."""
    return [fact(campus_id, topic, number) for number in range(count)]


def events_of(deliveries: Sequence[Delivery]) -> list[Event]:
    """What was delivered."""
    return [delivery.event for delivery in deliveries]


class BusContract(LiveContract):
    """At least once, in order, one consumer of a group at a time, nothing forgotten."""

    @pytest.fixture
    def topic(self) -> str:
        """A topic that nobody has used."""
        return f"topic-{uuid4().hex}"

    @pytest.fixture
    def group(self, topic: str) -> Group:
        """A group that has never taken."""
        return Group("readers", topic)

    async def test_events_arrive_as_they_were_in_the_order_of_their_stream(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Of each campus, however they were mixed and whoever takes them; once."""
        second = CampusId(uuid4())
        here, there = facts(campus_id, group.topic, 7), facts(second, group.topic, 7)
        mixed = [event for pair in zip(here, there, strict=True) for event in pair]
        await live.bus.publish(mixed[:5])
        await live.bus.publish(mixed[5:])
        taken = await other.bus.take(group, "ann", 20)
        arrived = events_of(taken)
        assert [event for event in arrived if event.campus_id == campus_id] == here
        assert [event for event in arrived if event.campus_id == second] == there
        assert {delivery.count for delivery in taken} == {1}
        assert await other.bus.take(group, "ann", 20) == []

    async def test_nothing_to_do(self, live: LiveStores, group: Group) -> None:
        """Is no error."""
        assert await live.bus.publish([]) == frozenset()
        assert await live.bus.take(group, "ann", 5) == []
        await live.bus.acknowledge(group, [])
        await live.bus.leave(group, "ann")
        assert await live.bus.trim(group.topic) == 0
        assert await live.bus.exhume(group.topic) == 0
        assert await live.bus.lost([]) == frozenset()
        assert await live.bus.backlog(group) == Backlog(0, 0, 0)

    async def test_topics_are_apart(
        self, live: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """A group hears of its own topic only."""
        another = Group(group.name, f"{group.topic}-2")
        mine, others = fact(campus_id, group.topic), fact(campus_id, another.topic)
        await live.bus.publish([others, mine])
        assert events_of(await live.bus.take(group, "ann", 5)) == [mine]
        assert events_of(await live.bus.take(another, "ann", 5)) == [others]

    async def test_the_beginning_of_a_stream_is_told_once(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, topic: str
    ) -> None:
        """For each topic, so that what was there before can be published again."""
        second = CampusId(uuid4())
        both = [fact(campus_id, topic), fact(second, topic)]
        assert await live.bus.publish([fact(campus_id, topic)]) == {campus_id}
        assert await live.bus.publish(both) == {second}
        assert await other.bus.publish(both) == frozenset()
        assert await other.bus.publish([fact(campus_id, f"{topic}-2")]) == {campus_id}

    async def test_campuses_that_nothing_was_published_to(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Are lost, as far as the bus knows, whoever has looked for events there."""
        second = CampusId(uuid4())
        await other.bus.take(group, "ann", 5)
        assert await live.bus.lost([campus_id, second]) == {campus_id, second}
        await live.bus.publish([fact(campus_id, group.topic)])
        assert await other.bus.take(group, "ann", 5)
        for stores in (live, other):
            assert await stores.bus.lost({second, campus_id}) == {second}

    async def test_groups_are_independent(
        self, live: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Each gets every event, and acknowledges for itself; a new one begins with the oldest."""
        sent = facts(campus_id, group.topic, 3)
        await live.bus.publish(sent)
        taken = await live.bus.take(group, "ann", 5)
        await live.bus.acknowledge(group, taken)
        late = Group("late", group.topic)
        assert await live.bus.backlog(late) == Backlog(3, 0, 0)
        assert events_of(await live.bus.take(late, "ann", 5)) == sent
        assert await live.bus.backlog(late) == Backlog(0, 3, 0)
        assert await live.bus.backlog(group) == Backlog(0, 0, 0)

    async def test_what_is_not_acknowledged_is_taken_over_when_the_lease_has_run_out(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, group: Group
    ) -> None:
        """First of all, in order, counted; not a moment earlier, and not what was acknowledged."""
        campus_id = CampusId(uuid4())
        sent = facts(campus_id, group.topic, 6)
        await live.bus.publish(sent)
        taken = await live.bus.take(group, "ann", 4)
        await live.bus.acknowledge(group, taken[1:2])
        clock.advance(LEASE_S - 0.001)
        assert await other.bus.take(group, "ben", 9) == []
        clock.advance(0.001)
        over = await other.bus.take(group, "ben", 9)
        assert [(one.event, one.count) for one in over] == [
            (sent[0], 2),
            (sent[2], 2),
            (sent[3], 2),
            (sent[4], 1),
            (sent[5], 1),
        ]
        assert await live.bus.take(group, "ann", 9) == []
        clock.advance(LEASE_S)
        again = await live.bus.take(group, "cyd", 1)
        assert [(one.event, one.count) for one in again] == [(sent[0], 3)]

    async def test_taking_renews_the_lease(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, group: Group
    ) -> None:
        """Also taking nothing, which begins none; and what one holds is not given to it again."""
        await live.bus.publish(facts(CampusId(uuid4()), group.topic, 2))
        assert await other.bus.take(group, "cyd", 0) == []
        assert len(await live.bus.take(group, "ann", 1)) == 1
        for most in (0, 0, 1, 1, 0):
            clock.advance(LEASE_S - 1)
            assert len(await live.bus.take(group, "ann", most)) in {0, most}
            assert await other.bus.take(group, "ben", 5) == []
        clock.advance(LEASE_S + 1)
        assert await live.bus.take(group, "ann", 5) == []
        assert await other.bus.take(group, "ben", 0) == []
        assert await other.bus.take(group, "ben", 5) == []
        clock.advance(LEASE_S)
        assert len(await other.bus.take(group, "ben", 5)) == 2

    async def test_who_leaves_is_followed_at_once(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, group: Group
    ) -> None:
        """Who has no lease cannot end another's; who comes back is given everything again."""
        sent = facts(CampusId(uuid4()), group.topic, 2)
        await live.bus.publish(sent)
        await live.bus.take(group, "ann", 1)
        await other.bus.leave(group, "ben")
        assert await other.bus.take(group, "ben", 5) == []
        await live.bus.leave(group, "ann")
        taken = await other.bus.take(group, "ben", 5)
        assert [(one.event, one.count) for one in taken] == [(sent[0], 2), (sent[1], 1)]
        await other.bus.leave(group, "ben")
        taken = await other.bus.take(group, "ben", 5)
        assert [(one.event, one.count) for one in taken] == [(sent[0], 3), (sent[1], 2)]
        clock.advance(LEASE_S)
        assert len(await live.bus.take(group, "ann", 5)) == 2
        await other.bus.leave(group, "ben")
        assert await other.bus.take(group, "cyd", 5) == []

    async def test_who_is_not_needed_knows_it(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Until it has taken in somebody's place."""
        await other.bus.take(group, "ben", 5)
        assert not other.bus.is_spare(group, "ben")
        await live.bus.publish(facts(campus_id, group.topic, 2))
        await live.bus.take(group, "ann", 1)
        for _ in range(2):
            assert await other.bus.take(group, "ben", 5) == []
            assert other.bus.is_spare(group, "ben")
            assert not live.bus.is_spare(group, "ann")
        await live.bus.leave(group, "ann")
        assert len(await other.bus.take(group, "ben", 5)) == 2
        assert not other.bus.is_spare(group, "ben")
        assert await live.bus.take(group, "ann", 5) == []
        assert live.bus.is_spare(group, "ann")

    async def test_who_lost_the_lease_may_acknowledge_late(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, group: Group
    ) -> None:
        """What it has handled is not given to a third; and it gets back what nobody has."""
        campus_id = CampusId(uuid4())
        sent = facts(campus_id, group.topic, 3)
        await live.bus.publish(sent)
        slow = await live.bus.take(group, "ann", 3)
        clock.advance(LEASE_S)
        assert len(await other.bus.take(group, "ben", 2)) == 2
        await live.bus.acknowledge(group, slow[:1])
        await live.bus.acknowledge(group, slow[:1])
        clock.advance(LEASE_S)
        back = await live.bus.take(group, "ann", 5)
        assert [(one.event, one.count) for one in back] == [(sent[1], 3), (sent[2], 2)]
        await live.bus.acknowledge(group, back)
        assert await live.bus.backlog(group) == Backlog(0, 0, 0)

    async def test_never_more_than_asked_for_and_no_campus_forgotten(
        self, live: LiveStores, other: LiveStores, group: Group
    ) -> None:
        """With more campuses than events asked for, and with one that has most of the events."""
        campuses = [CampusId(uuid4()) for _ in range(7)]
        sent = [fact(one, group.topic, number) for number in range(4) for one in campuses]
        sent += facts(campuses[0], group.topic, 700)
        await live.bus.publish(sent)
        found: list[Event] = []
        for most in [1] * 40 + [2, 3, 5, 9, 40] * 9:
            taken = await other.bus.take(group, "ann", most)
            assert len(taken) == min(most, len(sent) - len(found))
            found += events_of(taken)
        for one in campuses:
            mine = [event for event in sent if event.campus_id == one]
            got = [event for event in found if event.campus_id == one]
            assert got == mine[: len(got)]
        assert {event.campus_id for event in found[:40]} == set(campuses)
        early = Counter(event.campus_id for event in found[:200])
        assert [early[one] for one in campuses[1:]] == [4] * 6

    async def test_very_many_at_once(
        self, live: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Come in order too."""
        sent = facts(campus_id, group.topic, 2300)
        await live.bus.publish(sent)
        taken = await live.bus.take(group, "ann", 3000)
        assert events_of(taken) == sent
        await live.bus.acknowledge(group, taken)
        assert await live.bus.trim(group.topic) == 2300

    async def test_dead_letters(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Are acknowledged, counted once, and taken by nobody; until they are exhumed."""
        sent = facts(campus_id, group.topic, 3)
        await live.bus.publish(sent)
        taken = await live.bus.take(group, "ann", 5)
        await live.bus.bury(group, taken[1], "it cannot be handled")
        await live.bus.bury(group, taken[1], "it cannot be handled")
        await live.bus.acknowledge(group, taken[1:2])
        assert await other.bus.backlog(group) == Backlog(0, 2, 1)
        await live.bus.leave(group, "ann")
        assert events_of(await other.bus.take(group, "ben", 5)) == [sent[0], sent[2]]
        assert await other.bus.exhume(group.topic) == 1
        assert await live.bus.exhume(group.topic) == 0
        assert await live.bus.backlog(group) == Backlog(0, 2, 0)

    async def test_trimming_keeps_what_any_group_has_still_to_acknowledge(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Also what it has not taken yet, and what lies behind that."""
        slow = Group("slow", group.topic)
        await live.bus.publish(facts(campus_id, group.topic, 6))
        taken = await live.bus.take(group, "ann", 6)
        late = await other.bus.take(slow, "ben", 4)
        await live.bus.acknowledge(group, [taken[0], taken[1], taken[3], taken[4], taken[5]])
        await other.bus.acknowledge(slow, late)
        assert await other.bus.trim(group.topic) == 2
        await live.bus.acknowledge(group, taken)
        assert await live.bus.trim(group.topic) == 2
        rest = await other.bus.take(slow, "ben", 5)
        assert events_of(rest) == events_of(taken[4:])
        await other.bus.acknowledge(slow, rest)
        assert await live.bus.trim(group.topic) == 2
        assert await live.bus.trim(group.topic) == 0
        last = fact(campus_id, group.topic, 9)
        assert await live.bus.publish([last]) == frozenset()
        assert events_of(await live.bus.take(group, "ann", 5)) == [last]

    async def test_a_group_that_has_not_come_to_a_stream_is_waited_for(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """It is known from other campuses, so a new campus is not trimmed before it."""
        slow = Group("slow", group.topic)
        await live.bus.publish([fact(CampusId(uuid4()), group.topic)])
        for one in (group, slow):
            await live.bus.acknowledge(one, await live.bus.take(one, "ann", 5))
        new = fact(campus_id, group.topic)
        await live.bus.publish([new])
        await live.bus.acknowledge(group, await live.bus.take(group, "ann", 5))
        assert await other.bus.trim(group.topic) == 1
        assert events_of(await other.bus.take(slow, "ann", 5)) == [new]

    async def test_what_nobody_reads_does_not_pile_up(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Who begins to read after all learns that something is gone, and gets what is left."""
        sent = facts(campus_id, group.topic, UNREAD + 1500)
        for first in range(0, len(sent), 500):
            await live.bus.publish(sent[first : first + 500])
            await live.bus.trim(group.topic)
        assert await live.bus.lost([campus_id]) == frozenset()
        kept = (await live.bus.backlog(group)).undelivered
        assert UNREAD <= kept < len(sent)
        assert events_of(await other.bus.take(group, "ann", 3)) == sent[-kept:][:3]
        for stores in (live, other):
            assert await stores.bus.lost([campus_id]) == {campus_id}
        assert await other.bus.publish(sent[:1]) == {campus_id}
        for stores in (live, other):
            assert await stores.bus.lost([campus_id]) == frozenset()

    async def test_publishing_and_leaving_ring_the_bell(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """At once in the process itself, and soon in every other one; of no other topic."""
        bells = live.bus.bell(group.topic), other.bus.bell(group.topic)
        apart, others = other.bus.bell(f"{group.topic}.not"), 0
        for number in range(4):  # a bell may ring by itself when it begins to listen
            heard = [bell.rings for bell in bells]
            if number == 1:
                others = apart.rings
            if number % 2:
                await live.bus.leave(group, "ann")
            else:
                await live.bus.publish([fact(campus_id, group.topic)])
                await live.bus.take(group, "ann", 1)
            assert bells[0].rings > heard[0]
            await bells[1].wait(heard[1], 5)
            assert bells[1].rings > heard[1]
        assert apart.rings == others

    async def test_consumers_that_race_share_nothing(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """Of many that take at the same time, one gets everything."""
        sent = facts(campus_id, group.topic, 50)
        await live.bus.publish(sent)
        taken: dict[str, list[Event]] = {}

        async def race(bus: EventBus, consumer: str) -> None:
            taken[consumer] = events_of(await bus.take(group, consumer, 100))

        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(race, (live.bus, other.bus)[number % 2], f"consumer {number}")
        assert sorted(map(len, taken.values())) == [0] * 9 + [50]

"""Histories of the bus against a simple model: whatever consumers come and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.kernel.delivery import CONSUMER_LEASE_MS, Delivery, EventBus, Group
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.bus import LEASE_S, facts
from divan_core.testing.contracts.live import LiveContract

CONSUMERS = st.integers(0, 2)
GROUPS = st.integers(0, 1)
HOW = st.sampled_from(["acknowledge", "bury"])
STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, 1), st.integers(1, 4)),
    st.tuples(st.just("take"), GROUPS, CONSUMERS, st.sampled_from([0, 1, 2, 5])),
    st.tuples(st.just("take"), GROUPS, CONSUMERS, st.sampled_from([1, 5])),
    st.tuples(st.just("settle"), GROUPS, CONSUMERS, st.integers(1, 3), HOW),
    st.tuples(st.sampled_from(["leave", "die"]), GROUPS, CONSUMERS),
    st.tuples(st.just("wait"), st.sampled_from([0.001, 5.0, LEASE_S, LEASE_S + 1])),
    st.tuples(st.just("trim")),
    st.tuples(st.just("exhume")),
)


@attrs.define
class _Lease:
    """Who reads a stream for a group, until when, and what they were given."""

    holder: str | None = None
    until: float = 0.0
    given: set[EventId] = attrs.field(factory=set)


@attrs.define
class _GroupModel:
    """A group: leases by campus, how often each event was taken, which are acknowledged."""

    leases: dict[CampusId, _Lease] = attrs.field(factory=dict)
    counts: Counter[EventId] = attrs.field(factory=Counter)
    settled: set[EventId] = attrs.field(factory=set)


class _History:
    """Plays steps on a bus and on a model, and compares after each."""

    def __init__(self, buses: Sequence[EventBus], clock: ManualClock, campuses: int) -> None:
        self.buses = buses
        self.clock = clock
        self.topic = f"topic-{uuid4().hex}"
        self.campuses = [CampusId(uuid4()) for _ in range(campuses)]
        self.groups = [Group("one", self.topic), Group("two", self.topic)]
        self.published: dict[CampusId, list[Event]] = {}
        self.models = [_GroupModel(), _GroupModel()]
        self.names = {
            (group, number): f"consumer {number}" for group in (0, 1) for number in range(3)
        }
        self.hands: dict[tuple[int, int], list[Delivery]] = {key: [] for key in self.names}
        self.dead = 0

    async def begin(self) -> None:
        """Make both groups known."""
        for group in self.groups:
            await self.buses[0].take(group, "nobody", 1)

    async def play(self, step: tuple[Any, ...]) -> None:
        """Do a step."""
        await getattr(self, step[0])(*step[1:])
        for group, model in zip(self.groups, self.models, strict=True):
            every = [event.id for events in self.published.values() for event in events]
            backlog = await self.buses[0].backlog(group)
            assert backlog.undelivered == len(every) - len(model.counts)
            assert backlog.pending == len(model.counts.keys() - model.settled)
            assert backlog.dead == self.dead

    async def publish(self, campus: int, count: int) -> None:
        """Publish to a campus."""
        campus_id = self.campuses[campus % len(self.campuses)]
        sent = facts(campus_id, self.topic, count)
        begun = await self.buses[count % 2].publish(sent)
        assert begun == frozenset({campus_id} - self.published.keys())
        self.published.setdefault(campus_id, []).extend(sent)

    async def take(self, group: int, consumer: int, most: int) -> None:
        """Take; everything when there are two campuses, whose shares are the bus's to choose."""
        if len(self.campuses) > 1 and most:
            most = 1000
        name, model = self.names[group, consumer], self.models[group]
        bus = self.buses[consumer % 2]
        taken = await bus.take(self.groups[group], name, most)
        expected: list[tuple[Event, int]] = []
        for campus_id, events in self.published.items():
            lease = model.leases.setdefault(campus_id, _Lease())
            if lease.holder != name and (lease.until > self.clock.now() or not most):
                continue
            if lease.holder != name:
                lease.holder, lease.given = name, set()
            lease.until = self.clock.now() + CONSUMER_LEASE_MS
            rest = [one for one in events if one.id not in model.settled | lease.given]
            for event in rest[:most]:
                model.counts[event.id] += 1
                lease.given.add(event.id)
                expected.append((event, model.counts[event.id]))
        got = [(one.event, one.count) for one in taken]
        for campus_id in self.published:
            assert [one for one in got if one[0].campus_id == campus_id] == [
                one for one in expected if one[0].campus_id == campus_id
            ]
        assert len(got) == len(expected)
        self.hands[group, consumer] += taken

    async def settle(self, group: int, consumer: int, count: int, how: str) -> None:
        """Acknowledge or bury some of what a consumer holds, late or not."""
        hand, model = self.hands[group, consumer], self.models[group]
        done, self.hands[group, consumer] = hand[:count], hand[count:]
        bus = self.buses[consumer % 2]
        if how == "bury":
            for delivery in done:
                await bus.bury(self.groups[group], delivery, "no reason")
                self.dead += delivery.event.id not in model.settled
                model.settled.add(delivery.event.id)
        else:
            await bus.acknowledge(self.groups[group], done)
            model.settled |= {delivery.event.id for delivery in done}

    async def leave(self, group: int, consumer: int) -> None:
        """Give the leases back and forget what one holds."""
        name = self.names[group, consumer]
        await self.buses[consumer % 2].leave(self.groups[group], name)
        for lease in self.models[group].leases.values():
            if lease.holder == name:
                lease.holder, lease.until = None, 0
        self.hands[group, consumer] = []

    async def die(self, group: int, consumer: int) -> None:
        """Be followed by another process that knows nothing."""
        self.names[group, consumer] = f"consumer {uuid4()}"
        self.hands[group, consumer] = []

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    async def trim(self) -> None:
        """Drop what is of no use."""
        await self.buses[0].trim(self.topic)

    async def exhume(self) -> None:
        """Empty the dead letters."""
        assert await self.buses[1].exhume(self.topic) == self.dead
        self.dead = 0

    async def end(self) -> None:
        """Everything that is not acknowledged is still delivered."""
        self.clock.advance(LEASE_S)
        for group in (0, 1):
            await self.play(("die", group, 0))
            await self.play(("take", group, 0, 1000))
            await self.play(("settle", group, 0, 1000, "acknowledge"))
            assert all(
                event.id in self.models[group].settled
                for events in self.published.values()
                for event in events
            )
        await self.play(("trim",))


class BusHistoriesContract(LiveContract):
    """Whatever consumers come and go."""

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(steps=st.lists(STEPS, min_size=5, max_size=40), campuses=st.integers(1, 2))
    async def test_every_event_is_acknowledged_once_or_waits_in_its_place(
        self,
        live: LiveStores,
        other: LiveStores,
        clock: ManualClock,
        steps: list[tuple[Any, ...]],
        campuses: int,
    ) -> None:
        """Any history of publications, takes, deaths and delays ends as a simple model says."""
        history = _History((live.bus, other.bus), clock, campuses)
        await history.begin()
        for step in steps:
            await history.play(step)
        await history.end()

"""Events in memory: recorded by units, taken by the relay, and what has been handled of them."""

from __future__ import annotations

import itertools
import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

import attrs
from anyio.lowlevel import checkpoint

from divan_core.kernel.bell import Bell, SharedBells
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.delivery import GroupsOfTopics, OutboxLag
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.kernel.tally import EventTally
from divan_core.kernel.units import UnitMisused
from divan_core.stores.memory.changes import Changes

KeyT = TypeVar("KeyT")


@attrs.define(eq=False)
class RecordedEvent:
    """An event, and where it is on its way to the bus. ``owner`` is None unless it is leased."""

    position: int
    event: Event
    recorded_at: Millis
    owner: str | None = None
    leased_until: Millis | None = None
    published: bool = False

    def leased_at(self, now: Millis) -> bool:
        """Whether a lease of it is running."""
        return self.leased_until is not None and now < self.leased_until


@attrs.frozen
class Handling:
    """That a group is done with an event; ``gave_up`` is why it could not handle it."""

    at: Millis
    gave_up: str | None = None


@attrs.define
class OutboxRecords:
    """All events; those that wait to be published, by position; those that have an owner."""

    events: dict[EventId, RecordedEvent] = attrs.field(factory=dict)
    waiting: OrderedDict[int, RecordedEvent] = attrs.field(factory=OrderedDict)
    owned: dict[EventId, RecordedEvent] = attrs.field(factory=dict)
    handled: dict[tuple[EventId, str], Handling] = attrs.field(factory=dict)
    positions: Iterator[int] = attrs.field(factory=itertools.count)

    def disown(self, one: RecordedEvent) -> None:
        """End the lease of an event, if it has one."""
        one.owner = one.leased_until = None
        self.owned.pop(one.event.id, None)

    def wait_again(self, events: Collection[RecordedEvent]) -> None:
        """Let events be published again, in their old order."""
        for one in events:
            one.published = False
            self.waiting[one.position] = one
        if events:
            self.waiting = OrderedDict(sorted(self.waiting.items()))

    def is_unsettled(self, event: Event, groups: GroupsOfTopics) -> bool:
        """Whether some group of the event's topic has not handled it, or gave it up."""
        handlings = (self.handled.get((event.id, group)) for group in groups.get(event.topic, ()))
        return any(one is None or one.gave_up is not None for one in handlings)

    def given_up(self) -> Iterator[tuple[EventId, str]]:
        """The events that were given up, each with its group."""
        return (key for key, one in self.handled.items() if one.gave_up is not None)


class MemoryOutbox:
    """The events of one unit."""

    def __init__(self, records: OutboxRecords, clock: Clock, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self._records = records
        self._clock = clock
        self._changes = changes
        self._events: list[Event] = []

    @property
    def events(self) -> Sequence[Event]:
        """What the unit has recorded."""
        return self._events

    async def add(self, *events: Event) -> None:
        """Record these, after those the unit has recorded before."""
        self._changes.begin()
        for event in events:
            if event.id in self._records.events:
                raise self._changes.failed(UnitMisused("An event is recorded once."))
            self._add(attrs.evolve(event, data=json.loads(json.dumps(dict(event.data)))))

    def _add(self, event: Event) -> None:
        one = RecordedEvent(next(self._records.positions), event, self._clock.now())
        self._changes.set(self._records.events, event.id, one)
        self._changes.set(self._records.waiting, one.position, one)
        self._events.append(event)


class MemoryHandledEvents:
    """What is handled, in one unit."""

    def __init__(self, records: OutboxRecords, clock: Clock, changes: Changes) -> None:
        """Work on ``records``, and remember in ``changes`` how to take it back."""
        self._records = records
        self._clock = clock
        self._changes = changes

    async def begin(self, group: str, event: Event) -> bool:
        """Record that the group handles the event; False if it has done so, or given up, before."""
        return self._record(group, event, None)

    async def begin_all(self, group: str, events: Sequence[Event]) -> Sequence[Event]:
        """The same of many; those that it has not handled."""
        return [one for one in events if self._record(group, one, None)]

    async def give_up(self, group: str, event: Event, reason: str) -> None:
        """Record that the group could not handle the event, unless it has."""
        self._record(group, event, reason)

    def _record(self, group: str, event: Event, gave_up: str | None) -> bool:
        self._changes.begin()
        if (event.id, group) in self._records.handled:
            return False
        handling = Handling(self._clock.now(), gave_up)
        self._changes.set(self._records.handled, (event.id, group), handling)
        return True


class MemoryOutboxQueue:
    """An :class:`~divan_core.kernel.delivery.OutboxQueue` for one process.

    What it does, it does in one turn of the event loop, so no unit comes between.
    """

    def __init__(self, records: OutboxRecords, clock: Clock) -> None:
        """Work on ``records``; leases go by ``clock``."""
        self._records = records
        self._clock = clock
        self._bell = Bell()
        self._bells = SharedBells()
        self._tally = EventTally()

    @property
    def bell(self) -> Bell:
        """See the port."""
        return self._bell

    def bell_of(self, topics: Collection[str]) -> Bell:
        """See the port."""
        return self._bells.of(topics)

    @property
    def tally(self) -> EventTally:
        """See the port."""
        return self._tally

    def recorded(self, events: Sequence[Event]) -> None:
        """Say that a unit has recorded events; to be called after its commit."""
        self._tally.add(events)
        self._bell.ring()
        self._bells.ring({event.topic for event in events})

    async def claim(self, owner: str, most: int, lease_ms: int) -> Sequence[Event]:
        """See the port."""
        await checkpoint()
        claimed = list(itertools.islice(self._claimable(), most))
        for one in claimed:
            one.owner = owner
            one.leased_until = Millis(self._clock.now() + lease_ms)
            self._records.owned[one.event.id] = one
        return [one.event for one in claimed]

    async def published(self, owner: str, events: Collection[EventId]) -> None:
        """See the port. A lease that ran out is lost once somebody else has claimed the event."""
        await checkpoint()
        for one in self._owned(owner, events):
            self._records.disown(one)
            one.published = True
            del self._records.waiting[one.position]

    async def release(self, owner: str, events: Collection[EventId]) -> None:
        """See the port."""
        await checkpoint()
        for one in self._owned(owner, events):
            self._records.disown(one)

    async def republish(
        self, groups: GroupsOfTopics, campuses: Collection[CampusId] | None = None
    ) -> int:
        """See the port."""
        await checkpoint()
        again = [
            one
            for one in self._unsettled(groups)
            if campuses is None or one.event.campus_id in campuses
        ]
        self._records.wait_again(again)
        return len(again)

    async def retry(self, topic: str | None = None) -> int:
        """See the port."""
        await checkpoint()
        events = self._records.events
        forgiven = [
            key
            for key in self._records.given_up()
            if key[0] in events and topic in {None, events[key[0]].event.topic}
        ]
        again = {event_id: events[event_id] for event_id, _ in forgiven}
        for key in forgiven:
            del self._records.handled[key]
        for one in again.values():
            self._records.disown(one)
        self._records.wait_again(again.values())
        return len(again)

    async def settle(self, groups: GroupsOfTopics, keep_ms: int, most: int) -> int:
        """See the port."""
        await checkpoint()
        since = self._clock.now() - keep_ms
        over = (
            one.event.id
            for one in self._records.events.values()
            if one.published
            and one.recorded_at <= since
            and not self._records.is_unsettled(one.event, groups)
        )
        return _dropped(over, most, self._records.events.pop)

    async def forget_handled(self, keep_ms: int, most: int) -> int:
        """See the port."""
        await checkpoint()
        since = self._clock.now() - keep_ms
        over = (
            key
            for key, one in self._records.handled.items()
            if one.gave_up is None and one.at <= since and key[0] not in self._records.events
        )
        return _dropped(over, most, self._records.handled.pop)

    async def lag(self, groups: GroupsOfTopics, latest: int | None = None) -> OutboxLag:
        """See the port."""
        await checkpoint()
        waiting = self._records.waiting.values()
        oldest = min((one.recorded_at for one in waiting), default=None)
        return OutboxLag(
            waiting=len(waiting),
            oldest_ms=None if oldest is None else max(0, self._clock.now() - oldest),
            unsettled=sum(1 for _ in self._unsettled(groups, latest)),
            given_up=sum(1 for _ in self._records.given_up()),
        )

    def _claimable(self) -> Iterator[RecordedEvent]:
        """What waits and is of no aggregate of which somebody holds a lease, oldest first."""
        now = self._clock.now()
        held = {one.event.aggregate for one in self._records.owned.values() if one.leased_at(now)}
        waiting = self._records.waiting.values()
        return (one for one in waiting if one.event.aggregate not in held)

    def _owned(self, owner: str, events: Iterable[EventId]) -> Iterator[RecordedEvent]:
        found = (self._records.owned.get(event_id) for event_id in events)
        return (one for one in found if one is not None and one.owner == owner)

    def _unsettled(
        self, groups: GroupsOfTopics, latest: int | None = None
    ) -> Iterator[RecordedEvent]:
        newest_first = reversed(self._records.events.values())
        published = (one for one in newest_first if one.published)
        return (
            one
            for one in itertools.islice(published, latest)
            if self._records.is_unsettled(one.event, groups)
        )


def _dropped(keys: Iterator[KeyT], most: int, drop: Callable[[KeyT], object]) -> int:
    """Drop the first ``most`` of these keys; how many it were."""
    chosen = list(itertools.islice(keys, most))
    for key in chosen:
        drop(key)
    return len(chosen)

"""Streams of events in this process."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import attrs

from divan_core.kernel.bell import Bell, Bells
from divan_core.kernel.clock import Clock
from divan_core.kernel.delivery import CONSUMER_LEASE_MS, Backlog, Delivery, Group
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId

UNREAD: Final = 10_000
"""Events kept of a stream that no group reads; the outbox has the others."""

BURIED: Final = 10_000
"""Dead letters kept of a stream."""


@attrs.define
class _Reading:
    """How far a group is: ``taken`` by anybody, ``given`` to who holds the lease now.

    ``pending`` counts how often each position was taken, in the order of positions.
    """

    taken: int = 0
    given: int = 0
    pending: dict[int, int] = attrs.field(factory=dict)
    holder: str | None = None
    until: int = 0

    @property
    def settled(self) -> int:
        """Everything up to this position is acknowledged."""
        return next(iter(self.pending), self.taken + 1) - 1

    def hold(self, consumer: str, now: int) -> bool:
        """Take or renew the lease; whether the consumer has it."""
        if self.holder != consumer:
            if self.until > now:
                return False
            self.holder, self.given = consumer, 0
        self.until = now + CONSUMER_LEASE_MS
        return True


class _Stream:
    """The events of one campus and topic by position, from 1, without holes.

    ``cut`` says that some were dropped which no group had read.
    """

    def __init__(self) -> None:
        self.events: dict[int, Event] = {}
        self.last = 0
        self.cut = False
        self.readings: defaultdict[str, _Reading] = defaultdict(_Reading)
        self.dead: deque[Event] = deque(maxlen=BURIED)

    @property
    def dropped(self) -> int:
        """The last position that is gone; the events behind it are all there."""
        return self.last - len(self.events)

    def append(self, event: Event) -> None:
        self.last += 1
        self.events[self.last] = event

    def drop(self, position: int) -> int:
        """Drop everything up to a position; how many it were."""
        gone = range(self.dropped + 1, position + 1)
        for number in gone:
            del self.events[number]
        return len(gone)

    def next_for(self, reading: _Reading, most: int) -> Iterator[Delivery]:
        """Give out what is pending and was not given in this lease, then what is new."""
        positions: list[int] = []
        if reading.given < reading.taken:
            positions = [one for one in reading.pending if one > reading.given][:most]
        begin = max(reading.taken, self.dropped) + 1
        end = min(self.last, begin + most - len(positions) - 1)
        positions += range(begin, end + 1)
        for position in positions:
            count = reading.pending[position] = reading.pending.get(position, 0) + 1
            reading.given = position
            reading.taken = max(reading.taken, position)
            yield Delivery(self.events[position], b"%d" % position, count)


class MemoryBus:
    """An :class:`~divan_core.kernel.delivery.EventBus` for one process."""

    def __init__(self, clock: Clock) -> None:
        """Leases go by this clock."""
        self._clock = clock
        self._bells = Bells()
        self._streams: defaultdict[str, dict[CampusId, _Stream]] = defaultdict(dict)
        self._groups: defaultdict[str, set[str]] = defaultdict(set)
        self._complete: set[CampusId] = set()
        self._turns = 0

    def bell(self, topic: str) -> Bell:
        """See the port."""
        return self._bells.of(topic)

    async def publish(self, events: Sequence[Event]) -> frozenset[CampusId]:
        """See the port."""
        begun = {event.campus_id for event in events} - self._complete
        for event in events:
            streams = self._streams[event.topic]
            stream = streams.get(event.campus_id)
            if stream is None:
                stream = streams[event.campus_id] = _Stream()
                begun.add(event.campus_id)
            stream.append(event)
            if len(stream.events) > UNREAD and not self._groups[event.topic]:
                stream.drop(stream.dropped + 1)
                stream.cut = True
            self._complete.add(event.campus_id)
        self._bells.ring({event.topic for event in events})
        return frozenset(begun)

    async def lost(self, campuses: Collection[CampusId]) -> frozenset[CampusId]:
        """See the port."""
        return frozenset(campuses) - self._complete

    async def take(self, group: Group, consumer: str, most: int) -> Sequence[Delivery]:
        """See the port."""
        streams, now = self._streams[group.topic], self._clock.now()
        if group.name not in self._groups[group.topic]:
            self._admit(group, streams)
        taken: list[Delivery] = []
        for stream in self._in_turn(streams):
            reading = stream.readings[group.name]
            left = most - len(taken)
            if (left > 0 or reading.holder == consumer) and reading.hold(consumer, now):
                taken += stream.next_for(reading, left)
        return taken

    def is_spare(self, group: Group, consumer: str) -> bool:
        """See the port."""
        streams = self._streams[group.topic].values()
        holders = {stream.readings[group.name].holder for stream in streams}
        return bool(holders) and holders.isdisjoint((None, consumer))

    async def leave(self, group: Group, consumer: str) -> None:
        """See the port."""
        for stream in self._streams[group.topic].values():
            reading = stream.readings[group.name]
            if reading.holder == consumer:
                reading.holder, reading.until = None, 0
        self._bells.ring((group.topic,))

    async def acknowledge(self, group: Group, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        for delivery in deliveries:
            self._settle(group, delivery)

    async def bury(self, group: Group, delivery: Delivery, reason: str) -> None:
        """See the port. Nobody reads the reason here; whoever gave up has recorded it."""
        del reason
        stream = self._settle(group, delivery)
        if stream is not None:
            stream.dead.append(delivery.event)

    async def exhume(self, topic: str) -> int:
        """See the port."""
        found = 0
        for stream in self._streams[topic].values():
            found += len(stream.dead)
            stream.dead.clear()
        return found

    async def trim(self, topic: str) -> int:
        """See the port."""
        groups = self._groups[topic]
        if not groups:
            return 0
        return sum(
            stream.drop(min(stream.readings[name].settled for name in groups))
            for stream in self._streams[topic].values()
        )

    async def backlog(self, group: Group) -> Backlog:
        """See the port."""
        undelivered = pending = dead = 0
        for stream in self._streams[group.topic].values():
            reading = stream.readings[group.name]
            undelivered += stream.last - max(reading.taken, stream.dropped)
            pending += len(reading.pending)
            dead += len(stream.dead)
        return Backlog(undelivered, pending, dead)

    def _admit(self, group: Group, streams: Mapping[CampusId, _Stream]) -> None:
        """Know a new group, for which what was dropped unread is to be published again."""
        self._groups[group.topic].add(group.name)
        for campus_id, stream in streams.items():
            if stream.cut:
                stream.cut = False
                self._complete.discard(campus_id)

    def _in_turn(self, streams: Mapping[CampusId, _Stream]) -> Sequence[_Stream]:
        """The streams, beginning with another one each time."""
        self._turns += 1
        every = list(streams.values())
        first = self._turns % len(every) if every else 0
        return every[first:] + every[:first]

    def _settle(self, group: Group, delivery: Delivery) -> _Stream | None:
        """Take a delivery off what is pending; its stream, if it was there."""
        stream = self._streams[group.topic].get(delivery.event.campus_id)
        if stream is None:
            return None
        found = stream.readings[group.name].pending.pop(int(delivery.receipt), None)
        return None if found is None else stream

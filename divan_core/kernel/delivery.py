"""How events travel from the outbox to those who react: the ports of the relay and the bus."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

import attrs

from divan_core.kernel.bell import Bell
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.kernel.tally import EventTally


@attrs.frozen
class Group:
    """A consumer group: whatever its processes, it handles each event of ``topic`` once."""

    name: str
    topic: str


GroupsOfTopics = Mapping[str, Collection[str]]
"""The names of the groups of each topic; a topic that is not there has none."""


@attrs.frozen
class OutboxLag:
    """How far delivery is behind.

    ``waiting``: not yet published, leased ones included; ``oldest_ms`` the age of the oldest of
    these in milliseconds. ``unsettled``: published, and not yet handled by every group.
    ``given_up``: handlings that ended as a dead letter.
    """

    waiting: int
    oldest_ms: int | None
    unsettled: int
    given_up: int


class OutboxQueue(Protocol):
    """The outbox from outside the units that fill it. Leases go by the database's clock."""

    @property
    def bell(self) -> Bell:
        """Rings when events may have been recorded, by any process where that can be known."""
        ...

    def bell_of(self, topics: Collection[str]) -> Bell:
        """A bell that rings when this process has recorded events of these topics."""
        ...

    @property
    def tally(self) -> EventTally:
        """What this process has recorded."""
        ...

    async def claim(self, owner: str, most: int, lease_ms: int) -> Sequence[Event]:
        """Lease unpublished events to ``owner``, oldest first; none twice while a lease runs.

        An event is left alone while an earlier one of its aggregate is leased to somebody else,
        so events of an aggregate leave in the order in which they were recorded. One that was
        committed late is found all the same: rows are claimed by their state, not by a position.

        Raises:
            StoreUnavailable: nothing was leased, or what was comes free with its lease.
        """
        ...

    async def published(self, owner: str, events: Collection[EventId]) -> None:
        """End the owner's leases: these are on the bus. Unknown or lost leases are ignored.

        Raises:
            StoreUnavailable: they may be claimed and published once more.
        """
        ...

    async def release(self, owner: str, events: Collection[EventId]) -> None:
        """End the owner's leases: these are not on the bus, and may be claimed at once.

        Raises:
            StoreUnavailable: they come free with their lease.
        """
        ...

    async def republish(
        self, groups: GroupsOfTopics, campuses: Collection[CampusId] | None = None
    ) -> int:
        """Let every unsettled published event be published again; how many.

        Of these campuses, or of all. An event is settled when each group of its topic has handled
        it; one that was given up is not.
        """
        ...

    async def retry(self, topic: str | None = None) -> int:
        """Publish again what was given up, of a topic or of all, as if new; how many."""
        ...

    async def settle(self, groups: GroupsOfTopics, keep_ms: int, most: int) -> int:
        """Delete up to ``most`` settled events recorded over ``keep_ms`` ago; how many it were."""
        ...

    async def forget_handled(self, keep_ms: int, most: int) -> int:
        """Delete up to ``most`` records of handling over ``keep_ms`` old; how many it were.

        Only of events that the outbox no longer holds, and never those of the given up.
        """
        ...

    async def lag(self, groups: GroupsOfTopics, latest: int | None = None) -> OutboxLag:
        """How far delivery is behind.

        ``unsettled`` is counted among the ``latest`` so many published events, if that is given:
        among all, it takes as long as a day of events is large.
        """
        ...


@attrs.frozen
class Delivery:
    """An event on its way to a group; ``count`` is how often it was taken, this time included.

    ``receipt`` is the bus's own.
    """

    event: Event
    receipt: bytes
    count: int = 1


@attrs.frozen
class Backlog:
    """What a group has before it.

    ``undelivered``: on the stream and not taken. ``pending``: taken and not acknowledged.
    ``dead``: on the topic's dead-letter stream.
    """

    undelivered: int
    pending: int
    dead: int


CONSUMER_LEASE_MS: Final = 10_000
"""How long a consumer that takes no more keeps its streams from others, in milliseconds."""


class EventBus(Protocol):
    """Streams of events, one for each topic and campus, and groups that read them.

    At least once, in order. A group has one consumer at a time per stream: whoever takes holds a
    short lease and renews it by taking; after it has run out, another one takes over what was
    taken and not acknowledged.
    """

    def bell(self, topic: str) -> Bell:
        """Rings when events of a topic may have arrived, by any process where that can be known.

        It rings as well when a lease on them was given back.
        """
        ...

    async def publish(self, events: Sequence[Event]) -> frozenset[CampusId]:
        """Append events, each stream in the order given.

        Returns the campuses whose streams did not exist, or had lost events that this process knew
        of: what was published there before, if anything, must be published again (these events
        are on the bus). A campus that an earlier call could not tell of is among them as well.

        Raises:
            StoreUnavailable: none, some or all are on the bus; publish them again.
        """
        ...

    async def lost(self, campuses: Collection[CampusId]) -> frozenset[CampusId]:
        """Those of the campuses that nothing was published to in the life of the bus.

        Nothing ever was, or all of it is lost with the bus's memory; or some of it is, as far as
        this process knows. They stay lost until something is published there. The relay asks
        before it publishes, so that what was lost comes before what is new. One round trip.

        Raises:
            StoreUnavailable: the bus cannot be reached.
        """
        ...

    async def take(self, group: Group, consumer: str, most: int) -> Sequence[Delivery]:
        """Up to ``most`` events for the group, in order per stream.

        First those that a predecessor took and did not acknowledge, then new ones. What
        ``consumer`` itself holds is not given again. Nothing while another consumer holds the
        lease. A group that is new begins with the oldest event there is.

        Raises:
            StoreUnavailable: the bus cannot be reached.
        """
        ...

    def is_spare(self, group: Group, consumer: str) -> bool:
        """Whether all streams that the consumer met when it last took are somebody else's.

        Not where it met none.
        """
        ...

    async def leave(self, group: Group, consumer: str) -> None:
        """Give the consumer's leases back, so that another takes over at once."""
        ...

    async def acknowledge(self, group: Group, deliveries: Sequence[Delivery]) -> None:
        """These are handled. Twice is once.

        Raises:
            StoreUnavailable: they may be delivered again.
        """
        ...

    async def bury(self, group: Group, delivery: Delivery, reason: str) -> None:
        """Put the event on the topic's dead-letter stream and acknowledge it, in one step.

        Raises:
            StoreUnavailable: it may be delivered again.
        """
        ...

    async def exhume(self, topic: str) -> int:
        """Empty the topic's dead-letter streams, whose events the outbox still has; how many."""
        ...

    async def trim(self, topic: str) -> int:
        """Drop the events that every group has acknowledged; how many."""
        ...

    async def backlog(self, group: Group) -> Backlog:
        """What the group has before it."""
        ...

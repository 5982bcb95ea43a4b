"""The event bus on Redis Streams: one stream for each campus and topic, one script per call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Clock
from divan_core.kernel.delivery import Backlog, Delivery, Group
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId
from divan_core.stores.redis.appending import Appending
from divan_core.stores.redis.envelope import EventSeal
from divan_core.stores.redis.hand import Reader
from divan_core.stores.redis.keys import TopicKeys
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.link import Part
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.ringing import Ringing
from divan_core.stores.redis.scripts import load_script
from divan_core.stores.redis.streams import Streams, all_of, together
from divan_core.stores.redis.taking import Taking

UNREAD: Final = 10_000
"""About how many entries are kept of a stream that no group reads; the outbox has the others."""

BURIED: Final = 10_000
"""About how many dead letters are kept of a stream."""

COUNTED: Final = 10_000
"""How far a backlog is counted where the server does not know it (Redis 6.2)."""

_BURY: Final = load_script("bury")
_EXHUME: Final = load_script("exhume")
_TRIM: Final = load_script("trim")
_BACKLOG: Final = load_script("backlog")


class RedisBus:
    """An :class:`~divan_core.kernel.delivery.EventBus` for any number of processes."""

    def __init__(self, redis: RedisLifecycle, seal: NoticeSeal, clock: Clock | None = None) -> None:
        """Leases go by the server's clock unless given another."""
        self._streams = Streams(redis, clock)
        self._seal = EventSeal(seal)
        self._ringing = Ringing(redis, seal)
        self._appending = Appending(self._streams, self._seal, self._ringing.message)
        self._taking = Taking(self._streams, self._seal, self._ringing.message)

    def bell(self, topic: str) -> Bell:
        """See the port."""
        return self._ringing.bell(topic)

    @property
    def rejected(self) -> int:
        """How many entries were not signed with this deployment's key."""
        return self._taking.rejected

    async def publish(self, events: Sequence[Event]) -> frozenset[CampusId]:
        """See the port."""
        try:
            return await self._appending.publish(events)
        finally:
            self._ringing.ring({event.topic for event in events})

    async def lost(self, campuses: Collection[CampusId]) -> frozenset[CampusId]:
        """See the port."""
        return await self._appending.lost(campuses)

    async def take(self, group: Group, consumer: str, most: int) -> Sequence[Delivery]:
        """See the port."""
        return await self._taking.take(Reader(group, consumer), most)

    def is_spare(self, group: Group, consumer: str) -> bool:
        """See the port."""
        return self._taking.is_spare(Reader(group, consumer))

    async def leave(self, group: Group, consumer: str) -> None:
        """See the port."""
        await self._taking.leave(Reader(group, consumer))
        self._ringing.ring((group.topic,))

    async def acknowledge(self, group: Group, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        receipts: defaultdict[CampusId, list[bytes]] = defaultdict(list)
        for delivery in deliveries:
            receipts[delivery.event.campus_id].append(delivery.receipt)
        settle = self._streams.settle
        all_of(
            await together(
                *(settle(group.name, one, group.topic, those) for one, those in receipts.items())
            )
        )

    async def bury(self, group: Group, delivery: Delivery, reason: str) -> None:
        """See the port."""
        keys = self._streams.keys(delivery.event.campus_id, group.topic)
        message = self._seal.sealed(delivery.event)
        entry: tuple[Part, ...] = (delivery.receipt, message, reason, delivery.count)
        args = (self._streams.moment, BURIED, group.name, *entry)
        await self._streams.client.run(_BURY, (keys.stream, keys.dead), args, idempotent=True)

    async def exhume(self, topic: str) -> int:
        """See the port."""
        await self._streams.roll.read(topic)
        return sum(
            await self._streams.everywhere(_EXHUME, [(one.dead,) for one in self._of(topic)])
        )

    async def trim(self, topic: str) -> int:
        """See the port. A group that has not taken for a week is given up."""
        roll = self._streams.roll
        groups = await roll.groups(topic)
        keys = [(one.stream, one.leases) for one in self._of(topic)]
        args: list[Part] = [UNREAD, len(groups.given_up), *groups.given_up, *groups.present]
        dropped = await self._streams.everywhere(_TRIM, keys, args)
        if groups.given_up:
            await roll.strike(topic, groups.given_up)
        return sum(dropped)

    async def backlog(self, group: Group) -> Backlog:
        """See the port. On Redis 6.2 no more than 10,000 untaken events of a stream are counted."""
        await self._streams.roll.read(group.topic)
        keys = [(one.stream, one.dead) for one in self._of(group.topic)]
        found = await self._streams.everywhere(_BACKLOG, keys, (group.name, COUNTED))
        undelivered, pending, dead = (sum(part) for part in zip((0, 0, 0), *found, strict=True))
        return Backlog(undelivered, pending, dead)

    def _of(self, topic: str) -> Iterable[TopicKeys]:
        """The keys of a topic's streams."""
        return [self._streams.keys(one, topic) for one in self._streams.roll.campuses(topic)]

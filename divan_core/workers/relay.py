"""The relay: from the outbox to the bus, in order, and nothing lost on the way.

Published first and marked second: a relay that dies between the two has its events published
again, and consumers tell repeats. Never the other way round.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from typing import Final

import anyio
import attrs

from divan_core.accounts.ports import CampusRepository
from divan_core.errors import Unavailable
from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import EventBus, GroupsOfTopics, OutboxQueue
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.kernel.units import Units
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.workers.turns import POLL_S, Outage, Turn, WorkerTools

RELAY: Final = "relay"

BATCH: Final = 500
LEASE_MS: Final = 10_000

GATHER_S: Final = 0.01
"""How long events gather after a batch that was not full, so that a busy outbox is asked seldom.
Those of urgent topics end that."""

LOOK_MS: Final = 30_000
"""How often the bus is asked what it has lost."""

_PAGE: Final = 200


@attrs.frozen
class Route:
    """Where events come from and go to, who expects them, and how campuses are listed.

    Events of ``urgent`` topics do not wait for others to go along.
    """

    outbox: OutboxQueue
    bus: EventBus
    groups: GroupsOfTopics
    units: Units[StoreUnit]
    urgent: Collection[str] = ()

    @classmethod
    def of(cls, stores: Stores, groups: GroupsOfTopics, urgent: Collection[str] = ()) -> Route:
        """The route through these stores."""
        return cls(stores.outbox, stores.bus, groups, stores.units, urgent)


class Relay:
    """A :class:`~divan_core.workers.turns.Worker`. Any number may run at once.

    ``topics`` are those it has carried events of.
    """

    name = RELAY

    def __init__(self, route: Route, tools: WorkerTools) -> None:
        """Carry events along ``route``."""
        self._route = route
        self._alarm = route.outbox.bell_of(route.urgent)
        self._heard = self._alarm.rings
        self._tools = tools
        self._owner = tools.owner()
        self._outage = Outage(self.name, tools)
        self._lock = anyio.Lock()
        self._look_at = Millis(0)
        self._leased: Sequence[EventId] = ()
        self._unmarked: list[EventId] = []
        self._renewed: set[CampusId] = set()
        self._owed: frozenset[CampusId] = frozenset()
        self.topics: set[str] = set()

    @property
    def bell(self) -> Bell:
        """The outbox's."""
        return self._route.outbox.bell

    @property
    def patient(self) -> bool:
        """Whether nothing urgent was recorded since it last looked."""
        return self._alarm.rings == self._heard

    async def turn(self, *, hurry: bool = False) -> Turn:
        """Carry one batch."""
        async with self._lock:
            if not hurry and (rest := self._outage.rest_s()):
                return Turn(0, rest, deaf=True)
            try:
                turn = await self._carry()
            except Unavailable as fault:
                self._outage.failed(fault)
                if hurry:
                    raise
                return Turn(0, self._outage.rest_s(), deaf=True)
            self._outage.ended()
            return turn

    async def leave(self) -> None:
        """Mark what is on the bus, and release the rest."""
        async with self._lock:
            with suppress(Unavailable):
                await self._mark()
            with suppress(Unavailable):
                await self._release()

    async def _carry(self) -> Turn:
        outbox = self._route.outbox
        await self._repay()
        await self._mark()
        await self._release()
        await self._look()
        self._heard = heard = self._alarm.rings
        events = await outbox.claim(self._owner, BATCH, LEASE_MS)
        if not events:
            return Turn(0, POLL_S)
        self._leased = [event.id for event in events]
        try:
            await self._publish(await self._in_order(events))
            await self._mark()
        except Unavailable:
            with suppress(Unavailable):
                await self._release()
            raise
        if len(events) == BATCH or self._alarm.rings != heard:
            return Turn(len(events))
        return Turn(len(events), GATHER_S, deaf=True, alarm=self._alarm)

    async def _publish(self, events: Sequence[Event]) -> None:
        if not events:
            return
        self.topics |= {event.topic for event in events}
        begun = await self._route.bus.publish(events)
        done = [event.id for event in events]
        self._unmarked += done
        published = set(done)
        self._leased = [one for one in self._leased if one not in published]
        self._owed |= begun - self._renewed  # lost since the bus was asked a moment ago
        self._renewed -= {event.campus_id for event in events}
        await self._repay()

    async def _in_order(self, events: Sequence[Event]) -> Sequence[Event]:
        """Those that may be published now.

        Of a campus that the bus has lost, what was published before has to come first, and is
        claimed with the rest anew.
        """
        campuses = {event.campus_id for event in events}
        late = await self._route.bus.lost(campuses) - self._renewed
        if not late:
            return events
        await self._renew(late)
        ready = [event for event in events if event.campus_id not in late]
        kept = {event.id for event in ready}
        await self._give_back([one for one in self._leased if one not in kept])
        return ready

    async def _mark(self) -> None:
        if self._unmarked:
            await self._route.outbox.published(self._owner, self._unmarked)
            self._unmarked = []

    async def _release(self) -> None:
        """Give back what an earlier turn could not publish."""
        if self._leased:
            await self._give_back(self._leased)

    async def _give_back(self, events: Sequence[EventId]) -> None:
        gone = set(events)
        await self._route.outbox.release(self._owner, events)
        self._leased = [one for one in self._leased if one not in gone]

    async def _look(self) -> None:
        """Now and then, and first of all: have what the bus has lost published again."""
        now = self._tools.clock.now()
        if 0 < self._look_at - now <= LOOK_MS:
            return
        async for campuses in self._campuses():
            if lost := await self._route.bus.lost(campuses):
                await self._renew(lost)
        self._look_at = Millis(now + LOOK_MS)

    async def _renew(self, campuses: frozenset[CampusId]) -> None:
        await self._route.outbox.republish(self._route.groups, campuses)
        self._renewed |= campuses

    async def _repay(self) -> None:
        """Have published again what was lost while something else was being published."""
        if self._owed:
            await self._route.outbox.republish(self._route.groups, self._owed)
            self._owed = frozenset()

    async def _campuses(self) -> AsyncIterator[Sequence[CampusId]]:
        """All campuses, a page at a time."""
        last: CampusId | None = None
        while True:
            page = await self._route.units.read(_Page(last))
            if page:
                yield page
            if len(page) < _PAGE:
                return
            last = page[-1]


@attrs.frozen
class _Page:
    """A unit's body: the ids of the campuses after one."""

    after: CampusId | None

    async def __call__(self, unit: StoreUnit) -> Sequence[CampusId]:
        campuses: CampusRepository = unit.campuses
        return [campus.id for campus in await campuses.page(self.after, _PAGE)]

"""Relays and consumers on real stores, one turn at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import anyio
import attrs

from divan_core.accounts.model import Campus
from divan_core.errors import Unavailable
from divan_core.kernel.delivery import Backlog, Group
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.factories import memory_stores
from divan_core.system import SystemIds
from divan_core.testing.clock import ManualClock, SeededEntropy
from divan_core.testing.faults import FaultPoints, Raise
from divan_core.workers.consumer import Consumer
from divan_core.workers.drain import Drain
from divan_core.workers.relay import Relay, Route
from divan_core.workers.subscription import Effect, Handler, Subscription, groups_of
from divan_core.workers.turns import Worker, WorkerTools

CAMPUS = CampusId(UUID(int=0xCA))
OTHER_CAMPUS = CampusId(UUID(int=0xCB))
TOPIC = "chat"
GROUP = Group("indexer", TOPIC)

_ids = SystemIds()


class Crashed(Exception):
    """A process that ended: nothing of it gets to tidy up."""


@attrs.define
class Told:
    """What workers told operators."""

    lines: list[tuple[str, ...]] = attrs.field(factory=list)

    def failed(self, worker: str, fault: Exception) -> None:
        self.lines.append(("failed", worker, type(fault).__name__))

    def waiting(self, worker: str, fault: Unavailable) -> None:
        self.lines.append(("waiting", worker, fault.code))

    def resumed(self, worker: str) -> None:
        self.lines.append(("resumed", worker))

    def retrying(self, group: Group) -> None:
        """What is tried again is told by its outcome."""

    def gave_up(self, group: Group, event: Event, reason: str) -> None:
        self.lines.append(("gave up", group.name, event.aggregate, reason))


def event(aggregate: str, number: int, campus_id: CampusId = CAMPUS, topic: str = TOPIC) -> Event:
    """The ``number``-th event of an aggregate."""
    return Event(
        EventId(_ids.uuid()),
        topic,
        "said",
        campus_id,
        aggregate,
        ManualClock().now(),
        {"number": number},
    )


def number(event: Event) -> int:
    """Which one it was of its aggregate."""
    found: int = event.data["number"]
    return found


class Stage:
    """Stores with fault points, and a group that notes what it handles in ``seen``.

    ``react`` is called with each event first, inside the unit; it may raise. ``units`` is of how
    many events each unit was that handled some ``together``.
    """

    def __init__(
        self, stores: Stores, clock: ManualClock, faults: FaultPoints, *, together: bool = False
    ) -> None:
        self.together = together
        self.units: list[int] = []
        self.clock = clock
        self.faults = faults
        self.stores = faults.around(stores)
        self.told = Told()
        self.kept: list[Event] = []
        self.react: Callable[[Event], object] = lambda _: None
        self.subscription = self.subscribed()
        self.groups = groups_of([self.subscription])
        self.life = anyio.CancelScope()
        self._seed = 0

    @classmethod
    async def on_memory(cls, clock: ManualClock, *, together: bool = False) -> Stage:
        """A stage of its own on memory stores."""
        stage = cls(memory_stores(clock), clock, FaultPoints(), together=together)
        await stage.found(CAMPUS, OTHER_CAMPUS)
        return stage

    async def found(self, *campuses: CampusId) -> None:
        """Add campuses."""

        async def body(unit: StoreUnit) -> None:
            await unit.campuses.put(
                [Campus(one, "Test", Point(45.5, -73.5), "UTC") for one in campuses]
            )

        await self.stores.units.write(body)

    async def record(self, *events: Event) -> None:
        """Record events in one unit."""

        async def body(unit: StoreUnit) -> None:
            await unit.outbox.add(*events)

        await self.stores.units.write(body)

    async def say(self, *said: tuple[str, int], campus_id: CampusId = CAMPUS) -> None:
        """Record an event for each aggregate and number, in a unit of its own each."""
        for aggregate, count in said:
            await self.record(event(aggregate, count, campus_id))

    def tools(self) -> WorkerTools:
        """Tools of a new process."""
        self._seed += 1
        return WorkerTools(self.clock, SeededEntropy(self._seed), self.told)

    def relay(self) -> Relay:
        """A relay of a new process."""
        return Relay(Route.of(self.stores, self.groups), self.tools())

    def consumer(self, handle: Handler | None = None, afterwards: Effect | None = None) -> Consumer:
        """A consumer of a new process."""
        one = self.subscribed(handle, afterwards)
        return Consumer(one, self.stores, self.tools())

    def subscribed(
        self, handle: Handler | None = None, afterwards: Effect | None = None
    ) -> Subscription:
        """What the group does; it is this stage's own reaction, unless something else is given."""
        together = self._handle_all if self.together and handle is None else None
        return Subscription(GROUP, handle or self._handle, afterwards, together=together)

    def drain(self, *workers: Worker) -> Callable[[], Awaitable[None]]:
        """What empties everything by these workers."""
        drain = Drain(self.stores.outbox, self.stores.bus, self.groups, workers)
        return lambda: drain(30.0)

    async def backlog(self) -> Backlog:
        """What is before the group."""
        return await self.stores.bus.backlog(GROUP)

    def crash(self, point: str, **how: Any) -> None:
        """Let the process end at a point."""
        self.faults.arm(point, Raise(Crashed()), **how)

    async def live(self, worker: Worker) -> bool:
        """Have a worker take turns while there is something to do; False when it was killed."""
        with anyio.CancelScope() as self.life:
            await until_idle(worker)
        return not self.life.cancel_called

    def kill(self) -> None:
        """End the process from inside of a reaction."""
        self.life.cancel()
        raise Crashed

    @property
    def seen(self) -> list[tuple[str, int]]:
        """What was handled, in order."""
        return [(one.aggregate, number(one)) for one in self.kept]

    def of(self, aggregate: str) -> list[int]:
        """What was seen of an aggregate, in order."""
        return [count for name, count in self.seen if name == aggregate]

    async def _handle(self, unit: StoreUnit, one: Event) -> None:
        assert await unit.campuses.get(one.campus_id)
        self.react(one)
        self.kept.append(one)

    async def _handle_all(self, unit: StoreUnit, events: Sequence[Event]) -> Sequence[None]:
        self.units.append(len(events))
        kept = list(self.kept)
        try:
            for one in events:
                await self._handle(unit, one)
        except BaseException:
            self.kept = kept  # it is undone with its unit
            raise
        return [None] * len(events)


async def until_idle(*workers: Worker) -> None:
    """Have workers take turns while there is something to do now."""
    while any([(await worker.turn()).done for worker in workers]):
        pass


def numbered(aggregate: str, most: int) -> Sequence[tuple[str, int]]:
    """The first so many events of an aggregate."""
    return [(aggregate, count) for count in range(most)]

"""Consumers: one for each group in a process, acting on events in the order of each aggregate.

What a handler does and the record that its group has handled the event are one unit of work, and
the bus hears of it afterwards. So an event that is delivered again, for whatever reason, acts once.

An event that fails holds up its own aggregate only, or nothing where order is all the same. It is
tried again a few times, ever later, and then becomes a dead letter, upon which its aggregate goes
on. A store that is away is not the event's fault and is waited for, however long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import anyio
import attrs

from divan_core.errors import Unavailable
from divan_core.kernel.bell import Bell
from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import Delivery, EventBus
from divan_core.stores.bundle import Stores
from divan_core.workers.handling import Handling
from divan_core.workers.lanes import Lane, Lanes
from divan_core.workers.subscription import Subscription
from divan_core.workers.turns import POLL_S, Outage, Turn, WorkerTools

ATTEMPTS: Final = 5
RETRY_FIRST_MS: Final = 500
RETRY_LONGEST_MS: Final = 30_000

BATCH: Final = 200

EAGER_S: Final = 0.005
"""The shortest time that what is eager gathers: a batch of one costs as much as one of ten."""

SPARE_S: Final = 0.25
"""How long a consumer rests while others have all streams: each event would wake it for nothing."""

MOST_TOGETHER: Final = 32
"""How many events are handled in one unit, where that can be: it is over in some milliseconds."""

MOST_HELD: Final = 4_000
"""How many events a consumer keeps in memory; it takes no more while there are that many."""

CAREFUL_COUNT: Final = 5
"""Taken more often than this, an event may have ended processes: then all go one by one.

They are taken one by one, too, so that the count of those grows no more that were merely near.
"""

MOST_COUNT: Final = 10
"""Taken more often than this, the first such event is given up untried."""


@attrs.define
class _Tally:
    """What came of a turn so far; ``away`` is the last error of a store that did not answer."""

    tried: int = 0
    went_well: int = 0
    away: Unavailable | None = None

    @property
    def is_outage(self) -> bool:
        """Whether it looks as if no event could be handled now."""
        return self.away is not None and not self.went_well


class Consumer:
    """A :class:`~divan_core.workers.turns.Worker`; the bus lets one at a time work on a stream."""

    def __init__(self, subscription: Subscription, stores: Stores, tools: WorkerTools) -> None:
        """Act as ``subscription`` says on what the stores' bus delivers."""
        self.group = subscription.group
        self._at_once = subscription.at_once
        self._gather_s = subscription.gather_s
        self._eager = subscription.eager
        self.name = f"{self.group.topic}:{self.group.name}"
        self._handling = Handling(subscription, stores.units, self.name, tools)
        self._bus: EventBus = stores.bus
        self._tools = tools
        self._id = tools.owner()
        self._outage = Outage(self.name, tools)
        self._lock = anyio.Lock()
        self._lanes = Lanes(unordered=subscription.unordered)
        self._handled: list[Delivery] = []
        self._doomed: list[tuple[Delivery, str]] = []
        self._tally = _Tally()
        self._missed = False
        self._wary = True
        self._more = False

    @property
    def patient(self) -> bool:
        """Whether it gathers: nobody waits for what can."""
        return self._gather_s > 0

    @property
    def bell(self) -> Bell:
        """The bus's, of its topic."""
        return self._bus.bell(self.group.topic)

    async def turn(self, *, hurry: bool = False) -> Turn:
        """Take a batch, act on it and on what is to be tried again, and acknowledge."""
        async with self._lock:
            if not hurry and (rest := self._outage.rest_s()):
                return Turn(0, rest, deaf=True)
            began = self._tools.clock.now()
            try:
                taken = await self._work(hurry=hurry)
            except Unavailable as fault:
                self._outage.failed(fault)
                if hurry:
                    raise
                return Turn(0, self._outage.rest_s(), deaf=True)
            self._outage.ended()
            return self._next(taken, self._tools.clock.now() - began)

    async def leave(self) -> None:
        """Acknowledge what is handled, and let another consumer have the rest."""
        async with self._lock:
            with suppress(Unavailable):
                await self._tell()
            self._lanes.clear()
            self._handled.clear()
            self._doomed.clear()
            with suppress(Unavailable):
                await self._bus.leave(self.group, self._id)

    def _next(self, taken: int, took_ms: int) -> Turn:
        """When to go on after a turn: at once, if the bus may have more."""
        done = self._tally.tried + taken
        if self._more:
            return Turn(done)
        rest_s = self._rest_s()
        if self._bus.is_spare(self.group, self._id):
            return Turn(done, min(rest_s, SPARE_S), deaf=True)
        if taken and self._gather_s:
            return Turn(done, min(rest_s, self._gathering_s(took_ms)), deaf=True)
        return Turn(done, rest_s)

    def _gathering_s(self, took_ms: int) -> float:
        """How long events gather after some that took so long."""
        return min(self._gather_s, max(took_ms / 2000, EAGER_S)) if self._eager else self._gather_s

    async def _work(self, *, hurry: bool) -> int:
        tally = self._tally = _Tally()
        await self._tell()
        taken = await self._taken()
        lanes = [self._lanes.add(delivery) for delivery in taken]
        if any(delivery.count > CAREFUL_COUNT for delivery in taken):
            await self._advance_carefully(taken, lanes)
        await self._advance(None if hurry else self._tools.clock.now())
        self._lanes.sweep()
        await self._tell()
        if tally.away is not None and (hurry or tally.is_outage):
            raise tally.away
        return len(taken)

    async def _taken(self) -> Sequence[Delivery]:
        """The next batch, as many as there is room for.

        After a take whose answer was lost nobody knows what this consumer holds, and what comes
        next would overtake it. So it leaves, and is given everything again from the beginning.
        """
        if self._missed:
            await self._bus.leave(self.group, self._id)
            self._lanes.clear()
            self._missed, self._wary = False, True
        self._missed = True
        taken = await self._take(1 if self._wary else BATCH)  # none, too, renews the lease
        if self._wary and taken:  # the first of a new life tells how the last one ended
            self._wary = taken[0].count > CAREFUL_COUNT
            if not self._wary:
                taken = [*taken, *await self._take(BATCH - 1, beside=1)]
        self._missed = False
        return taken

    async def _take(self, most: int, *, beside: int = 0) -> Sequence[Delivery]:
        room = max(0, min(most, MOST_HELD - self._lanes.held - beside))
        taken = await self._bus.take(self.group, self._id, room)
        self._more = 0 < room <= len(taken)
        return taken

    def _rest_s(self) -> float:
        due = self._lanes.next_due()
        if due is None:
            return POLL_S
        return min(POLL_S, max(due - self._tools.clock.now(), 0) / 1000)

    async def _tell(self) -> None:
        """Tell the bus what is done with."""
        if self._handled:
            await self._bus.acknowledge(self.group, self._handled)
            self._handled = []
        while self._doomed:
            delivery, reason = self._doomed[0]
            await self._bus.bury(self.group, delivery, reason)
            del self._doomed[0]

    async def _advance(self, now: Millis | None) -> None:
        """Go on in every lane that is due: together, where that can be, or in some at once."""
        due = self._lanes.due(now)
        if self._handling.takes_many:
            sound = [lane for lane in due if lane.is_sound]
            due = [lane for lane in due if not lane.is_sound]
            await self._run_together(sound)
        await self._run_beside(due)

    async def _run_beside(self, lanes: Sequence[Lane]) -> None:
        waiting = iter(lanes)
        async with anyio.create_task_group() as tasks:
            for _ in range(min(self._at_once, len(lanes))):
                tasks.start_soon(self._run_all, waiting)

    async def _advance_carefully(self, taken: Sequence[Delivery], lanes: Sequence[Lane]) -> None:
        """One event at a time, each acknowledged before the next is touched.

        One that ends the process is then the first in the next life, and no other is blamed.
        """
        accused = next((one for one in taken if one.count > MOST_COUNT), None)
        for delivery, lane in zip(taken, lanes, strict=True):
            if lane.waiting and lane.head is delivery:
                if delivery is accused:
                    lane.verdict = f"taken {delivery.count - 1} times and never finished"
                if await self._is_done(lane):
                    lane.pop()
                await self._tell()

    async def _run_together(self, lanes: Sequence[Lane]) -> None:
        """Handle the heads of many lanes in one unit, again and again.

        Where that fails, each of them goes on alone: nobody waits for somebody else's trouble.
        """
        while ready := [lane for lane in lanes if lane.waiting and lane.is_sound]:
            for start in range(0, len(ready), MOST_TOGETHER):
                some = ready[start : start + MOST_TOGETHER]
                if self._tally.is_outage:
                    return
                if len(some) == 1 or not await self._are_done(some):
                    await self._run_beside(some)

    async def _are_done(self, lanes: Sequence[Lane]) -> bool:
        """Whether the heads of lanes are handled; if not, nothing has come of any of them."""
        try:
            done = await self._handling.many([lane.head.event for lane in lanes])
        except Exception:  # noqa: BLE001 - each fails or succeeds by itself
            return False
        self._tally.tried += len(lanes)
        self._tally.went_well += len(lanes)
        self._handled += [lane.pop() for lane in lanes]
        await self._handling.follow_up(done)
        return True

    async def _run_all(self, lanes: Iterator[Lane]) -> None:
        for lane in lanes:
            if self._tally.is_outage:
                return
            await self._run(lane)

    async def _run(self, lane: Lane) -> None:
        """Go on in a lane until it is empty or its head has to wait."""
        while lane.waiting and await self._is_done(lane):
            lane.pop()

    async def _is_done(self, lane: Lane) -> bool:
        """Whether the head of a lane is handled or given up; if not, it is tried again later."""
        self._tally.tried += 1
        try:
            if lane.verdict:
                await self._give_up(lane.head, lane.verdict)
            else:
                done = await self._handling.one(lane.head.event, alone=not lane.is_sound)
                self._handled.append(lane.head)
                await self._handling.follow_up(done)
        except Unavailable as fault:
            self._tally.away = fault
            lane.setbacks += 1
            self._park(lane, lane.setbacks)
            return False
        except Exception as fault:  # noqa: BLE001 - whatever a handler raises
            return await self._has_failed(lane, fault)
        self._tally.went_well += 1
        return True

    async def _has_failed(self, lane: Lane, fault: Exception) -> bool:
        lane.attempts += 1
        if lane.attempts == ATTEMPTS:
            lane.verdict = f"{type(fault).__module__}.{type(fault).__qualname__}"
            return await self._is_done(lane)
        self._tools.log.retrying(self.group)
        self._park(lane, lane.attempts)
        return False

    def _park(self, lane: Lane, failures: int) -> None:
        delay = self._tools.delay_ms(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS)
        lane.due = Millis(self._tools.clock.now() + delay)

    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        """First where it lasts: a dead letter that the bus loses is known all the same."""
        await self._handling.give_up(delivery.event, reason)
        self._doomed.append((delivery, reason))
        self._tools.log.gave_up(self.group, delivery.event, reason)

"""Leases of events, as simple as they can be said: what any outbox queue is compared with."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

import attrs
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.stores.bundle import RelationalStores
from divan_core.testing.clock import START_MS, ManualClock
from divan_core.testing.contracts.samples import campus_id

OWNERS = ("a", "b", "c")


@attrs.frozen
class Record:
    """Record an event of each of these aggregates in one unit."""

    aggregates: tuple[int, ...]


@attrs.frozen
class Claim:
    """Claim up to so many."""

    owner: str
    most: int


@attrs.frozen
class End:
    """Publish or release some of those that the owner has ever claimed, chosen by a bit mask."""

    owner: str
    publish: bool
    mask: int


@attrs.frozen
class Wait:
    """Let time pass, as a fraction of a lease."""

    quarters: int


Step = Record | Claim | End | Wait

STEPS = st.lists(
    st.one_of(
        st.builds(Record, st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)),
        st.builds(Claim, st.sampled_from(OWNERS), st.integers(1, 4)),
        st.builds(End, st.sampled_from(OWNERS), st.booleans(), st.integers(1, 2**8 - 1)),
        st.builds(Wait, st.integers(1, 5)),
    ),
    min_size=5,
    max_size=25,
)


@attrs.define
class _Waiting:
    event: Event
    owner: str | None = None
    until: int = 0


class Model:
    """A list of what waits, in order, and the same steps taken on the stores beside."""

    def __init__(self, stores: RelationalStores, clock: ManualClock, lease_ms: int) -> None:
        """Begin with stores in which nothing waits."""
        self._stores = stores
        self._clock = clock
        self._lease_ms = lease_ms
        self._waiting: list[_Waiting] = []
        self._claimed: dict[str, list[EventId]] = {owner: [] for owner in OWNERS}

    async def take(self, step: Step) -> None:
        """Take a step on both, and compare."""
        match step:
            case Record(aggregates):
                await self._record(aggregates)
            case Claim(owner, most):
                await self._claim(owner, most)
            case End(owner, publish, mask):
                known = self._claimed[owner][-8:]
                chosen = [one for place, one in enumerate(known) if mask >> place & 1]
                await self._end(owner, chosen, publish=publish)
            case Wait(quarters):
                self._clock.advance(quarters * self._lease_ms / 4000)

    async def _record(self, aggregates: Collection[int]) -> None:
        events = [_event(f"aggregate:{number}") for number in aggregates]
        self._waiting += [_Waiting(one) for one in events]
        await self._stores.units.write(lambda unit: unit.outbox.add(*events))

    async def _claim(self, owner: str, most: int) -> None:
        now = self._clock.now()
        held = {one.event.aggregate for one in self._waiting if one.until > now}
        free = [one for one in self._waiting if one.event.aggregate not in held][:most]
        for one in free:
            one.owner, one.until = owner, now + self._lease_ms
        expected = [one.event for one in free]
        assert list(await self._stores.outbox.claim(owner, most, self._lease_ms)) == expected
        self._claimed[owner] += [one.id for one in expected]

    async def _end(self, owner: str, chosen: Collection[EventId], *, publish: bool) -> None:
        mine = [one for one in self._waiting if one.owner == owner and one.event.id in chosen]
        for one in mine:
            one.owner, one.until = None, 0
            if publish:
                self._waiting.remove(one)
        queue = self._stores.outbox
        await (queue.published if publish else queue.release)(owner, chosen)


def _event(aggregate: str) -> Event:
    return Event(EventId(uuid4()), "topic", "thing.done", campus_id(1), aggregate, Millis(START_MS))

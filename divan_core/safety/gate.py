"""The gate before everything that people write, by the restrictions that stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Protocol

from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.gate import ALLOWED, Act, Verdict
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import Units
from divan_core.safety.clearance import clearance
from divan_core.safety.model import Restriction
from divan_core.safety.ports import RestrictionRepository

CAPACITY: Final = 200_000
"""Of how many people one process remembers what they are restricted to."""


class GateUnit(Protocol):
    """What the gate uses of a unit of work."""

    @property
    def restrictions(self) -> RestrictionRepository:
        """Who is restricted to what."""
        ...


class Gate:
    """A :class:`~divan_core.kernel.gate.WritersGate`. One per process.

    What somebody is restricted to is read once and remembered until the campus's journal says that
    something about them has changed. So a warm call costs one look-up.
    """

    def __init__(
        self, units: Units[GateUnit], audience: Audience, clock: Clock, capacity: int = CAPACITY
    ) -> None:
        """Read through ``units``; forget what ``audience`` forgets."""
        self._units = units
        self._clock = clock
        self._capacity = capacity
        self._known: dict[int, Sequence[Restriction]] = {}
        self._forgotten = 0
        audience.follow(self._forget)

    async def ask(self, actor: Actor, act: Act) -> Verdict:
        """See the port."""
        known = self._known.get(actor.user_id.int)
        if known is None:
            known = await self._read(actor.user_id)
        return clearance(known, act, self._clock.now()) if known else ALLOWED

    async def _read(self, user_id: UserId) -> Sequence[Restriction]:
        now, forgotten = self._clock.now(), self._forgotten

        async def body(unit: GateUnit) -> Sequence[Restriction]:
            return tuple(await unit.restrictions.of(user_id, now))

        found = await self._units.read(body)
        if forgotten == self._forgotten:
            self._known[user_id.int] = found
            while len(self._known) > self._capacity:
                del self._known[next(iter(self._known))]
        return found

    def _forget(self, _campus_id: CampusId, people: Collection[UserId] | None) -> None:
        self._forgotten += 1
        if people is None:
            self._known.clear()
            return
        for user_id in people:
            self._known.pop(user_id.int, None)

"""A presence store of one's own: one line puts it into the bundle, and nothing else changes.

This one passes everything on to another, on whatever technology, and notes how long each heartbeat
took. Whether a store keeps its promises, ``divan_core.testing.contracts.presence`` says.
"""

import asyncio
import time

import attrs

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.kernel.clock import Millis
from divan_core.kernel.limits import Limit
from divan_core.presence.messages import Heartbeat, NearbyQuery
from divan_core.presence.model import PersonKey, PresenceRecord, Rule
from divan_core.presence.ports import PresenceIndex


class TimedPresence:
    """A ``PresenceIndex`` over another one."""

    def __init__(self, inner: PresenceIndex) -> None:
        """Keep everything in ``inner``."""
        self._amend = inner.amend
        self.around, self.record, self.heard = inner.around, inner.record, inner.heard
        self.sweep, self.everybody = inner.sweep, inner.everybody
        self.taken_us: list[int] = []

    async def amend(
        self, key: PersonKey, rule: Rule, now: Millis, limit: Limit | None = None
    ) -> PresenceRecord:
        """See the port: ``rule`` decides, and this applies it as one step."""
        began = time.perf_counter_ns()
        try:
            return await self._amend(key, rule, now, limit)
        finally:
            self.taken_us.append((time.perf_counter_ns() - began) // 1000)


async def main() -> None:
    stores = memory_stores()
    presence = TimedPresence(stores.presence)
    mine = attrs.evolve(stores, presence=presence)
    async with Divan.open(Settings(), stores=mine) as divan:
        campus = await divan.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        for name in ("ana", "ben"):
            user = await divan.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            me = await divan.accounts.actor(user.user_id)
            await divan.presence.heartbeat(me, Heartbeat(45.5, -73.5, 8, "web", divan.clock.now()))
            print(await divan.presence.nearby(me, NearbyQuery(radius_m=50)))
        print("heartbeats took", presence.taken_us, "us")


asyncio.run(main())

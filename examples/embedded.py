"""Divan inside a program: two students, one question."""

import asyncio

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.presence.messages import Heartbeat, NearbyQuery


async def main() -> None:
    async with Divan.open(Settings(), stores=memory_stores()) as divan:
        campus = await divan.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        for name in ("ana", "ben"):
            user = await divan.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            me = await divan.accounts.actor(user.user_id)
            await divan.presence.heartbeat(me, Heartbeat(45.5, -73.5, 8, "web", divan.clock.now()))
            print(await divan.presence.nearby(me, NearbyQuery(radius_m=50)))


asyncio.run(main())

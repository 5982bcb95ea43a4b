"""What moderation will do to people, for everything that must hide them then."""

from __future__ import annotations

import attrs

from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.visibility import Standing
from divan_core.stores.bundle import StoreUnit


async def sentence(divan: Divan, actor: Actor, standing: Standing) -> None:
    """Change a person's standing, in force in the very next answer."""

    async def body(unit: StoreUnit) -> None:
        person = await unit.people.get(actor.user_id)
        if person is not None:
            await unit.people.put((attrs.evolve(person, standing=standing),))

    async with divan.audience.changing(actor.campus_id, (actor.user_id,)):
        await divan.stores.units.write(body)

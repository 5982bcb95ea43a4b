"""What happens in activities by itself, when its time has come, in whichever process sees it."""

from __future__ import annotations

from collections.abc import Sequence

from divan_core.activities import policy
from divan_core.activities.agenda import Agenda
from divan_core.activities.model import Activity, ActivityId
from divan_core.activities.ports import ActivityUnit
from divan_core.activities.tools import ActivityTools, keep
from divan_core.errors import DivanError
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import Units


class Deadlines:
    """Settles what is due.

    A deadline is a moment in the activity's own row, not a timer: any process that looks, for a
    player or by the clock, settles it once, in one unit that holds the row. Whoever dies in the
    middle has changed nothing, and the next one does it.
    """

    def __init__(self, units: Units[ActivityUnit], tools: ActivityTools) -> None:
        """Keep activities through ``units``."""
        self._units = units
        self._tools = tools
        self.agenda = Agenda()

    async def settle(self, activity_id: ActivityId) -> Activity | None:
        """Let happen what is due in one activity; the activity then, or None if there is none.

        Raises:
            What the game raises; nothing is changed then.
        """
        tools = self._tools

        async def body(unit: ActivityUnit) -> Activity | None:
            held = await unit.activities.hold(activity_id)
            if held is None:
                return None
            change = policy.settled(held, tools.game_of(held), tools.clock.now())
            await keep(unit, tools, change)
            return change.activity

        return await self._units.write(body, locking=True)

    async def settle_due(self, most: int) -> int:
        """Let happen what is due in up to ``most`` activities; in how many it was.

        An activity whose game fails to go on expires, and the others are not held up.

        Raises:
            What a game has raised, once all are settled.
        """
        now = self._tools.clock.now()
        self.agenda.passed(now)

        async def body(unit: ActivityUnit) -> Sequence[ActivityId]:
            return await unit.activities.due(now, most)

        failures: list[Exception] = []
        found = await self._units.look(body)
        for activity_id in found:
            failures += await self._settled_or_expired(activity_id)
        if failures:
            raise failures[0]
        return len(found)

    async def purge(self, before: Millis, most: int) -> int:
        """Remove up to ``most`` activities that ended before a moment; how many it were."""
        return await self._units.write(lambda unit: unit.activities.purge(before, most))

    async def _settled_or_expired(self, activity_id: ActivityId) -> Sequence[Exception]:
        try:
            await self.settle(activity_id)
        except DivanError:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a game of the host raises
            await self._expire(activity_id)
            return (fault,)
        return ()

    async def _expire(self, activity_id: ActivityId) -> None:
        tools = self._tools

        async def body(unit: ActivityUnit) -> None:
            held = await unit.activities.hold(activity_id)
            if held is not None and held.is_open:
                await keep(unit, tools, policy.abandoned(held, tools.clock.now()))

        await self._units.write(body, locking=True)

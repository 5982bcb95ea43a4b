"""What the services of leaderboards share."""

from __future__ import annotations

from typing import Final, Generic, TypeVar
from uuid import UUID

import attrs

from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, Ids
from divan_core.kernel.units import Units
from divan_core.kernel.values import value
from divan_core.leaderboards.days import day_of
from divan_core.leaderboards.model import Day
from divan_core.leaderboards.ports import BoardsUnit, Census

UnitT = TypeVar("UnitT", bound=BoardsUnit)

KEPT_DAYS: Final = 35
"""How long deeds and the boards of weeks and months are kept: what happened longer ago counts
nowhere any more."""

DAYS_KEPT_DAYS: Final = 400
"""How long the boards of days are kept, and with them what somebody had on a day."""


@attrs.frozen
class ScoringTools(Generic[UnitT]):
    """What adding up is built from, besides its store."""

    census: Census[UnitT]
    clock: Clock
    ids: Ids


@value
class Today:
    """A campus's time zone, and the day that it is there."""

    timezone: str
    day: Day


class Calendar(Generic[UnitT]):
    """Tells what day it is on a campus."""

    def __init__(self, units: Units[UnitT], tools: ScoringTools[UnitT]) -> None:
        """Ask through ``units``."""
        self._units = units
        self._tools = tools

    async def today(self, campus_id: CampusId) -> Today | None:
        """The day of now; None where there is no such campus."""
        found = await self._units.look(lambda unit: self._tools.census.timezones(unit, {campus_id}))
        timezone = found.get(campus_id)
        if timezone is None:
            return None
        return Today(timezone, day_of(self._tools.clock.now(), timezone))


def lock_of(campus_id: CampusId) -> str:
    """What whoever writes scores of a campus holds."""
    return f"scores:{campus_id}"


def lock_of_deeds(about: UUID) -> str:
    """What whoever writes deeds of somebody, or with them, or of a room, holds."""
    return f"deeds:{about}"

"""Where campuses are, remembered per process."""

from __future__ import annotations

from typing import Final, Protocol

from divan_core.accounts.model import Campus
from divan_core.accounts.ports import CampusRepository
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.geo import CampusArea, LocalFrame
from divan_core.kernel.ids import CampusId
from divan_core.kernel.units import Units

TRUSTED_MS: Final = 60_000
"""How long a process trusts what it knows of a campus's centre and radius."""


class CampusUnit(Protocol):
    """What this needs of a unit of work."""

    @property
    def campuses(self) -> CampusRepository:
        """Campuses."""
        ...


class Areas:
    """Frames and radii of campuses. A change elsewhere shows within a minute."""

    def __init__(self, units: Units[CampusUnit], clock: Clock) -> None:
        """Read campuses through ``units``."""
        self._units = units
        self._clock = clock
        self._known: dict[int, tuple[Millis, CampusArea]] = {}  # by the campus's id as a number

    def kept(self, campus_id: CampusId) -> CampusArea | None:
        """The campus's area if it is known here, which nobody needs to await; else None."""
        known = self._known.get(campus_id.int)
        if known is not None and known[0] + TRUSTED_MS > self._clock.now():
            return known[1]
        return None

    async def area(self, campus_id: CampusId) -> CampusArea | None:
        """The campus's area, or None if there is no such campus."""
        known = self.kept(campus_id)
        if known is not None:
            return known
        now = self._clock.now()

        async def body(unit: CampusUnit) -> Campus | None:
            return await unit.campuses.get(campus_id)

        campus = await self._units.read(body)
        if campus is None:
            return None
        area = CampusArea(LocalFrame(campus.centre), campus.radius_m)
        self._known[campus_id.int] = (now, area)
        return area

    def forget(self, campus_id: CampusId) -> None:
        """The campus has changed."""
        self._known.pop(campus_id.int, None)

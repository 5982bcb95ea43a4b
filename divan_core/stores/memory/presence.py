"""Who is where, in this process."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from operator import itemgetter
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit
from divan_core.presence.lattice import MARGIN_M, annuli, distance_to
from divan_core.presence.model import (
    Cell,
    Fix,
    Heard,
    Neighbourhood,
    PersonKey,
    PresenceRecord,
    PublicMove,
    Reach,
    Rule,
)
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.limits import MemoryRateLimits
from divan_core.stores.memory.notices import MemoryNotices
from divan_core.stores.memory.standing import Campus, Place, found

_PEOPLE: Final = itemgetter(1)


class MemoryPresence:
    """A :class:`~divan_core.presence.ports.PresenceIndex` for one process."""

    def __init__(
        self, journal: MemoryJournal, limits: MemoryRateLimits, notices: MemoryNotices
    ) -> None:
        """Admissions are counted by ``limits``; moves go out through ``notices``."""
        self._journal = journal
        self._limits = limits
        self._notices = notices
        self._campuses: dict[int, Campus] = {}  # by id as a number

    async def amend(
        self, key: PersonKey, rule: Rule, now: Millis, limit: Limit | None = None
    ) -> PresenceRecord:
        """See the port."""
        campus = self.campus(key.campus_id, now)
        admissions = None if limit is None else self._limits.under(limit)
        if admissions is not None:
            admissions.check(key.user_id, now)
        before = campus.get(key.user_id)
        amendment = rule(before)
        campus.put(key.user_id, before, amendment.record, now)
        if amendment.refusal is not None:
            raise amendment.refusal
        if admissions is not None:
            admissions.remember(key.user_id, now)
        return amendment.record

    async def around(
        self, key: PersonKey, reach: Reach, now: Millis, *, since: bytes, limit: Limit | None = None
    ) -> Neighbourhood:
        """See the port."""
        campus = self.campus(key.campus_id, now)
        news = self._journal.since(key.campus_id, since)
        record = campus.get(key.user_id)
        here = record.here() if record is not None and record.online(now) else None
        if here is None:
            return Neighbourhood(None, (), math.inf, news)
        if limit is not None:
            admissions = self._limits.under(limit)
            admissions.check(key.user_id, now)
            admissions.remember(key.user_id, now)
        cells, complete_m = self._search(campus, here, reach)
        return Neighbourhood(here, cells, complete_m, news)

    async def record(self, key: PersonKey, now: Millis) -> PresenceRecord | None:
        """See the port."""
        return self.campus(key.campus_id, now).get(key.user_id)

    async def heard(
        self, campus_id: CampusId, people: Collection[UserId], now: Millis
    ) -> Mapping[UserId, Heard]:
        """See the port."""
        campus = self.campus(campus_id, now)
        heard = {}
        for user_id in people:
            at = campus.seen.get(user_id.int)
            if at is not None:
                record = campus.get(user_id)
                online = record is not None and record.online(now)
                heard[user_id] = Heard(online, Millis(at))
        return heard

    async def sweep(self, campus_id: CampusId, now: Millis) -> None:
        """See the port."""
        self.campus(campus_id, now)
        self._journal.settle(campus_id)

    async def everybody(self, campus_id: CampusId, now: Millis) -> Mapping[UserId, Cell]:
        """See the port."""
        return {
            user_id: cell
            for grid in self.campus(campus_id, now).grids.values()
            for cell, people in grid.values()
            for user_id in people
        }

    def campus(self, campus_id: CampusId, now: Millis) -> Campus:
        """The campus, with everybody taken out whose time has ended."""
        campus = self._campuses.get(campus_id.int)
        if campus is None:

            def moved(left: Cell | None, entered: Cell | None) -> None:
                self._notices.send(PublicMove(campus_id, left, entered))

            campus = self._campuses[campus_id.int] = Campus(moved)
        campus.sweep(now)
        return campus

    @staticmethod
    def _search(campus: Campus, here: Fix, reach: Reach) -> tuple[list[Place], float]:
        """The cells of a reach, step by step outward until there are enough people."""
        begin = reach.beyond_m
        if reach.from_cell is not None:
            from_m = distance_to(reach.from_cell, here.east, here.north)
            begin = max(begin, from_m - MARGIN_M)
        radius_m, grids = reach.radius_m, campus.grids
        end = max((radius_m, *grids))
        cells: list[Place] = []
        for inner, outer in annuli(begin, end, reach.enough):
            before = len(cells)
            for size_m, grid in grids.items():
                edge = max(radius_m, size_m)
                if inner < edge:
                    cells += found(grid, here, inner, min(outer, edge))
            if before:  # steps may share cells at their common edge
                cells = list(dict(zip(map(id, cells), cells, strict=True)).values())
            if outer < end and sum(map(len, map(_PEOPLE, cells))) >= reach.enough:
                return cells, outer
        return cells, math.inf

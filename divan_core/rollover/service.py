"""Closing days on every campus: by the clock, and whenever an operator asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

import attrs

from divan_core.errors import FieldError, NotFound, ValidationFailed
from divan_core.kernel.ids import CampusId
from divan_core.kernel.units import Units
from divan_core.leaderboards.closing import Closing
from divan_core.leaderboards.model import Day
from divan_core.leaderboards.ports import Census
from divan_core.rollover.chores import Chore
from divan_core.rollover.messages import RolledDay, RollOver, RolloverView
from divan_core.stores.bundle import StoreUnit

GRACE_MS: Final = 10 * 60_000
"""How long after midnight workers close a day: what happened just before is on its way so long."""

LEAD_MS: Final = 60 * 60_000
"""How long before midnight workers let the next day's boards be there."""

PAGE: Final = 200
"""How many campuses are read at once."""


class Rollover:
    """The end of the day. Made by :mod:`divan_core.wiring`.

    Days are closed one after the other, each in units that are done or not. Whoever dies in between
    leaves the rest to whoever comes next; a day that is closed, closed once more, stays as it is.
    """

    def __init__(
        self,
        units: Units[StoreUnit],
        census: Census[StoreUnit],
        closing: Closing[StoreUnit],
        chores: Collection[Chore],
    ) -> None:
        """Close days by ``closing``, and clear away by ``chores``."""
        self._units = units
        self._census = census
        self._closing = closing
        self._chores = tuple(chores)

    def with_chores(self, *more: Chore) -> Rollover:
        """The same, with more to clear away."""
        chores = (*self._chores, *more)
        return Rollover(self._units, self._census, self._closing, chores)

    async def run(self, command: RollOver) -> RolloverView:
        """Close all days that were missed, and clear away what is over.

        Raises:
            NotFound: there is no such campus.
            ValidationFailed: the day is none, or is not over yet.
        """
        until = None if command.day is None else _day(command.day)
        days = await self._due(await self._addressed(command, until), until)
        if command.dry_run:
            planned = tuple(RolledDay(one, _text(day)) for one, due in days for day in due)
            return RolloverView(dry_run=True, days=planned, cleared=await self._waiting())
        closed = [await self._close(one, day) for one, due in days for day in due]
        cleared = {"scores": sum([await self._closing.purge(one) for one, _ in days])}
        for chore in self._chores:
            cleared[chore.name] = await chore.done()
        return RolloverView(dry_run=False, days=tuple(closed), cleared=cleared)

    async def sweep(self) -> int:
        """Do what is due by the clock; how many days were closed.

        The boards of a day are there for everybody when it begins. With the first day that is
        closed of any campus, what is over is cleared away.
        """
        closed = 0
        async for campus_id in self._campuses():
            tomorrow = await self._closing.today(campus_id, LEAD_MS)
            over = await self._closing.today(campus_id, -GRACE_MS)
            if tomorrow is None or over is None:
                continue
            await self._closing.prepare(campus_id, tomorrow)
            due = await self._closing.due(campus_id, Day(over - 1))
            for day in due:
                await self._closing.close(campus_id, day)
            if due:
                await self._closing.purge(campus_id)
            closed += len(due)
        if closed:
            for chore in self._chores:
                await chore.done()
        return closed

    async def _addressed(self, command: RollOver, until: Day | None) -> Sequence[CampusId]:
        """The campuses that are meant, on one of which at least the day is over."""
        meant = (
            [command.campus_id] if command.campus_id else [one async for one in self._campuses()]
        )
        todays = [await self._closing.today(one) for one in meant]
        if command.campus_id is not None and None in todays:
            raise NotFound("There is no such campus.")
        if until is not None and not any(today and until < today for today in todays):
            raise ValidationFailed(errors=[FieldError("$.day", "is not over yet")])
        return meant

    async def _due(
        self, campuses: Sequence[CampusId], until: Day | None
    ) -> list[tuple[CampusId, Sequence[Day]]]:
        found = []
        for one in campuses:
            today = await self._closing.today(one)
            last = until or today
            found.append((one, () if last is None else await self._closing.due(one, last)))
        return found

    async def _waiting(self) -> dict[str, int]:
        """How much there is to clear away, where that can be told."""
        return {
            chore.name: await chore.count() for chore in self._chores if chore.count is not None
        }

    async def _close(self, campus_id: CampusId, day: Day) -> RolledDay:
        done = await self._closing.close(campus_id, day)
        return RolledDay(campus_id, _text(day), done.people, done.earned, done.lost)

    async def _campuses(self) -> AsyncIterator[CampusId]:
        """All campuses, a page at a time."""
        last: CampusId | None = None
        while True:
            page = await self._units.read(_Page(self._census, last))
            for campus_id, _ in page:
                yield campus_id
            if len(page) < PAGE:
                return
            last = page[-1][0]


@attrs.frozen
class _Page:
    """A unit's body: some campuses after one."""

    census: Census[StoreUnit]
    after: CampusId | None

    async def __call__(self, unit: StoreUnit) -> Sequence[tuple[CampusId, str]]:
        return await self.census.campuses(unit, self.after, PAGE)


def _day(text: str) -> Day:
    try:
        return Day(dt.date.fromisoformat(text).toordinal())
    except ValueError as fault:
        raise ValidationFailed(errors=[FieldError("$.day", "must be YYYY-MM-DD")]) from fault


def _text(day: Day) -> str:
    return dt.date.fromordinal(day).isoformat()

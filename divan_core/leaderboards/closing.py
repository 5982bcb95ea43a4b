"""Closing days: the boards of a day that is over are added up, and its badges given.

A day that changes after it is closed is open again, and so are those behind it, because the boards
of weeks reach on. Closing a day once more gives and takes back what has changed, and mostly that is
nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import Units
from divan_core.kernel.values import value
from divan_core.leaderboards import policy
from divan_core.leaderboards.days import day_of, ymd
from divan_core.leaderboards.messages import BADGE_EARNED, BADGE_LOST, DAY_CLOSED, LEADERBOARDS
from divan_core.leaderboards.model import SUMS, Badge, Board, Book, Day, Period, Place
from divan_core.leaderboards.ports import BoardsUnit
from divan_core.leaderboards.scoring import Scoring
from divan_core.leaderboards.tools import (
    DAYS_KEPT_DAYS,
    KEPT_DAYS,
    Calendar,
    ScoringTools,
    UnitT,
    lock_of,
)

PORTION: Final = 2_000
"""Of how many people it is asked at once with how many others they had to do."""

MOST_TOP: Final = 200
"""How many may share the ranks that badges are for."""

PURGED: Final = 5_000
"""How many rows one unit deletes."""


@value
class ClosedDay:
    """What closing a day came to: who had any points, and the badges given and taken back."""

    day: Day
    people: int
    earned: int
    lost: int


class Closing(Generic[UnitT]):
    """Closes the days of campuses."""

    def __init__(
        self, units: Units[UnitT], tools: ScoringTools[UnitT], scoring: Scoring[UnitT]
    ) -> None:
        """Write through ``units``; ``scoring`` adds up before."""
        self._units = units
        self._tools = tools
        self._scoring = scoring
        self._calendar = Calendar(units, tools)

    async def today(self, campus_id: CampusId, later_ms: int = 0) -> Day | None:
        """What day it is on a campus, or will be so much later; None where there is none."""
        today = await self._calendar.today(campus_id)
        if today is None:
            return None
        return day_of(Millis(self._tools.clock.now() + later_ms), today.timezone)

    async def due(self, campus_id: CampusId, until: Day) -> Sequence[Day]:
        """The days up to this one, which is over, that are to be closed.

        Nothing can be closed of days whose boards are no longer kept.
        """
        book = await self._units.look(lambda unit: unit.scores.book(campus_id))
        today = await self.today(campus_id)
        if book is None or today is None:
            return ()
        return [Day(one) for one in range(_first_open(book, today), min(until, today - 1) + 1)]

    async def close(self, campus_id: CampusId, day: Day) -> ClosedDay:
        """Close a day; all before it were closed. A second time is as once.

        Where something has become known of an earlier day meanwhile, that one is open again, and
        so is this one behind it: both are due once more.
        """
        today = await self.today(campus_id)
        while True:
            await self._scoring.settle(campus_id)
            await self._scoring.open_until(campus_id, day)
            book = await self._units.look(lambda unit: unit.scores.book(campus_id))
            turn = 0 if book is None else book.turn
            butterflies = await self._butterflies(campus_id, day)
            board = Board(campus_id, Period.DAILY, day)
            body = self._closing(board, turn, butterflies, today or day)
            closed = await self._units.write(body, locking=True)
            if closed is not None:
                return closed

    async def prepare(self, campus_id: CampusId, day: Day) -> None:
        """Let the boards of a day that is about to begin be there for everybody."""
        await self._scoring.open_until(campus_id, day)

    async def purge(self, campus_id: CampusId) -> int:
        """Delete what is too old to be kept; how much it was."""
        today = await self.today(campus_id)
        if today is None:
            return 0
        ends = [(one, Day(today - KEPT_DAYS)) for one in SUMS]
        ends.append((Period.DAILY, Day(today - DAYS_KEPT_DAYS)))
        total = await self._purged(
            lambda unit: unit.deeds.purge(campus_id, Day(today - KEPT_DAYS), PURGED)
        )
        for period, before in ends:
            total += await self._purged(_Purge(campus_id, period, before))
        return total

    async def _purged(self, body: Callable[[UnitT], Awaitable[int]]) -> int:
        total = 0
        while True:
            done = await self._units.write(body, locking=True)
            total += done
            if done < PURGED:
                return total

    def _closing(
        self, board: Board, turn: int, butterflies: Sequence[UserId], today: Day
    ) -> Callable[[UnitT], Awaitable[ClosedDay | None]]:
        """A unit that closes a day; None where a day has changed meanwhile."""
        campus_id, day = board.campus_id, board.day

        async def body(unit: UnitT) -> ClosedDay | None:
            await unit.locks.take(lock_of(campus_id))
            book = await unit.scores.book(campus_id)
            if book is not None and book.turn != turn:
                return None
            merits = await _merits(unit, board, butterflies)
            now, before = policy.badges(merits, day), set(await unit.scores.badges(campus_id, day))
            earned, lost = sorted(now - before, key=_order), sorted(before - now, key=_order)
            await unit.scores.award(campus_id, earned, lost)
            events = [self._told(board, BADGE_EARNED, one) for one in earned]
            events += [self._told(board, BADGE_LOST, one) for one in lost]
            if book is not None and book.closed < day <= _first_open(book, today):
                await unit.scores.keep_book(attrs.evolve(book, closed=day))
                events.append(self._event(board, DAY_CLOSED, {"ymd": ymd(day)}))
            if events:
                await unit.outbox.add(*events)
            people = (await unit.scores.ahead(board, _BELOW_ALL)).before
            return ClosedDay(day, people, len(earned), len(lost))

        return body

    async def _butterflies(self, campus_id: CampusId, day: Day) -> Sequence[UserId]:
        """Those who had come to so many peers by the end of a day, and had not the day before."""
        board, before = Board(campus_id, Period.DAILY, day), None
        found: list[UserId] = []
        while True:
            places, reached = await self._units.read(_Company(board, before))
            found += reached
            if len(places) < PORTION:
                return found
            before = places[-1]

    def _told(self, board: Board, name: str, badge: Badge) -> Event:
        data = {"user_id": str(badge.user_id), "kind": badge.kind.value, "ymd": ymd(badge.day)}
        return self._event(board, name, data)

    def _event(self, board: Board, name: str, data: dict[str, str]) -> Event:
        return Event(
            id=EventId(self._tools.ids.uuid()),
            topic=LEADERBOARDS,
            name=name,
            campus_id=board.campus_id,
            aggregate=f"boards:{board.campus_id}",
            at=self._tools.clock.now(),
            data=data,
        )


def _first_open(book: Book, today: Day) -> Day:
    """The first day that can be closed and is not; of older ones the boards are not kept."""
    return Day(max(book.closed + 1, today - KEPT_DAYS))


_BELOW_ALL: Final[Place] = (0, UserId(UUID(int=0)))


@attrs.frozen
class _Purge:
    """A unit's body: delete some scores of a period."""

    campus_id: CampusId
    period: Period
    before: Day

    async def __call__(self, unit: BoardsUnit) -> int:
        await unit.locks.take(lock_of(self.campus_id))
        return await unit.scores.purge(self.campus_id, self.period, self.before, PURGED)


@attrs.frozen
class _Company:
    """A unit's body: a page of a day's board, and whose company has grown to be worth a badge."""

    board: Board
    before: Place | None

    async def __call__(self, unit: BoardsUnit) -> tuple[Sequence[Place], Sequence[UserId]]:
        places = await unit.scores.page(self.board, self.before, PORTION)
        people, day = [user_id for _, user_id in places], self.board.day
        reached = await unit.deeds.companions(people, day, policy.BUTTERFLY)
        had = await unit.deeds.companions(list(reached), Day(day - 1), policy.BUTTERFLY)
        return places, [one for one in people if one in reached - had]


async def _merits(unit: BoardsUnit, board: Board, butterflies: Sequence[UserId]) -> policy.Merits:
    async def top(of: Board) -> tuple[Place, ...]:
        return tuple(await unit.scores.page(of, None, MOST_TOP))

    week = attrs.evolve(board, period=Period.WEEKLY)
    return policy.Merits(
        day=await top(board),
        week=await top(week),
        week_before=await top(attrs.evolve(week, day=Day(board.day - 1))),
        streaks=tuple(await unit.scores.on_streak(board.campus_id, board.day, policy.STREAK)),
        butterflies=tuple(butterflies),
    )


def _order(badge: Badge) -> tuple[UserId, str]:
    return badge.user_id, badge.kind.value

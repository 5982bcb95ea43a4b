"""Use cases of leaderboards: reading them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final, Generic

import attrs

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import UserId
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.units import Units
from divan_core.leaderboards import policy
from divan_core.leaderboards.days import read_ymd, ymd
from divan_core.leaderboards.listing import Listing, is_listed
from divan_core.leaderboards.messages import (
    BoardEntry,
    BoardQuery,
    OwnScores,
    StreakQuery,
    StreakView,
    SummaryQuery,
    SummaryView,
)
from divan_core.leaderboards.model import Badge, Board, Day, Period, Scope, Score, Streak
from divan_core.leaderboards.ports import BoardsUnit
from divan_core.leaderboards.scoring import Scoring
from divan_core.leaderboards.tools import KEPT_DAYS, Calendar, ScoringTools, Today, UnitT
from divan_core.leaderboards.views import (
    badge_view,
    own_day,
    scope_name,
    scores_view,
    streak_view,
)

MOST_BADGES: Final = 100
"""How many badges a summary has."""

PAGE: Final = 1_000
"""How many of a list are read at once."""


@attrs.frozen
class BoardsTools(Generic[UnitT]):
    """What the service is built from, besides its store."""

    scoring: Scoring[UnitT]
    adding: ScoringTools[UnitT]
    audience: Audience
    sealer: CursorSealer


class Leaderboards(Generic[UnitT]):
    """Leaderboards, streaks and badges. Made by :mod:`divan_core.wiring`."""

    def __init__(self, units: Units[UnitT], tools: BoardsTools[UnitT]) -> None:
        """Read through ``units``."""
        self._units = units
        self._tools = tools
        self._calendar = Calendar(units, tools.adding)
        self._listing = Listing(units, tools.audience, tools.sealer)

    async def board(self, actor: Actor, query: BoardQuery) -> Page[BoardEntry]:
        """A page of a board of the actor's campus, the highest first.

        Whoever the actor may not see is left out, and leaves a hole in the ranks. Days that have
        not come, and those that are no longer kept, are empty.

        Raises:
            ValidationFailed: ``ymd`` is no day.
            InvalidCursor: the cursor is not of this board.
        """
        await self._tools.audience.refresh(actor.campus_id)
        today = await self._today(actor)
        period, day = Period[query.period.upper()], _day(query.ymd, today)
        board = Board(actor.campus_id, period, day, Scope(query.scope))
        before = self._listing.opened(actor, board, query.cursor)
        over = await self._ready(board, today) and board.day < today.day
        return await self._listing.page(actor, board, before, query.limit, over=over)

    async def summary(self, actor: Actor, query: SummaryQuery) -> SummaryView:
        """How the actor stands, in ranks over everybody; the streak is that of now.

        Raises:
            ValidationFailed: ``ymd`` is no day.
        """
        today = await self._today(actor)
        board = Board(actor.campus_id, Period[query.period.upper()], _day(query.ymd, today))
        await self._ready(board, today)
        me = actor.user_id

        async def body(unit: UnitT) -> SummaryView:
            score = await unit.scores.get(me, board)
            ranks = {} if score is None else await unit.scores.ranks(score)
            streak = policy.streak_of(*await unit.scores.streaks(me), today.day)
            badges = await unit.scores.badges_of(me, MOST_BADGES)
            return SummaryView(
                ymd=ymd(board.day),
                campus_id=actor.campus_id,
                ranks={scope_name(one): ranks.get(one) for one in Scope},
                scores=scores_view(score),
                streak=streak_view(streak),
                badges=tuple(map(badge_view, badges)),
            )

        return await self._units.look(body)

    async def streak(self, actor: Actor, query: StreakQuery) -> StreakView:
        """Somebody's streak.

        Raises:
            NotFound: there is nobody whom the actor may see.
        """
        await self._tools.audience.refresh(actor.campus_id)
        relations = await self._tools.audience.relations(actor.user_id)
        if not is_listed(actor, relations, await self._tools.audience.card(query.user_id)):
            raise NotFound
        today = await self._today(actor)
        last, best = await self._units.look(lambda unit: unit.scores.streaks(query.user_id))
        return streak_view(policy.streak_of(last, best, today.day))

    async def own(self, actor: Actor) -> OwnScores:
        """All that is kept of somebody's scores, for themselves."""
        today, me = await self._today(actor), actor.user_id

        async def body(unit: UnitT) -> tuple[Streak, Sequence[Badge]]:
            streak = policy.streak_of(*await unit.scores.streaks(me), today.day)
            return streak, await unit.scores.badges_of(me, MOST_BADGES * PAGE)

        streak, badges = await self._units.read(body)
        return OwnScores(
            streak=streak_view(streak),
            days=tuple([own_day(one) async for one in self._days_of(me)]),
            badges=tuple(map(badge_view, badges)),
        )

    async def _days_of(self, user_id: UserId) -> AsyncIterator[Score]:
        """All days of somebody that are kept, a page at a time."""
        after = Day(0)
        while True:
            page = partial(_page_of, user_id, after)
            days = await self._units.read(page)
            for one in days:
                yield one
            if len(days) < PAGE:
                return
            after = days[-1].day

    async def _today(self, actor: Actor) -> Today:
        today = await self._calendar.today(actor.campus_id)
        if today is None:
            raise NotFound
        return today

    async def _ready(self, board: Board, today: Today) -> bool:
        """See that everybody is on a board of sums; whether they have been there for a while."""
        if board.period is Period.DAILY or not today.day - KEPT_DAYS <= board.day <= today.day:
            return True
        return await self._tools.scoring.open_until(board.campus_id, board.day)


async def _page_of(user_id: UserId, after: Day, unit: BoardsUnit) -> Sequence[Score]:
    return await unit.scores.days_of(user_id, after, PAGE)


def _day(text: str | None, today: Today) -> Day:
    return today.day if text is None else read_ymd(text)

"""Scores in the order of every board, in SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import delete, func, insert, select, tuple_

from divan_core.kernel.ids import CampusId, UserId
from divan_core.leaderboards.model import (
    Ahead,
    Badge,
    BadgeKind,
    Board,
    Book,
    Day,
    Period,
    Place,
    Scope,
    Score,
    Shift,
)
from divan_core.leaderboards.policy import LONGEST
from divan_core.stores.sql import scorestatements as statements
from divan_core.stores.sql.arrays import insert_all
from divan_core.stores.sql.boardtables import BADGES, BESTS, SCORE_BOOKS, SCORE_STEPS, SCORES
from divan_core.stores.sql.clauses import insert_or_replace, portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.scorestatements import STEP_BITS
from divan_core.stores.sql.types import id_of

_TOP: Final = (2**63 - 1, UserId(UUID(int=2**128 - 1)))
_OF: Final = SCORES.c
_SCOPES: Final = tuple(one.value for one in Scope)
_STEP: Final = ("campus_id", "period", "day", "scope", "step")


class SqlScores:
    """Keeps scores, with how many stand on each step of each board."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def book(self, campus_id: CampusId) -> Book | None:
        """How far the boards have come."""
        row = await self._connection.run(statements.book_statement(), {"of_campus": campus_id})
        return None if row is None else Book(CampusId(id_of(row[0])), *row[1:])

    async def keep_book(self, book: Book) -> None:
        """Keep it, in place of what it was."""
        upsert = insert_or_replace(SCORE_BOOKS, self._connection.dialect)
        await self._connection.rows(upsert, attrs.asdict(book))

    async def of(self, people: Collection[UserId], first: Day) -> Sequence[Score]:
        """The sums of these people from a day on, and their days from a month before it on."""
        query = statements.of_statement(self._connection.dialect)
        given = {"people": list(people), "first_day": first - LONGEST, "first_sum": first}
        if self._connection.dialect == "postgresql":
            return list(map(_score, await self._connection.rows(query, given)))
        return [_score(row) for row in await self._connection.execute(query, given)]

    async def put(self, shifts: Sequence[Shift]) -> None:
        """Let these take the place of what was there."""
        dialect = self._connection.dialect
        new = [_row(one.new) for one in shifts if one.new is not None]
        gone = [_slot(one.old) for one in shifts if one.new is None and one.old is not None]
        steps = [
            {**dict(zip(_STEP, step, strict=True)), "people": people}
            for step, people in sorted(_steps(shifts).items(), key=_by_step)
            if people
        ]
        await insert_all(self._connection, insert_or_replace(SCORES, dialect), new)
        if gone:
            await self._connection.rows(statements.drop_statement(), gone)
        await insert_all(self._connection, statements.step_statement(dialect), steps)

    async def get(self, user_id: UserId, board: Board) -> Score | None:
        """Somebody's score, or None."""
        given = {"user_id": user_id, "period": board.period.value, "day": board.day}
        row = await self._connection.run(statements.get_statement(), given)
        return None if row is None else _score(row)

    async def page(self, board: Board, before: Place | None, limit: int) -> Sequence[Place]:
        """Up to ``limit`` who stand below ``before``, the highest first."""
        place, user_id = before or _TOP
        given = {**_board(board), "before": place, "before_id": user_id, "most": limit}
        rows = await self._connection.rows(statements.page_statement(board.scope), given)
        return [(found, UserId(id_of(one))) for found, one in rows]

    async def ahead(self, board: Board, place: Place) -> Ahead:
        """How many stand before a place."""
        found, user_id = place
        given = {**_board(board), **statements.beside(board.scope, found), "user_id": user_id}
        row = await self._connection.run(statements.ahead_statement(board.scope), given)
        better, beside = row or (0, 0)
        return Ahead(int(better), int(better) + beside)

    async def ranks(self, score: Score) -> Mapping[Scope, int]:
        """The rank of a score in each scope that it has points in."""
        given = {"campus_id": score.campus_id, "period": score.period.value, "day": score.day}
        for scope in Scope:
            given |= statements.beside(scope, score.of(scope))
        better = await self._connection.run(statements.ranks_statement(), given) or ()
        found = zip(Scope, better, strict=True)
        return {scope: int(count) + 1 for scope, count in found if score.of(scope)}

    async def turning(self, people: Collection[UserId], day: Day) -> Sequence[Score]:
        """What the next day's sums of these people follow from, and those that there are."""
        query = statements.turning_statement(self._connection.dialect)
        given = {"people": list(people), "day": day}
        return [_score(row) for row in await self._connection.execute(query, given)]

    async def on_streak(self, campus_id: CampusId, day: Day, streak: int) -> Sequence[UserId]:
        """Those for whom a day is this day of their streak."""
        query = select(_OF.user_id).where(
            _OF.campus_id == campus_id,
            _OF.day == day,
            _OF.period == Period.DAILY.value,
            _OF.streak == streak,
        )
        return [UserId(one) for one in (await self._connection.execute(query)).scalars()]

    async def streaks(self, user_id: UserId) -> tuple[Score | None, int]:
        """Somebody's last active day, and the longest streak there was."""
        row = await self._connection.run(statements.streaks_statement(), {"user_id": user_id})
        longest, before, *last = row or (None, None, None)
        score = None if last[0] is None else _score(last)
        return score, max(longest or 0, before or 0)

    async def badges(self, campus_id: CampusId, day: Day) -> Sequence[Badge]:
        """What was earned on a day."""
        of = BADGES.c
        query = select(of.user_id, of.kind).where(of.campus_id == campus_id, of.day == day)
        rows = await self._connection.execute(query)
        return [Badge(UserId(row.user_id), BadgeKind(row.kind), day) for row in rows]

    async def award(
        self, campus_id: CampusId, earned: Sequence[Badge], lost: Sequence[Badge]
    ) -> None:
        """Keep badges, and take others back."""
        of = BADGES.c
        keys = [(one.user_id, one.day, one.kind.value) for one in lost]
        if keys:
            wanted = tuple_(of.user_id, of.day, of.kind).in_(keys)
            await self._connection.execute(delete(BADGES).where(wanted))
        rows = [_badge_row(one, campus_id) for one in earned]
        for portion in portions(rows):
            await self._connection.execute(insert(BADGES), portion)

    async def badges_of(self, user_id: UserId, limit: int) -> Sequence[Badge]:
        """Somebody's last ``limit`` badges, the newest first."""
        of = BADGES.c
        query = select(of.day, of.kind).where(of.user_id == user_id)
        rows = await self._connection.execute(query.order_by(of.day.desc(), of.kind).limit(limit))
        return [Badge(user_id, BadgeKind(row.kind), Day(row.day)) for row in rows]

    async def days_of(self, user_id: UserId, after: Day, limit: int) -> Sequence[Score]:
        """Up to ``limit`` of somebody's days after one, in order."""
        mine = (_OF.user_id == user_id, _OF.period == Period.DAILY.value, _OF.day > after)
        query = select(*statements.COLUMNS).where(*mine).order_by(_OF.day).limit(limit)
        return [_score(row) for row in await self._connection.execute(query)]

    async def count_of(self, user_id: UserId) -> int:
        """How many scores and badges of somebody there are."""
        tables = (SCORES, BADGES)
        counts = (
            select(func.count()).select_from(one).where(one.c.user_id == user_id) for one in tables
        )
        query = select(*(one.scalar_subquery() for one in counts))
        return sum((await self._connection.execute(query)).one())

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these, and whatever else there is of them."""
        query = select(*statements.COLUMNS).where(_OF.user_id == user_id).limit(most)
        scores = [_score(row) for row in await self._connection.execute(query)]
        await self.put([Shift(one, None) for one in scores])
        await self._connection.execute(delete(BESTS).where(BESTS.c.user_id == user_id))
        badges = await self.badges_of(user_id, most - len(scores))
        if badges:
            key, keys = tuple_(BADGES.c.day, BADGES.c.kind), [(o.day, o.kind.value) for o in badges]
            mine = delete(BADGES).where(BADGES.c.user_id == user_id, key.in_(keys))
            await self._connection.execute(mine)
        return len(scores) + len(badges)

    async def purge(self, campus_id: CampusId, period: Period, before: Day, most: int) -> int:
        """Delete up to ``most`` scores of days before one; the longest streak stays."""
        old = (
            _OF.campus_id == campus_id,
            _OF.period == period.value,
            _OF.day < before,
            _OF.overall > 0,
        )
        query = select(*statements.COLUMNS).where(*old).limit(most)
        scores = [_score(row) for row in await self._connection.execute(query)]
        if scores and period is Period.DAILY:
            await self._remember(scores)
        if scores:
            await self._connection.rows(statements.drop_statement(), [_slot(one) for one in scores])
        of = SCORE_STEPS.c
        steps = (of.campus_id == campus_id, of.period == period.value, of.day < before)
        await self._connection.execute(delete(SCORE_STEPS).where(*steps))
        return len(scores)

    async def _remember(self, days: Sequence[Score]) -> None:
        best: dict[UserId, int] = {}
        for one in days:
            best[one.user_id] = max(best.get(one.user_id, 0), one.streak)
        rows = [{"user_id": user_id, "best": streak} for user_id, streak in best.items()]
        await self._connection.rows(statements.best_statement(self._connection.dialect), rows)


def _steps(shifts: Sequence[Shift]) -> Counter[tuple[Any, ...]]:
    """How many more people stand on which steps, and how many fewer; 0 where most stay."""
    found: Counter[tuple[Any, ...]] = Counter()
    for one in shifts:
        found.update(_steps_of(one.new))
        found.subtract(_steps_of(one.old))
    return found


def _steps_of(score: Score | None) -> Iterator[tuple[Any, ...]]:
    if score is not None:
        campus_id, period, day = score.campus_id, score.period.value, score.day
        for scope, place in zip(_SCOPES, score.places, strict=True):
            if place:
                yield campus_id, period, day, scope, place >> STEP_BITS


def _by_step(item: tuple[tuple[Any, ...], int]) -> tuple[Any, ...]:
    return item[0]


def _board(board: Board) -> Mapping[str, Any]:
    return {"campus_id": board.campus_id, "period": board.period.value, "day": board.day}


def _slot(score: Score) -> Mapping[str, Any]:
    return {"user_id": score.user_id, "period": score.period.value, "day": score.day}


def _row(score: Score) -> Mapping[str, Any]:
    return {
        "user_id": score.user_id,
        "period": score.period.value,
        "day": score.day,
        "campus_id": score.campus_id,
        "overall": score.overall,
        "social": score.social,
        "engagement": score.engagement,
        "popularity": score.popularity,
        "streak": score.streak,
    }


def _badge_row(badge: Badge, campus_id: CampusId) -> Mapping[str, Any]:
    return {
        "user_id": badge.user_id,
        "day": badge.day,
        "kind": badge.kind.value,
        "campus_id": campus_id,
    }


def _score(row: Sequence[Any]) -> Score:
    """A score of a row, whether SQLAlchemy or the driver has it."""
    user_id, campus_id, period, *rest = row
    return Score(UserId(id_of(user_id)), CampusId(id_of(campus_id)), Period(period), *rest)

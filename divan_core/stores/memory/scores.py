"""Scores in the order of every board, in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import attrs

from divan_core.kernel.ids import CampusId, UserId
from divan_core.leaderboards.model import (
    SUMS,
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
from divan_core.stores.memory.changes import Changes

Slot = tuple[Period, Day]
BadgeKey = tuple[Day, BadgeKind]


def _by_person() -> defaultdict[UserId, dict[Slot, Score]]:
    return defaultdict(dict)


def _boards() -> defaultdict[Board, list[Place]]:
    return defaultdict(list)


def _badges() -> defaultdict[UserId, dict[BadgeKey, CampusId]]:
    return defaultdict(dict)


@attrs.define
class ScoreRecords:
    """Each person's scores, every board in order, and what is kept beside."""

    scores: defaultdict[UserId, dict[Slot, Score]] = attrs.field(factory=_by_person)
    boards: defaultdict[Board, list[Place]] = attrs.field(factory=_boards)
    books: dict[CampusId, Book] = attrs.field(factory=dict)
    badges: defaultdict[UserId, dict[BadgeKey, CampusId]] = attrs.field(factory=_badges)
    bests: dict[UserId, int] = attrs.field(factory=dict)


class MemoryScores:
    """Keeps scores: where somebody stands is found by halving."""

    def __init__(self, records: ScoreRecords, changes: Changes) -> None:
        """Work on ``records``; how to undo it goes into ``changes``."""
        self._records = records
        self._changes = changes

    async def book(self, campus_id: CampusId) -> Book | None:
        """How far the boards have come."""
        return self._records.books.get(campus_id)

    async def keep_book(self, book: Book) -> None:
        """Keep it, in place of what it was."""
        self._changes.begin()
        self._changes.set(self._records.books, book.campus_id, book)

    async def of(self, people: Collection[UserId], first: Day) -> Sequence[Score]:
        """The sums of these people from a day on, and their days from a month before it on."""
        return [
            one
            for user_id in people
            for one in self._records.scores.get(user_id, {}).values()
            if one.day >= (first - LONGEST if one.period is Period.DAILY else first)
        ]

    async def put(self, shifts: Sequence[Shift]) -> None:
        """Let these take the place of what was there."""
        self._changes.begin()
        for one in shifts:
            if one.old is not None:
                self._remove(one.old)
            if one.new is not None:
                self._add(one.new)

    async def get(self, user_id: UserId, board: Board) -> Score | None:
        """Somebody's score, or None."""
        return self._records.scores.get(user_id, {}).get((board.period, board.day))

    async def page(self, board: Board, before: Place | None, limit: int) -> Sequence[Place]:
        """Up to ``limit`` who stand below ``before``, the highest first."""
        places = self._records.boards.get(board, [])
        end = len(places) if before is None else bisect_left(places, before)
        return places[max(end - limit, 0) : end][::-1]

    async def ahead(self, board: Board, place: Place) -> Ahead:
        """How many stand before a place."""
        places = self._records.boards.get(board, [])
        better = len(places) - bisect_left(places, (place[0] + 1,))
        return Ahead(better, len(places) - bisect_right(places, place))

    async def ranks(self, score: Score) -> Mapping[Scope, int]:
        """The rank of a score in each scope that it has points in."""
        return {
            scope: len(places) - bisect_left(places, (score.of(scope) + 1,)) + 1
            for scope, places in ((one, self._board(score, one)) for one in Scope)
            if score.of(scope)
        }

    async def turning(self, people: Collection[UserId], day: Day) -> Sequence[Score]:
        """What the next day's sums of these people follow from, and those that there are."""
        slots = [
            *((period, Day(day + after)) for period in SUMS for after in (0, 1)),
            *((Period.DAILY, Day(day + 1 - period.value)) for period in SUMS),
        ]
        every = (self._records.scores.get(one, {}) for one in people)
        return [one[slot] for one in every for slot in slots if slot in one]

    async def on_streak(self, campus_id: CampusId, day: Day, streak: int) -> Sequence[UserId]:
        """Those for whom a day is this day of their streak."""
        places = self._records.boards.get(Board(campus_id, Period.DAILY, day), [])
        slot = (Period.DAILY, day)
        return [one for _, one in places if self._records.scores[one][slot].streak == streak]

    async def streaks(self, user_id: UserId) -> tuple[Score | None, int]:
        """Somebody's last active day, and the longest streak there was."""
        days = self._days(user_id)
        kept = self._records.bests.get(user_id, 0)
        return (days[-1] if days else None), max(kept, *(one.streak for one in days), 0)

    async def badges(self, campus_id: CampusId, day: Day) -> Sequence[Badge]:
        """What was earned on a day."""
        return [
            Badge(user_id, kind, day)
            for user_id, theirs in self._records.badges.items()
            for (earned, kind), at in theirs.items()
            if earned == day and at == campus_id
        ]

    async def award(
        self, campus_id: CampusId, earned: Sequence[Badge], lost: Sequence[Badge]
    ) -> None:
        """Keep badges, and take others back."""
        self._changes.begin()
        for one in lost:
            self._changes.drop(self._records.badges[one.user_id], (one.day, one.kind))
        for one in earned:
            key = (one.day, one.kind)
            self._changes.set(self._records.badges[one.user_id], key, campus_id)

    async def badges_of(self, user_id: UserId, limit: int) -> Sequence[Badge]:
        """Somebody's last ``limit`` badges, the newest first."""
        theirs = sorted(self._records.badges.get(user_id, {}), key=_badge_order)
        return [Badge(user_id, kind, day) for day, kind in theirs[:limit]]

    async def days_of(self, user_id: UserId, after: Day, limit: int) -> Sequence[Score]:
        """Up to ``limit`` of somebody's days after one, in order."""
        return [one for one in self._days(user_id) if one.day > after][:limit]

    async def count_of(self, user_id: UserId) -> int:
        """How many scores and badges of somebody there are."""
        badges = len(self._records.badges.get(user_id, {}))
        return len(self._records.scores.get(user_id, {})) + badges

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these, and whatever else there is of them."""
        self._changes.begin()
        scores = list(self._records.scores.get(user_id, {}).values())[:most]
        await self.put([Shift(one, None) for one in scores])
        badges = self._records.badges.get(user_id, {})
        some = list(badges)[: most - len(scores)]
        for key in some:
            self._changes.drop(badges, key)
        if user_id in self._records.bests:
            self._changes.drop(self._records.bests, user_id)
        return len(scores) + len(some)

    async def purge(self, campus_id: CampusId, period: Period, before: Day, most: int) -> int:
        """Delete up to ``most`` scores of days before one; the longest streak stays."""
        self._changes.begin()
        every = (one for theirs in self._records.scores.values() for one in theirs.values())
        old = [
            one
            for one in every
            if one.campus_id == campus_id and one.period is period and one.day < before
        ][:most]
        for one in old:
            best = max(one.streak, self._records.bests.get(one.user_id, 0))
            if period is Period.DAILY:
                self._changes.set(self._records.bests, one.user_id, best)
        await self.put([Shift(one, None) for one in old])
        return len(old)

    def _days(self, user_id: UserId) -> list[Score]:
        theirs = self._records.scores.get(user_id, {}).values()
        return sorted((one for one in theirs if one.period is Period.DAILY), key=_day)

    def _add(self, score: Score) -> None:
        self._changes.set(self._records.scores[score.user_id], (score.period, score.day), score)
        for scope in Scope:
            if score.of(scope):
                places, place = self._board(score, scope), (score.of(scope), score.user_id)
                insort(places, place)
                self._changes.did(partial(_take_out, places, place))

    def _remove(self, score: Score) -> None:
        self._changes.drop(self._records.scores[score.user_id], (score.period, score.day))
        for scope in Scope:
            if score.of(scope):
                places, place = self._board(score, scope), (score.of(scope), score.user_id)
                _take_out(places, place)
                self._changes.did(partial(insort, places, place))

    def _board(self, score: Score, scope: Scope) -> list[Place]:
        return self._records.boards[Board(score.campus_id, score.period, score.day, scope)]


def _take_out(places: list[Place], place: Place) -> None:
    del places[bisect_left(places, place)]


def _day(score: Score) -> Day:
    return score.day


def _badge_order(key: BadgeKey) -> tuple[int, str]:
    day, kind = key
    return -day, kind.value

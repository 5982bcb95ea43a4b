"""What stores keep of leaderboards."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.leaderboards.days import day_of
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
from divan_core.leaderboards.policy import LONGEST, place
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, user_id

HERE, THERE = campus_id(1), campus_id(2)
TODAY = day_of(Millis(START_MS), "UTC")
ME, YOU = user_id(1), user_id(2)
BOARD = Board(HERE, Period.DAILY, TODAY)


def standing(points: int, late_ms: int = 0) -> int:
    """So many hundredths of a point, reached so long after the beginning."""
    return place(points, Millis(START_MS + late_ms), TODAY)


def score(number: int, points: int, late_ms: int = 0, **changes: Any) -> Score:  # noqa: ANN401
    """What person ``number`` has today, all of it social."""
    at = standing(points, late_ms)
    made = Score(user_id(number), HERE, Period.DAILY, TODAY, at, at, streak=1)
    return attrs.evolve(made, **changes)


async def put(stores: RelationalStores, *scores: Score) -> None:
    """Keep scores where there were none."""
    await shift(stores, [Shift(None, one) for one in scores])


async def shift(stores: RelationalStores, shifts: Sequence[Shift]) -> None:
    """Change scores."""
    await stores.units.write(lambda unit: unit.scores.put(shifts), locking=True)


async def page(
    stores: RelationalStores, board: Board = BOARD, before: Place | None = None, limit: int = 99
) -> Sequence[Place]:
    """A page of a board."""
    return await stores.units.read(lambda unit: unit.scores.page(board, before, limit))


async def ahead(stores: RelationalStores, found: Place, board: Board = BOARD) -> Ahead:
    """How many stand before a place."""
    return await stores.units.read(lambda unit: unit.scores.ahead(board, found))


class ScoresContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_book_comes_back_as_it_was(self, stores: RelationalStores) -> None:
        """The last that was kept; of other campuses there is none."""
        for book in (
            Book(HERE, TODAY, TODAY, Day(TODAY - 1)),
            Book(HERE, Day(9), Day(8), Day(7), 6),
        ):
            await stores.units.write(lambda unit, book=book: unit.scores.keep_book(book))  # type: ignore[misc]
            assert await stores.units.read(lambda unit: unit.scores.book(HERE)) == book
        assert await stores.units.read(lambda unit: unit.scores.book(THERE)) is None

    async def test_boards_are_in_order(self, stores: RelationalStores) -> None:
        """The most points first, then the earliest, then the highest id; in pages without gaps."""
        scores = [score(1, 30), score(2, 60, 5), score(3, 60, 4), score(4, 60, 5), score(5, 500)]
        await put(
            stores, *scores, score(6, 900, campus_id=THERE), score(7, 900, day=Day(TODAY - 1))
        )
        order = sorted(((one.overall, one.user_id) for one in scores), reverse=True)
        assert order[0] == (standing(500), user_id(5))
        assert await page(stores) == order
        assert await page(stores, before=order[1], limit=2) == order[2:4]
        assert await page(stores, before=order[-1]) == []

    async def test_each_scope_is_a_board(self, stores: RelationalStores) -> None:
        """On which only those are who have any points there."""
        lively = score(1, 30, engagement=standing(200), overall=standing(230))
        await put(stores, lively, score(2, 60))
        assert await page(stores, attrs.evolve(BOARD, scope=Scope.SOCIAL)) == [
            (standing(60), YOU),
            (standing(30), ME),
        ]
        assert await page(stores, attrs.evolve(BOARD, scope=Scope.ENGAGEMENT)) == [
            (standing(200), ME)
        ]
        assert await page(stores, attrs.evolve(BOARD, scope=Scope.POPULARITY)) == []

    async def test_how_many_are_ahead_is_as_if_counted(self, stores: RelationalStores) -> None:
        """After any number of changes, on every board and for whoever is on it."""
        dice = random.Random(7)
        kept: dict[UserId, Score] = {}
        for _ in range(12):
            shifts = []
            for number in dice.sample(range(1, 60), 20):
                old = kept.get(user_id(number))
                gone = old is not None and dice.random() < 0.2
                new = (
                    None
                    if gone
                    else score(number, dice.choice((15, 30, 64, 500, 20_000)), dice.randrange(3))
                )
                shifts.append(Shift(old, new))
                kept.pop(user_id(number), None)
                if new is not None:
                    kept[new.user_id] = new
            await shift(stores, shifts)
        places = sorted(((one.overall, one.user_id) for one in kept.values()), reverse=True)
        assert await page(stores) == places
        for number, found in enumerate(places):
            better = sum(one > found[0] for one, _ in places)
            assert await ahead(stores, found) == Ahead(better, number)
        assert (await ahead(stores, (0, UserId(campus_id(0))))).before == len(places)
        for one in kept.values():
            rank = 1 + sum(place > one.overall for place, _ in places)
            ranks = await stores.units.look(lambda unit, one=one: unit.scores.ranks(one))  # type: ignore[misc]
            assert ranks == {Scope.OVERALL: rank, Scope.SOCIAL: rank}

    async def test_scores_come_back_as_they_were(self, stores: RelationalStores) -> None:
        """One of a period, and all that is needed to add up anew."""
        sums = [score(1, 30, period=Period.WEEKLY, day=Day(TODAY + one)) for one in (-1, 0, 1)]
        days = [score(1, 30, day=Day(TODAY - one), streak=2) for one in (0, LONGEST, LONGEST + 1)]
        await put(stores, *sums, *days, score(2, 30), score(3, 30))
        found = await stores.units.read(lambda unit: unit.scores.of([ME, YOU], TODAY))
        assert set(found) == {*sums[1:], *days[:2], score(2, 30)}
        assert await stores.units.read(lambda unit: unit.scores.get(ME, BOARD)) == days[0]
        assert await stores.units.read(lambda unit: unit.scores.get(user_id(4), BOARD)) is None

    async def test_what_the_next_day_follows_from(self, stores: RelationalStores) -> None:
        """Sums of both days, and the days that leave them."""
        sums = [score(1, 30, period=Period.MONTHLY, day=Day(TODAY + one)) for one in (-1, 0, 1, 2)]
        days = [score(1, 30, day=Day(TODAY - one)) for one in (0, 5, 6, 7, 28, 29, 30)]
        await put(stores, *sums, *days, score(2, 30, period=Period.WEEKLY))
        found = await stores.units.read(lambda unit: unit.scores.turning([ME], TODAY))
        assert set(found) == {*sums[1:3], days[2], days[5]}

    async def test_streaks_are_found(self, stores: RelationalStores) -> None:
        """Who is on a day of theirs; somebody's last day, and the longest there was."""
        days = [score(1, 30, day=Day(TODAY - 40 + one), streak=one + 1) for one in range(30)]
        await put(stores, *days, score(1, 30), score(2, 30, streak=30), score(3, 30, streak=31))
        on = lambda unit: unit.scores.on_streak(HERE, TODAY, 30)  # noqa: E731 - a unit's body
        assert list(await stores.units.read(on)) == [YOU]
        mine = lambda unit: unit.scores.streaks(ME)  # noqa: E731 - a unit's body
        assert await stores.units.read(mine) == (score(1, 30), 30)
        assert await stores.units.read(lambda unit: unit.scores.streaks(user_id(9))) == (None, 0)

    async def test_badges_are_given_and_taken(self, stores: RelationalStores) -> None:
        """Of each day their own, listed with the newest first."""
        top, fly = BadgeKind.DAILY_TOP_10, BadgeKind.SOCIAL_BUTTERFLY
        first, second = Badge(ME, top, TODAY), Badge(ME, fly, TODAY)
        later, other = Badge(ME, top, Day(TODAY + 1)), Badge(YOU, top, TODAY)
        await stores.units.write(
            lambda unit: unit.scores.award(HERE, [first, second, later, other], [])
        )
        of_day = lambda unit: unit.scores.badges(HERE, TODAY)  # noqa: E731 - a unit's body
        assert set(await stores.units.read(of_day)) == {first, second, other}
        mine = lambda unit: unit.scores.badges_of(ME, 2)  # noqa: E731 - a unit's body
        assert list(await stores.units.read(mine)) == [later, first]
        await stores.units.write(lambda unit: unit.scores.award(HERE, [], [first, later]))
        assert list(await stores.units.read(mine)) == [second]

    async def test_old_scores_go_and_the_longest_streak_stays(
        self, stores: RelationalStores
    ) -> None:
        """Some at a time; of one period and campus."""
        days = [score(1, 30, day=Day(TODAY - 50 + one), streak=one + 1) for one in range(3)]
        week = score(1, 30, day=Day(TODAY - 50), period=Period.WEEKLY)
        await put(stores, *days, week, score(1, 30), score(2, 30, day=Day(9), campus_id=THERE))
        before = Day(TODAY - 35)
        for removed in (2, 1, 0):
            done = await stores.units.write(
                lambda unit: unit.scores.purge(HERE, Period.DAILY, before, 2)
            )
            assert done == removed
        assert await stores.units.read(lambda unit: unit.scores.streaks(ME)) == (score(1, 30), 3)
        kept = await stores.units.read(lambda unit: unit.scores.days_of(ME, Day(0), 9))
        assert list(kept) == [score(1, 30)]
        assert await stores.units.read(lambda unit: unit.scores.count_of(ME)) == 2
        old = attrs.evolve(BOARD, day=days[0].day)
        assert (await ahead(stores, (0, UserId(campus_id(0))), old)).before == 0

    async def test_somebody_is_forgotten(self, stores: RelationalStores) -> None:
        """Some rows at a time; nobody stands behind them any more."""
        badges = [Badge(ME, BadgeKind.DAILY_TOP_10, Day(TODAY - one)) for one in range(2)]
        await put(stores, score(1, 500), score(1, 30, day=Day(TODAY - 1)), score(2, 30))
        await stores.units.write(lambda unit: unit.scores.award(HERE, badges, []))
        assert await stores.units.read(lambda unit: unit.scores.count_of(ME)) == 4
        assert (await ahead(stores, (standing(30), YOU))).before == 1
        for removed in (3, 1, 0):
            assert await stores.units.write(lambda unit: unit.scores.remove_of(ME, 3)) == removed
        assert await stores.units.read(lambda unit: unit.scores.count_of(ME)) == 0
        assert (await ahead(stores, (standing(30), YOU))).before == 0
        assert await page(stores) == [(standing(30), YOU)]

    async def test_a_unit_that_fails_leaves_boards_alone(self, stores: RelationalStores) -> None:
        """In their order, with as many ahead."""
        await put(stores, score(1, 30), score(2, 60))

        async def body(unit: StoreUnit) -> None:
            await unit.scores.put(
                [
                    Shift(score(1, 30), score(1, 90)),
                    Shift(score(2, 60), None),
                    Shift(None, score(3, 15)),
                ]
            )
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await stores.units.write(body, locking=True)
        assert await page(stores) == [(standing(60), YOU), (standing(30), ME)]
        assert await ahead(stores, (standing(30), ME)) == Ahead(1, 1)

"""Points, places, streaks and badges, as the contract has them."""

from fractions import Fraction
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.leaderboards import policy
from divan_core.leaderboards.days import DAY_MS
from divan_core.leaderboards.model import (
    Ahead,
    Badge,
    BadgeKind,
    Book,
    Count,
    Day,
    Deed,
    DeedKind,
    Period,
    Scope,
    Score,
    Streak,
    Tally,
)

HERE = CampusId(UUID(int=1))
ME, YOU = UserId(UUID(int=2)), UserId(UUID(int=3))
TODAY = Day(739_000)
NOW = Millis((TODAY - 719_163) * DAY_MS + DAY_MS // 2)
SOMEBODY = attrs.evolve(policy.slot(ME, HERE), day=TODAY)

points = st.integers(1, 10_000_000)
moments = st.integers(NOW - 30 * DAY_MS, NOW + DAY_MS).map(Millis)


@given(points, moments, points, moments)
def test_places_are_in_the_order_of_points_and_then_of_time(
    one: int, at: Millis, other: int, then: Millis
) -> None:
    first, second = policy.place(one, at, TODAY), policy.place(other, then, TODAY)
    assert (first > second) == ((one, -at) > (other, -then))
    assert (policy.points_of(first), policy.reached(first, TODAY)) == (one, at)
    assert 0 < first < 2**63
    assert policy.place(0, at, TODAY) == 0


@pytest.mark.parametrize(
    ("had", "streak", "worth"),
    [
        (1000, 1, 1000),
        (1000, 30, 1500),
        (1000, 99, 1500),
        (5800, 2, 5900),
        (29, 2, 30),
        (28, 2, 28),
    ],
)
def test_a_streak_multiplies(had: int, streak: int, worth: int) -> None:
    assert policy.multiplied(had, streak) == worth


@given(st.integers(0, 10_000_000), st.integers(1, 60))
def test_a_streak_is_worth_a_half_more_at_most(had: int, streak: int) -> None:
    exact = had * (1 + Fraction(min(streak, 30) - 1, 58))
    assert abs(policy.multiplied(had, streak) - exact) <= Fraction(1, 2)


def day(ago: int, count: int = 1, streak: int = 1) -> Score:
    """Some messages so many days ago."""
    who, at = attrs.evolve(SOMEBODY, day=Day(TODAY - ago)), Millis(NOW - ago * DAY_MS)
    found = policy.day_score(who, {DeedKind.DIRECT: Count(count, at)}, streak)
    assert found is not None
    return found


def test_every_deed_is_worth_what_the_contract_says() -> None:
    tally: Tally = {kind: Count(1, NOW) for kind in DeedKind}
    found = policy.day_score(SOMEBODY, tally, 30)
    assert found is not None
    assert [policy.points_of(found.of(one)) for one in Scope] == [2918, 845, 800, 300]
    assert policy.CAPS == {
        DeedKind.DIRECT: 60,
        DeedKind.ROOM_MESSAGE: 80,
        DeedKind.JOINED: 6,
        DeedKind.CREATED: 2,
        DeedKind.SENDER: 20,
        DeedKind.INVITER: 10,
    }
    assert policy.day_score(SOMEBODY, {}, 1) is None


@given(st.sets(st.integers(0, 34), max_size=12), st.sampled_from([Period.WEEKLY, Period.MONTHLY]))
def test_sliding_is_adding_up_anew(ago: set[int], period: Period) -> None:
    days = [day(one, 1 + one % 3) for one in sorted(ago)]

    def whole(until: Day) -> Score | None:
        inside = [one for one in days if until - period.value < one.day <= until]
        return policy.added(attrs.evolve(SOMEBODY, period=period, day=until), inside)

    before = whole(Day(TODAY - 1))
    leaving = next((one for one in days if one.day == TODAY - period.value), None)
    without = [one for one in days if one.day != TODAY]
    if before is not None and len(without) == len(days):
        assert policy.slid(before, leaving) == whole(TODAY)


tallies = st.dictionaries(
    st.sampled_from([DeedKind.DIRECT, DeedKind.SENDER, DeedKind.PLAYED, DeedKind.WON]),
    st.builds(Count, st.integers(1, 9), st.integers(NOW, NOW + 5).map(Millis)),
)


@given(st.sets(st.integers(1, 29), max_size=4), tallies, tallies)
def test_a_day_that_grows_is_adding_up_anew(ago: set[int], before: Tally, now: Tally) -> None:
    """Whatever has become of it: where that is less, nothing is said."""
    days = [day(one, 1 + one % 3) for one in sorted(ago)]
    was, shown = (policy.day_score(SOMEBODY, one, 1) for one in (before, now))
    who = attrs.evolve(SOMEBODY, period=Period.MONTHLY)
    total = policy.added(who, [*days, *filter(None, [was])])
    found = None if total is None else policy.grown(total, was, shown)
    if found is not None:
        assert found == policy.added(who, [*days, *filter(None, [shown])])
    more = {kind: Count(one.count + 1, one.at) for kind, one in before.items()}
    if total is not None and before:
        assert policy.grown(total, was, policy.day_score(SOMEBODY, more, 1)) is not None


def deed(at: int, **changes: object) -> Deed:
    made = Deed(ME, DeedKind.SENDER, YOU, HERE, TODAY, Millis(at))
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]


def test_what_counts_once_counts_where_it_was_first() -> None:
    mine = {(ME, TODAY)}
    assert policy.earliest([], [deed(5), deed(5)]) == ([deed(5)], mine)
    assert policy.earliest([deed(5)], [deed(6)]) == ([], set())
    assert policy.earliest([deed(5)], [deed(4)]) == ([deed(4)], mine)
    friend = deed(9, kind=DeedKind.FRIEND)
    earlier = attrs.evolve(friend, day=Day(TODAY - 1), at=Millis(1))
    assert policy.earliest([friend], [earlier]) == ([earlier], {(ME, TODAY), (ME, Day(TODAY - 1))})


def test_what_is_hidden_makes_room_for_what_is_not() -> None:
    hidden = deed(5, hidden=True)
    assert policy.earliest([hidden], [deed(6)]) == ([deed(6)], {(ME, TODAY)})
    assert policy.earliest([hidden], [deed(6, hidden=True)]) == ([], set())


def test_ranks_leave_room_for_those_who_share_one() -> None:
    people = [UserId(UUID(int=number)) for number in range(5, 0, -1)]
    places = list(zip([9, 7, 7, 5, 5], people, strict=True))
    assert [one.rank for one in policy.ranked(places, Ahead(0, 0))] == [1, 2, 2, 4, 4]
    assert [one.rank for one in policy.ranked(places[2:], Ahead(1, 2))] == [2, 4, 4]
    assert list(policy.ranked([], Ahead(0, 0))) == []


def test_badges_are_for_the_first_ten_and_whoever_shares_the_tenth_rank() -> None:
    people = [UserId(UUID(int=number)) for number in range(99, 80, -1)]
    top = tuple((100 - min(number, 9), one) for number, one in enumerate(people[:12]))
    merits = policy.Merits(top, top, top[:11], (ME,), (YOU,))
    found = policy.badges(merits, TODAY)
    assert {one.user_id for one in found if one.kind is BadgeKind.DAILY_TOP_10} == set(people[:12])
    assert {one for one in found if one.kind is not BadgeKind.DAILY_TOP_10} == {
        Badge(people[11], BadgeKind.WEEKLY_TOP_10, TODAY),
        Badge(ME, BadgeKind.STREAK_30, TODAY),
        Badge(YOU, BadgeKind.SOCIAL_BUTTERFLY, TODAY),
    }


def test_a_streak_goes_on_until_a_day_is_over_without() -> None:
    last = day(0, streak=4)
    assert policy.streak_of(last, 9, TODAY) == Streak(4, 9, TODAY)
    assert policy.streak_of(last, 9, Day(TODAY + 1)) == Streak(4, 9, TODAY)
    assert policy.streak_of(last, 9, Day(TODAY + 2)) == Streak(0, 9, TODAY)
    assert policy.streak_of(None, 9, TODAY) == Streak(0, 9, None)


def test_days_that_nothing_reaches_are_passed_over() -> None:
    book = Book(HERE, TODAY, TODAY, Day(TODAY - 1))
    assert policy.next_opened(book, Day(TODAY + 2)).opened == TODAY + 1
    far = policy.next_opened(book, Day(TODAY + 400))
    assert (far.opened, far.filled) == (TODAY + 400 - 30, TODAY + 400 - 31)
    begun = attrs.evolve(book, opened=Day(TODAY + 1))
    assert policy.next_opened(begun, Day(TODAY + 400)) == begun

"""What deeds are worth, and how scores follow from them. Pure.

Points are counted in hundredths. A score is kept as a *place*, one number by which a board is
sorted: the points, and below them how early they were reached. So whoever has more points stands
higher, of two with the same points whoever reached them first, and only those who reached the same
at the same moment share a rank, as the two who become friends do.

A score was reached at the moment of the last deed that counts for it. So all of this depends on
what counts and on nothing else: neither on the order in which events arrive nor on what was taken
back meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value
from divan_core.leaderboards.days import DAY_MS, EPOCH
from divan_core.leaderboards.model import (
    SUMS,
    Ahead,
    Badge,
    BadgeKind,
    Book,
    Day,
    Deed,
    DeedKey,
    DeedKind,
    Listed,
    Period,
    Place,
    Scope,
    Score,
    Shift,
    Streak,
    Tally,
    UserDay,
)

LONGEST: Final = Period.MONTHLY.value
"""The longest period, and the streak from which on its worth grows no more, in days."""


@value
class Worth:
    """What one deed brings, in hundredths of a point, where, and how many of a day count."""

    points: int
    scope: Scope
    most: int | None = None


WORTH: Final[Mapping[DeedKind, Worth]] = {
    DeedKind.INVITE: Worth(300, Scope.SOCIAL),
    DeedKind.FRIEND: Worth(500, Scope.SOCIAL),
    DeedKind.DIRECT: Worth(30, Scope.SOCIAL, 60),
    DeedKind.ROOM_MESSAGE: Worth(15, Scope.SOCIAL, 80),
    DeedKind.PLAYED: Worth(200, Scope.ENGAGEMENT),
    DeedKind.WON: Worth(300, Scope.ENGAGEMENT),
    DeedKind.JOINED: Worth(100, Scope.ENGAGEMENT, 6),
    DeedKind.CREATED: Worth(200, Scope.ENGAGEMENT, 2),
    DeedKind.SENDER: Worth(100, Scope.POPULARITY, 20),
    DeedKind.INVITER: Worth(200, Scope.POPULARITY, 10),
}
CAPS: Final[Mapping[DeedKind, int]] = {
    kind: one.most for kind, one in WORTH.items() if one.most is not None
}
"""How many deeds of a kind count on a day: the first ones."""

PARTS: Final = (Scope.SOCIAL, Scope.ENGAGEMENT, Scope.POPULARITY)
"""The scopes that deeds count in."""

_EARLY: Final = 1 << 32
_BEFORE: Final = 31
"""The moments of a place are counted from so many days before its day: 2**32 ms are 49 days."""


def place(points: int, at: Millis, day: Day) -> int:
    """Where these points stand, reached at a moment, on boards of a day; 0 for no points."""
    if not points:
        return 0
    since = (day - EPOCH - _BEFORE) * DAY_MS
    return points * _EARLY + (_EARLY - 1 - (at - since))


def points_of(found: int) -> int:
    """The points of a place, in hundredths."""
    return found // _EARLY


def reached(found: int, day: Day) -> Millis:
    """The moment at which a place, which is not 0, was reached."""
    since = (day - EPOCH - _BEFORE) * DAY_MS
    return Millis(since + _EARLY - 1 - found % _EARLY)


def multiplied(points: int, streak: int) -> int:
    """Points times what a streak is worth: 1.0 on its day 1, 1.5 from day 30 on, linear between.

    Rounded to hundredths, halves up.
    """
    steps = LONGEST - 1
    factor = 2 * steps + min(max(streak, 1), LONGEST) - 1
    return (points * factor + steps) // (2 * steps)


def day_score(who: Score, tally: Tally, streak: int) -> Score | None:
    """What a day comes to, as the day of a streak; None where nothing counts.

    ``who`` says whose day it is, and which.
    """
    points: defaultdict[Scope, int] = defaultdict(int)
    last: dict[Scope, Millis] = {}
    for kind, counted in tally.items():
        scope = WORTH[kind].scope
        points[scope] += WORTH[kind].points * counted.count
        last[scope] = max(last.get(scope, counted.at), counted.at)
    parts = {one: (points[one], last[one]) for one in PARTS if points[one]}
    return _score(who, parts, (multiplied(sum(points.values()), streak), streak))


_Parts = Mapping[Scope, tuple[int, Millis]]
"""Points of scopes that have any, with the moment at which they were reached."""


def _score(who: Score, parts: _Parts, whole: tuple[int, int]) -> Score | None:
    """A score of its parts; ``whole`` is the points of all together, and the streak."""
    if not parts:
        return None
    points, streak = whole
    social, engagement, popularity = (
        place(*parts[one], who.day) if one in parts else 0 for one in PARTS
    )
    return Score(
        user_id=who.user_id,
        campus_id=who.campus_id,
        period=who.period,
        day=who.day,
        overall=place(points, max(at for _, at in parts.values()), who.day),
        social=social,
        engagement=engagement,
        popularity=popularity,
        streak=streak,
    )


def _parts(score: Score) -> _Parts:
    return {
        one: (points_of(score.of(one)), reached(score.of(one), score.day))
        for one in PARTS
        if score.of(one)
    }


def added(who: Score, days: Iterable[Score]) -> Score | None:
    """What a period comes to whose days, those on which anything counts, are these."""
    parts: dict[Scope, tuple[int, Millis]] = {}
    overall = 0
    for one in days:
        overall += points_of(one.overall)
        for scope, (points, at) in _parts(one).items():
            had, last = parts.get(scope, (0, at))
            parts[scope] = had + points, max(last, at)
    return _score(who, parts, (overall, 0))


def grown(total: Score, before: Score | None, now: Score | None) -> Score | None:
    """What :func:`added` comes to once the last day of a period is more than it was before.

    None where that does not follow from the three: where anything was taken back of the day.
    """
    if now is None:
        return None
    found = [
        _grown(total.of(one), 0 if before is None else before.of(one), now.of(one)) for one in Scope
    ]
    if None in found:
        return None
    slot = (total.user_id, total.campus_id, total.period, total.day)
    return Score(*slot, *(one or 0 for one in found))


def _grown(total: int, before: int, now: int) -> int | None:
    """A place with more of the last day in it; the later a moment, the less it adds to a place."""
    if now == before:
        return total
    if before and (not total or now < before or now % _EARLY > before % _EARLY):
        return None
    points = points_of(total) - points_of(before) + points_of(now)
    return points * _EARLY + min(total % _EARLY if total else _EARLY, now % _EARLY)


def slid(score: Score, leaving: Score | None) -> Score | None:
    """A period's score one day later, on which nothing has counted yet.

    ``leaving`` is the day that is then no longer in it. Where that leaves anything, its last deed
    is still in it.
    """
    day = Day(score.day + 1)
    gone = leaving.places if leaving else (0, 0, 0, 0)
    overall, social, engagement, popularity = map(_without, score.places, gone)
    if not overall:
        return None
    return attrs.evolve(
        score,
        day=day,
        overall=overall,
        social=social,
        engagement=engagement,
        popularity=popularity,
    )


def _without(found: int, leaving: int) -> int:
    points = points_of(found) - points_of(leaving)
    return points * _EARLY + found % _EARLY + DAY_MS if points else 0


def rescored(
    who: Score, kept: Sequence[Score], tallies: Mapping[Day, Tally], opened: Day
) -> list[Shift]:
    """What changes of somebody's scores once some of their days have new tallies.

    ``kept`` are their days from :data:`LONGEST` days before the first of these on, and their sums
    from that on. ``who`` says whose they are. Scores are kept up to the day ``opened``.
    """
    before = {one.slot[1:]: one for one in kept}
    first = min(tallies)
    only = before.get((Period.DAILY, first)) if first == opened else None
    days = {day: one for (period, day), one in before.items() if period is Period.DAILY}
    shifts: list[Shift] = []
    for day in range(first, opened + 1):
        old = days.pop(Day(day), None)
        streak = _streak_of(days.get(Day(day - 1)))
        new = _redone(_slot(who, Period.DAILY, day), old, tallies, streak)
        if new is not None:
            days[Day(day)] = new
        shifts.append(Shift(old, new))
    for day in range(first, opened + 1):
        for period in SUMS:
            old = before.get((period, Day(day)))
            new = grown(old, only, days.get(first)) if old and first == opened else None
            if new is None:
                inside = (days.get(Day(one)) for one in range(day - period.value + 1, day + 1))
                new = added(_slot(who, period, day), filter(None, inside))
            shifts.append(Shift(old, new))
    return [one for one in shifts if one.old != one.new]


def _redone(
    slot: Score, old: Score | None, tallies: Mapping[Day, Tally], streak: int
) -> Score | None:
    """A day's score anew: by its new tally, or as it was but for its streak."""
    tally = tallies.get(slot.day)
    if tally is not None:
        return day_score(slot, tally, streak + 1)
    if old is None or old.streak == streak + 1:
        return old
    parts = _parts(old)
    points = sum(one for one, _ in parts.values())
    return _score(slot, parts, (multiplied(points, streak + 1), streak + 1))


def _streak_of(score: Score | None) -> int:
    return 0 if score is None else score.streak


def slot(user_id: UserId, campus_id: CampusId) -> Score:
    """Whose scores are meant: nobody has this one."""
    return Score(user_id, campus_id, Period.DAILY, Day(0), 0)


def _slot(who: Score, period: Period, day: int) -> Score:
    return Score(who.user_id, who.campus_id, period, Day(day), 0)


def earliest(known: Iterable[Deed], deeds: Iterable[Deed]) -> tuple[list[Deed], set[UserDay]]:
    """Which of these deeds to keep beside those known of the same keys, and whose days change.

    What counts once counts where it was first, of what is not hidden.
    """
    kept: dict[DeedKey, Deed] = {one.key: one for one in known}
    new: dict[DeedKey, Deed] = {}
    changed: set[UserDay] = set()
    for one in deeds:
        old = kept.get(one.key)
        if old is not None:
            if old.at <= one.at and (one.hidden or not old.hidden):
                continue
            changed.add((old.user_id, old.day))
        kept[one.key] = new[one.key] = one
        changed.add((one.user_id, one.day))
    return list(new.values()), changed


def ranked(places: Sequence[Place], ahead: Ahead) -> Iterator[Listed]:
    """The ranks of those who stand here one after the other, with so many ahead of the first.

    A rank is one more than how many stand better, so that after two who share one the next but
    one follows: 1, 2, 2, 4.
    """
    rank, last = ahead.better + 1, places[0][0] if places else 0
    for number, (found, user_id) in enumerate(places, ahead.before + 1):
        if found != last:
            rank, last = number, found
        yield Listed(rank, user_id, found)


def new_book(campus_id: CampusId, day: Day) -> Book:
    """The book of a campus on whose boards there is nothing before a day."""
    return Book(campus_id, opened=day, filled=day, closed=Day(day - 1))


def next_opened(book: Book, until: Day) -> Book:
    """The book with the next day opened, if the last one is filled.

    Days that nothing reaches any more are passed over.
    """
    if book.opened > book.filled:
        return book
    past = max(book.filled, Day(until - LONGEST - 1))
    return attrs.evolve(book, opened=Day(past + 1), filled=past)


def turned(kept: Sequence[Score], day: Day) -> list[Shift]:
    """The sums of the day after this one, of those who have none there yet.

    ``kept`` are sums of both days, and the days that leave the sums.
    """
    found = {one.slot: one for one in kept}
    shifts: list[Shift] = []
    for one in kept:
        user_id, period, at = one.slot
        if period is Period.DAILY or at != day or (user_id, period, Day(day + 1)) in found:
            continue
        leaving = found.get((user_id, Period.DAILY, Day(day + 1 - period.value)))
        shifts.append(Shift(None, slid(one, leaving)))
    return [one for one in shifts if one.new is not None]


TOP: Final = 10
"""Up to which rank there are badges."""

STREAK: Final = 30
"""How long a streak is to be for a badge, in days."""

BUTTERFLY: Final = 15
"""How many different peers in a week are worth a badge."""


@value
class Merits:
    """What badges of a day are given for.

    ``week`` and ``week_before`` stand on the board of the week that ends with the day, and of the
    one that ended with the day before. ``butterflies`` have come to so many peers on this day.
    """

    day: tuple[Place, ...]
    week: tuple[Place, ...]
    week_before: tuple[Place, ...]
    streaks: tuple[UserId, ...]
    butterflies: tuple[UserId, ...]


def badges(merits: Merits, day: Day) -> set[Badge]:
    """The badges of a day.

    Being among the first of a day is worth one each time; all else when it is reached: whoever
    stays among the first of the week, on a streak, or in company, has had theirs.
    """
    earned = {
        BadgeKind.DAILY_TOP_10: _top(merits.day),
        BadgeKind.WEEKLY_TOP_10: _top(merits.week) - _top(merits.week_before),
        BadgeKind.STREAK_30: set(merits.streaks),
        BadgeKind.SOCIAL_BUTTERFLY: set(merits.butterflies),
    }
    return {Badge(user_id, kind, day) for kind, people in earned.items() for user_id in people}


def _top(places: Sequence[Place]) -> set[UserId]:
    return {one.user_id for one in ranked(places, Ahead(0, 0)) if one.rank <= TOP}


def streak_of(last: Score | None, best: int, today: Day) -> Streak:
    """Somebody's streak; one that did not go on yesterday or today is over."""
    if last is None:
        return Streak(0, best)
    current = last.streak if last.day >= today - 1 else 0
    return Streak(current, best, last.day)

"""How scores, streaks and badges are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from divan_core.kernel.visibility import PersonCard
from divan_core.leaderboards.days import ymd
from divan_core.leaderboards.messages import (
    BadgeName,
    BadgeView,
    BoardEntry,
    OwnDay,
    ScopeName,
    StreakView,
)
from divan_core.leaderboards.model import Badge, BadgeKind, Listed, Scope, Score, Streak
from divan_core.leaderboards.policy import points_of

_SCOPES: Final[Mapping[Scope, ScopeName]] = {
    Scope.OVERALL: "overall",
    Scope.SOCIAL: "social",
    Scope.ENGAGEMENT: "engagement",
    Scope.POPULARITY: "popularity",
}
_BADGES: Final[Mapping[BadgeKind, BadgeName]] = {
    BadgeKind.DAILY_TOP_10: "daily_top_10",
    BadgeKind.WEEKLY_TOP_10: "weekly_top_10",
    BadgeKind.STREAK_30: "streak_30",
    BadgeKind.SOCIAL_BUTTERFLY: "social_butterfly",
}


def scope_name(scope: Scope) -> ScopeName:
    """What a scope is called."""
    return _SCOPES[scope]


def entry(listed: Listed, card: PersonCard) -> BoardEntry:
    """Somebody on a board."""
    return BoardEntry(
        rank=listed.rank,
        user_id=card.user_id,
        handle=card.handle,
        display_name=card.display_name,
        score=_points(listed.place),
    )


def scores_view(score: Score | None) -> dict[ScopeName, float]:
    """The points in each scope."""
    return {_SCOPES[one]: 0.0 if score is None else _points(score.of(one)) for one in Scope}


def streak_view(streak: Streak) -> StreakView:
    """A streak."""
    last = None if streak.last_active is None else ymd(streak.last_active)
    return StreakView(streak.current, streak.best, last)


def badge_view(badge: Badge) -> BadgeView:
    """A badge."""
    return BadgeView(_BADGES[badge.kind], ymd(badge.day))


def own_day(score: Score) -> OwnDay:
    """What somebody had on a day."""
    return OwnDay(ymd(score.day), scores_view(score), score.streak)


def _points(place: int) -> float:
    """Points of a place, as people see them."""
    return points_of(place) / 100

"""What crosses the border of leaderboards."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from msgspec import Meta

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value

LEADERBOARDS: Final = "leaderboards"
"""The topic of the events below."""

DAY_CLOSED: Final = "day.closed"
"""A day of a campus is over and its badges are given: ``{ymd}``; again if it has changed since."""

BADGE_EARNED: Final = "badge.earned"
BADGE_LOST: Final = "badge.lost"
"""Somebody has a badge, or has it no longer, because what it was for was taken back:
``{user_id, kind, ymd}``."""

MOST_LISTED: Final = 200

ScopeName = Literal["overall", "social", "engagement", "popularity"]
PeriodName = Literal["daily", "weekly", "monthly"]
BadgeName = Literal["daily_top_10", "weekly_top_10", "streak_30", "social_butterfly"]
Ymd = Annotated[str, Meta(pattern="^[0-9]{8}$")]
"""A day of the campus, ``YYYYMMDD``."""


@attrs.frozen
class BoardQuery:
    """A page of a board: of the ``period`` that ends with the day ``ymd``, or today."""

    scope: ScopeName
    period: PeriodName = "daily"
    ymd: Ymd | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] = 20
    cursor: str | None = None


@value
class BoardEntry:
    """Somebody on a board. Ranks are over everybody, whoever sees it."""

    rank: int
    user_id: UserId
    handle: str
    display_name: str
    score: float


@attrs.frozen
class SummaryQuery:
    """How oneself stands, on boards of the ``period`` that ends with the day ``ymd``, or today."""

    period: PeriodName = "daily"
    ymd: Ymd | None = None


@attrs.frozen
class StreakView:
    """Active days in a row, by the campus's days: those that go on, and the most there ever were.

    A day is active when there is any point of it. A streak goes on until a day is over without.
    """

    current: int
    best: int
    last_active_ymd: str | None


@attrs.frozen
class BadgeView:
    """A badge, and the day it was earned on."""

    kind: BadgeName
    earned_ymd: str


@attrs.frozen
class SummaryView:
    """How somebody stands, to themselves. Ranks are null where they have no points.

    ``badges`` are the last hundred, the newest first.
    """

    ymd: str
    campus_id: CampusId
    ranks: dict[ScopeName, int | None]
    scores: dict[ScopeName, float]
    streak: StreakView
    badges: tuple[BadgeView, ...]


@attrs.frozen
class StreakQuery:
    """Somebody's streak."""

    user_id: UserId


@attrs.frozen
class OwnDay:
    """What somebody had on a day, with the day of their streak that it was."""

    ymd: str
    scores: dict[ScopeName, float]
    streak: int


@attrs.frozen
class OwnScores:
    """All that is kept of somebody's scores, for themselves."""

    streak: StreakView
    days: tuple[OwnDay, ...]
    badges: tuple[BadgeView, ...]

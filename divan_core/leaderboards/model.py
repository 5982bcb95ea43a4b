"""What counts on leaderboards: deeds, and the scores that days and periods come to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, NewType
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value

Day = NewType("Day", int)
"""A calendar day, as its number in the proleptic Gregorian calendar: the next day is one more."""


class Period(enum.Enum):
    """How many days a board adds up, the last of them included."""

    DAILY = 1
    WEEKLY = 7
    MONTHLY = 30


SUMS: Final = (Period.WEEKLY, Period.MONTHLY)
"""Periods that add up days."""


class Scope(enum.Enum):
    """What a board counts. ``OVERALL`` is all of it, times what a streak is worth."""

    OVERALL = "overall"
    SOCIAL = "social"
    ENGAGEMENT = "engagement"
    POPULARITY = "popularity"


class DeedKind(enum.Enum):
    """What counts. All are somebody's own doing, but for the last two, which others do to them."""

    INVITE = "invite"
    """An invite of theirs was accepted."""
    FRIEND = "friend"
    """They and somebody became friends."""
    DIRECT = "direct"
    """They wrote to somebody."""
    ROOM_MESSAGE = "room_message"
    """They wrote into a room."""
    PLAYED = "played"
    """They played an activity to its end."""
    WON = "won"
    """They won it."""
    JOINED = "joined"
    """They came into a room that somebody else had made."""
    CREATED = "created"
    """They made a room."""
    SENDER = "sender"
    """Somebody wrote to them; each counts once a day."""
    INVITER = "inviter"
    """Somebody invited them and they accepted."""


ONCE_A_DAY: Final = frozenset({DeedKind.SENDER})
"""What the same cause may be of again on another day; all else counts once, where it was first."""

COMPANY: Final = frozenset({DeedKind.INVITE, DeedKind.FRIEND, DeedKind.DIRECT, DeedKind.PLAYED})
"""What somebody does together with a peer."""

DeedKey = tuple[UserId, DeedKind, UUID, int]
"""What a deed counts once by: whose, what, its cause, and the day of those that may come again."""


@value
class Deed:
    """Something that counts for somebody on a day of their campus, at a moment.

    ``cause`` is what it is known by: a message, a room, an activity, or the other person.
    ``hidden``: staff has hidden what it is about. ``shunned``: its peer is banned, or as good as.
    Neither counts, and both may end.
    """

    user_id: UserId
    kind: DeedKind
    cause: UUID
    campus_id: CampusId
    day: Day
    at: Millis
    peer_id: UserId | None = None
    hidden: bool = False
    shunned: bool = False

    @property
    def key(self) -> DeedKey:
        """What it counts once by."""
        per = self.day if self.kind in ONCE_A_DAY else 0
        return self.user_id, self.kind, self.cause, per


@value
class Count:
    """How many deeds of a kind count on a day, and the moment of the last of these."""

    count: int
    at: Millis


Tally = Mapping[DeedKind, Count]
"""What counts for somebody on a day."""

UserDay = tuple[UserId, Day]
"""Somebody's day."""


@value
class Board:
    """One leaderboard of a campus: ``period`` ends with ``day``."""

    campus_id: CampusId
    period: Period
    day: Day
    scope: Scope = Scope.OVERALL


@value
class Score:
    """What somebody has in a period, by scope, as places: see ``policy.place``. Never nothing.

    ``streak`` is, of a day, how many days in a row were active up to it; else 0.
    """

    user_id: UserId
    campus_id: CampusId
    period: Period
    day: Day
    overall: int
    social: int = 0
    engagement: int = 0
    popularity: int = 0
    streak: int = 0

    def of(self, scope: Scope) -> int:
        """The place in one scope; 0 for none."""
        found: int = getattr(self, scope.value)
        return found

    @property
    def places(self) -> tuple[int, int, int, int]:
        """The places in all scopes, in their order."""
        return self.overall, self.social, self.engagement, self.popularity

    @property
    def slot(self) -> tuple[UserId, Period, Day]:
        """What there is one of."""
        return self.user_id, self.period, self.day


@value
class Shift:
    """A score that takes the place of another; either may be nothing."""

    old: Score | None
    new: Score | None


Place = tuple[int, UserId]
"""Where somebody stands on a board; higher is nearer to the top."""


@value
class Listed:
    """Somebody on a board, with their rank."""

    rank: int
    user_id: UserId
    place: int


@value
class Ahead:
    """How many are before a place: those who are ``better``, and all who are listed ``before``."""

    better: int
    before: int


@value
class Mark:
    """That somebody's day has to be added up anew. ``position`` is the store's own."""

    position: int
    user_id: UserId
    day: Day


@attrs.frozen
class Book:
    """How far a campus's boards have come.

    Scores are kept up to the day ``opened``, and up to ``filled`` they are there of everybody.
    ``closed`` is the last day whose badges are given. ``turn`` is another one whenever a day that
    was over has changed.
    """

    campus_id: CampusId
    opened: Day
    filled: Day
    closed: Day
    turn: int = 0


class BadgeKind(enum.Enum):
    """What badges are for."""

    DAILY_TOP_10 = "daily_top_10"
    WEEKLY_TOP_10 = "weekly_top_10"
    STREAK_30 = "streak_30"
    SOCIAL_BUTTERFLY = "social_butterfly"


@value
class Badge:
    """A badge, and the day that it was earned on."""

    user_id: UserId
    kind: BadgeKind
    day: Day


@value
class Streak:
    """Active days in a row: those that still go on, and the most there ever were."""

    current: int = 0
    best: int = 0
    last_active: Day | None = None

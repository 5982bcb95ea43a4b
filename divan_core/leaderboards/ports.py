"""What leaderboards need from a store, and from others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.units import Locks
from divan_core.kernel.visibility import Standing
from divan_core.leaderboards.model import (
    Ahead,
    Badge,
    Board,
    Book,
    Day,
    Deed,
    DeedKey,
    Mark,
    Period,
    Place,
    Scope,
    Score,
    Shift,
    Tally,
    UserDay,
)

UnitT_contra = TypeVar("UnitT_contra", contravariant=True)


class DeedRepository(Protocol):
    """Keeps what counts, and whose days have to be added up: ``unit.deeds``."""

    async def some(self, keys: Collection[DeedKey]) -> Sequence[Deed]:
        """Those of these that there are, in any order. One statement."""
        ...

    async def put(self, deeds: Sequence[Deed]) -> None:
        """Keep these, replacing those of the same keys."""
        ...

    async def first(self, user_id: UserId, peer_id: UserId, day: Day) -> Deed | None:
        """What somebody wrote to a peer first on a day, of what is not hidden."""
        ...

    async def about_room(self, room_id: RoomId) -> Sequence[Deed]:
        """Who has made a room, or come into it."""
        ...

    async def shun(self, user_id: UserId, *, shunned: bool) -> None:
        """Let what others did with somebody count for nothing, or count again.

        Marks their days, and those of the person.
        """
        ...

    async def tallies(self, days: Collection[UserDay]) -> Mapping[UserDay, Tally]:
        """What counts on these days; a day on which nothing does may be left out.

        Of a kind that counts so often a day (``policy.CAPS``) the first ones, by moment and cause.
        """
        ...

    async def companions(self, people: Collection[UserId], until: Day, least: int) -> set[UserId]:
        """Those of these who had ``least`` different peers in the week that ends with a day.

        Of kinds that are company, and of what counts.
        """
        ...

    async def mark(self, campus_id: CampusId, days: Collection[UserDay]) -> None:
        """Remember that these days have to be added up anew."""
        ...

    async def marks(self, campus_id: CampusId, most: int) -> Sequence[Mark]:
        """The first ``most`` marks of a campus."""
        ...

    async def clear(self, marks: Collection[Mark]) -> None:
        """Forget these."""
        ...

    async def marked(self) -> Sequence[CampusId]:
        """The campuses that have marks. One statement."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """How many deeds of somebody there are."""
        ...

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        ...

    async def purge(self, campus_id: CampusId, before: Day, most: int) -> int:
        """Delete up to ``most`` deeds of days before one; how many it were."""
        ...


class ScoreRepository(Protocol):
    """Keeps scores in the order of every board, and badges: ``unit.scores``.

    Whoever writes here holds the lock of the campus, ``scores:<campus>``.
    """

    async def book(self, campus_id: CampusId) -> Book | None:
        """How far the boards have come; None where there is nothing yet."""
        ...

    async def keep_book(self, book: Book) -> None:
        """Keep it, in place of what it was."""
        ...

    async def of(self, people: Collection[UserId], first: Day) -> Sequence[Score]:
        """The sums of these people from a day on, and their days from a month before it on.

        That is ``policy.LONGEST`` days before.
        """
        ...

    async def put(self, shifts: Sequence[Shift]) -> None:
        """Let these take the place of what was there, which is ``old``; no two are of one slot."""
        ...

    async def get(self, user_id: UserId, board: Board) -> Score | None:
        """Somebody's score, or None. One statement."""
        ...

    async def page(self, board: Board, before: Place | None, limit: int) -> Sequence[Place]:
        """Up to ``limit`` who stand below ``before``, or from the top on, the highest first."""
        ...

    async def ahead(self, board: Board, place: Place) -> Ahead:
        """How many stand before a place. One statement, which counts no more than a few hundred."""
        ...

    async def ranks(self, score: Score) -> Mapping[Scope, int]:
        """The rank of a score in each scope that it has points in. One statement, as ``ahead``."""
        ...

    async def turning(self, people: Collection[UserId], day: Day) -> Sequence[Score]:
        """What the next day's sums of these people follow from, and those that there are already.

        Their sums of this day and of the next, and the days that are in these sums and will not be
        in those of the next day.
        """
        ...

    async def on_streak(self, campus_id: CampusId, day: Day, streak: int) -> Sequence[UserId]:
        """Those for whom a day is this day of their streak."""
        ...

    async def streaks(self, user_id: UserId) -> tuple[Score | None, int]:
        """Somebody's last active day, and the longest streak there was."""
        ...

    async def badges(self, campus_id: CampusId, day: Day) -> Sequence[Badge]:
        """What was earned on a day."""
        ...

    async def award(
        self, campus_id: CampusId, earned: Sequence[Badge], lost: Sequence[Badge]
    ) -> None:
        """Keep badges, and take others back."""
        ...

    async def badges_of(self, user_id: UserId, limit: int) -> Sequence[Badge]:
        """Somebody's last ``limit`` badges, the newest first."""
        ...

    async def days_of(self, user_id: UserId, after: Day, limit: int) -> Sequence[Score]:
        """Up to ``limit`` of somebody's days after one, in order."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """How many scores and badges of somebody there are."""
        ...

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these, and whatever else there is of them; how many it were."""
        ...

    async def purge(self, campus_id: CampusId, period: Period, before: Day, most: int) -> int:
        """Delete up to ``most`` scores of days before one; how many it were.

        The longest streak that there was stays.
        """
        ...


class BoardsUnit(Protocol):
    """What leaderboards use of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def deeds(self) -> DeedRepository:
        """What counts."""
        ...

    @property
    def scores(self) -> ScoreRepository:
        """What it comes to."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


class Census(Protocol[UnitT_contra]):
    """What leaderboards ask of campuses and people; asked in the unit that decides."""

    async def timezones(
        self, unit: UnitT_contra, campuses: Collection[CampusId]
    ) -> Mapping[CampusId, str]:
        """By which IANA time zones clocks of those of these go that there are. One statement."""
        ...

    async def standings(
        self, unit: UnitT_contra, people: Collection[UserId]
    ) -> Mapping[UserId, Standing]:
        """How those of these people stand who exist. One statement."""
        ...

    async def campuses(
        self, unit: UnitT_contra, after: CampusId | None, limit: int
    ) -> Sequence[tuple[CampusId, str]]:
        """Up to ``limit`` campuses with an id above ``after``, by id, with their time zones."""
        ...

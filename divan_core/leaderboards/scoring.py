"""Adding up: deeds are kept as they are told, and scores are made of them.

The two are units of their own. In the first a deed is kept, once, and its day marked. In the second
marked days are added up, as many as there are, by one at a time of a campus. So a score depends on
what is kept alone; whoever dies in between leaves marks, and those who come later go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Final, Generic
from uuid import UUID

import anyio
import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import Units
from divan_core.kernel.values import value
from divan_core.kernel.visibility import Standing
from divan_core.leaderboards import policy
from divan_core.leaderboards.days import day_of
from divan_core.leaderboards.model import (
    Board,
    Book,
    Day,
    Deed,
    DeedKind,
    Mark,
    Period,
    Place,
    Score,
    Shift,
    Tally,
    UserDay,
)
from divan_core.leaderboards.tools import (
    KEPT_DAYS,
    Calendar,
    ScoringTools,
    UnitT,
    lock_of,
    lock_of_deeds,
)

MOST_MARKS: Final = 100
"""How many marked days one unit adds up: nobody else should wait for longer than some ms."""

PORTION: Final = 2_000
"""Of how many people one unit begins a new day."""

_OUT: Final = frozenset({Standing.BANNED, Standing.SHADOWED})
"""Whose deeds count for nobody, as long as it lasts."""


@value
class Feat:
    """What somebody did, of a kind, known by its cause; its day follows from its moment."""

    user_id: UserId
    kind: DeedKind
    cause: UUID
    peer_id: UserId | None = None
    hidden: bool = False


@value
class Told:
    """What happened on a campus at a moment."""

    campus_id: CampusId
    at: Millis
    feats: tuple[Feat, ...]


class Scoring(Generic[UnitT]):
    """Keeps deeds, and the scores that they come to."""

    def __init__(self, units: Units[UnitT], tools: ScoringTools[UnitT]) -> None:
        """Add up through ``units``."""
        self._units = units
        self._tools = tools
        self._calendar = Calendar(units, tools)
        self._turns = anyio.Lock()
        self._filled: dict[CampusId, Day] = {}

    async def hold(self, unit: UnitT, *about: UUID) -> None:
        """Be alone with the deeds of these people, or of a room; once in a locking unit.

        Whoever asks whether something is hidden, and whoever hears that it was, do so one after the
        other.
        """
        await unit.locks.take(*map(lock_of_deeds, about))

    async def note(self, unit: UnitT, *told: Told) -> None:
        """Keep that these happened; a second time is as once.

        That takes as many statements as of one, and one more for each further campus. The unit
        holds whom it is about. What is too old to be kept, and what somebody did who is gone, is
        nothing.
        """
        deeds = await self._deeds(unit, told)
        known = await unit.deeds.some([one.key for one in deeds])
        new, changed = policy.earliest(known, deeds)
        if new:
            await unit.deeds.put(new)
        for campus_id, days in _days_of((*known, *deeds), changed).items():
            await unit.deeds.mark(campus_id, days)

    async def hide(self, unit: UnitT, deeds: Sequence[Deed], *, hidden: bool) -> None:
        """Let deeds that are kept count no more, or again; the unit holds what they are about."""
        changed = [attrs.evolve(one, hidden=hidden) for one in deeds if one.hidden is not hidden]
        if changed:
            await unit.deeds.put(changed)
            for one in changed:
                await unit.deeds.mark(one.campus_id, {(one.user_id, one.day)})

    async def hide_message(self, unit: UnitT, sender: UserId, cause: UUID, *, hidden: bool) -> None:
        """Let a message count no more, or again.

        To whom it was written, its sender counts by what else they wrote on that day. The unit
        holds the sender.
        """
        kinds = (DeedKind.DIRECT, DeedKind.ROOM_MESSAGE)
        found = await unit.deeds.some([(sender, kind, cause, 0) for kind in kinds])
        await self.hide(unit, found, hidden=hidden)
        for one in found:
            if one.peer_id is not None:
                await self._resend(unit, one, one.peer_id)

    async def shun(self, unit: UnitT, user_id: UserId) -> None:
        """Let somebody's deeds count by how they stand now. The unit is a locking one."""
        await self.hold(unit, user_id)
        standings = await self._tools.census.standings(unit, {user_id})
        await unit.deeds.shun(user_id, shunned=standings.get(user_id) in _OUT)

    async def settle(self, campus_id: CampusId) -> int:
        """Add up the marked days of a campus; how many marks there were.

        Those who ask meanwhile wait, and mostly find that it is done.
        """
        total = 0
        async with self._turns:
            while True:
                done, ahead = await self._units.write(self._settling(campus_id), locking=True)
                total += done
                if ahead is not None:
                    await self._open_until(campus_id, ahead)
                elif done < MOST_MARKS:
                    return total

    async def settle_all(self) -> int:
        """Add up whatever is marked anywhere; how many marks there were."""
        campuses = await self._units.look(lambda unit: unit.deeds.marked())
        return sum([await self.settle(one) for one in campuses])

    async def open_until(self, campus_id: CampusId, day: Day) -> bool:
        """Let the boards of a campus go up to a day, everybody's sums of its days there.

        Where there is nothing yet, nothing is opened. What is filled stays so: it is not asked
        for again, and True is the answer: it has been there for a while.
        """
        if self._filled.get(campus_id, day - 1) >= day:
            return True
        book = await self._units.look(lambda unit: unit.scores.book(campus_id))
        if book is not None and book.filled < day:
            async with self._turns:
                book = await self._open_until(campus_id, day)
        if book is not None:
            self._filled[campus_id] = book.filled
        return False

    async def _deeds(self, unit: UnitT, told: Sequence[Told]) -> Sequence[Deed]:
        """What is to be kept of what happened, in order."""
        census, now = self._tools.census, self._tools.clock.now()
        timezones = await census.timezones(unit, {one.campus_id for one in told})
        feats = [feat for one in told for feat in one.feats]
        people = {who for one in feats for who in (one.user_id, one.peer_id) if who is not None}
        standings = await census.standings(unit, people)
        found: list[Deed] = []
        for one in told:
            timezone = timezones.get(one.campus_id)
            if timezone is not None:
                day = day_of(one.at, timezone)
                if day >= day_of(now, timezone) - KEPT_DAYS:
                    found += _deeds_of(one, day, standings)
        return found

    async def _open_until(self, campus_id: CampusId, day: Day) -> Book | None:
        after: tuple[Day, Place] | None = None
        while True:
            body = self._opening(campus_id, day, after)
            book, after = await self._units.write(body, locking=True)
            if book is None or book.filled >= day:
                return book

    def _opening(
        self, campus_id: CampusId, day: Day, after: tuple[Day, Place] | None
    ) -> Callable[[UnitT], Awaitable[tuple[Book | None, tuple[Day, Place] | None]]]:
        """A step of opening days: a portion of the people of one, those after a place.

        The day is opened with the first portion, so that whoever is added up meanwhile has sums of
        it, and filled with the last.
        """

        async def body(unit: UnitT) -> tuple[Book | None, tuple[Day, Place] | None]:
            await unit.locks.take(lock_of(campus_id))
            found = await unit.scores.book(campus_id)
            if found is None or found.filled >= day:
                return found, None
            book = policy.next_opened(found, day)
            board = Board(campus_id, Period.MONTHLY, Day(book.opened - 1))
            before = after[1] if after is not None and after[0] == book.opened else None
            places = await unit.scores.page(board, before, PORTION)
            kept = await unit.scores.turning([one for _, one in places], board.day)
            await unit.scores.put(policy.turned(kept, board.day))
            if len(places) < PORTION:
                book = attrs.evolve(book, filled=book.opened)
            await unit.scores.keep_book(book)
            return book, ((book.opened, places[-1]) if places else None)

        return body

    def _settling(
        self, campus_id: CampusId
    ) -> Callable[[UnitT], Awaitable[tuple[int, Day | None]]]:
        """A unit that adds up some marked days; or tells up to which day to open before."""

        async def body(unit: UnitT) -> tuple[int, Day | None]:
            await unit.locks.take(lock_of(campus_id))
            marks = await unit.deeds.marks(campus_id, MOST_MARKS)
            if not marks:
                return 0, None
            last = max(one.day for one in marks)
            book = await unit.scores.book(campus_id) or policy.new_book(campus_id, last)
            if book.opened < last:
                return 0, last
            await unit.scores.put(await self._shifts(unit, book, marks))
            first = min(one.day for one in marks)
            await unit.scores.keep_book(await self._stirred(unit, book, first))
            await unit.deeds.clear(marks)
            return len(marks), None

        return body

    async def _shifts(self, unit: UnitT, book: Book, marks: Sequence[Mark]) -> list[Shift]:
        """What the marked days come to, and all that follows from them."""
        days = {(one.user_id, one.day) for one in marks}
        people = {user_id for user_id, _ in days}
        standings = await self._tools.census.standings(unit, people)
        tallies = await unit.deeds.tallies(days)
        scores = await unit.scores.of(people, min(day for _, day in days))
        kept = _by_person(scores)
        theirs: defaultdict[UserId, dict[Day, Tally]] = defaultdict(dict)
        for user_id, day in days:
            active = standings.get(user_id) is Standing.ACTIVE
            theirs[user_id][day] = tallies.get((user_id, day), {}) if active else {}
        return [
            shift
            for user_id, found in theirs.items()
            for shift in policy.rescored(
                policy.slot(user_id, book.campus_id), kept[user_id], found, book.opened
            )
        ]

    async def _stirred(self, unit: UnitT, book: Book, first: Day) -> Book:
        """The book after days from a first one on have changed; those that were closed are not."""
        timezones = await self._tools.census.timezones(unit, {book.campus_id})
        timezone = timezones.get(book.campus_id, "UTC")
        if first >= day_of(self._tools.clock.now(), timezone):
            return book
        closed = min(book.closed, Day(first - 1))
        return attrs.evolve(book, closed=closed, turn=(book.turn + 1) % 2**31)

    async def _resend(self, unit: UnitT, message: Deed, recipient: UserId) -> None:
        """Let somebody count as a sender by the first message of a day that is not hidden."""
        first = await unit.deeds.first(message.user_id, recipient, message.day)
        key = (recipient, DeedKind.SENDER, message.user_id, int(message.day))
        for one in await unit.deeds.some([key]):
            at = one.at if first is None else first.at
            new = attrs.evolve(one, at=at, hidden=first is None)
            if new != one:
                await unit.deeds.put([new])
                await unit.deeds.mark(one.campus_id, {(one.user_id, one.day)})


def _deeds_of(told: Told, day: Day, standings: Mapping[UserId, Standing]) -> Iterator[Deed]:
    """What those did who are not gone."""
    for feat in told.feats:
        if standings.get(feat.user_id, Standing.DELETED) is not Standing.DELETED:
            yield Deed(
                user_id=feat.user_id,
                kind=feat.kind,
                cause=feat.cause,
                campus_id=told.campus_id,
                day=day,
                at=told.at,
                peer_id=feat.peer_id,
                hidden=feat.hidden,
                shunned=feat.peer_id is not None and standings.get(feat.peer_id) in _OUT,
            )


def _days_of(
    deeds: Iterable[Deed], changed: Collection[UserDay]
) -> Mapping[CampusId, set[UserDay]]:
    """The changed days by the campuses of the deeds on them."""
    found: defaultdict[CampusId, set[UserDay]] = defaultdict(set)
    for one in deeds:
        if (one.user_id, one.day) in changed:
            found[one.campus_id].add((one.user_id, one.day))
    return found


def _by_person(scores: Sequence[Score]) -> Mapping[UserId, list[Score]]:
    found: defaultdict[UserId, list[Score]] = defaultdict(list)
    for one in scores:
        found[one.user_id].append(one)
    return found

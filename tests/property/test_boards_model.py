"""Whatever happens, in whatever order it is heard of: boards are as a plain count of it says."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import attrs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import Standing
from divan_core.leaderboards import policy
from divan_core.leaderboards.closing import Closing
from divan_core.leaderboards.model import BadgeKind, Board, Day, DeedKind, Period, Place, Scope
from divan_core.leaderboards.scoring import Feat, Scoring, Told
from divan_core.leaderboards.tools import ScoringTools
from divan_core.scorekeeping import CampusCensus
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.sql.store import open_sql
from divan_core.testing.clock import ManualClock, SeededIds
from divan_core.testing.contracts.samples import campus, person, running, user_id
from tests.thorough import examples

ZONE: Final = "America/Toronto"
START: Final = datetime(2026, 10, 30, 15, 0, tzinfo=UTC)
"""Two days before clocks are set back there."""

CAMPUS: Final = campus(1, timezone=ZONE)
NUMBERS: Final = st.integers(1, 5)
AGO: Final = st.integers(0, 5 * 24 * 60)
MINUTE_MS: Final = 60_000
HOUR_S: Final = 3_600

POINTS: Final[Mapping[DeedKind, tuple[str, int | None, Scope]]] = {
    DeedKind.INVITE: ("3", None, Scope.SOCIAL),
    DeedKind.FRIEND: ("5", None, Scope.SOCIAL),
    DeedKind.DIRECT: ("0.3", 60, Scope.SOCIAL),
    DeedKind.ROOM_MESSAGE: ("0.15", 80, Scope.SOCIAL),
    DeedKind.PLAYED: ("2", None, Scope.ENGAGEMENT),
    DeedKind.WON: ("3", None, Scope.ENGAGEMENT),
    DeedKind.JOINED: ("1", 6, Scope.ENGAGEMENT),
    DeedKind.CREATED: ("2", 2, Scope.ENGAGEMENT),
    DeedKind.SENDER: ("1", 20, Scope.POPULARITY),
    DeedKind.INVITER: ("2", 10, Scope.POPULARITY),
}
"""The contract's table."""

STEPS = st.one_of(
    st.tuples(st.just("write"), NUMBERS, NUMBERS, AGO, st.sampled_from([1, 1, 1, 62])),
    st.tuples(st.just("befriend"), NUMBERS, NUMBERS, AGO),
    st.tuples(st.just("invite"), NUMBERS, NUMBERS, AGO),
    st.tuples(st.just("play"), NUMBERS, NUMBERS, AGO),
    st.tuples(st.just("room"), NUMBERS, st.integers(0, 9), AGO, st.sampled_from([1, 7])),
    st.tuples(st.just("repeat"), st.integers(0, 1_000)),
    st.tuples(st.just("hide"), st.integers(0, 1_000), st.booleans()),
    st.tuples(st.just("ban"), NUMBERS, st.sampled_from(Standing)),
    st.tuples(st.just("advance"), st.integers(1, 60)),
    st.tuples(st.just("settle")),
    st.tuples(st.just("close"), st.integers(1, 2)),
)


@attrs.frozen
class Happened:
    """A message or so: what is kept of it, and when it was."""

    at: Millis
    feats: tuple[Feat, ...]


@attrs.define
class Campus:
    """Boards over a store, and what a plain count knows."""

    stores: RelationalStores
    clock: ManualClock
    happened: list[Happened] = attrs.field(factory=list)
    hidden: set[UUID] = attrs.field(factory=set)
    standings: dict[UserId, Standing] = attrs.field(factory=dict)
    scoring: Scoring[StoreUnit] = attrs.field(init=False)
    closing: Closing[StoreUnit] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        tools = ScoringTools[StoreUnit](CampusCensus(), self.clock, SeededIds())
        self.scoring = Scoring(self.stores.units, tools)
        self.closing = Closing(self.stores.units, tools, self.scoring)

    async def populate(self) -> None:
        async def body(unit: StoreUnit) -> None:
            await unit.campuses.put([CAMPUS])
            await unit.people.put([person(number) for number in range(1, 6)])

        await self.stores.units.write(body)

    async def perform(self, name: str, *what: Any) -> None:
        await getattr(self, f"do_{name}")(*what)

    async def do_write(self, sender: int, to: int, ago: int, times: int) -> None:
        if sender == to:
            return
        one, other = user_id(sender), user_id(to)
        for number in range(times):
            cause = UUID(int=len(self.happened) + 1)
            message = Feat(one, DeedKind.DIRECT, cause, other)
            await self.hear(ago - number, message, Feat(other, DeedKind.SENDER, one, one))

    async def do_befriend(self, one: int, other: int, ago: int) -> None:
        if one != other:
            a, b = user_id(one), user_id(other)
            await self.hear(ago, Feat(a, DeedKind.FRIEND, b, b), Feat(b, DeedKind.FRIEND, a, a))

    async def do_invite(self, one: int, other: int, ago: int) -> None:
        if one != other:
            a, b = user_id(one), user_id(other)
            await self.hear(ago, Feat(a, DeedKind.INVITE, b, b), Feat(b, DeedKind.INVITER, a, a))

    async def do_play(self, one: int, other: int, ago: int) -> None:
        if one != other:
            a, b, game = user_id(one), user_id(other), UUID(int=10_000 + len(self.happened))
            played = [Feat(a, DeedKind.PLAYED, game, b), Feat(b, DeedKind.PLAYED, game, a)]
            await self.hear(ago, *played, Feat(b, DeedKind.WON, game, a))

    async def do_room(self, who: int, room: int, ago: int, times: int) -> None:
        for number in range(times):
            kind = DeedKind.JOINED if room else DeedKind.CREATED
            await self.hear(ago, Feat(user_id(who), kind, UUID(int=20_000 + room + number)))

    async def do_repeat(self, number: int) -> None:
        if self.happened:
            await self.note(self.happened[number % len(self.happened)])

    async def do_hide(self, number: int, hidden: bool) -> None:
        written = [one.feats[0] for one in self.happened if one.feats[0].kind is DeedKind.DIRECT]
        if not written:
            return
        message = written[number % len(written)]
        (self.hidden.add if hidden else self.hidden.discard)(message.cause)
        await self.stores.units.write(
            lambda unit: self.scoring.hide_message(
                unit, message.user_id, message.cause, hidden=hidden
            ),
            locking=True,
        )

    async def do_ban(self, who: int, standing: Standing) -> None:
        if standing is Standing.DELETED:
            return
        self.standings[user_id(who)] = standing

        async def body(unit: StoreUnit) -> None:
            await unit.people.put([person(who, standing=standing)])
            await self.scoring.shun(unit, user_id(who))

        await self.stores.units.write(body, locking=True)

    async def do_advance(self, hours: int) -> None:
        self.clock.advance(hours * HOUR_S)

    async def do_settle(self) -> None:
        await self.scoring.settle_all()

    async def do_close(self, times: int) -> None:
        for _ in range(times):
            yesterday = Day(self.today - 1)
            for day in await self.closing.due(CAMPUS.id, yesterday):
                await self.closing.close(CAMPUS.id, day)

    async def hear(self, ago: int, *feats: Feat) -> None:
        at = Millis(self.clock.now() - max(ago, 0) * MINUTE_MS)
        self.happened.append(Happened(at, feats))
        await self.note(self.happened[-1])

    async def note(self, one: Happened) -> None:
        """As the handlers do: a hidden message is no sender's."""
        feats = one.feats
        if feats[0].cause in self.hidden:
            feats = (attrs.evolve(feats[0], hidden=True),)
        await self.stores.units.write(
            lambda unit: self.scoring.note(unit, Told(CAMPUS.id, one.at, feats)), locking=True
        )

    @property
    def today(self) -> Day:
        return local_day(self.clock.now())


def local_day(at: Millis) -> Day:
    return Day(datetime.fromtimestamp(at / 1000, ZoneInfo(ZONE)).date().toordinal())


Deeds = Mapping[tuple[UserId, Day], Mapping[DeedKind, Sequence[Millis]]]


def counted(world: Campus) -> Deeds:
    """Of each person's day the moments of what counts, first come first."""
    first: dict[tuple[Any, ...], tuple[Millis, Feat]] = {}
    for happened in world.happened:
        hidden = happened.feats[0].cause in world.hidden
        for feat in happened.feats:
            if feat.kind is DeedKind.SENDER and hidden:
                continue
            per = local_day(happened.at) if feat.kind is DeedKind.SENDER else 0
            key = (feat.user_id, feat.kind, feat.cause, per)
            if key not in first or happened.at < first[key][0]:
                first[key] = happened.at, attrs.evolve(feat, hidden=hidden)
    found: defaultdict[tuple[UserId, Day], defaultdict[DeedKind, list[Millis]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for at, feat in first.values():
        people = (feat.user_id, feat.peer_id)
        if not feat.hidden and all(
            world.standings.get(one, Standing.ACTIVE) is Standing.ACTIVE for one in people if one
        ):
            found[feat.user_id, local_day(at)][feat.kind].append(at)
    return {
        day: {kind: sorted(moments)[: POINTS[kind][1]] for kind, moments in kinds.items()}
        for day, kinds in found.items()
    }


Had = Mapping[Scope, tuple[Fraction, Millis]]


def days_of(deeds: Deeds, who: UserId) -> Mapping[Day, tuple[Had, int]]:
    """What somebody had on each day, with the day of their streak."""
    found: dict[Day, tuple[Had, int]] = {}
    for day in sorted(day for one, day in deeds if one == who):
        streak = found[Day(day - 1)][1] + 1 if Day(day - 1) in found else 1
        parts: dict[Scope, tuple[Fraction, Millis]] = {}
        for kind, moments in deeds[who, day].items():
            worth, _, scope = POINTS[kind]
            had, last = parts.get(scope, (Fraction(0), moments[0]))
            parts[scope] = had + Fraction(worth) * len(moments), max(last, moments[-1])
        total = sum((one for one, _ in parts.values()), Fraction(0))
        factor = 1 + Fraction(min(streak, 30) - 1, 58)
        rounded = Fraction(int(total * factor * 100 + Fraction(1, 2)), 100)
        parts[Scope.OVERALL] = rounded, max(at for _, at in parts.values())
        found[day] = parts, streak
    return found


def standing(days: Mapping[Day, tuple[Had, int]], board: Board) -> tuple[Fraction, Millis] | None:
    """What somebody has on a board, and when they came to it."""
    inside = range(board.day - board.period.value + 1, board.day + 1)
    had = [days[Day(one)][0].get(board.scope) for one in inside if Day(one) in days]
    some = [one for one in had if one is not None]
    if not some:
        return None
    return sum((one for one, _ in some), Fraction(0)), max(at for _, at in some)


def boards(world: Campus) -> Iterator[Board]:
    first = local_day(Millis(round(START.timestamp() * 1000))) - 6
    for day in range(first, world.today + 1):
        for period in Period:
            for scope in Scope:
                yield Board(CAMPUS.id, period, Day(day), scope)


async def check(world: Campus) -> None:
    """Compare every board, streak and badge with a plain count."""
    await world.scoring.settle_all()
    await world.scoring.open_until(CAMPUS.id, world.today)
    deeds = counted(world)
    everybody = {user_id(number): days_of(deeds, user_id(number)) for number in range(1, 6)}
    for board in boards(world):
        expected = expected_board(everybody, board)
        assert await listed(world, board) == expected, board
    for who, days in everybody.items():
        last, best = await world.stores.units.read(
            lambda unit, who=who: unit.scores.streaks(who)  # type: ignore[misc]
        )
        assert best == max((streak for _, streak in days.values()), default=0)
        assert (last.day, last.streak) == (max(days), days[max(days)][1]) if days else last is None


def expected_board(
    everybody: Mapping[UserId, Mapping[Day, tuple[Had, int]]], board: Board
) -> list[tuple[int, UserId, Fraction, Millis]]:
    found = []
    for who, days in everybody.items():
        if (had := standing(days, board)) is not None:
            found.append((who, *had))
    order = sorted(found, key=lambda one: (one[1], -one[2], one[0]), reverse=True)
    return [
        (1 + sum((b, -c) > (points, -at) for _, b, c in found), who, points, at)
        for who, points, at in order
    ]


async def listed(world: Campus, board: Board) -> list[tuple[int, UserId, Fraction, Millis]]:
    """A board in pages of two, each with its own count of who is ahead."""
    found: list[tuple[int, UserId, Fraction, Millis]] = []
    before: Place | None = None
    while True:

        async def body(unit: StoreUnit, before: Place | None = before) -> Any:
            places = await unit.scores.page(board, before, 2)
            ahead = await unit.scores.ahead(board, places[0]) if places else None
            return [] if ahead is None else list(policy.ranked(places, ahead))

        page = await world.stores.units.read(body)
        if not page:
            return found
        for one in page:
            points = Fraction(policy.points_of(one.place), 100)
            found.append((one.rank, one.user_id, points, policy.reached(one.place, board.day)))
        before = page[-1].place, page[-1].user_id


async def check_badges(world: Campus) -> None:
    """Of each day that is closed, the badges are those of the boards as they are now."""
    await world.do_close(1)
    everybody = {
        user_id(number): days_of(counted(world), user_id(number)) for number in range(1, 6)
    }
    book = await world.stores.units.read(lambda unit: unit.scores.book(CAMPUS.id))
    if book is None:
        return
    assert book.closed >= world.today - 1
    first = local_day(Millis(round(START.timestamp() * 1000))) - 6
    for day in map(Day, range(first, world.today)):
        given_badges = await world.stores.units.read(
            lambda unit, day=day: unit.scores.badges(CAMPUS.id, day)  # type: ignore[misc]
        )
        daily, week, before = (
            {one[1] for one in expected_board(everybody, Board(CAMPUS.id, period, on))}
            for period, on in (
                (Period.DAILY, day),
                (Period.WEEKLY, day),
                (Period.WEEKLY, Day(day - 1)),
            )
        )
        assert {(one.user_id, one.kind) for one in given_badges} == {
            *((one, BadgeKind.DAILY_TOP_10) for one in daily),
            *((one, BadgeKind.WEEKLY_TOP_10) for one in week - before),
        }


LATE: Final[list[tuple[Any, ...]]] = [
    ("write", 1, 2, 4350, 1),
    ("settle",),
    ("write", 1, 3, 5606, 1),
    ("close", 1),
]
"""What is heard of an earlier day when later ones are about to be closed."""


async def run(stores: RelationalStores, steps: Sequence[tuple[Any, ...]]) -> None:
    world = Campus(stores, ManualClock(round(START.timestamp() * 1000)))
    await world.populate()
    for step in steps:
        await world.perform(*step)
    await check(world)
    await check_badges(world)
    await check(world)


async def on_memory(steps: Sequence[tuple[Any, ...]]) -> None:
    await run(open_memory(), steps)


async def on_sqlite(steps: Sequence[tuple[Any, ...]]) -> None:
    async with running(open_sql("sqlite://")) as stores:
        await run(stores, steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
@example(LATE)
def test_boards_in_memory_are_as_counted(steps: list[tuple[Any, ...]]) -> None:
    anyio.run(on_memory, steps)


@settings(max_examples=examples(15), deadline=None)
@given(st.lists(STEPS, max_size=20))
@example(LATE)
def test_boards_on_sqlite_are_as_counted(steps: list[tuple[Any, ...]]) -> None:
    anyio.run(on_sqlite, steps)

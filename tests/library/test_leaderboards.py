"""Leaderboards, on every set of stores."""

import itertools
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.accounts.messages import ChangePrivacy, CreateCampus
from divan_core.activities.messages import ACTIVITIES, ACTIVITY_COMPLETED
from divan_core.chat.messages import MessageView, SendMessage
from divan_core.chat.roommessages import AddMember, CreateRoom, RoomQuery, SendRoomMessage
from divan_core.errors import InvalidCursor, NotFound, ValidationFailed
from divan_core.kernel.actor import Actor
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, UserId
from divan_core.leaderboards.messages import (
    BoardEntry,
    BoardQuery,
    StreakQuery,
    StreakView,
    SummaryQuery,
    SummaryView,
)
from divan_core.moderation.actionmessages import RevertAction
from divan_core.rollover.messages import RolledDay, RollOver
from divan_core.social.messages import SendInvite
from divan_core.stores.bundle import StoreUnit

from .conftest import CAMPUS, CENTRE, World
from .desk import Scene, a_scene

pytestmark = pytest.mark.anyio

DAY_S = 86_400
NOBODY: dict[str, Any] = {"overall": None, "social": None, "engagement": None, "popularity": None}


async def say(world: World, by: Actor, to: Actor, times: int = 1) -> MessageView:
    """Write so often, and let it be heard of."""
    command = SendMessage(to.user_id, "Hello")
    for _ in range(times - 1):
        await world.divan.chat.send(by, command)
    done = await world.divan.chat.send(by, command)
    await world.divan.drain()
    return done.view


async def board(world: World, viewer: Actor, scope: Any = "overall", **query: Any) -> list[Any]:
    """Ranks, handles and points of the first page."""
    page = await world.divan.leaderboards.board(viewer, BoardQuery(scope, **query))
    return [(one.rank, one.handle, one.score) for one in page.items]


async def summary(world: World, actor: Actor, **query: Any) -> SummaryView:
    return await world.divan.leaderboards.summary(actor, SummaryQuery(**query))


async def befriend(world: World, one: Actor, other: Actor) -> None:
    """By an invite that is accepted."""
    sent = await world.divan.social.invite(one, SendInvite(other.user_id))
    await world.divan.social.accept(other, sent.view.id)
    await world.divan.drain()


async def test_what_many_do_at_once_counts_as_one_after_the_other(world: World) -> None:
    """Of each conversation, twice; nobody has heard of any of it before."""
    names = ("ana", "ben", "cyd", "dan")
    people = [await world.join(name) for name in names]
    for _ in range(2):
        for by, to in itertools.pairwise(people):
            await world.divan.chat.send(by, SendMessage(to.user_id, "Hello"))
    await world.divan.drain()
    found = {handle: score for _, handle, score in await board(world, people[0])}
    assert found == {"ana": 0.6, "ben": 1.6, "cyd": 1.6, "dan": 1}


async def test_what_people_do_counts(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    assert await board(world, ana) == []
    await befriend(world, ana, ben)
    assert (await summary(world, ana)).scores == {
        "overall": 8,
        "social": 8,
        "engagement": 0,
        "popularity": 0,
    }
    assert (await summary(world, ben)).scores == {
        "overall": 7,
        "social": 5,
        "engagement": 0,
        "popularity": 2,
    }
    await say(world, ana, ben, 2)
    assert await board(world, ana) == [(1, "ana", 8.6), (2, "ben", 8)]
    room = (await world.divan.rooms.create(ana, CreateRoom("Den", "2-4", "link"))).view
    await world.divan.rooms.join(ben, RoomQuery(room.id))
    await world.divan.rooms.send(ben, SendRoomMessage(room.id, "Hi"))
    await world.divan.drain()
    assert await board(world, ben, "engagement") == [(1, "ana", 2), (2, "ben", 1)]
    assert await board(world, ben, "social") == [(1, "ana", 8.6), (2, "ben", 5.15)]
    assert await board(world, ben, "popularity") == [(1, "ben", 3)]
    found = await summary(world, ben)
    assert found.ranks == {"overall": 2, "social": 2, "engagement": 2, "popularity": 1}
    assert (found.streak, found.badges) == (StreakView(1, 1, found.ymd), ())
    assert found.campus_id == CAMPUS


async def test_points_have_limits(world: World) -> None:
    """Whoever writes all day, comes and goes, or meets again whom they know, has no more of it."""
    ana, ben = await world.join("ana"), await world.join("ben")
    await say(world, ana, ben, 70)
    assert (await summary(world, ana)).scores["social"] == 18
    assert (await summary(world, ben)).scores["popularity"] == 1
    await befriend(world, ana, ben)
    await world.divan.social.remove(ana, ben.user_id)
    await befriend(world, ana, ben)
    room = (await world.divan.rooms.create(ana, CreateRoom("Den", "2-4", "link"))).view
    for _ in range(3):
        await world.divan.rooms.join(ben, RoomQuery(room.id))
        await world.divan.rooms.leave(ben, RoomQuery(room.id))
    await world.divan.drain()
    assert (await summary(world, ana)).scores["social"] == 26
    assert (await summary(world, ben)).scores["engagement"] == 1


async def test_being_put_into_a_room_is_no_deed(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await befriend(world, ana, ben)
    made = CreateRoom("Den", "2-4", "link", (ben.user_id,))
    await world.divan.rooms.create(ana, made)
    other = (await world.divan.rooms.create(ana, CreateRoom("Other", "2-4", "link"))).view
    await world.divan.rooms.add(ana, AddMember(other.id, ben.user_id))
    await world.divan.drain()
    assert await board(world, ben, "engagement") == [(1, "ana", 4)]


async def test_activities_count(world: World) -> None:
    """As often as their end is told; nobody plays with themselves."""
    ana, ben = await world.join("ana"), await world.join("ben")

    async def tell(players: list[Actor], winner: Actor | None, number: int) -> None:
        data = {
            "activity_id": str(UUID(int=number)),
            "players": [str(one.user_id) for one in players],
            "winner_id": None if winner is None else str(winner.user_id),
        }
        divan = world.divan
        named = (EventId(divan.ids.uuid()), ACTIVITIES, ACTIVITY_COMPLETED, CAMPUS, "activity:1")
        event = Event(*named, divan.clock.now(), data)
        await divan.stores.units.write(lambda unit: unit.outbox.add(event))
        await divan.drain()

    await tell([ana, ben], ben, 1)
    await tell([ana, ben], ben, 1)
    await tell([ana, ana], ana, 2)
    assert await board(world, ana, "engagement") == [(1, "ben", 5), (2, "ana", 2)]
    await tell([ana, ben], None, 3)
    assert await board(world, ana, "engagement") == [(1, "ben", 7), (2, "ana", 4)]


async def test_those_who_reach_the_same_at_once_share_a_rank(world: World) -> None:
    """Else whoever was first stands higher: 1, 2, 2, 4."""
    names = ("ana", "ben", "cyd", "dan", "eve")
    ana, ben, cyd, dan, eve = [await world.join(name) for name in names]
    await world.divan.social.befriend(ben, cyd.user_id)
    world.clock.advance(1)
    await say(world, ana, eve, 20)
    await world.divan.social.befriend(dan, eve.user_id)
    await world.divan.drain()
    found = await board(world, ana, "social")
    assert {name: (rank, score) for rank, name, score in found} == {
        "ana": (1, 6),
        "ben": (2, 5),
        "cyd": (2, 5),
        "dan": (4, 5),
        "eve": (4, 5),
    }


async def test_whoever_hides_leaves_a_hole(world: World) -> None:
    names = ("ana", "ben", "cyd", "dan")
    ana, ben, cyd, dan = [await world.join(name) for name in names]
    for number, one in enumerate((ana, ben, cyd, dan)):
        for _ in range(4 - number):
            await say(world, one, ana if one != ana else ben)
    everybody = [(1, "ana"), (2, "ben"), (3, "cyd"), (4, "dan")]

    async def names_of(viewer: Actor, **query: Any) -> list[tuple[int, str]]:
        return [(rank, name) for rank, name, _ in await board(world, viewer, **query)]

    assert await names_of(dan) == everybody
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    await world.divan.social.block(cyd, dan.user_id)
    assert await names_of(dan) == [(1, "ana"), (4, "dan")]
    assert await names_of(cyd) == [(1, "ana"), (3, "cyd")]
    assert await names_of(ben) == everybody
    assert await names_of(dan, limit=1) == [(1, "ana")]
    assert (await summary(world, ben)).ranks["overall"] == 2
    for hidden in (cyd.user_id, ben.user_id, UserId(CAMPUS)):
        with pytest.raises(NotFound):
            await world.divan.leaderboards.streak(dan, StreakQuery(hidden))
    assert (await world.divan.leaderboards.streak(ben, StreakQuery(ben.user_id))).current == 1
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=False))
    assert await names_of(dan) == [(1, "ana"), (2, "ben"), (4, "dan")]


async def test_pages_have_everybody_once(world: World) -> None:
    people = [await world.join(f"person{number}") for number in range(7)]
    for number in range(0, 6, 2):
        await world.divan.social.befriend(people[number], people[number + 1].user_id)
    await say(world, people[6], people[0], 3)
    met: list[BoardEntry] = []
    cursor = None
    while True:
        query = BoardQuery("social", limit=2, cursor=cursor)
        page = await world.divan.leaderboards.board(people[0], query)
        met += page.items
        cursor = page.cursor
        if cursor is None:
            break
        for wrong in (
            BoardQuery("overall", cursor=cursor),
            BoardQuery("social", "weekly", cursor=cursor),
        ):
            with pytest.raises(InvalidCursor):
                await world.divan.leaderboards.board(people[0], wrong)
        with pytest.raises(InvalidCursor):
            await world.divan.leaderboards.board(people[1], attrs.evolve(query, cursor=cursor))
    assert len({one.user_id for one in met}) == 7
    assert [one.rank for one in met] == [1, 1, 1, 1, 1, 1, 7]


async def test_weeks_and_months_add_up_days(world: World) -> None:
    """With what each day's streak was worth, whether or not anybody has opened the days between."""
    ana, ben = await world.join("ana"), await world.join("ben")
    await say(world, ana, ben, 10)
    for _ in range(2):
        world.clock.advance(DAY_S)
        await say(world, ana, ben, 10)
    today = await summary(world, ana)
    assert today.scores["overall"] == 3.1  # 3 x (1 + 0.5 x 2/29), in hundredths
    assert today.streak == StreakView(3, 3, today.ymd)
    week = await summary(world, ana, period="weekly")
    assert (week.scores["social"], week.scores["overall"]) == (9, 9.15)
    world.clock.advance(6 * DAY_S)
    assert await board(world, ana, period="weekly") == [(1, "ana", 3.1), (2, "ben", 1.03)]
    assert await board(world, ana, period="monthly") == [(1, "ana", 9.15), (2, "ben", 3.05)]
    assert await board(world, ana, period="daily") == []
    assert await board(world, ana, ymd=today.ymd) == [(1, "ana", 3.1), (2, "ben", 1.03)]
    assert (await summary(world, ana)).streak == StreakView(0, 3, today.ymd)
    world.clock.advance(30 * DAY_S)
    assert await board(world, ana, period="monthly") == []
    await world.divan.rollover.run(RollOver())
    assert await board(world, ana, period="weekly", ymd=today.ymd) == []
    assert await board(world, ana, ymd=today.ymd) == [(1, "ana", 3.1), (2, "ben", 1.03)]
    assert await board(world, ana, ymd="20991231") == []
    with pytest.raises(ValidationFailed):
        await board(world, ana, ymd="20260231")


@pytest.fixture
async def scene(world: World) -> Scene:
    return await a_scene(world)


async def test_what_staff_hides_counts_for_nobody(scene: Scene) -> None:
    """And counts again once they show it."""
    world, ana, ben = scene.world, scene.ana, scene.ben
    first = await say(world, ben, ana)
    assert await board(world, ana) == [(1, "ana", 1), (2, "ben", 0.3)]
    case = await scene.case("message", first.message_id)
    (done,) = await scene.act(case, "remove")
    await world.divan.drain()
    assert await board(world, ana) == []
    world.clock.advance(1)
    await say(world, ben, ana)
    assert await board(world, ana) == [(1, "ana", 1), (2, "ben", 0.3)]
    await world.divan.actions.revert(scene.mod, RevertAction(case.id, done.id, "A mistake."))
    await world.divan.drain()
    assert await board(world, ana) == [(1, "ana", 1), (2, "ben", 0.6)]


async def test_nothing_counts_of_the_banned(scene: Scene) -> None:
    """Nor for those whom they made friends with or wrote to, as long as it lasts."""
    world, ana, ben, cyd = scene.world, scene.ana, scene.ben, scene.cyd
    await befriend(world, ben, ana)
    await say(world, ben, cyd)
    await say(world, ana, cyd)
    before = await board(world, ana)
    assert {name for _, name, _ in before} == {"ana", "ben", "cyd"}
    case = await scene.case()
    (done,) = await scene.act(case, "ban")
    await world.divan.drain()
    assert await board(world, ana) == [(1, "cyd", 1), (2, "ana", 0.3)]
    await world.divan.actions.revert(scene.mod, RevertAction(case.id, done.id, "A mistake."))
    await world.divan.drain()
    assert await board(world, ana) == before


async def test_a_removed_room_counts_for_nobody(scene: Scene) -> None:
    world, ana, ben = scene.world, scene.ana, scene.ben
    room = (await world.divan.rooms.create(ben, CreateRoom("Den", "2-4", "link"))).view
    await world.divan.rooms.join(ana, RoomQuery(room.id))
    await world.divan.drain()
    assert await board(world, ana) == [(1, "ben", 2), (2, "ana", 1)]
    case = await scene.case("room", room.id)
    (done,) = await scene.act(case, "remove")
    await world.divan.drain()
    assert await board(world, ana) == []
    await world.divan.actions.revert(scene.mod, RevertAction(case.id, done.id, "A mistake."))
    await world.divan.drain()
    assert await board(world, ana) == [(1, "ben", 2), (2, "ana", 1)]


async def test_days_are_closed_once(world: World) -> None:
    """All that were missed, with their badges; a late event opens them again."""
    ana, ben = await world.join("ana"), await world.join("ben")
    await say(world, ana, ben)
    first = (await summary(world, ana)).ymd
    world.clock.advance(2 * DAY_S)
    day = f"{first[:4]}-{first[4:6]}-{first[6:]}"
    rollover = world.divan.rollover
    planned = await rollover.run(RollOver(dry_run=True))
    assert planned.days[0] == RolledDay(CAMPUS, day)
    assert len(planned.days) == 2
    assert planned.dry_run
    assert (await summary(world, ana)).badges == ()
    done = await rollover.run(RollOver(day=day, campus_id=CAMPUS))
    assert done.days == (RolledDay(CAMPUS, day, 2, 4, 0),)
    again = await rollover.run(RollOver(day=day, campus_id=CAMPUS))
    assert again.days == ()
    assert len((await rollover.run(RollOver())).days) == 1
    badges = [(one.kind, one.earned_ymd) for one in (await summary(world, ana)).badges]
    assert badges == [("daily_top_10", first), ("weekly_top_10", first)]
    for wrong in (RollOver(day="2026-02-31"), RollOver(day="2099-01-01")):
        with pytest.raises(ValidationFailed):
            await rollover.run(wrong)
    with pytest.raises(NotFound):
        await rollover.run(RollOver(campus_id=CampusId(UUID(int=1))))


async def test_what_a_dry_run_counts_is_what_goes(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.social.invite(ana, SendInvite(ben.user_id), idempotency_key="asked")
    world.clock.advance(8 * DAY_S)
    rollover = world.divan.rollover
    planned = await rollover.run(RollOver(dry_run=True))
    assert (planned.cleared["invites"], planned.cleared["restrictions"]) == (1, 0)
    assert (await rollover.run(RollOver(dry_run=True))).cleared == planned.cleared
    done = await rollover.run(RollOver())
    counted = {name: done.cleared[name] for name in planned.cleared}
    assert counted == planned.cleared
    assert not any((await rollover.run(RollOver(dry_run=True))).cleared.values())


async def test_workers_close_days_after_midnight(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await say(world, ana, ben)
    left_s = DAY_S - world.clock.now() // 1000 % DAY_S
    world.clock.advance(left_s + 60)
    assert await world.divan.rollover.sweep() == 0
    world.clock.advance(600)
    assert await world.divan.rollover.sweep() == 1
    assert await world.divan.rollover.sweep() == 0
    assert {one.kind for one in (await summary(world, ben)).badges} == {
        "daily_top_10",
        "weekly_top_10",
    }


async def test_fifteen_peers_in_a_week_are_worth_a_badge(world: World) -> None:
    """Once they are reached, and once only."""
    ana = await world.join("ana")
    others = [await world.join(f"peer{number}") for number in range(15)]
    for portion in (others[:8], others[8:]):
        for one in portion:
            await world.divan.chat.send(ana, SendMessage(one.user_id, "Hello"))
        await world.divan.drain()
        world.clock.advance(DAY_S)
    await world.divan.rollover.run(RollOver())
    world.clock.advance(DAY_S)
    await say(world, ana, others[0])
    world.clock.advance(DAY_S)
    await world.divan.rollover.run(RollOver())
    kinds = [one.kind for one in (await summary(world, ana)).badges]
    assert kinds.count("social_butterfly") == 1
    assert "social_butterfly" not in {one.kind for one in (await summary(world, others[0])).badges}


async def test_thirty_days_in_a_row_are_worth_a_badge(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    for _ in range(31):
        await world.divan.chat.send(ana, SendMessage(ben.user_id, "Hello"))
        await world.divan.drain()
        world.clock.advance(DAY_S)
    await world.divan.rollover.run(RollOver())
    found = await summary(world, ana)
    assert found.streak.best == 31
    assert [one.kind for one in found.badges].count("streak_30") == 1


async def test_days_are_those_of_the_campus(world: World) -> None:
    """Around midnight there, not in Greenwich; a day may have 25 hours."""
    command = CreateCampus("Test", CENTRE.lat, CENTRE.lon, "America/Toronto", id=CAMPUS)
    await world.divan.accounts.create_campus(command)
    ana, ben = await world.join("ana"), await world.join("ben")
    night = 1_793_507_400  # 2026-11-01 00:30 in Toronto, where clocks go back at 2
    world.clock.advance(night - world.clock.now() // 1000 - 3_600)
    await say(world, ana, ben)
    before = (await summary(world, ana)).ymd
    world.clock.advance(3_600)
    await say(world, ana, ben)
    world.clock.advance(24 * 3_600)
    await say(world, ana, ben)
    after = await summary(world, ana)
    assert (before, after.ymd, after.scores["social"]) == ("20261031", "20261101", 0.6)
    assert after.streak == StreakView(2, 2, "20261101")


async def test_the_erased_are_gone_and_others_keep_their_points(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await befriend(world, ana, ben)
    await world.divan.rollover.run(RollOver())
    await world.divan.personal.erase(ana.user_id)
    await world.divan.drain()
    assert await board(world, ben) == [(1, "ben", 7)]

    async def body(unit: StoreUnit) -> tuple[int, int]:
        return await unit.deeds.count_of(ana.user_id), await unit.scores.count_of(ana.user_id)

    assert await world.divan.stores.units.read(body) == (0, 0)

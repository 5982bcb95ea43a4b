"""Suggestions, as a program that imports the library sees them, on every set of stores."""

import math
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core import Divan, memory_stores, wiring
from divan_core.accounts.messages import ChangePrivacy, CreateCampus, CreatePerson
from divan_core.codec.reader import encode
from divan_core.discovery import acquaintances, suggestions
from divan_core.discovery.messages import DiscoverQuery, FoundPerson, FoundRoom, SearchQuery
from divan_core.discovery.model import RoomCard
from divan_core.errors import EnumerationBudget, InvalidCursor, RateLimited, StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import Relations, Standing
from divan_core.presence.messages import LookupQuery
from divan_core.settings import LimitSettings, Settings
from divan_core.social.model import Friendship
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.testing.faulty import FaultyStores

from .conftest import CAMPUS, CENTRE, ROOMY, World, stores_of

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000
OPEN: dict[str, Any] = {"visibility": "everyone", "ghost_mode": False}


@pytest.fixture
def settings() -> Settings:
    limit = attrs.evolve(ROOMY, enumeration_per_day=100_000)
    return Settings(env="test", limit=limit, workers_enabled=False)


async def suggested(world: World, actor: Actor, **query: Any) -> tuple[FoundPerson, ...]:
    """One page of suggestions."""
    return (await world.divan.discovery.people(actor, DiscoverQuery(**query))).items


async def names(world: World, actor: Actor, **query: Any) -> list[str]:
    """The handles on one page."""
    return [one.handle for one in await suggested(world, actor, **query)]


async def pages(world: World, actor: Actor, limit: int) -> list[FoundPerson]:
    """All pages, one after the other."""
    found: list[FoundPerson] = []
    cursor = None
    while True:
        page = await world.divan.discovery.people(actor, DiscoverQuery(limit=limit, cursor=cursor))
        assert len(page.items) == limit or page.cursor is None
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


async def told(world: World, actor: Actor) -> list[bytes]:
    """All pages as they go out."""
    answers, cursor = list[bytes](), None
    while True:
        page = await world.divan.discovery.people(actor, DiscoverQuery(3, cursor))
        answers.append(encode(page))
        cursor = page.cursor
        if cursor is None:
            return answers


async def befriend(world: World, *pairs: tuple[Actor, Actor]) -> None:
    """Make friends."""
    for one, other in pairs:
        await world.divan.social.befriend(one, other.user_id)


async def judge(world: World, one: Actor, standing: Standing) -> None:
    """Let the community decide about somebody."""

    async def decide(unit: StoreUnit) -> None:
        person = await unit.people.get(one.user_id)
        assert person is not None
        await unit.people.put([attrs.evolve(person, standing=standing)])

    async with world.divan.audience.changing(CAMPUS, (one.user_id,)):
        await world.divan.stores.units.write(decide)


@attrs.define
class Crowd:
    """People with random friends, blocks, privacy and presence, and what is known of them."""

    world: World
    dice: random.Random
    people: list[Actor] = attrs.field(factory=list)
    privacy: dict[UserId, dict[str, Any]] = attrs.field(factory=dict)
    friends: dict[UserId, set[UserId]] = attrs.field(factory=dict)
    blocked: dict[UserId, set[UserId]] = attrs.field(factory=dict)
    heard: dict[UserId, int] = attrs.field(factory=dict)
    met_near: int = 0

    async def gather(self, count: int) -> None:
        """Let them join and make friends and enemies."""
        for number in range(count):
            privacy = self._draw_privacy()
            actor = await self.world.join(f"person{number}", **privacy)
            self.people.append(actor)
            self.privacy[actor.user_id] = privacy
            self.friends[actor.user_id], self.blocked[actor.user_id] = set(), set()
        for _ in range(count * 2):
            one, other = self.dice.sample(self.people, 2)
            await self.befriend(one, other)
        for _ in range(count // 4):
            one, other = self.dice.sample(self.people, 2)
            await self.block(one, other)

    async def befriend(self, one: Actor, other: Actor) -> None:
        if other.user_id not in self.blocked[one.user_id]:
            await self.world.divan.social.befriend(one, other.user_id)
            self.friends[one.user_id].add(other.user_id)
            self.friends[other.user_id].add(one.user_id)

    async def block(self, one: Actor, other: Actor) -> None:
        await self.world.divan.social.block(one, other.user_id)
        self.friends[one.user_id].discard(other.user_id)
        self.friends[other.user_id].discard(one.user_id)
        self.blocked[one.user_id].add(other.user_id)
        self.blocked[other.user_id].add(one.user_id)

    async def change_privacy(self, one: Actor) -> None:
        self.privacy[one.user_id] = OPEN | self._draw_privacy()
        await self.world.divan.accounts.change_privacy(
            one, ChangePrivacy(**self.privacy[one.user_id])
        )

    async def beat(self, one: Actor) -> None:
        await self.world.beat(one, self.dice.uniform(-60, 60), self.dice.uniform(-60, 60))
        self.heard[one.user_id] = self.world.clock.now()

    def _draw_privacy(self) -> dict[str, Any]:
        hidden = ({"ghost_mode": True}, {"visibility": "friends"}, {"visibility": "none"})
        chosen = self.dice.choice(hidden) if self.dice.random() < 0.25 else {}
        return chosen | {"blur_distance_m": self.dice.choice((0, 0, 50, 200))}

    async def expected(self, viewer: Actor) -> list[tuple[UserId, int]]:
        """Everybody who is suggested, in order, with how many friends they share."""
        now, mine = self.world.clock.now(), self.friends[viewer.user_id]
        cells = await self.world.divan.stores.presence.everybody(CAMPUS, now)
        here = cells.get(viewer.user_id)
        found, self.met_near = [], 0
        for one in self.people:
            shown = self.privacy[one.user_id]
            if (
                one == viewer
                or one.user_id in mine | self.blocked[viewer.user_id]
                or shown.get("ghost_mode")
                or shown.get("visibility", "everyone") != "everyone"
            ):
                continue
            mutual = len(mine & self.friends[one.user_id])
            age = now - self.heard.get(one.user_id, 0)
            there = cells.get(one.user_id)
            near = (
                here is not None
                and there is not None
                and math.dist((here.east, here.north), (there.east, there.north)) <= 50.0
            )
            self.met_near += near
            if mutual or near or age < DAY_MS:
                recency = max(0.0, 1 - age / DAY_MS)
                score = 0.6 * math.log(1 + mutual) + 0.3 * recency + 0.1 * near
                found.append((-round(score, 9), one.user_id.int, one.user_id, mutual))
        return [(user_id, mutual) for _, _, user_id, mutual in sorted(found)]


async def test_suggestions_equal_the_formula_by_brute_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For whoever asks, on pages of any length, and right after whatever has changed."""
    monkeypatch.setattr(suggestions, "HEARD_AT_ONCE", 6)
    crowd = Crowd(world, random.Random(4))
    await crowd.gather(45)
    for one in crowd.people:
        if crowd.dice.random() < 0.7:
            await crowd.beat(one)
        world.clock.advance(crowd.dice.choice((0, 0.001, 5, 1200)))
    for one in crowd.dice.sample(crowd.people, 12):
        await crowd.beat(one)
    kinds, near = set[bool](), 0
    for _ in range(25):
        viewer, one, other = crowd.dice.sample(crowd.people, 3)
        await crowd.dice.choice((crowd.befriend, crowd.block))(one, other)
        await crowd.dice.choice((crowd.change_privacy, crowd.beat))(one)
        world.clock.advance(crowd.dice.choice((0, 1, 20)))
        found = await pages(world, viewer, crowd.dice.choice((1, 2, 5, 7, 50)))
        assert [(one.user_id, one.mutual_friends) for one in found] == await crowd.expected(viewer)
        assert not any(one.is_friend for one in found)
        kinds |= {one.mutual_friends > 0 for one in found}
        near += crowd.met_near
    assert kinds == {True, False}
    assert near > 0


async def test_whoever_is_hidden_is_like_nobody(world: World) -> None:
    """Byte for byte, the cursor included, however much else speaks for them."""
    me, friend, *others = [await world.join(f"person{number}") for number in range(8)]
    await befriend(world, (me, friend), *((friend, other) for other in others[:3]))
    for one in (me, friend, *others):
        await world.beat(one)
    without = await told(world, me)
    hidden = await world.join("hidden")
    await befriend(world, (friend, hidden), (hidden, others[0]))
    await world.beat(hidden)
    assert await told(world, me) != without
    for privacy in ({"ghost_mode": True}, {"visibility": "none"}, {"visibility": "friends"}):
        await world.divan.accounts.change_privacy(hidden, ChangePrivacy(**OPEN | privacy))
        assert await told(world, me) == without
    await world.divan.accounts.change_privacy(hidden, ChangePrivacy(**OPEN))
    for standing in (Standing.SHADOWED, Standing.BANNED, Standing.DELETED):
        await judge(world, hidden, standing)
        assert await told(world, me) == without
    await judge(world, hidden, Standing.ACTIVE)
    assert await told(world, me) != without
    await world.divan.social.block(hidden, me.user_id)
    assert await told(world, me) == without
    await world.divan.social.unblock(hidden, me.user_id)
    await world.divan.social.block(me, hidden.user_id)
    assert await told(world, me) == without


@pytest.mark.parametrize("stores", ["postgres+valkey", "sqlite+redis62"], indirect=True)
async def test_a_change_shows_in_the_next_answer_of_another_process(
    world: World, request: pytest.FixtureRequest, settings: Settings
) -> None:
    """Whatever it has in its caches."""
    kind = request.node.callspec.params["stores"]
    stores = stores_of(kind, request, world.clock)
    async with Divan.open(settings, stores=stores, clock=world.clock) as divan:
        there = World(divan, world.clock)
        me, friend, other = [await world.join(name) for name in ("ana", "ben", "eve")]
        assert await names(there, me) == []
        await world.beat(other)
        assert [one.mutual_friends for one in await suggested(there, me)] == [0]
        await befriend(world, (me, friend), (friend, other))
        assert [one.mutual_friends for one in await suggested(there, me)] == [1]
        await world.divan.accounts.change_privacy(other, ChangePrivacy(ghost_mode=True))
        assert await names(there, me) == []
        await world.divan.accounts.change_privacy(other, ChangePrivacy(ghost_mode=False))
        assert await names(there, me) == ["eve"]
        await world.divan.social.remove(friend, other.user_id)
        assert [one.mutual_friends for one in await suggested(there, me)] == [0]
        await world.divan.social.block(other, me.user_id)
        assert await names(there, me) == []


async def test_a_friend_who_is_banned_makes_nobody_known(world: World) -> None:
    me, friend, other = [await world.join(name) for name in ("ana", "ben", "eve")]
    await befriend(world, (me, friend), (friend, other))
    (found,) = await suggested(world, me)
    assert (found.handle, found.mutual_friends) == ("eve", 1)
    await judge(world, friend, Standing.BANNED)
    assert await names(world, me) == []
    await judge(world, friend, Standing.ACTIVE)
    assert await names(world, me) == ["eve"]


async def test_whoever_has_nothing_to_do_with_the_viewer_is_not_suggested(world: World) -> None:
    """Neither a stranger who was not heard for a day, nor anybody of another campus."""
    me, near, stranger = [await world.join(name) for name in ("ana", "ben", "eve")]
    elsewhere = await world.divan.accounts.create_campus(CreateCampus("Far", 10.0, 10.0))
    away = await world.divan.accounts.create_person(CreatePerson(elsewhere.id, "zoe", "Zoe"))
    away_actor = await world.divan.accounts.actor(away.user_id)
    await befriend(world, (me, near))
    friendship = Friendship.between(near.user_id, away.user_id)
    await world.divan.stores.units.write(lambda unit: unit.relations.befriend([friendship]))
    await world.beat(near)
    await world.beat(stranger)
    assert await names(world, me) == ["eve"]
    assert await names(world, away_actor) == []
    world.clock.advance(86_399.999)
    assert await names(world, me) == ["eve"]
    world.clock.advance(0.001)
    assert await names(world, me) == []


async def test_a_cell_finer_than_wanted_makes_nobody_near(world: World) -> None:
    """While a change of privacy is under way; the person is still suggested, once."""
    me, near, other = [await world.join(name) for name in ("ana", "ben", "eve")]
    await world.beat(near)
    world.clock.advance(1)
    await world.beat(other, 500.0)
    await world.beat(me)
    assert [one.handle for one in await pages(world, me, 1)] == ["ben", "eve"]

    async def coarsen(unit: StoreUnit) -> None:
        person = await unit.people.get(near.user_id)
        assert person is not None
        privacy = attrs.evolve(person.privacy, blur_distance_m=200)
        await unit.people.put([attrs.evolve(person, privacy=privacy)])

    async with world.divan.audience.changing(CAMPUS, (near.user_id,)):
        await world.divan.stores.units.write(coarsen)
    assert [one.handle for one in await pages(world, me, 1)] == ["eve", "ben"]
    assert await names(world, me) == ["eve", "ben"]


async def test_a_walk_ranks_by_the_moment_it_began(world: World) -> None:
    """However long it takes, and whoever is heard meanwhile, nobody comes twice."""
    me, *others = [await world.join(f"person{number}") for number in range(12)]
    for one in others:
        await world.beat(one, 500.0)
        world.clock.advance(600)
    everyone = await names(world, me, limit=50)
    assert everyone == [f"person{number}" for number in range(11, 0, -1)]
    page = await world.divan.discovery.people(me, DiscoverQuery(limit=4))
    met = [one.handle for one in page.items]
    while page.cursor is not None:
        world.clock.advance(3600)
        query = DiscoverQuery(limit=4, cursor=page.cursor)
        page = await world.divan.discovery.people(me, query)
        met += [one.handle for one in page.items]
    assert met == everyone
    page = await world.divan.discovery.people(me, DiscoverQuery(limit=3))
    met = [one.handle for one in page.items]
    while page.cursor is not None:
        world.clock.advance(60)
        await world.beat(world.people[met[-1]], 500.0)
        query = DiscoverQuery(limit=3, cursor=page.cursor)
        page = await world.divan.discovery.people(me, query)
        met += [one.handle for one in page.items]
    assert len(met) == len(set(met))


async def test_a_cursor_is_good_for_its_viewer_and_list_only(world: World) -> None:
    me, you, *others = [await world.join(f"person{number}") for number in range(5)]
    for one in others:
        await world.beat(one)
    page = await world.divan.discovery.people(me, DiscoverQuery(limit=1))
    assert page.cursor is not None
    query = DiscoverQuery(limit=2, cursor=page.cursor)
    assert len((await world.divan.discovery.people(me, query)).items) == 2
    for ask in (
        world.divan.discovery.people(you, query),
        world.divan.discovery.rooms(me, query),
        world.divan.discovery.people(me, DiscoverQuery(cursor="x" + page.cursor[1:])),
    ):
        with pytest.raises(InvalidCursor):
            await ask


async def test_suggestions_count_as_questions_and_people(
    stores: Stores, clock: ManualClock
) -> None:
    """Together with search and look-up, exactly; a refused answer tells and costs nothing."""
    limit = LimitSettings(search_per_minute=6, enumeration_per_day=3)
    async with Divan.open(Settings(env="test", limit=limit), stores=stores, clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        world = World(divan, clock)
        me, *others = [await world.join(f"person{number}") for number in range(6)]
        for one in others:
            await world.beat(one)
            clock.advance(1)
        assert len(await suggested(world, me, limit=3)) == 3
        with pytest.raises(EnumerationBudget) as refused:
            await suggested(world, me, limit=4)
        assert refused.value.retry_after == 86_400
        assert len(await suggested(world, me, limit=3)) == 3
        await divan.presence.lookup(me, LookupQuery(user_ids=(others[4].user_id,)))
        await divan.discovery.rooms(me, DiscoverQuery())
        await divan.discovery.search_users(me, SearchQuery("zz"))
        with pytest.raises(RateLimited):
            await suggested(world, me, limit=1)
        clock.advance(86_400 - 3600)
        await suggested(world, me, limit=1)


async def test_many_friends_of_friends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those with the most mutual friends are taken, and hidden ones take nobody's place."""
    monkeypatch.setattr(acquaintances, "MOST", 5)
    me, *friends = [await world.join(f"friend{number}") for number in range(4)]
    others = [await world.join(f"other{number}", ghost_mode=number < 3) for number in range(12)]
    await befriend(world, *((me, one) for one in friends))
    for number, other in enumerate(others):
        count = 3 if number < 3 else 2 if number < 6 else 1
        await befriend(world, *((friend, other) for friend in friends[:count]))
    found = await pages(world, me, 2)
    rest = sorted(others[6:], key=lambda one: one.user_id.int)[:2]
    assert {one.handle for one in found[:3]} == {"other3", "other4", "other5"}
    assert [one.user_id for one in found[3:]] == [one.user_id for one in rest]


async def test_without_a_store_there_is_no_answer(clock: ManualClock, settings: Settings) -> None:
    """And there is one again as soon as it is back."""
    faulty = FaultyStores(memory_stores(clock))
    async with Divan.open(settings, stores=faulty.stores, clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        world = World(divan, clock)
        me, you = await world.join("ana"), await world.join("ben")
        await world.beat(you)
        for port in ("turnstile", "signals", "limits", "people"):
            faulty.fail(port)
            await divan.stores.journal.record(CAMPUS, [me.user_id, you.user_id])
            with pytest.raises(StoreUnavailable):
                await suggested(world, me)
            faulty.mend()
            assert await names(world, me) == ["ben"]


class Rooms:
    """Link rooms of one campus, as their owner would tell of them."""

    def __init__(self, *rooms: RoomCard) -> None:
        self.rooms = rooms
        self.asked: list[tuple[Any, ...]] = []

    async def linked(
        self, campus_id: CampusId, relations: Relations, most: int
    ) -> Sequence[RoomCard]:
        self.asked.append((campus_id, relations, most))
        return self.rooms[:most]


def room(number: int, messages: int, members: int, friends: int) -> RoomCard:
    """A room."""
    room_id = RoomId(UUID(int=number))
    return RoomCard(room_id, f"room {number}", "2-4", Millis(0), members, messages, friends)


async def test_rooms_are_ranked_by_the_formula(
    clock: ManualClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By messages, members and friends inside, then by id; page by page."""
    dice = random.Random(7)
    made = [
        room(number, dice.choice((0, 0, 3, 90)), dice.randint(1, 4), dice.randint(0, 1))
        for number in dice.sample(range(1, 500), 60)
    ]
    rooms = Rooms(*made)
    monkeypatch.setattr(wiring, "OpenRooms", lambda *_: rooms)
    async with Divan.open(settings, stores=memory_stores(clock), clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        world = World(divan, clock)
        me, you = await world.join("ana"), await world.join("ben")
        await befriend(world, (me, you))
        found, cursor = list[FoundRoom](), None
        while True:
            page = await divan.discovery.rooms(me, DiscoverQuery(limit=7, cursor=cursor))
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
    expected = sorted(
        made,
        key=lambda one: (
            -round(
                0.6 * math.log(1 + one.messages)
                + 0.3 * math.log(1 + one.members)
                + 0.05 * math.log(1 + one.friends),
                9,
            ),
            one.room_id.int,
        ),
    )
    assert [one.id for one in found] == [one.room_id for one in expected]
    first = expected[0]
    assert found[0] == FoundRoom(
        first.room_id, first.name, "2-4", first.members, first.friends, "1970-01-01T00:00:00.000Z"
    )
    assert rooms.asked[0][:2] == (CAMPUS, Relations(friends=frozenset({you.user_id})))


async def test_nothing_keeps_rooms_yet(world: World) -> None:
    me = await world.join("ana")
    page = await world.divan.discovery.rooms(me, DiscoverQuery())
    assert (page.items, page.cursor) == ((), None)

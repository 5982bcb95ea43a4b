"""What a warm call costs: few round trips to Redis, for most calls one, and no SQL at all."""

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import ChangePrivacy, CreateCampus
from divan_core.chat.messages import ConversationsQuery, SendMessage
from divan_core.chat.roommessages import CreateRoom, RoomQuery, RosterQuery
from divan_core.discovery.messages import DiscoverQuery, SearchQuery
from divan_core.kernel.audience import JournalSlice
from divan_core.presence.messages import LookupQuery
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import production_stores
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.testing.clock import ManualClock

from .conftest import CAMPUS, CENTRE, World

pytestmark = pytest.mark.anyio


class Counted:
    """A port of the database that counts every call."""

    def __init__(self, port: object) -> None:
        self._port = port
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        def counted(*given: Any, **named: Any) -> Any:
            self.calls += 1
            return call(*given, **named)

        return counted


@attrs.define
class Meter:
    """What was spent since the last reading."""

    units: Counted
    people: Counted
    search: Counted
    redis: RedisClient
    read: tuple[int, int] = (0, 0)

    def spent(self) -> tuple[int, int]:
        """Round trips to Redis and calls of the database."""
        database = self.units.calls + self.people.calls + self.search.calls
        now = (self.redis.round_trips, database)
        before, self.read = self.read, now
        return now[0] - before[0], now[1] - before[1]


@pytest.fixture
def stores(postgres_url: str, redis_url: str, clock: ManualClock) -> Stores:
    made = production_stores(postgres_url, redis_url, key=bytes(32), clock=clock)
    counted: dict[str, Any] = {
        name: Counted(getattr(made, name)) for name in ("units", "people", "search")
    }
    return attrs.evolve(made, **counted)


@pytest.fixture
async def two(
    stores: Stores, clock: ManualClock, settings: Settings
) -> AsyncIterator[tuple[World, Meter]]:
    # What workers ask of the bus meanwhile is not what a question costs.
    elsewhere = attrs.evolve(settings, workers_enabled=False)
    async with Divan.open(elsewhere, stores=stores, clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        (redis,) = (part for part in stores.lifecycle if isinstance(part, RedisLifecycle))
        units, people, search = stores.units, stores.people, stores.search
        assert isinstance(units, Counted)
        assert isinstance(people, Counted)
        assert isinstance(search, Counted)
        yield World(divan, clock), Meter(units, people, search, redis.client)


async def test_a_warm_call_is_one_round_trip_and_no_sql(two: tuple[World, Meter]) -> None:
    world, meter = two
    ana, ben = await world.join("ana"), await world.join("ben")
    for _ in range(2):
        await world.beat(ben, 30.0)
        await world.beat(ana)
        assert await world.names(ana) == ["ben"]
        world.clock.advance(1)
    meter.spent()
    await world.beat(ana)
    assert meter.spent() == (1, 0)
    await world.beat(ana, 8.0)
    assert meter.spent() == (1, 0)
    assert await world.names(ana) == ["ben"]
    assert meter.spent() == (1, 0)
    await world.near(ana, 200, limit=1)
    assert meter.spent() == (1, 0)


async def test_a_page_of_people_asks_once_who_is_online(two: tuple[World, Meter]) -> None:
    """Beside the journal, however many there are, of rooms and of conversations."""
    world, meter = two
    people = [await world.join(f"walker{number}") for number in range(6)]
    view = (await world.divan.rooms.create(people[0], CreateRoom("Den", "4-6", "link"))).view
    for one in people[1:]:
        await world.divan.rooms.join(one, RoomQuery(view.id))
        await world.divan.chat.send(people[0], SendMessage(one.user_id, "hello"))
        await world.beat(one)
    await world.divan.drain()  # what became of these messages is told at other times
    await world.divan.rooms.roster(people[0], RosterQuery(view.id))
    meter.spent()
    roster = await world.divan.rooms.roster(people[0], RosterQuery(view.id))
    assert [one.online for one in roster.items] == [False, True, True, True, True, True]
    assert meter.spent() == (2, 1)
    found = await world.divan.chat.conversations(people[0], ConversationsQuery())
    assert [one.peer.online for one in found.items] == [True] * 5
    assert meter.spent() == (2, 1)


async def test_a_change_costs_one_reading_and_then_nothing(two: tuple[World, Meter]) -> None:
    world, meter = two
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 30.0)
    await world.beat(ana)
    assert await world.names(ana) == ["ben"]
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    meter.spent()
    assert await world.names(ana) == []
    round_trips, sql = meter.spent()
    assert round_trips == 1
    assert sql > 0
    assert await world.names(ana) == []
    assert meter.spent() == (1, 0)


async def test_a_warm_search_is_two_statements_at_most(two: tuple[World, Meter]) -> None:
    """One for the beginnings, one for the rest, each port's call being one; none if asked again.

    Admission and the journal's news are one round trip, the budget of people is another.
    """
    world, meter = two
    search = world.divan.discovery.search_users
    ana = await world.join("ana")
    for number in range(3):
        await world.join(f"ben{number}")
    assert len((await search(ana, SearchQuery("be"))).items) == 3
    meter.spent()
    assert len((await search(ana, SearchQuery("ben"))).items) == 3
    assert meter.spent() == (2, 2)
    assert len((await search(ana, SearchQuery("ben"))).items) == 3
    assert meter.spent() == (2, 0)
    assert (await search(ana, SearchQuery("nobody"))).items == ()
    assert meter.spent() == (1, 2)


async def test_suggestions_are_three_round_trips_and_no_sql(two: tuple[World, Meter]) -> None:
    """To be let in, to hear of presence, to count who was told of; whether of friends' friends."""
    world, meter = two
    me, *others = [await world.join(f"person{number}") for number in range(8)]
    for one in others:
        await world.beat(one)
    for one in others[1:]:
        await world.divan.social.befriend(others[0], one.user_id)
    query = DiscoverQuery(limit=3)
    for known in (False, True):
        if known:
            await world.divan.social.befriend(me, others[0].user_id)
        await world.divan.drain()  # what became of these friendships is told at other times
        await world.divan.discovery.people(me, query)
        meter.spent()
        page = await world.divan.discovery.people(me, query)
        assert [one.mutual_friends for one in page.items] == [int(known)] * 3
        assert meter.spent() == (3, 0)
        await world.divan.discovery.people(me, DiscoverQuery(limit=3, cursor=page.cursor))
        assert meter.spent() == (3 + known, 0)  # where friends of friends end, strangers follow


async def test_a_look_up_is_three_round_trips_and_no_sql(two: tuple[World, Meter]) -> None:
    """To be let in, to count who was told of, to hear of presence."""
    world, meter = two
    me, you = await world.join("ana"), await world.join("ben")
    for _ in range(2):
        meter.spent()
        await world.divan.presence.lookup(me, LookupQuery((you.user_id,)))
    assert meter.spent() == (3, 0)


async def test_cold_suggestions_cost_two_statements(two: tuple[World, Meter]) -> None:
    """Relations and cards, of the friends and of theirs together, however many there are."""
    world, meter = two
    people = [await world.join(f"person{number}") for number in range(12)]
    for number, one in enumerate(people):
        for step in (1, 2, 3):
            other = people[(number + step) % len(people)]
            await world.divan.social.befriend(one, other.user_id)
    await world.divan.drain()
    world.divan.audience.apply(CAMPUS, JournalSlice(b"0-1", None))
    meter.spent()
    page = await world.divan.discovery.people(people[0], DiscoverQuery())
    assert len(page.items) == 5
    assert meter.spent() == (3, 2)
    await world.divan.accounts.change_privacy(people[1], ChangePrivacy(visibility="none"))
    meter.spent()
    page = await world.divan.discovery.people(people[0], DiscoverQuery())
    assert len(page.items) == 5
    assert meter.spent() == (3, 2)  # a friend has changed: their friends, and their card


async def test_a_cold_viewer_costs_two_statements(two: tuple[World, Meter]) -> None:
    """Their relations, and the cards of their friends, where the rest is known."""
    world, meter = two
    search = world.divan.discovery.search_users
    people = [await world.join(f"ben{number}") for number in range(5)]
    for one in people[1:]:
        await world.divan.social.befriend(people[0], one.user_id)
    await world.divan.drain()
    world.divan.audience.apply(CAMPUS, JournalSlice(b"0-1", None))
    eve = await world.join("eve")
    await search(eve, SearchQuery("ben"))
    for friend in people[1:]:
        await world.divan.accounts.change_privacy(friend, ChangePrivacy(visibility="none"))
    await search(eve, SearchQuery("ben"))
    meter.spent()
    found = (await search(people[0], SearchQuery("ben"))).items
    assert found == ()
    assert meter.spent() == (1, 2)

"""Searching people, as a program that imports the library does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from msgspec import UNSET
from msgspec.json import decode, encode

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import (
    ChangePrivacy,
    ChangeProfile,
    CreateCampus,
    CreatePerson,
)
from divan_core.discovery import people
from divan_core.discovery.messages import FoundPerson, SearchQuery
from divan_core.discovery.model import Entry, Wanted
from divan_core.discovery.ports import Resembling
from divan_core.errors import EnumerationBudget, InvalidCursor, RateLimited, ValidationFailed
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId
from divan_core.settings import LimitSettings
from divan_core.stores.factories import production_stores
from divan_core.testing.clock import ManualClock
from tests.library.conftest import CAMPUS, CENTRE, World

pytestmark = pytest.mark.anyio


async def found(world: World, viewer: Actor, q: str, limit: int = 50) -> list[str]:
    page = await world.divan.discovery.search_users(viewer, SearchQuery(q, limit))
    return [one.handle for one in page.items]


async def test_a_name_is_half_remembered(world: World) -> None:
    me = await world.join("zoe")
    account = await world.divan.accounts.create_person(
        CreatePerson(CAMPUS, "m.silva_42", "María José da Silva")
    )
    for typed in ("mar", "MARIA", "jose da", "silva", "m.sil", "ilva", "mraia", "marja", "Sílva"):
        assert await found(world, me, typed) == ["m.silva_42"], typed
    for typed in ("", "m", "ximena", "zz"):
        assert await found(world, me, typed) == [], typed
    (one,) = (await world.divan.discovery.search_users(me, SearchQuery("silva"))).items
    assert one == FoundPerson(
        account.user_id,
        "m.silva_42",
        "María José da Silva",
        None,
        is_friend=False,
        mutual_friends=0,
    )
    assert one.major is UNSET


async def test_the_profile_is_shown_where_there_is_one(world: World) -> None:
    me, ben = await world.join("zoe"), await world.join("ben")
    profile = ChangeProfile(major="Geodesy", graduation_year=2030, passions=("maps",))
    await world.divan.accounts.change_profile(ben, profile)
    (one,) = (await world.divan.discovery.search_users(me, SearchQuery("ben"))).items
    assert (one.major, one.graduation_year, one.passions) == ("Geodesy", 2030, ("maps",))


async def test_friends_and_mutual_friends_come_first(world: World) -> None:
    me, ana, tom = await world.join("zoe"), await world.join("ana"), await world.join("tom")
    for name in ("bob1", "bob2", "bob3"):
        await world.join(name)
    befriend = world.divan.social.befriend
    for one, other in ((me, "ana"), (me, "tom"), (ana, "bob3"), (tom, "bob3"), (me, "bob2")):
        await befriend(one, world.people[other].user_id)
    page = await world.divan.discovery.search_users(me, SearchQuery("bob"))
    told = [(one.handle, one.is_friend, one.mutual_friends) for one in page.items]
    assert told == [("bob3", False, 2), ("bob2", True, 0), ("bob1", False, 0)]
    for _ in range(2):  # the second time they are kept
        printed = await world.divan.discovery.printed(me, SearchQuery("bob"))
        assert decode(encode(printed)) == decode(encode(page))
    await world.divan.accounts.change_profile(
        world.people["bob1"], ChangeProfile(display_name="Bobby")
    )
    printed = await world.divan.discovery.printed(me, SearchQuery("bob"))
    assert b'"Bobby"' in encode(printed)


async def test_every_change_shows_in_the_very_next_answer(world: World) -> None:
    me, bob = await world.join("zoe"), await world.join("bob")
    accounts, social = world.divan.accounts, world.divan.social
    assert await found(world, me, "bob") == ["bob"]
    await accounts.change_profile(bob, ChangeProfile(display_name="Robert"))
    assert await found(world, me, "robert") == ["bob"]
    await accounts.change_profile(bob, ChangeProfile(display_name="Xaver Lund"))
    assert await found(world, me, "robert") == []
    await accounts.change_privacy(bob, ChangePrivacy(ghost_mode=True))
    assert await found(world, me, "bob") == []
    await accounts.change_privacy(bob, ChangePrivacy(ghost_mode=False, visibility="friends"))
    assert await found(world, me, "bob") == []
    await social.befriend(me, bob.user_id)
    assert await found(world, me, "xav") == ["bob"]
    await accounts.change_privacy(bob, ChangePrivacy(visibility="none"))
    assert await found(world, me, "bo") == []
    assert await found(world, me, " @Bob ") == ["bob"]
    await social.remove(me, bob.user_id)
    assert await found(world, me, "bob") == []
    await accounts.change_privacy(bob, ChangePrivacy(visibility="everyone"))
    assert await found(world, me, "bob") == ["bob"]
    await social.block(bob, me.user_id)
    assert await found(world, me, "bob") == []
    assert await found(world, bob, "zoe") == []
    await social.unblock(bob, me.user_id)
    assert await found(world, me, "bob") == ["bob"]


def count_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the index is asked from now on."""
    index, asked = world.divan.stores.search, list[str]()
    beginning, resembling = index.beginning, index.resembling

    async def begin(campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        asked.append(wanted.text)
        return await beginning(campus_id, wanted, most)

    async def resemble(
        campus_id: CampusId, wanted: Wanted, most: int, enough: int | None = None
    ) -> Resembling:
        asked.append(wanted.text)
        return await resembling(campus_id, wanted, most, enough)

    monkeypatch.setattr(index, "beginning", begin)
    monkeypatch.setattr(index, "resembling", resemble)
    return asked


async def test_the_index_is_asked_twice_at_most_whomever_one_has_blocked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "ENOUGH", 2)
    me, *others = [await world.join(one) for one in ("zoe", "xbob1", "xbob2", "xbob3", "bbo")]
    asked = count_asked(world, monkeypatch)
    for one in others[:2]:
        await world.divan.social.block(me, one.user_id)
    assert await found(world, me, "bob") == ["xbob3"]
    assert asked == ["bob", "bob"]


async def test_news_of_others_leave_what_was_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block or a friendship of others asks the index nothing; somebody's new name does."""
    me, bob, ana, eve = [await world.join(one) for one in ("zoe", "bob", "ana", "eve")]
    asked = count_asked(world, monkeypatch)
    social, accounts = world.divan.social, world.divan.accounts
    assert await found(world, me, "bob") == ["bob"]
    assert asked == ["bob", "bob"]
    await social.befriend(ana, eve.user_id)
    await social.block(ana, eve.user_id)
    await accounts.change_profile(ana, ChangeProfile(display_name="Xaver"))
    await accounts.change_privacy(eve, ChangePrivacy(ghost_mode=True))
    assert await found(world, me, "bob") == ["bob"]
    assert asked == ["bob", "bob"]
    await accounts.change_profile(ana, ChangeProfile(display_name="Bobby"))
    assert await found(world, me, "bob") == ["bob", "ana"]
    await accounts.change_privacy(bob, ChangePrivacy(ghost_mode=True))
    assert await found(world, me, "bob") == ["ana"]
    assert asked == ["bob"] * 6


async def test_what_is_out_of_range_is_refused(world: World) -> None:
    me = await world.join("zoe")
    for query, path in (
        (SearchQuery("x" * 65), "query.q"),
        (SearchQuery("xx", 0), "query.limit"),
        (SearchQuery("xx", 51), "query.limit"),
    ):
        with pytest.raises(ValidationFailed) as refused:
            await world.divan.discovery.search_users(me, query)
        assert [one.path for one in refused.value.errors] == [path]
    assert await found(world, me, "x" * 64) == []


async def test_a_cursor_is_bound_to_viewer_and_query(world: World) -> None:
    me, other = await world.join("zoe"), await world.join("other")
    for number in range(3):
        await world.join(f"bob{number}")
    search = world.divan.discovery.search_users
    page = await search(me, SearchQuery("bob", 2))
    assert page.cursor is not None
    rest = await search(me, SearchQuery("bob", 1, page.cursor))
    assert ([one.handle for one in rest.items], rest.cursor) == (["bob2"], None)
    for viewer, query in (
        (other, SearchQuery("bob", 2, page.cursor)),
        (me, SearchQuery("bo", 2, page.cursor)),
        (me, SearchQuery("bob", 2, f"{page.cursor}A")),
    ):
        with pytest.raises(InvalidCursor):
            await search(viewer, query)
    with pytest.raises(InvalidCursor):
        await world.divan.discovery.search_rooms(me, SearchQuery("bob", 2, page.cursor))


@pytest.fixture
async def tight(clock: ManualClock) -> AsyncIterator[World]:
    """In memory, with few questions and few people."""
    stores = memory_stores(clock)
    limits = LimitSettings(search_per_minute=4, enumeration_per_day=3)
    async with Divan.open(Settings(env="test", limit=limits), stores=stores, clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        yield World(divan, clock)


async def test_questions_are_limited_even_those_too_short(tight: World) -> None:
    me = await tight.join("zoe")
    for typed in ("", "a", "ab", "abc"):
        assert await found(tight, me, typed) == []
    with pytest.raises(RateLimited):
        await found(tight, me, "")
    tight.clock.advance(60)
    with pytest.raises(ValidationFailed):
        await found(tight, me, "x" * 65)
    for _ in range(4):  # what was refused did not count
        await found(tight, me, "abc")


async def test_a_page_that_would_pass_the_budget_is_refused_whole(tight: World) -> None:
    me = await tight.join("zoe")
    for number in range(4):
        await tight.join(f"bob{number}")
    assert await found(tight, me, "bob", 2) == ["bob0", "bob1"]
    with pytest.raises(EnumerationBudget) as refused:
        await found(tight, me, "bob")
    assert refused.value.retry_after == 86_400
    assert await found(tight, me, "bob", 3) == ["bob0", "bob1", "bob2"]
    tight.clock.advance(60)
    with pytest.raises(EnumerationBudget):
        await found(tight, me, "bob3")
    assert await found(tight, me, "bob2", 1) == ["bob2"]
    tight.clock.advance(86_400)
    assert await found(tight, me, "bob3", 1) == ["bob3"]


async def test_two_processes_answer_as_one(
    postgres_url: str, redis_url: str, clock: ManualClock
) -> None:
    """What one has just changed, the other does not find any more, warm as it is."""
    settings = Settings(env="test")

    def made() -> AbstractAsyncContextManager[Divan]:
        stores = production_stores(postgres_url, redis_url, key=bytes(32), clock=clock)
        return Divan.open(settings, stores=stores, clock=clock)

    async with made() as here, made() as there:
        await here.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        one, two = World(here, clock), World(there, clock)
        me, bob, ana = await one.join("zoe"), await one.join("bob"), await one.join("ana")
        assert await found(two, me, "bob") == ["bob"]
        await here.accounts.change_profile(bob, ChangeProfile(display_name="Robert"))
        assert await found(two, me, "robert") == ["bob"]
        await here.social.befriend(me, ana.user_id)
        await here.social.befriend(bob, ana.user_id)
        (seen,) = (await there.discovery.search_users(me, SearchQuery("bob"))).items
        assert seen.mutual_friends == 1
        await here.social.block(bob, me.user_id)
        assert await found(two, me, "bob") == []
        assert await found(one, me, "bob") == []
        await here.social.unblock(bob, me.user_id)
        await here.accounts.change_privacy(bob, ChangePrivacy(ghost_mode=True))
        assert await found(two, me, "bob") == []

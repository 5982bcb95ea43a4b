"""Presence and nearness, as a program that imports the library sees them."""

from collections.abc import AsyncIterator
from itertools import product
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.accounts.messages import ChangePrivacy, CreateCampus, CreatePerson
from divan_core.codec.reader import encode
from divan_core.errors import (
    CampusMismatch,
    EnumerationBudget,
    ImplausibleMovement,
    InvalidCursor,
    OutsideCampus,
    PresenceRequired,
    RateLimited,
    UnknownUser,
)
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.messages import (
    GoOffline,
    LookupQuery,
    NearbyQuery,
    Notice,
    PublicMove,
    Sighting,
)
from divan_core.settings import LimitSettings, Settings

from .conftest import CAMPUS, EVERY_KIND, World

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("stores", EVERY_KIND, indirect=True)]
NOBODY = UserId(UUID(int=404))


async def test_people_within_the_radius_are_listed_nearest_first(world: World) -> None:
    me = await world.join("ana")
    for name, east in (("far", 150.0), ("near", 30.0), ("next", 90.0)):
        await world.beat(await world.join(name), east)
    await world.beat(me)
    assert await world.names(me, 5000) == ["near", "next", "far"]
    assert "far" not in await world.names(me, 100)


async def test_nobody_is_answered_who_does_not_share(world: World) -> None:
    me = await world.join("ana")
    with pytest.raises(PresenceRequired):
        await world.near(me)
    await world.beat(me)
    assert await world.near(me) == ()
    world.clock.advance(90)
    with pytest.raises(PresenceRequired):
        await world.near(me)


async def test_a_lease_is_ninety_seconds_per_device(world: World) -> None:
    me, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, device_id="phone")
    world.clock.advance(60)
    await world.beat(ben, device_id="laptop")
    world.clock.advance(60)
    await world.beat(me)
    assert await world.names(me) == ["ben"]
    world.clock.advance(29.999)
    assert await world.names(me) == ["ben"]
    world.clock.advance(0.001)
    assert await world.names(me) == []


async def test_offline_takes_effect_at_once(world: World) -> None:
    me, ben = await world.join("ana"), await world.join("ben")
    await world.beat(me)
    await world.beat(ben, device_id="phone")
    await world.beat(ben, device_id="laptop")
    await world.divan.presence.offline(ben, GoOffline(device_id="phone"))
    assert await world.names(me) == ["ben"]
    await world.divan.presence.offline(ben, GoOffline())
    assert await world.names(me) == []
    assert not (await world.divan.presence.status(ben)).online


async def test_endings_are_told_without_anybody_asking(world: World) -> None:
    ana = await world.join("ana")
    async with world.divan.stores.notices.listen() as notices:
        await world.beat(ana)
        world.clock.advance(90)
        await world.divan.presence.sweep_all()
        with anyio.fail_after(5):
            moves = [notice async for notice in _moves(notices, 2)]
    assert [(move.left is None, move.entered is None) for move in moves] == [
        (True, False),
        (False, True),
    ]


async def _moves(notices: AsyncIterator[Notice], count: int) -> AsyncIterator[PublicMove]:
    async for notice in notices:
        if isinstance(notice, PublicMove):
            yield notice
            count -= 1
        if count == 0:
            return


async def test_movement_is_judged_even_after_going_offline(world: World) -> None:
    me = await world.join("ana")
    await world.beat(me)
    await world.divan.presence.offline(me, GoOffline())
    world.clock.advance(10)
    with pytest.raises(ImplausibleMovement):
        await world.beat(me, 800.0, device_id="another")
    world.clock.advance(80)
    await world.beat(me, 2500.0)


async def test_privacy_and_blocks_show_in_the_very_next_answer(world: World) -> None:
    me, ben = await world.join("ana"), await world.join("ben")
    await world.beat(me)
    await world.beat(ben)
    accounts, social = world.divan.accounts, world.divan.social
    assert await world.names(me) == ["ben"]
    await accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    assert await world.names(me) == []
    await accounts.change_privacy(ben, ChangePrivacy(ghost_mode=False, visibility="friends"))
    assert await world.names(me) == []
    await social.befriend(ben, me.user_id)
    assert await world.names(me) == ["ben"]
    assert [one.is_friend for one in await world.near(me, filter="friends")] == [True]
    await social.remove(me, ben.user_id)
    assert await world.names(me) == []
    await accounts.change_privacy(ben, ChangePrivacy(visibility="everyone"))
    await social.block(ben, me.user_id)
    assert await world.names(me) == []
    assert await world.names(ben) == []
    await social.unblock(ben, me.user_id)
    assert await world.names(me) == ["ben"]


async def test_more_blur_shows_at_once_and_lists_from_its_own_cell(world: World) -> None:
    me, ben = await world.join("ana"), await world.join("ben")
    await world.beat(me)
    await world.beat(ben, 20.0)
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(blur_distance_m=200))
    (seen,) = await world.near(me, 1000)  # one in 4,500 is drawn into a cell over 200 m away
    assert seen.distance_m in {200, 400}


async def test_hidden_people_look_like_nobody_in_lookup(world: World) -> None:
    me, ben = await world.join("ana"), await world.join("ben")
    ghost = await world.join("ghost", ghost_mode=True)
    for actor in (me, ben, ghost):
        await world.beat(actor)
    ids = (ben.user_id, ghost.user_id, NOBODY, ben.user_id, me.user_id)
    answer = await world.divan.presence.lookup(me, LookupQuery(user_ids=ids))
    seen, hidden, nobody, myself = answer.items
    assert seen == Sighting(ben.user_id, online=True, last_seen="2026-09-21T14:13:00.000Z")
    assert attrs.evolve(hidden, user_id=NOBODY) == nobody
    assert nobody == Sighting(NOBODY, online=False, last_seen=None)
    assert myself.online
    world.clock.advance(7200)
    (later,) = (await world.divan.presence.lookup(me, LookupQuery(user_ids=(ben.user_id,)))).items
    assert later == Sighting(ben.user_id, online=False, last_seen="2026-09-21T14:13:00.000Z")
    world.clock.advance(86_400)
    (gone,) = (await world.divan.presence.lookup(me, LookupQuery(user_ids=(ben.user_id,)))).items
    assert gone == Sighting(ben.user_id, online=False, last_seen=None)


async def test_pages_yield_everybody_once(world: World) -> None:
    me = await world.join("ana")
    await world.beat(me)
    everyone = set()
    for number in range(47):
        other = await world.join(f"other{number}")
        everyone.add(other.user_id)
        await world.beat(other, 7.0 * (number % 11), 9.0 * (number % 7))
    walked, cursor = [], None
    for _ in range(20):
        query = NearbyQuery(radius_m=500, limit=5, cursor=cursor)
        page = await world.divan.presence.nearby(me, query)
        walked += [one.user_id for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(walked) == 47
    assert set(walked) == everyone
    whole = await world.near(me, 500, limit=200)
    assert [one.user_id for one in whole] == walked


async def test_people_are_the_same_as_json(world: World) -> None:
    """Page by page, for a friend of somebody and for a stranger, whoever asked before."""
    me, ben, eve = [await world.join(name) for name in ("ana", "ben", "eve")]
    await world.divan.social.befriend(me, ben.user_id)
    await world.divan.social.block(eve, me.user_id)
    for number, one in enumerate((me, ben, eve, await world.join("cyd"), await world.join("dan"))):
        await world.beat(one, 9.0 * number)
    presence = world.divan.presence
    for actor, query in product(
        (me, ben, eve),
        (
            NearbyQuery(radius_m=500, limit=1),
            NearbyQuery(radius_m=500, limit=2, include=()),
            NearbyQuery(radius_m=500, limit=200, filter="friends"),
            NearbyQuery(radius_m=500, limit=200, include=("distance", "profile")),
        ),
    ):
        here: NearbyQuery | None = query
        while here is not None:
            page, printed = await presence.nearby(actor, here), await presence.printed(actor, here)
            assert list(map(bytes, printed.items)) == list(map(encode, page.items))
            assert printed.cursor == page.cursor
            here = attrs.evolve(query, cursor=page.cursor) if page.cursor else None


async def test_a_cursor_is_bound_to_viewer_and_question(world: World) -> None:
    me, ben = await world.join("ana"), await world.join("ben")
    await world.beat(me)
    await world.beat(ben)
    await world.beat(await world.join("cyd"))
    page = await world.divan.presence.nearby(me, NearbyQuery(radius_m=50, limit=1))
    assert page.cursor is not None
    forged = page.cursor[:-2] + ("EA" if page.cursor.endswith("AA") else "AA")
    for actor, query in (
        (ben, NearbyQuery(radius_m=50, limit=1, cursor=page.cursor)),
        (me, NearbyQuery(radius_m=51, limit=1, cursor=page.cursor)),
        (me, NearbyQuery(radius_m=50, limit=1, cursor=page.cursor, filter="friends")),
        (me, NearbyQuery(radius_m=50, limit=1, cursor=forged)),
    ):
        with pytest.raises(InvalidCursor):
            await world.divan.presence.nearby(actor, query)


async def test_groups_are_included_as_asked(world: World) -> None:
    me = await world.join("ana")
    person = CreatePerson(CAMPUS, "ben", "Ben")
    ben = await world.divan.accounts.create_person(person)
    actor = await world.divan.accounts.actor(ben.user_id)
    from divan_core.accounts.messages import ChangeProfile  # noqa: PLC0415

    await world.divan.accounts.change_profile(actor, ChangeProfile(major="Physics"))
    await world.beat(me)
    await world.beat(actor)
    (both,) = await world.near(me)
    assert (both.major, both.distance_m) == ("Physics", 25) or both.distance_m == 50
    (bare,) = await world.near(me, include=())
    assert not isinstance(bare.distance_m, int)
    assert not isinstance(bare.major, str)


async def test_another_campus_is_refused(world: World) -> None:
    me = await world.join("ana")
    other = CampusId(UUID(int=0xCB))
    await world.divan.accounts.create_campus(CreateCampus("Other", 0.0, 0.0, id=other))
    for campus_id in (other, CampusId(UUID(int=0xCC))):
        with pytest.raises(CampusMismatch):
            await world.beat(me, campus_id=campus_id)
        with pytest.raises(CampusMismatch):
            await world.near(me, campus_id=campus_id)
    with pytest.raises(CampusMismatch):
        await world.divan.accounts.actor(me.user_id, other)
    with pytest.raises(UnknownUser):
        await world.divan.accounts.actor(NOBODY)
    with pytest.raises(OutsideCampus):
        await world.beat(me, 6000.0)


@pytest.mark.parametrize(("lat", "lon"), [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (10.0, -180.0)])
async def test_poles_and_the_date_line_are_nothing_special(
    world: World, lat: float, lon: float
) -> None:
    campus = CampusId(UUID(int=0xCE))
    await world.divan.accounts.create_campus(CreateCampus("Edge", lat, lon, id=campus))
    from divan_core.kernel.geo import LocalFrame, Point  # noqa: PLC0415
    from divan_core.presence.messages import Heartbeat  # noqa: PLC0415

    frame = LocalFrame(Point(lat, lon))
    actors = []
    for number, (east, north) in enumerate([(0.0, 0.0), (60.0, 0.0), (-60.0, 0.0), (0.0, 120.0)]):
        person = await world.divan.accounts.create_person(
            CreatePerson(campus, f"edge{number}", "Edge")
        )
        actor = await world.divan.accounts.actor(person.user_id)
        at = frame.position(east, north)
        beat = Heartbeat(at.lat, at.lon, 5.0, "phone", world.clock.now())
        await world.divan.presence.heartbeat(actor, beat)
        actors.append(actor)
    assert len(await world.near(actors[0], 300)) == 3
    assert "edge3" not in await world.names(actors[0], 50)


async def test_limits_are_those_of_the_settings(world: World) -> None:
    me = await world.join("ana")
    tight = Settings(env="test", limit=LimitSettings(heartbeat_per_minute=2, nearby_per_minute=1))
    from divan_core import Divan  # noqa: PLC0415

    async with Divan.open(
        tight, stores=attrs.evolve(world.divan.stores, lifecycle=()), clock=world.clock
    ) as divan:
        limited = attrs.evolve(world, divan=divan)
        await limited.beat(me)
        with pytest.raises(ImplausibleMovement):
            await limited.beat(me, 4000.0)
        await limited.beat(me)
        with pytest.raises(RateLimited) as caught:
            await limited.beat(me)
        assert caught.value.retry_after == 60
        await limited.near(me)
        with pytest.raises(RateLimited):
            await limited.near(me)
        world.clock.advance(60)
        await limited.beat(me)
        await limited.near(me)


async def test_a_person_meets_at_most_so_many_others_a_day(world: World) -> None:
    me = await world.join("ana")
    ids = [UserId(UUID(int=1000 + number)) for number in range(501)]
    presence = world.divan.presence
    for first in range(0, 500, 100):
        await presence.lookup(me, LookupQuery(user_ids=tuple(ids[first : first + 100])))
    await presence.lookup(me, LookupQuery(user_ids=tuple(ids[:100])))
    with pytest.raises(EnumerationBudget):
        await presence.lookup(me, LookupQuery(user_ids=(ids[0], ids[500])))
    world.clock.advance(86_400)
    await presence.lookup(me, LookupQuery(user_ids=(ids[500],)))

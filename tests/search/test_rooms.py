"""Searching rooms, over a directory that stands for whoever will keep them."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import attrs
import pytest

from divan_core import Divan, memory_stores, wiring
from divan_core.accounts.messages import CreateCampus
from divan_core.discovery.folding import comparable
from divan_core.discovery.messages import FoundRoom, SearchQuery
from divan_core.discovery.model import RoomCard, Wanted
from divan_core.discovery.policy import room_fits, room_found_score
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId
from divan_core.kernel.visibility import Relations
from divan_core.testing.clock import ManualClock
from tests.library.conftest import CAMPUS, CENTRE, World

from .campus import ROOMY

pytestmark = pytest.mark.anyio


def room(number: int, name: str, *counts: int) -> RoomCard:
    """A room with members, messages and friends inside."""
    return RoomCard(RoomId(UUID(int=number)), name, "2-4", Millis(0), *counts)


class Rooms:
    """A directory of what it was made of."""

    def __init__(self, *rooms: RoomCard) -> None:
        self._rooms = rooms
        self.asked: list[tuple[CampusId, Relations]] = []

    async def linked(
        self, campus_id: CampusId, relations: Relations, most: int
    ) -> Sequence[RoomCard]:
        raise NotImplementedError

    async def named(
        self, campus_id: CampusId, relations: Relations, wanted: Wanted, most: int
    ) -> Sequence[RoomCard]:
        self.asked.append((campus_id, relations))
        found = [one for one in self._rooms if room_fits(wanted, comparable(one.name))]
        found.sort(key=lambda one: (-room_found_score(wanted, one), one.room_id))
        return found[:most]


ROOMS = (
    room(5, "Chess", 3, 0, 0),
    room(4, "Chess club", 9, 40, 2),
    room(3, "Chess club", 9, 40, 2),
    room(2, "The cheese board", 4, 1, 0),
    room(1, "Rowing", 200, 900, 12),
)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    found = Rooms(*ROOMS)
    monkeypatch.setattr(wiring, "OpenRooms", lambda *_: found)
    return found


@pytest.fixture
async def world(rooms: Rooms) -> AsyncIterator[World]:
    clock = ManualClock()
    async with Divan.open(ROOMY, stores=memory_stores(clock), clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        yield World(divan, clock)
    assert {one for one, _ in rooms.asked} == {CAMPUS}


async def test_rooms_are_found_by_their_names_page_by_page(world: World, rooms: Rooms) -> None:
    me, ben = await world.join("zoe"), await world.join("ben")
    await world.divan.social.befriend(me, ben.user_id)
    search = world.divan.discovery.search_rooms
    found: list[FoundRoom] = []
    cursor = None
    for _ in range(4):
        page = await search(me, SearchQuery("chess", 1, cursor))
        found += page.items
        cursor = page.cursor
    assert cursor is None
    assert [one.id.int for one in found] == [3, 4, 5, 2]
    assert attrs.astuple(found[0])[1:5] == ("Chess club", "2-4", 9, 2)
    assert {ben.user_id} == set(rooms.asked[0][1].friends)
    assert (await search(me, SearchQuery("c"))).items == ()
    assert (await search(me, SearchQuery("astronomy"))).items == ()

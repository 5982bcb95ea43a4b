"""The cache of cards and relations, and what makes it forget."""

from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import anyio
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.audience import Audience, JournalSlice
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.notices import MemoryNotices
from divan_core.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

CAMPUS = CampusId(UUID(int=7))
ANA, BEN, NOBODY = (UserId(UUID(int=number)) for number in (1, 2, 3))


class Source:
    """People whose handles tell how often they changed."""

    def __init__(self) -> None:
        self.version = 1
        self.loads = 0
        self.asked: list[UserId] = []
        self.pause = anyio.Event()
        self.pause.set()

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        self.loads += 1
        version = self.version
        await self.pause.wait()
        return {one: PersonCard(one, CAMPUS, f"v{version}", "x") for one in people if one != NOBODY}

    async def relations(self, user_id: UserId) -> Relations:
        self.loads += 1
        return Relations(friends=frozenset({user_id}))

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        self.loads += 1
        self.asked = list(people)
        await self.pause.wait()
        return {one: Relations(friends=frozenset({one})) for one in people}

    async def friends_of(self, people: Collection[UserId]) -> dict[UserId, Sequence[int]]:
        self.loads += 1
        self.asked = list(people)
        await self.pause.wait()
        return {one: () if one == NOBODY else (one.int,) for one in people}

    async def circle(self, user_id: UserId) -> tuple[Relations, dict[UserId, Sequence[int]]]:
        self.loads += 1
        await self.pause.wait()
        return Relations(friends=frozenset({user_id, BEN})), {user_id: (1,), BEN: (2, 3)}


class BrokenJournal(MemoryJournal):
    async def announce(
        self,
        campus_id: CampusId,  # noqa: ARG002 - the port's
        people: Collection[UserId],  # noqa: ARG002 - the port's
    ) -> None:
        raise StoreUnavailable


def audience(source: Source, capacity: int = 100) -> Audience:
    return Audience(source, MemoryJournal(ManualClock(), MemoryNotices()), capacity)


async def handle(audience: Audience, user_id: UserId) -> str | None:
    card = await audience.card(user_id)
    return card.handle if card else None


async def test_cards_are_loaded_once() -> None:
    source = Source()
    cache = audience(source)
    assert await handle(cache, ANA) == "v1"
    assert [card and card.user_id for card in await cache.cards([ANA, NOBODY, BEN])] == [
        ANA,
        None,
        BEN,
    ]
    loads = source.loads
    await cache.cards([BEN, ANA])
    assert source.loads == loads


async def test_a_change_is_forgotten_at_once() -> None:
    source = Source()
    cache = audience(source)
    await cache.card(ANA)
    await cache.relations(ANA)
    async with cache.changing(CAMPUS, (ANA,)):
        source.version = 2
    assert await handle(cache, ANA) == "v2"
    loads = source.loads
    await cache.relations(ANA)
    assert source.loads == loads + 1


async def test_relations_of_many_are_loaded_at_once_where_they_are_not_known() -> None:
    source = Source()
    cache = audience(source)
    await cache.relations(BEN)
    found = await cache.relations_of([ANA, BEN, NOBODY, ANA])
    assert [tuple(one.friends) for one in found] == [(ANA,), (BEN,), (NOBODY,), (ANA,)]
    assert set(source.asked) == {ANA, NOBODY}
    loads = source.loads
    await cache.relations_of([NOBODY, BEN])
    await cache.relations(ANA)
    assert source.loads == loads
    async with cache.changing(CAMPUS, (ANA,)):
        pass
    await cache.relations_of([ANA, BEN])
    assert (source.asked, source.loads) == ([ANA], loads + 1)


async def overtaken(
    source: Source, cache: Audience, who: UserId, load: Callable[[], Coroutine[Any, Any, object]]
) -> None:
    """Let somebody change while something is loaded."""
    source.pause = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(load)
        await anyio.wait_all_tasks_blocked()
        async with cache.changing(CAMPUS, (who,)):
            pass
        source.pause.set()


async def test_friends_of_many_are_loaded_at_once_where_they_are_not_known() -> None:
    source = Source()
    cache = audience(source)
    await cache.friends_of([BEN])
    found = await cache.friends_of([ANA, BEN, NOBODY, ANA])
    assert [list(one) for one in found] == [[1], [2], [], [1]]
    assert set(source.asked) == {ANA, NOBODY}
    loads = source.loads
    assert await cache.friends_of([NOBODY, BEN]) == [found[2], found[1]]
    assert source.loads == loads
    async with cache.changing(CAMPUS, (ANA,)):
        pass
    await cache.friends_of([ANA, BEN])
    assert (source.asked, source.loads) == ([ANA], loads + 1)
    cache.apply(CAMPUS, JournalSlice(b"elsewhere", None))
    await cache.friends_of([BEN])
    assert source.loads == loads + 2


async def test_a_circle_is_loaded_at_once_where_it_is_not_known() -> None:
    source = Source()
    cache = audience(source)
    relations, friends = await cache.circle(ANA)
    known = dict(zip(relations.friends, friends, strict=True))
    assert known == {ANA: (1,), BEN: (2, 3)}
    assert source.loads == 1
    assert await cache.circle(ANA) == (relations, friends)
    assert await cache.relations(ANA) == relations
    assert await cache.friends_of([BEN]) == [(2, 3)]
    assert source.loads == 1
    async with cache.changing(CAMPUS, (BEN,)):
        pass
    _, friends = await cache.circle(ANA)
    assert dict(zip(relations.friends, friends, strict=True)) == {ANA: (1,), BEN: (2,)}
    assert (source.asked, source.loads) == ([BEN], 2)
    async with cache.changing(CAMPUS, (ANA,)):
        pass
    await cache.circle(ANA)
    assert source.loads == 3


async def test_a_circle_that_a_change_overtook_is_not_kept() -> None:
    source = Source()
    cache = audience(source)
    await overtaken(source, cache, BEN, partial(cache.circle, ANA))
    loads = source.loads
    await cache.friends_of([BEN])
    await cache.relations(ANA)
    assert source.loads == loads + 2


async def test_relations_that_a_change_overtook_are_not_kept() -> None:
    source = Source()
    cache = audience(source)
    await overtaken(source, cache, ANA, partial(cache.relations_of, [ANA]))
    loads = source.loads
    await cache.relations_of([ANA])
    assert source.loads == loads + 1


async def test_another_process_hears_of_it_through_the_journal() -> None:
    source, journal = Source(), MemoryJournal(ManualClock(), MemoryNotices())
    here, there = Audience(source, journal), Audience(source, journal)
    await there.refresh(CAMPUS)
    await there.cards([ANA, BEN])
    async with here.changing(CAMPUS, (ANA,)):
        source.version = 2
    assert await handle(there, ANA) == "v1"
    await there.refresh(CAMPUS)
    assert [await handle(there, ANA), await handle(there, BEN)] == ["v2", "v1"]


async def test_a_load_that_a_change_overtook_is_not_kept() -> None:
    source = Source()
    cache = audience(source)
    source.pause = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(cache.card, ANA)
        await anyio.wait_all_tasks_blocked()
        async with cache.changing(CAMPUS, (ANA,)):
            source.version = 2
        source.pause.set()
    assert await handle(cache, ANA) == "v2"


async def test_nothing_is_changed_that_cannot_be_announced() -> None:
    source = Source()
    cache = Audience(source, BrokenJournal(ManualClock(), MemoryNotices()))
    with pytest.raises(StoreUnavailable):
        async with cache.changing(CAMPUS, (ANA,)):
            pytest.fail("the write must not begin")


async def test_the_cache_is_bounded() -> None:
    source = Source()
    cache = audience(source, capacity=2)
    people = [UserId(UUID(int=number)) for number in range(10, 20)]
    cards = await cache.cards(people)
    assert [card and card.user_id for card in cards] == people
    for one in people:
        await cache.relations(one)
    loads = source.loads
    await cache.cards(people[-2:])
    await cache.relations(people[-1])
    assert source.loads == loads

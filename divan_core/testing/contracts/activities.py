"""What stores keep of activities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import attrs
import pytest

from divan_core.activities.model import IDLE_MS, Activity, ActivityId, Meeting, Stage
from divan_core.errors import ActivityOpen
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, populate, user_id

RACERS = 8


class ActivitiesContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_what_is_kept_is_found(self, stores: RelationalStores) -> None:
        """With everything that it has, by its id."""
        await populate(stores, 2)
        full = activity(
            1,
            2,
            1,
            position=b'{"word":"h\xc3\xa9"}',
            round=3,
            scores={user_id(1): 2, user_id(2): 1.5},
            stage=Stage.COMPLETED,
            winner_id=user_id(1),
            started_at=Millis(START_MS + 7),
            ended_at=Millis(START_MS + 9),
            due_at=None,
        )
        await add(stores, full)
        assert await get(stores, 1) == full
        assert await stores.units.write(lambda unit: unit.activities.hold(full.id)) == full
        assert await get(stores, 2) is None
        assert await stores.units.write(lambda unit: unit.activities.hold(number(2))) is None

    async def test_several_are_found_at_once(self, stores: RelationalStores) -> None:
        """Those that there are, each once."""
        await populate(stores, 2)
        await add(stores, activity(1, 1, 2), activity(2, 1, 2, kind="story"))

        async def some(unit: StoreUnit) -> Sequence[Activity]:
            return await unit.activities.some({number(1), number(2), number(3)})

        found = await stores.units.read(some)
        assert sorted(one.id for one in found) == [number(1), number(2)]
        assert not await stores.units.read(lambda unit: unit.activities.some(()))

    async def test_who_has_played_has_met(self, stores: RelationalStores) -> None:
        """Whoever asked; not in a lobby, nor in what is shown to one of them alone."""
        await populate(stores, 4)
        begun = Millis(START_MS)
        await add(stores, activity(1, 1, 2, started_at=begun), activity(2, 1, 3))
        await add(stores, activity(3, 4, 1, started_at=begun, shadowed=True))

        async def met(unit: StoreUnit) -> list[bool]:
            others = ((2, 1), (1, 2), (1, 3), (1, 4), (2, 3))
            have = unit.activities.have_met
            return [await have(user_id(one), user_id(other)) for one, other in others]

        assert await stores.units.read(met) == [True, True, False, False, False]

    async def test_one_is_open_of_two_people_and_a_kind(self, stores: RelationalStores) -> None:
        """Whoever asked whom; the unit that would have kept another keeps nothing."""
        await populate(stores, 3)
        await add(stores, activity(1, 1, 2))
        await add(stores, activity(2, 1, 2, kind="story"), activity(3, 1, 3))
        with pytest.raises(ActivityOpen):
            await add(stores, activity(4, 2, 3), activity(5, 2, 1))
        assert await get(stores, 4) is None
        assert await open_of(stores, 2, 1) == [1]
        assert await replace(stores, ended(activity(1, 1, 2)))
        await add(stores, activity(5, 2, 1))
        assert await open_of(stores, 1, 2) == [5]

    async def test_what_is_shadowed_is_in_nobodys_way(self, stores: RelationalStores) -> None:
        """Nor does whoever was asked find it in a list."""
        await populate(stores, 2)
        await add(stores, activity(1, 1, 2, shadowed=True))
        await add(stores, activity(2, 2, 1), activity(3, 2, 1, shadowed=True))
        assert sorted(await open_of(stores, 1, 2)) == [1, 2, 3]
        assert await listed(stores, 1) == [2, 1]
        assert await listed(stores, 2) == [3, 2]

    async def test_lists_have_pages(self, stores: RelationalStores) -> None:
        """The newest first, of both sides, none twice and none left out."""
        await populate(stores, 4)
        for one in range(1, 8):
            pair = (1, 2) if one % 2 else (3, 1)
            await add(stores, ended(activity(one, *pair)))
        await add(stores, activity(8, 2, 3))
        assert await listed(stores, 1) == [7, 6, 5, 4, 3, 2, 1]
        assert await listed(stores, 1, limit=3) == [7, 6, 5]
        assert await listed(stores, 1, before=5, limit=3) == [4, 3, 2]
        assert await listed(stores, 1, before=1) == []
        assert await listed(stores, 4) == []

    async def test_a_version_is_replaced_by_the_next(self, stores: RelationalStores) -> None:
        """And by no other, so that nothing is overwritten that nobody has seen."""
        await populate(stores, 2)
        first = activity(1, 1, 2)
        await add(stores, first)
        second = attrs.evolve(first, round=1, position=b"{}", version=2)
        assert await replace(stores, second)
        for version in (1, 2, 4):
            assert not await replace(stores, attrs.evolve(first, round=9, version=version))
        assert not await replace(stores, attrs.evolve(activity(7, 1, 2), version=2))
        assert await get(stores, 1) == second

    async def test_what_is_due_is_found(self, stores: RelationalStores) -> None:
        """The longest overdue first; nothing of what has ended."""
        await populate(stores, 5)
        for one, later in ((1, 30), (2, 10), (3, 20), (4, 40)):
            await add(stores, activity(one, one, 5, due_at=Millis(START_MS + later)))
        await add(stores, ended(activity(5, 1, 2)))
        assert await due(stores, 9) == []
        assert await due(stores, 10) == [2]
        assert await due(stores, 30) == [2, 3, 1]
        assert await due(stores, 100, most=2) == [2, 3]

    async def test_whoever_holds_one_is_alone_with_it(self, stores: RelationalStores) -> None:
        """Every one of many who count on is counted."""
        await populate(stores, 2)
        await add(stores, activity(1, 1, 2))

        async def body(unit: StoreUnit) -> bool:
            held = await unit.activities.hold(number(1))
            assert held is not None
            moved = attrs.evolve(held, round=held.round + 1, version=held.version + 1)
            return await unit.activities.replace(moved)

        async def race() -> None:
            assert await stores.units.write(body, locking=True)

        async with anyio.create_task_group() as tasks:
            for _ in range(RACERS):
                tasks.start_soon(race)
        found = await get(stores, 1)
        assert found is not None
        assert (found.round, found.version) == (RACERS, RACERS + 1)

    async def test_everything_of_a_person_is_removed(self, stores: RelationalStores) -> None:
        """On whichever side they were, by portions; nothing of others."""
        await populate(stores, 3)
        await add(stores, activity(1, 1, 2), activity(2, 3, 1, shadowed=True), activity(3, 2, 3))
        await add(stores, ended(activity(4, 1, 3)))
        assert await count_of(stores, 1) == 3
        assert await stores.units.write(lambda unit: unit.activities.remove_of(user_id(1), 2)) == 2
        assert await stores.units.write(lambda unit: unit.activities.remove_of(user_id(1), 2)) == 1
        assert await count_of(stores, 1) == 0
        assert await listed(stores, 3) == [3]
        await add(stores, activity(5, 1, 2))

    async def test_what_has_ended_is_purged(self, stores: RelationalStores) -> None:
        """Before a moment, by portions; what is open stays however old it is."""
        await populate(stores, 2)
        for one in range(1, 5):
            await add(stores, ended(activity(one, 1, 2), at=START_MS + one))
        await add(stores, activity(5, 1, 2))

        async def purge(unit: StoreUnit) -> int:
            return await unit.activities.purge(Millis(START_MS + 4), 2)

        before = Millis(START_MS + 4)
        assert await stores.units.read(lambda unit: unit.activities.ended(before)) == 3
        assert [await stores.units.write(purge) for _ in range(3)] == [2, 1, 0]
        later = Millis(START_MS + 5 + IDLE_MS)
        assert await stores.units.read(lambda unit: unit.activities.overdue(later)) == 1
        assert await listed(stores, 1) == [5, 4]

    async def test_nobody_plays_with_nobody(self, stores: RelationalStores) -> None:
        """Both people exist."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await add(stores, activity(1, 1, 2))

    async def test_a_reading_unit_keeps_none(self, stores: RelationalStores) -> None:
        """It is refused."""
        await populate(stores, 2)
        with pytest.raises(UnitMisused, match="reading"):
            await stores.units.read(lambda unit: unit.activities.add(activity(1, 1, 2)))


def number(one: int) -> ActivityId:
    """The id of activity ``one``."""
    return ActivityId(campus_id(one))


def activity(one: int, asker: int, asked: int, **changes: Any) -> Activity:  # noqa: ANN401 - evolve knows
    """Activity ``one``, for which one person asked another."""
    at = Millis(START_MS + one)
    made = Activity(
        id=number(one),
        campus_id=campus_id(1),
        kind="rps",
        players=(user_id(asker), user_id(asked)),
        options=b'{"best_of":3}',
        seed=bytes(32),
        created_at=at,
        moved_at=at,
        due_at=Millis(at + IDLE_MS),
    )
    return attrs.evolve(made, **changes)


def ended(one: Activity, at: int = START_MS) -> Activity:
    """What has become of an activity that was cancelled."""
    return attrs.evolve(
        one, stage=Stage.CANCELLED, ended_at=Millis(at), due_at=None, version=one.version + 1
    )


async def add(stores: RelationalStores, *activities: Activity) -> None:
    """Keep activities in a unit of their own."""

    async def body(unit: StoreUnit) -> None:
        for one in activities:
            await unit.activities.add(one)

    await stores.units.write(body)


async def replace(stores: RelationalStores, one: Activity) -> bool:
    """Keep what has become of an activity."""
    return await stores.units.write(lambda unit: unit.activities.replace(one))


async def get(stores: RelationalStores, one: int) -> Activity | None:
    """Activity ``one``."""
    return await stores.units.look(lambda unit: unit.activities.get(number(one)))


async def open_of(stores: RelationalStores, one: int, other: int) -> list[int]:
    """The numbers of the open games of rock-paper-scissors of two people."""
    meeting = Meeting.of((user_id(one), user_id(other)), "rps")
    return _numbers(await stores.units.read(lambda unit: unit.activities.open_of(meeting)))


async def listed(
    stores: RelationalStores, person: int, *, before: int | None = None, limit: int = 50
) -> list[int]:
    """The numbers of a person's activities."""
    last = None if before is None else number(before)
    found = await stores.units.look(lambda unit: unit.activities.of(user_id(person), last, limit))
    return _numbers(found)


async def due(stores: RelationalStores, after_ms: int, most: int = 50) -> list[int]:
    """The numbers of those in which something is due some milliseconds after the start."""
    now = Millis(START_MS + after_ms)
    found = await stores.units.look(lambda unit: unit.activities.due(now, most))
    return [one.int >> 64 for one in found]


async def count_of(stores: RelationalStores, person: int) -> int:
    """How many activities there are of a person."""
    return await stores.units.read(lambda unit: unit.activities.count_of(user_id(person)))


def _numbers(found: Sequence[Activity]) -> list[int]:
    return [one.id.int >> 64 for one in found]

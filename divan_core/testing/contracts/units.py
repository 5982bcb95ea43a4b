"""What units of work keep on every store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

import anyio
import attrs
import pytest
from anyio.lowlevel import checkpoint

from divan_core.errors import HandleTaken
from divan_core.kernel.units import UnitMisused
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.calls import UNIT_CALLS
from divan_core.stores.past import PAST
from divan_core.testing.contracts.cases import case
from divan_core.testing.contracts.samples import (
    campus,
    campus_id,
    person,
    populate,
    user_id,
)

LEAST_RADIUS_M: Final = 50
RIVALS: Final = 12


class UnitsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_what_a_unit_did_is_seen_by_the_next(self, stores: RelationalStores) -> None:
        """The result comes back, too."""
        assert await stores.units.write(keep(1, 2)) == 2
        assert await kept(stores) == {1, 2}

    async def test_a_unit_sees_what_it_has_written(self, stores: RelationalStores) -> None:
        """Before it is committed."""

        async def body(unit: StoreUnit) -> int:
            await keep(1, 2)(unit)
            return len(await unit.people.page(campus_id(1), None, 10))

        assert await stores.units.write(body) == 2

    async def test_an_exception_undoes_everything(self, stores: RelationalStores) -> None:
        """It comes out as it was raised."""
        await stores.units.write(keep(1))
        mine = LookupError("mine")

        async def body(unit: StoreUnit) -> None:
            await keep(2, 3)(unit)
            await unit.people.put([person(1, display_name="Other")])
            await unit.campuses.put([campus(2)])
            raise mine

        with pytest.raises(LookupError) as raised:
            await stores.units.write(body)
        assert raised.value is mine
        assert await kept(stores) == {1}
        assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == person(1)
        assert await stores.units.read(lambda unit: unit.campuses.get(campus_id(2))) is None

    @pytest.mark.parametrize("kind", [TimeoutError, OSError, RuntimeError, KeyError])
    async def test_an_exception_stays_what_it_is(
        self, stores: RelationalStores, kind: type[Exception]
    ) -> None:
        """Though stores raise some of these themselves."""
        mine = kind("mine")

        async def body(unit: StoreUnit) -> None:
            await unit.people.get(user_id(1))
            raise mine

        for run in (stores.units.write, stores.units.read):
            with pytest.raises(kind) as raised:
                await run(body)
            assert raised.value is mine

    async def test_a_failure_cannot_be_hidden(self, stores: RelationalStores) -> None:
        """A body that goes on after a refusal is refused as a whole."""
        await stores.units.write(keep(1))

        async def body(unit: StoreUnit) -> None:
            await keep(2)(unit)
            try:
                await unit.people.put([person(3, handle="person.1")])
            except HandleTaken:
                return

        with pytest.raises(HandleTaken):
            await stores.units.write(body)
        assert await kept(stores) == {1}

    async def test_units_of_one_lock_follow_each_other(self, stores: RelationalStores) -> None:
        """Each reads what the one before it has left; the end of a unit lets the next one go."""
        await populate(stores, 0)

        async def grow(unit: StoreUnit) -> None:
            await unit.locks.take("campus 1", "something else")
            found = await unit.campuses.get(campus_id(1))
            assert found is not None
            await unit.campuses.put([attrs.evolve(found, radius_m=found.radius_m + 1)])

        async def fail(unit: StoreUnit) -> None:
            await grow(unit)
            raise LookupError

        async def once() -> None:
            with suppress(LookupError):
                await stores.units.write(fail, locking=True)
            await stores.units.write(grow, locking=True)

        before = await radius_of(stores)
        async with anyio.create_task_group() as group:
            for _ in range(RIVALS):
                group.start_soon(once)
        assert await radius_of(stores) == before + RIVALS

    @pytest.mark.parametrize("way", ["write", "read"])
    async def test_a_body_awaits_nothing_but_its_unit(
        self, stores: RelationalStores, way: str
    ) -> None:
        """Not the event loop, not another unit; and nothing of it is kept."""
        await populate(stores, 1)
        run = stores.units.write if way == "write" else stores.units.read

        async def sleeps(unit: StoreUnit) -> None:
            await unit.people.get(user_id(1))
            await checkpoint()

        async def waits(unit: StoreUnit) -> None:
            await unit.people.get(user_id(1))
            await anyio.sleep(60)

        async def nests(unit: StoreUnit) -> None:
            await unit.people.get(user_id(1))
            await stores.units.write(keep(2))

        for body in (sleeps, waits, nests):
            with pytest.raises(UnitMisused, match="awaits nothing but its unit"):
                await run(body)
        assert await kept(stores) == {1}

    async def test_a_reading_unit_writes_nothing(self, stores: RelationalStores) -> None:
        """It is refused, whatever it tries."""
        await populate(stores, 1)

        async def deletes_nobody(unit: StoreUnit) -> None:
            await unit.people.put([person(2)])

        for body in (keep(2), deletes_nobody):
            with pytest.raises(UnitMisused, match="reading"):
                await stores.units.read(body)
        assert await kept(stores) == {1}

    async def test_a_look_sees_what_was_committed_before(self, stores: RelationalStores) -> None:
        """However it is read."""
        for number in (1, 2):
            await stores.units.write(keep(number))
            found = await stores.units.look(lambda unit: unit.people.get(user_id(number)))  # noqa: B023 - at once
            assert found == person(number)

    async def test_concurrent_increments_lose_nothing(self, stores: RelationalStores) -> None:
        """Two hundred units that each read, add one and write."""
        await stores.units.write(lambda unit: unit.campuses.put([campus(radius_m=LEAST_RADIUS_M)]))
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(stores.units.write, increment)
        assert await radius(stores) == LEAST_RADIUS_M + 200

    async def test_a_reader_sees_one_moment(self, stores: RelationalStores) -> None:
        """Two campuses that always change together are never seen apart."""
        await stores.units.write(both_at(LEAST_RADIUS_M))
        seen = set[tuple[int, int]]()
        async with anyio.create_task_group() as writers, anyio.create_task_group() as readers:
            for step in range(60):
                writers.start_soon(stores.units.write, both_at(LEAST_RADIUS_M + step))
            for _ in range(30):
                readers.start_soon(note, stores, seen)
        assert all(one == other for one, other in seen)
        assert seen

    async def test_a_failing_unit_harms_no_other(self, stores: RelationalStores) -> None:
        """Though they may be committed together."""
        await populate(stores, 1)
        refused = list[Exception]()

        async def fails(number: int) -> None:
            try:
                await stores.units.write(keep_and_fail(number))
            except (LookupError, HandleTaken) as failure:
                refused.append(failure)

        async with anyio.create_task_group() as group:
            for number in range(2, 42):
                if number % 4 == 0:
                    group.start_soon(fails, number)
                else:
                    group.start_soon(stores.units.write, keep(number))
        assert len(refused) == 10
        assert await kept(stores) == {1} | {one for one in range(2, 42) if one % 4}

    @pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 10, 20, 50, 100, 300, 1000])
    async def test_cancellation_leaves_a_settled_unit(
        self, stores: RelationalStores, turns: int
    ) -> None:
        """All of it or nothing, and what it is does not change any more."""
        await populate(stores, 1)
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                group.start_soon(cancel_after, turns, scope)
                await stores.units.write(keep(2, 3))
        at_once = await kept(stores)
        assert at_once in ({1}, {1, 2, 3})
        await stores.units.write(keep(4))
        assert await kept(stores) == at_once | {4}

    async def test_figures_are_of_the_past(self, stores: RelationalStores) -> None:
        """What is read as it was is the same where there is nothing older."""

        async def body(unit: StoreUnit) -> int:
            waiting = await unit.cases.waiting(None)
            return sum(one.count for one in waiting)

        await stores.units.write(lambda unit: unit.cases.put(case(1)))
        assert await stores.units.past(body) == 1

    @pytest.mark.parametrize("part", sorted(set(UNIT_CALLS) - PAST))
    async def test_nothing_else_is_of_the_past(self, stores: RelationalStores, part: str) -> None:
        """Blocks, sanctions, keys, people and what they write are never read as they were."""

        async def body(unit: StoreUnit) -> None:
            getattr(unit, part)

        with pytest.raises(UnitMisused, match=part):
            await stores.units.past(body)

    async def test_the_past_is_not_written(self, stores: RelationalStores) -> None:
        """As little as a snapshot is."""
        with pytest.raises(UnitMisused):
            await stores.units.past(lambda unit: unit.cases.put(case(1)))
        assert await stores.units.read(lambda unit: unit.cases.waiting(None)) == []

    async def test_a_cancelled_caller_keeps_nothing(self, stores: RelationalStores) -> None:
        """Who is cancelled before anything began."""
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stores.units.write(keep(1))
        assert scope.cancelled_caught
        assert await kept(stores) == set()


def keep(*numbers: int) -> Callable[[StoreUnit], Awaitable[int]]:
    """A unit that keeps these people of campus 1."""

    async def body(unit: StoreUnit) -> int:
        await unit.campuses.put([campus()])
        for number in numbers:
            await unit.people.put([person(number)])
        return len(numbers)

    return body


def keep_and_fail(number: int) -> Callable[[StoreUnit], Awaitable[None]]:
    """A unit that keeps somebody, and fails then in one of two ways."""

    async def body(unit: StoreUnit) -> None:
        await keep(number)(unit)
        if number % 8:
            raise LookupError(number)
        await unit.people.put([person(number + 1000, handle="person.1")])

    return body


async def kept(stores: RelationalStores) -> set[int]:
    """The numbers of the people of campus 1."""
    people = await stores.units.read(lambda unit: unit.people.page(campus_id(1), None, 1000))
    return {int(one.handle.removeprefix("person.")) for one in people}


async def increment(unit: StoreUnit) -> None:
    """Read the radius of campus 1 and write one metre more."""
    found = await unit.campuses.get(campus_id(1))
    if found is not None:
        await unit.campuses.put([attrs.evolve(found, radius_m=found.radius_m + 1)])


async def radius(stores: RelationalStores) -> int | None:
    """The radius of campus 1."""
    found = await stores.units.read(lambda unit: unit.campuses.get(campus_id(1)))
    return found.radius_m if found else None


def both_at(radius_m: int) -> Callable[[StoreUnit], Awaitable[None]]:
    """A unit that gives campuses 1 and 2 the same radius, one after the other."""

    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus(1, radius_m=radius_m)])
        await unit.campuses.put([campus(2, radius_m=radius_m)])

    return body


async def note(stores: RelationalStores, seen: set[tuple[int, int]]) -> None:
    """Note the radius of campuses 1 and 2 as one unit sees them, with a pause between."""

    async def body(unit: StoreUnit) -> tuple[int, int]:
        one = await unit.campuses.get(campus_id(1))
        for _ in range(30):
            await unit.people.page(campus_id(1), None, 1)
        other = await unit.campuses.get(campus_id(2))
        return (one.radius_m if one else 0), (other.radius_m if other else 0)

    seen.add(await stores.units.read(body))


async def cancel_after(turns: int, scope: anyio.CancelScope) -> None:
    """Cancel a scope after some turns of the event loop."""
    for _ in range(turns):
        await checkpoint()
    scope.cancel()


async def radius_of(stores: RelationalStores) -> int:
    """How far the campus reaches now, in metres."""
    found = await stores.units.read(lambda unit: unit.campuses.get(campus_id(1)))
    assert found is not None
    return found.radius_m

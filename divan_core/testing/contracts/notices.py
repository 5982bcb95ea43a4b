"""The contracts of notices: of presence, and of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, TypeAlias
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.presence.model import LEASE_MS, Cell, Notice, PeopleChanged, PublicMove
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import (
    AWAY,
    HOME,
    PHONE,
    TABLET,
    LiveContract,
    Walker,
    somebody,
)

Told: TypeAlias = PersonNotice | NoticesLost

BACKLOG = 10_000
"""More than this many unread notices may be lost."""


class NoticesContract(LiveContract):
    """Every process hears of every public move, and of nothing else."""

    @pytest.fixture
    def walker(self, live: LiveStores, clock: ManualClock, campus_id: CampusId) -> Walker:
        """Somebody who has never been here."""
        return Walker(live.presence, clock, campus_id)

    @pytest.fixture
    async def heard(self, live: LiveStores) -> AsyncIterator[AsyncIterator[Notice]]:
        """What the process that moves people hears itself."""
        async with live.notices.listen() as notices:
            yield notices

    @pytest.fixture
    async def overheard(self, other: LiveStores) -> AsyncIterator[AsyncIterator[Notice]]:
        """What another process hears."""
        async with other.notices.listen() as notices:
            yield notices

    async def test_arriving_moving_and_leaving(
        self,
        live: LiveStores,
        walker: Walker,
        heard: AsyncIterator[Notice],
        overheard: AsyncIterator[Notice],
    ) -> None:
        """Are told with both cells; a heartbeat within a cell is not told at all."""
        await walker.stand(HOME)
        await walker.stand(HOME)
        await walker.stand(AWAY, TABLET)
        await walker.stand(Cell(50, 1, 1))
        await walker.leave(PHONE)
        await walker.leave()
        await walker.leave()
        await walker.stand(HOME)
        await only(
            live,
            walker,
            (heard, overheard),
            (None, HOME),
            (HOME, AWAY),
            (AWAY, Cell(50, 1, 1)),
            (Cell(50, 1, 1), None),
            (None, HOME),
        )

    async def test_a_lease_that_ends_is_told_by_a_sweep(
        self,
        live: LiveStores,
        walker: Walker,
        heard: AsyncIterator[Notice],
        overheard: AsyncIterator[Notice],
    ) -> None:
        """Once, whoever sweeps, and from the cell the person was in last."""
        await walker.stand(HOME)
        await walker.stand(AWAY)
        walker.clock.advance(LEASE_MS / 1000)
        for _ in range(2):
            await walker.index.sweep(walker.campus_id, walker.clock.now())
        await only(live, walker, (heard, overheard), (None, HOME), (HOME, AWAY), (AWAY, None))

    async def test_coming_back_after_the_end_of_the_lease(
        self,
        live: LiveStores,
        walker: Walker,
        heard: AsyncIterator[Notice],
        overheard: AsyncIterator[Notice],
    ) -> None:
        """Is a leaving and an arrival, though nobody swept between them."""
        await walker.stand(HOME)
        walker.clock.advance(LEASE_MS / 1000)
        await walker.stand(AWAY)
        await only(live, walker, (heard, overheard), (None, HOME), (HOME, None), (None, AWAY))

    async def test_neighbours_in_a_cell_are_told_of_one_by_one(
        self,
        live: LiveStores,
        walker: Walker,
        heard: AsyncIterator[Notice],
        overheard: AsyncIterator[Notice],
    ) -> None:
        """Also when the one who came first has gone first."""
        second = attrs.evolve(walker, user_id=somebody())
        await walker.stand(HOME)
        await second.stand(HOME)
        await walker.leave()
        walker.clock.advance(LEASE_MS / 1000)
        await walker.index.sweep(walker.campus_id, walker.clock.now())
        await only(
            live, walker, (heard, overheard), (None, HOME), (None, HOME), (HOME, None), (HOME, None)
        )

    async def test_many_leases_that_end_at_once(
        self, walker: Walker, heard: AsyncIterator[Notice]
    ) -> None:
        """Each is told once, also that of somebody who comes back before all are swept out."""
        last = attrs.evolve(walker, user_id=UserId(UUID(int=(1 << 128) - 1)))
        async with anyio.create_task_group() as group:
            group.start_soon(last.stand)
            for _ in range(300):
                group.start_soon(attrs.evolve(walker, user_id=somebody()).stand)
        walker.clock.advance(LEASE_MS / 1000)
        await last.stand(AWAY)
        await walker.index.sweep(walker.campus_id, walker.clock.now())
        with anyio.fail_after(5):
            told = Counter([await anext(heard) for _ in range(603)])
        campus_id = walker.campus_id
        assert told == {
            PublicMove(campus_id, None, HOME): 301,
            PublicMove(campus_id, HOME, None): 301,
            PublicMove(campus_id, None, AWAY): 1,
        }

    async def test_a_listener_who_is_behind_is_told_so(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        """The backlog is bounded; somewhere in it stands that notices were lost."""
        async with live.notices.listen() as notices:
            for _ in range(BACKLOG // 500 + 1):
                async with anyio.create_task_group() as group:
                    for _ in range(500):
                        group.start_soon(live.journal.record, campus_id, ())
            with anyio.fail_after(30):
                while await anext(notices) != NoticesLost():
                    await live.journal.record(campus_id, ())


class PersonNoticesContract(LiveContract):
    """Every process hears of every person's notices, in the order of each publisher."""

    @pytest.fixture
    async def heard(self, live: LiveStores) -> AsyncIterator[AsyncIterator[Told]]:
        """What the process that publishes hears itself."""
        async with live.person_notices.listen() as notices:
            yield notices

    @pytest.fixture
    async def overheard(self, other: LiveStores) -> AsyncIterator[AsyncIterator[Told]]:
        """What another process hears."""
        async with other.person_notices.listen() as notices:
            yield notices

    async def test_everybody_hears_everything(
        self,
        live: LiveStores,
        campus_id: CampusId,
        heard: AsyncIterator[Told],
        overheard: AsyncIterator[Told],
    ) -> None:
        """As it was published, whatever JSON it holds."""
        contents: list[dict[str, Any]] = [
            {},
            {"text": "é 漢 \x00", "number": -1.5, "none": None, "yes": True},
            {"list": [1, [2, {"three": []}]], "long": "x" * 10_000},
        ]
        published = [
            PersonNotice(campus_id, somebody(), "social", f"event:{number}", data)
            for number, data in enumerate(contents)
        ]
        for notice in published:
            await live.person_notices.publish(notice)
        for notices in (heard, overheard):
            assert await told(notices, campus_id, len(published)) == published

    async def test_what_was_before_is_not_heard(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        """A notice is for those who listen."""
        early, late = [
            PersonNotice(campus_id, somebody(), "social", name) for name in ("early", "late")
        ]
        await live.person_notices.publish(early)
        async with live.person_notices.listen() as notices:
            await live.person_notices.publish(late)
            assert await told(notices, campus_id, 1) == [late]

    async def test_moves_are_of_another_kind(
        self,
        live: LiveStores,
        campus_id: CampusId,
        heard: AsyncIterator[Told],
    ) -> None:
        """Presence has its own notices, and neither hears the other's."""
        notice = PersonNotice(campus_id, somebody(), "social", "only")
        async with live.notices.listen() as moves:
            await live.journal.record(campus_id, ())
            await live.person_notices.publish(notice)
            await live.journal.record(campus_id, ())
            assert await told(heard, campus_id, 1) == [notice]
            with anyio.fail_after(5):
                found = [await anext(moves) for _ in range(2)]
            assert set(found) <= {PeopleChanged(campus_id), NoticesLost()}

    async def test_a_listener_who_is_behind_is_told_so(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        """The backlog is bounded; somewhere in it stands that notices were lost."""
        notice = PersonNotice(campus_id, somebody(), "social", "again")
        async with live.person_notices.listen() as notices:
            for _ in range(BACKLOG // 500 + 1):
                async with anyio.create_task_group() as group:
                    for _ in range(500):
                        group.start_soon(live.person_notices.publish, notice)
            with anyio.fail_after(30):
                while await anext(notices) != NoticesLost():
                    await live.person_notices.publish(notice)


async def told(notices: AsyncIterator[Told], campus_id: CampusId, count: int) -> list[Told]:
    """The next notices of a campus; others may be under way on a server that is shared."""
    found: list[Told] = []
    with anyio.fail_after(5):
        while len(found) < count:
            notice = await anext(notices)
            if isinstance(notice, PersonNotice) and notice.campus_id == campus_id:
                found.append(notice)
    return found


async def only(
    live: LiveStores,
    walker: Walker,
    listeners: tuple[AsyncIterator[Notice], ...],
    *moves: tuple[Cell | None, Cell | None],
) -> None:
    """Check that each listener hears these moves of the campus next, and nothing else."""
    last = PeopleChanged(walker.campus_id)
    await live.journal.record(walker.campus_id, ())
    with anyio.fail_after(5):
        for notices in listeners:
            told = [await anext(notices) for _ in moves]
            assert told == [PublicMove(walker.campus_id, *move) for move in moves]
            assert await anext(notices) == last

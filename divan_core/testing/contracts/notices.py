"""The contract of :class:`~divan_core.presence.ports.PresenceNotices`."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.model import LEASE_MS, Cell, Notice, NoticesLost, PeopleChanged, PublicMove
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

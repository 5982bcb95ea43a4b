"""The contract of :class:`~divan_core.kernel.audience.ChangeJournal`."""

from __future__ import annotations

import anyio

from divan_core.kernel.audience import START
from divan_core.kernel.ids import CampusId
from divan_core.presence.model import PeopleChanged
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import LiveContract, somebody


class JournalContract(LiveContract):
    """Who changed since when."""

    async def test_a_newcomer_knows_nothing(self, live: LiveStores, campus_id: CampusId) -> None:
        """From the start anybody may have changed; from the position given nobody has."""
        first = await live.journal.read(campus_id, START)
        assert first.changed is None
        second = await live.journal.read(campus_id, first.position)
        assert (second.position, second.changed) == (first.position, frozenset())

    async def test_changes_are_news_once(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId
    ) -> None:
        """For every process, each from its own position."""
        ann, ben, eve = somebody(), somebody(), somebody()
        start = (await live.journal.read(campus_id, START)).position
        await live.journal.record(campus_id, [ann, ben])
        middle = await other.journal.read(campus_id, start)
        assert middle.changed == frozenset({ann, ben})
        await other.journal.record(campus_id, [eve, ann])
        end = await live.journal.read(campus_id, middle.position)
        assert end.changed == frozenset({eve, ann})
        assert (await other.journal.read(campus_id, start)).changed == frozenset({ann, ben, eve})
        assert (await live.journal.read(campus_id, end.position)).changed == frozenset()

    async def test_campuses_have_journals_of_their_own(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        """A change on one is no news on another."""
        start = (await live.journal.read(campus_id, START)).position
        await live.journal.record(CampusId(somebody()), [somebody()])
        assert (await live.journal.read(campus_id, start)).changed == frozenset()

    async def test_an_announcement_alone_is_recorded_in_ten_seconds(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """The process that made it may have died after its commit."""
        ann = somebody()
        start = (await live.journal.read(campus_id, START)).position
        await live.journal.announce(campus_id, [ann])
        clock.advance(9.999)
        assert (await other.journal.read(campus_id, start)).changed == frozenset()
        clock.advance(0.001)
        news = await other.journal.read(campus_id, start)
        assert news.changed == frozenset({ann})
        clock.advance(20)
        assert (await other.journal.read(campus_id, news.position)).changed == frozenset()

    async def test_a_followed_up_announcement_is_recorded_once(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """At once, and not again after ten seconds."""
        ann, ben = somebody(), somebody()
        start = (await live.journal.read(campus_id, START)).position
        await live.journal.announce(campus_id, [ann, ben])
        await live.journal.record(campus_id, [ben, ann])
        news = await live.journal.read(campus_id, start)
        assert news.changed == frozenset({ann, ben})
        clock.advance(20)
        assert (await live.journal.read(campus_id, news.position)).changed == frozenset()

    async def test_listeners_hear_that_people_changed(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """When it is recorded, and when an announcement is recorded by itself."""
        ann = somebody()
        async with other.notices.listen() as notices:
            with anyio.fail_after(5):
                await live.journal.record(campus_id, [ann])
                assert await anext(notices) == PeopleChanged(campus_id)
                await live.journal.announce(campus_id, [ann])
                clock.advance(10)
                await live.presence.sweep(campus_id, clock.now())
                await live.journal.read(campus_id, START)
                assert await anext(notices) == PeopleChanged(campus_id)

    async def test_a_position_long_gone(self, live: LiveStores, campus_id: CampusId) -> None:
        """Anybody may have changed since, and the journal does not grow without end."""
        start = (await live.journal.read(campus_id, START)).position
        for _ in range(9):
            async with anyio.create_task_group() as group:
                for _ in range(1000):
                    group.start_soon(live.journal.record, campus_id, [somebody()])
        news = await live.journal.read(campus_id, start)
        assert news.changed is None
        assert (await live.journal.read(campus_id, news.position)).changed == frozenset()

    async def test_very_many_changes(self, live: LiveStores, campus_id: CampusId) -> None:
        """Are all told, or told as changes of anybody."""
        crowd = [somebody() for _ in range(1500)]
        start = (await live.journal.read(campus_id, START)).position
        async with anyio.create_task_group() as group:
            for one in crowd:
                group.start_soon(live.journal.record, campus_id, [one])
        news = await live.journal.read(campus_id, start)
        assert news.changed is None or news.changed == frozenset(crowd)
        assert (await live.journal.read(campus_id, news.position)).changed == frozenset()

    async def test_a_change_of_very_many(self, live: LiveStores, campus_id: CampusId) -> None:
        """Is told as such, or as a change of anybody."""
        crowd = [somebody() for _ in range(20_000)]
        start = (await live.journal.read(campus_id, START)).position
        await live.journal.announce(campus_id, crowd)
        await live.journal.record(campus_id, crowd)
        news = await live.journal.read(campus_id, start)
        assert news.changed is None or news.changed == frozenset(crowd)
        assert (await live.journal.read(campus_id, news.position)).changed == frozenset()

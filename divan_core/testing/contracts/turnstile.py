"""The contract of :class:`~divan_core.kernel.turnstile.Turnstile`."""

from __future__ import annotations

import anyio
import pytest

from divan_core.errors import RateLimited
from divan_core.kernel.audience import START
from divan_core.kernel.ids import CampusId
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import LiveContract, at_most, somebody


class TurnstileContract(LiveContract):
    """Counts as the limits do, and tells what the journal would."""

    async def test_it_counts_with_the_limits(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Whichever way a question comes in, on any process, all share one count."""
        limit, user_id = at_most(3, 60), somebody()
        await live.turnstile.enter(campus_id, user_id, limit, START)
        clock.advance(1)
        await other.limits.admit(campus_id, user_id, limit)
        await other.turnstile.enter(campus_id, user_id, limit, START)
        with pytest.raises(RateLimited) as refused:
            await live.turnstile.enter(campus_id, user_id, limit, START)
        assert refused.value.retry_after == 59
        with pytest.raises(RateLimited):
            await live.limits.admit(campus_id, user_id, limit)
        await live.turnstile.enter(campus_id, somebody(), limit, START)
        await live.turnstile.enter(campus_id, user_id, at_most(3, 60, "another"), START)
        clock.advance(59)
        await live.turnstile.enter(campus_id, user_id, limit, START)
        with pytest.raises(RateLimited):
            await other.turnstile.enter(campus_id, user_id, limit, START)

    async def test_it_tells_what_the_journal_tells(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId
    ) -> None:
        """From the start anybody may have changed; then news come once."""
        limit, user_id, ann, ben = at_most(9, 60), somebody(), somebody(), somebody()
        first = await live.turnstile.enter(campus_id, user_id, limit, START)
        assert first.changed is None
        quiet = await live.turnstile.enter(campus_id, user_id, limit, first.position)
        assert quiet == await other.journal.read(campus_id, first.position)
        assert quiet.changed == frozenset()
        await other.journal.record(campus_id, [ann, ben])
        news = await live.turnstile.enter(campus_id, user_id, limit, quiet.position)
        assert news.changed == frozenset({ann, ben})
        assert news == await other.journal.read(campus_id, quiet.position)
        after = await live.turnstile.enter(campus_id, user_id, limit, news.position)
        assert after.changed == frozenset()

    async def test_it_records_what_was_announced_long_ago(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """A change whose process died shows to whoever asks ten seconds later."""
        limit, user_id, ann = at_most(9, 60), somebody(), somebody()
        start = (await live.turnstile.enter(campus_id, user_id, limit, START)).position
        await other.journal.announce(campus_id, [ann])
        clock.advance(9.999)
        news = await live.turnstile.enter(campus_id, user_id, limit, start)
        assert news.changed == frozenset()
        clock.advance(0.001)
        news = await live.turnstile.enter(campus_id, user_id, limit, news.position)
        assert news.changed == frozenset({ann})

    async def test_exactly_as_many_pass_as_may(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId
    ) -> None:
        """Of 200 concurrent questions over two processes."""
        limit, user_id, passed = at_most(37, 60), somebody(), list[bool]()

        async def ask(stores: LiveStores) -> None:
            try:
                await stores.turnstile.enter(campus_id, user_id, limit, START)
            except RateLimited:
                return
            passed.append(True)

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask, live)
                group.start_soon(ask, other)
        assert len(passed) == 37

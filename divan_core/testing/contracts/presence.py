"""The contract of :class:`~divan_core.presence.ports.PresenceIndex`, but for its searches."""

from __future__ import annotations

import anyio
import attrs
import pytest

from divan_core.errors import Conflict, RateLimited
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId
from divan_core.presence.model import (
    HOUR_MS,
    LEASE_MS,
    MEMORY_MS,
    Amendment,
    Cell,
    Fix,
    Heard,
    Lease,
    Offset,
    PresenceRecord,
    Reach,
)
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import (
    AWAY,
    HOME,
    PHONE,
    TABLET,
    LiveContract,
    Walker,
    at_most,
    leaving,
    somebody,
    standing,
)

DAY_MS = 24 * HOUR_MS


class PresenceContract(LiveContract):
    """Records, leases and limits. ``walker`` and ``twin`` are one person seen by two processes."""

    @pytest.fixture
    def walker(self, live: LiveStores, clock: ManualClock, campus_id: CampusId) -> Walker:
        """Somebody who has never been here."""
        return Walker(live.presence, clock, campus_id)

    @pytest.fixture
    def twin(self, other: LiveStores, walker: Walker) -> Walker:
        """The same person, as another process sees them."""
        return attrs.evolve(walker, index=other.presence)

    async def test_nothing_is_known_of_a_stranger(self, walker: Walker) -> None:
        """No record, not heard, and nobody online."""
        assert await walker.record() is None
        assert await walker.heard() is None
        assert await walker.index.everybody(walker.campus_id, walker.clock.now()) == {}

    async def test_the_whole_record_is_kept(self, walker: Walker, twin: Walker) -> None:
        """Every field of it comes back, to every process."""
        now = walker.clock.now()
        record = PresenceRecord(
            fixes=(Fix(now, 1.5, -2.25, 7.5), Fix(now, 1e6 / 3, -1e6 / 7, 50.0)),
            doubted=(Fix(now, 4000.125, 3.0, 1.0), Fix(now, 4001.0, 3.0, 2.0)),
            leases=(Lease(PHONE, Millis(now + 5)), Lease(TABLET, Millis(now + LEASE_MS))),
            cell=Cell(200, -3, 100_000),
            offset=Offset(now // HOUR_MS, -1.25, 2.5),
        )
        given = await walker.index.amend(walker.key, lambda _: Amendment(record), now)
        assert given == await walker.record() == await twin.record() == record

    async def test_the_rule_is_given_what_is_kept(self, walker: Walker, twin: Walker) -> None:
        """Also what another process has kept since."""
        seen: list[PresenceRecord | None] = []

        def rule(before: PresenceRecord | None) -> Amendment:
            seen.append(before)
            return standing(HOME, walker.clock.now())(before)

        await walker.index.amend(walker.key, rule, walker.clock.now())
        assert seen == [None]
        kept = await twin.stand(AWAY, TABLET)
        await walker.index.amend(walker.key, rule, walker.clock.now())
        assert seen[-1] == kept

    async def test_a_lease_ends_exactly_at_its_deadline(self, walker: Walker, twin: Walker) -> None:
        """Online a millisecond before it, offline at it, for every question."""
        await walker.stand()
        walker.clock.advance((LEASE_MS - 1) / 1000)
        assert await twin.heard() == Heard(
            online=True, at=Millis(walker.clock.now() - LEASE_MS + 1)
        )
        assert walker.user_id in await twin.sees()
        walker.clock.advance(0.001)
        assert await walker.heard() == Heard(online=False, at=Millis(walker.clock.now() - LEASE_MS))
        assert (await walker.look(Reach(100.0))).here is None
        assert await twin.index.everybody(walker.campus_id, walker.clock.now()) == {}

    async def test_devices_count_as_one_person(self, walker: Walker, twin: Walker) -> None:
        """One place, in the cell of the last fix, until the last lease ends."""
        await walker.stand(HOME, PHONE)
        walker.clock.advance(60)
        await twin.stand(HOME, TABLET)
        assert await walker.sees() == {walker.user_id: HOME}
        walker.clock.advance(30)
        assert await walker.sees() == {walker.user_id: HOME}
        walker.clock.advance(60)
        assert await walker.sees() == {}

    async def test_one_device_goes_offline(self, walker: Walker, twin: Walker) -> None:
        """The person stays online with the other one, and goes when that goes."""
        await walker.stand(HOME, PHONE)
        await walker.stand(HOME, TABLET)
        await twin.leave(PHONE)
        assert await walker.heard() == Heard(online=True, at=walker.clock.now())
        await walker.leave(TABLET)
        assert await twin.heard() == Heard(online=False, at=walker.clock.now())

    async def test_the_end_comes_sooner_without_the_later_device(
        self, walker: Walker, twin: Walker
    ) -> None:
        """Also after it had come later by the device's heartbeats, and somebody had looked."""
        await walker.stand(HOME, PHONE)
        walker.clock.advance(40)
        await walker.stand(HOME, PHONE)
        walker.clock.advance(20)
        await twin.stand(HOME, TABLET)
        walker.clock.advance(30)
        assert await walker.sees() == {walker.user_id: HOME}
        await twin.leave(TABLET)
        walker.clock.advance(39.999)
        assert await walker.sees() == {walker.user_id: HOME}
        walker.clock.advance(0.001)
        assert await walker.heard() == Heard(online=False, at=Millis(walker.clock.now() - 70_000))
        assert await walker.index.everybody(walker.campus_id, walker.clock.now()) == {}

    async def test_all_devices_go_offline_at_once(self, walker: Walker, twin: Walker) -> None:
        """Nobody finds the person any more; the fixes are still there to judge movement by."""
        record = await walker.stand(HOME, PHONE)
        await walker.stand(HOME, TABLET)
        await twin.leave()
        assert await walker.index.everybody(walker.campus_id, walker.clock.now()) == {}
        assert await walker.record() == attrs.evolve(record, leases=())

    async def test_a_stranger_goes_offline(self, walker: Walker) -> None:
        """Which leaves nothing behind."""
        assert await walker.leave() == PresenceRecord()
        assert await walker.record() is None

    async def test_coming_back_after_the_end(self, walker: Walker, twin: Walker) -> None:
        """Like coming for the first time, also where a process remembers the person."""
        await walker.stand(HOME)
        await twin.stand(HOME)
        walker.clock.advance(LEASE_MS / 1000)
        seen: list[PresenceRecord | None] = []

        def rule(before: PresenceRecord | None) -> Amendment:
            seen.append(before)
            return standing(AWAY, walker.clock.now())(before)

        await walker.index.amend(walker.key, rule, walker.clock.now())
        assert seen[-1] is None
        assert await twin.sees() == {walker.user_id: AWAY}

    async def test_exact_fixes_are_gone_with_the_record(self, walker: Walker) -> None:
        """Nothing is kept from ``keep_until`` on, offline people's fixes no longer than others'."""
        await walker.stand()
        walker.clock.advance(5)
        record = await walker.leave()
        assert record.keep_until == walker.clock.now() - 5000 + MEMORY_MS
        walker.clock.advance((MEMORY_MS - 5001) / 1000)
        assert await walker.record() == record
        walker.clock.advance(0.001)
        assert await walker.record() is None

    async def test_people_are_heard_for_a_day(self, walker: Walker, twin: Walker) -> None:
        """Since their last fix; not longer."""
        await walker.stand()
        at = walker.clock.now()
        walker.clock.advance((DAY_MS - 1) / 1000)
        assert await walker.heard() == await twin.heard() == Heard(online=False, at=at)
        await walker.index.sweep(walker.campus_id, walker.clock.now())
        assert await twin.heard() == Heard(online=False, at=at)
        walker.clock.advance(0.001)
        assert await walker.heard() is None
        assert await twin.heard() is None

    async def test_only_those_asked_for_are_told_of(self, walker: Walker) -> None:
        """And strangers are left out."""
        friend = attrs.evolve(walker, user_id=somebody())
        await walker.stand()
        await friend.stand()
        people = (somebody(), friend.user_id)
        heard = await walker.index.heard(walker.campus_id, people, walker.clock.now())
        assert heard == {friend.user_id: Heard(online=True, at=walker.clock.now())}
        assert await walker.index.heard(walker.campus_id, (), walker.clock.now()) == {}

    async def test_everybody_is_everyone_online(self, walker: Walker, twin: Walker) -> None:
        """In the cell of each, whatever its size."""
        wide = attrs.evolve(twin, user_id=somebody())
        gone = attrs.evolve(twin, user_id=somebody())
        await walker.stand(HOME)
        await wide.stand(Cell(200, -1, -1))
        await gone.stand(HOME)
        await gone.leave()
        everybody = await twin.index.everybody(walker.campus_id, walker.clock.now())
        assert everybody == {walker.user_id: HOME, wide.user_id: Cell(200, -1, -1)}

    async def test_campuses_know_nothing_of_each_other(self, walker: Walker) -> None:
        """The same person on another campus is somebody else."""
        elsewhere = attrs.evolve(walker, campus_id=CampusId(somebody()))
        await walker.stand()
        assert await elsewhere.record() is None
        assert await elsewhere.heard() is None
        await elsewhere.stand(AWAY)
        assert await walker.sees() == {walker.user_id: HOME}

    async def test_many_end_at_once(self, walker: Walker) -> None:
        """None of them is found any more, however many there are.

        They arrive some at a time: all at once would measure how fast the machine is.
        """
        for _ in range(10):
            async with anyio.create_task_group() as group:
                for _ in range(150):
                    group.start_soon(attrs.evolve(walker, user_id=somebody()).stand)
        walker.clock.advance(60)
        await walker.stand()
        walker.clock.advance(30)
        assert await walker.sees() == {walker.user_id: HOME}
        everybody = await walker.index.everybody(walker.campus_id, walker.clock.now())
        assert everybody == {walker.user_id: HOME}

    async def test_amendments_at_the_same_time_all_count(
        self, walker: Walker, twin: Walker
    ) -> None:
        """200 of them by two processes: each is made on top of the one before."""
        now = walker.clock.now()

        async def amend(index: Walker, number: int) -> None:
            device = number.to_bytes(8, "big")
            await index.index.amend(walker.key, standing(HOME, now, device), now)

        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(amend, (walker, twin)[number % 2], number)
        record = await walker.record()
        assert record is not None
        devices = {int.from_bytes(lease.device, "big") for lease in record.leases}
        assert devices == set(range(200))
        assert await twin.sees() == {walker.user_id: HOME}

    async def test_a_clock_set_back(self, walker: Walker) -> None:
        """People are found as before, and can move on."""
        await walker.stand(HOME)
        walker.clock.advance(-3600)
        assert await walker.sees() == {walker.user_id: HOME}
        await walker.stand(AWAY, TABLET)
        assert await walker.sees() == {walker.user_id: AWAY}

    async def test_a_refusal_is_raised_once_its_record_is_kept(self, walker: Walker) -> None:
        """And costs nothing of the limit."""
        limit, now = at_most(1, 60), walker.clock.now()
        await walker.stand()

        def rule(before: PresenceRecord | None) -> Amendment:
            assert before is not None
            return Amendment(attrs.evolve(before, doubted=before.fixes), Conflict("no"))

        for _ in range(3):
            with pytest.raises(Conflict, match="no"):
                await walker.index.amend(walker.key, rule, now, limit)
        record = await walker.record()
        assert record is not None
        assert record.doubted == record.fixes
        await walker.stand(limit=limit)

    async def test_a_reached_limit_changes_nothing(self, walker: Walker, twin: Walker) -> None:
        """The record stays, the refused action is forgotten, and there is room when it says."""
        limit = at_most(2, 60)
        await walker.stand(HOME, limit=limit)
        walker.clock.advance(20.5)
        kept = await twin.stand(HOME, limit=limit)
        for each in (walker, twin, walker):
            with pytest.raises(RateLimited) as refused:
                await each.stand(AWAY, limit=limit)
            assert refused.value.retry_after == 40
        assert await walker.record() == kept
        walker.clock.advance(39.499)
        with pytest.raises(RateLimited):
            await walker.stand(AWAY, limit=limit)
        walker.clock.advance(0.001)
        assert (await walker.stand(AWAY, limit=limit)).cell == AWAY

    async def test_a_limit_is_exact_under_concurrent_calls(
        self, walker: Walker, twin: Walker
    ) -> None:
        """Of 100 heartbeats of two processes exactly as many pass as may."""
        limit = at_most(30, 60)
        passed = []

        async def stand(each: Walker) -> None:
            try:
                await each.stand(limit=limit)
            except RateLimited:
                return
            passed.append(each)

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(stand, walker)
                group.start_soon(stand, twin)
        assert len(passed) == 30

    async def test_limits_are_shared_with_the_other_doors(
        self, live: LiveStores, walker: Walker
    ) -> None:
        """What is admitted here counts for :class:`RateLimits`, and the other way round."""
        limit = at_most(3, 60)
        await walker.stand(limit=limit)
        await walker.leave()
        await live.limits.admit(walker.campus_id, walker.user_id, limit)
        await walker.index.amend(walker.key, leaving(), walker.clock.now(), limit)
        with pytest.raises(RateLimited):
            await walker.stand(limit=limit)
        with pytest.raises(RateLimited):
            await live.limits.admit(walker.campus_id, walker.user_id, limit)
        await walker.stand(limit=at_most(1, 60, "another"))

"""The contract of :class:`~divan_core.discovery.ports.PresenceSignals`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from uuid import uuid4

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.discovery.model import NEAR_M
from divan_core.discovery.ports import Inquiry, Signals
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.model import LEASE_MS, SEEN_MS, Cell
from divan_core.stores.bundle import LiveStores
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import HOME, LiveContract, Walker, somebody

EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CELLS = st.builds(Cell, st.sampled_from([10, 25, 50, 200]), st.integers(-6, 6), st.integers(-6, 6))
PAUSES_S = st.sampled_from([0.0, 0.0, 0.001, 30.0, 90.0, 7200.0])
STEPS = st.lists(
    st.tuples(PAUSES_S, st.integers(0, 9), st.one_of(st.none(), CELLS)), min_size=1, max_size=40
)
"""After a pause, which person stands in which cell, or leaves."""

LATELY = st.tuples(st.integers(0, 6), st.sampled_from([0, 1, 30_000, 7_200_000]))
"""How many of those heard last, until how long ago."""


@attrs.define
class Told:
    """What a plain reading of the port says about what happened."""

    clock: ManualClock
    heard: dict[UserId, int] = attrs.field(factory=dict)
    cells: dict[UserId, Cell] = attrs.field(factory=dict)

    def live(self, user_id: UserId) -> Cell | None:
        """Where others see somebody."""
        runs = self.clock.now() - self.heard.get(user_id, 0) < LEASE_MS
        return self.cells.get(user_id) if runs else None

    def near(self, viewer_id: UserId) -> dict[UserId, int]:
        """Everybody whose public point is near the viewer's."""
        mine = self.live(viewer_id)
        if mine is None:
            return {}
        return {
            one: cell.size_m
            for one in self.heard
            if (cell := self.live(one)) is not None
            and math.hypot(cell.east - mine.east, cell.north - mine.north) <= NEAR_M
        }

    def within_a_day(self) -> dict[UserId, int]:
        """When everybody was last heard."""
        now = self.clock.now()
        return {one: at for one, at in self.heard.items() if now - at < SEEN_MS}


async def walk(
    told: Told, people: Sequence[Walker], steps: list[tuple[float, int, Cell | None]]
) -> None:
    """Let people stand and leave."""
    for pause, number, cell in steps:
        told.clock.advance(pause)
        walker = people[number]
        if cell is None:
            await walker.leave()
            told.cells.pop(walker.user_id, None)
        elif (told.heard.get(walker.user_id), told.cells.get(walker.user_id)) != (
            told.clock.now(),
            cell,
        ):
            await walker.stand(cell)
            told.heard[walker.user_id] = told.clock.now()
            told.cells[walker.user_id] = cell


def sizes(signals: Signals) -> dict[UserId, int]:
    """Who is near, each once, and the size of their cells."""
    found = {one.user_id: one.size_m for one in signals.near}
    assert len(found) == len(signals.near)
    return found


class SignalsContract(LiveContract):
    """Moments and nearness, the same from every store."""

    @EXAMPLES
    @given(steps=STEPS, lately=LATELY)
    async def test_signals_equal_a_plain_reading(
        self,
        live: LiveStores,
        other: LiveStores,
        clock: ManualClock,
        steps: list[tuple[float, int, Cell | None]],
        lately: tuple[int, int],
    ) -> None:
        """Whatever happened: who is near, when each was heard, and who was heard last."""
        campus_id, told = CampusId(uuid4()), Told(clock)
        people = [Walker(live.presence, clock, campus_id) for _ in range(10)]
        await walk(told, people, steps)
        viewer_id, stranger = people[0].user_id, somebody()
        asked = [people[0].user_id, stranger, *(one.user_id for one in people[5:])]
        most, back_ms = lately
        until = Millis(clock.now() - back_ms)
        signals = await other.signals.signals(
            Inquiry(campus_id, viewer_id, asked, until, most), clock.now()
        )
        known = told.within_a_day()
        assert sizes(signals) == told.near(viewer_id)
        assert all(one.heard == (known[one.user_id] if most else 0) for one in signals.near)
        assert list(signals.heard) == [known.get(one, 0) for one in asked]
        if most:
            self._check_lately(signals, {one: at for one, at in known.items() if at <= until}, most)
        else:
            assert (list(signals.lately), signals.complete_to) == ([], 0)

    @staticmethod
    def _check_lately(signals: Signals, earlier: dict[UserId, int], most: int) -> None:
        expected = {one: at for one, at in earlier.items() if at >= signals.complete_to}
        moments = [at for _, at in signals.lately]
        assert moments == sorted(moments, reverse=True)
        assert len(signals.lately) == len(expected)
        assert dict(signals.lately) == expected
        if signals.complete_to:
            assert len(expected) >= most
            assert sum(at > signals.complete_to for at in earlier.values()) < most
        else:
            assert len(expected) < most

    async def test_everybody_is_met_once_on_the_way_down(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Asking on from the moment before the last complete one; many of the same moment."""
        people = [Walker(live.presence, clock, campus_id) for _ in range(30)]
        for number, one in enumerate(people):
            await one.stand(Cell(25, number, 0))
            clock.advance(0.001 if number in {3, 4, 20} else 0)
        met: list[UserId] = []
        until = clock.now()
        while True:
            inquiry = Inquiry(campus_id, somebody(), (), until, 4)
            signals = await live.signals.signals(inquiry, clock.now())
            met += [one for one, _ in signals.lately]
            if not signals.complete_to:
                break
            until = Millis(signals.complete_to - 1)
        assert len(met) == 30
        assert set(met) == {one.user_id for one in people}

    async def test_nearness_is_between_public_points(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Fifty metres between the middles of cells is near, a little more is not."""
        me, edge, beyond, coarse = (Walker(live.presence, clock, campus_id) for _ in range(4))
        await me.stand(HOME)
        await edge.stand(Cell(25, 2, 0))
        await beyond.stand(Cell(25, 2, 1))
        await coarse.stand(Cell(200, 0, 0))
        inquiry = Inquiry(campus_id, me.user_id)
        near = sizes(await live.signals.signals(inquiry, clock.now()))
        assert near == {me.user_id: 25, edge.user_id: 25}
        await me.stand(Cell(50, 1, 1))
        near = sizes(await live.signals.signals(inquiry, clock.now()))
        assert coarse.user_id in near
        assert near[coarse.user_id] == 200

    async def test_whoever_is_offline_is_near_nobody(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Neither as a viewer nor as somebody else; when they were heard is still known."""
        me, ben = (Walker(live.presence, clock, campus_id) for _ in range(2))
        await me.stand(HOME)
        await ben.stand(HOME)
        heard_at = clock.now()
        await ben.leave()
        inquiry = Inquiry(campus_id, me.user_id, [ben.user_id])
        signals = await live.signals.signals(inquiry, clock.now())
        assert sizes(signals) == {me.user_id: 25}
        assert signals.heard == [heard_at]
        clock.advance(90)
        assert not (await live.signals.signals(inquiry, clock.now())).near
        clock.advance(86_400 - 90.001)
        assert (await live.signals.signals(inquiry, clock.now())).heard == [heard_at]
        clock.advance(0.001)
        assert (await live.signals.signals(inquiry, clock.now())).heard == [0]

    async def test_very_many_at_once(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """Of a crowd that ends all at once, nobody is near any more; then a crowd in one cell."""
        crowd = [Walker(live.presence, clock, campus_id) for _ in range(1200)]
        for one in crowd:
            await one.stand(HOME)
        ids = [one.user_id for one in crowd]
        inquiry = Inquiry(campus_id, ids[0], ids, clock.now(), 1100)
        signals = await live.signals.signals(inquiry, clock.now())
        assert sizes(signals) == dict.fromkeys(ids, 25)
        assert dict(signals.lately) == dict.fromkeys(ids, clock.now())
        assert signals.heard == [clock.now()] * len(ids)
        clock.advance(90)
        assert not (await live.signals.signals(inquiry, clock.now())).near

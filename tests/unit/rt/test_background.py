"""The beat, and listening to notices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import anyio
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.ids import CampusId
from divan_core.presence.messages import Notice, NoticesLost, PeopleChanged
from divan_rt import notices, ticker
from divan_rt.notices import relay
from divan_rt.ticker import Beat

pytestmark = pytest.mark.anyio

CHANGE = PeopleChanged(CampusId(UUID(int=1)))


class Time:
    """Seconds that pass only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0

    def current_time(self) -> float:
        return self.now

    async def sleep_until(self, moment: float) -> None:
        self.now = max(self.now, moment) + 0.001  # nobody wakes on the dot


class Enough(Exception):
    pass


async def test_beats_keep_their_times_and_late_ones_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = Time()
    monkeypatch.setattr(ticker, "anyio", time)
    work_s = iter((0.5, 5.2, 0.5, 0.5))
    starts: list[float] = []
    beats: list[Beat] = []

    async def work() -> int:
        starts.append(time.now)
        time.now += next(work_s)
        return len(starts)

    def observe(beat: Beat) -> None:
        beats.append(beat)
        if len(beats) == 4:
            raise Enough

    with pytest.raises(Enough):
        await ticker.Ticker(2.0, work, observe).run()
    assert starts == pytest.approx([102.001, 104.001, 110.001, 112.001])
    assert [beat.missed for beat in beats] == [0, 2, 0, 0]
    assert [beat.late_s for beat in beats] == pytest.approx([0.001] * 4)
    assert [beat.took_s for beat in beats] == pytest.approx([0.5, 5.2, 0.5, 0.5])
    assert [beat.feeds for beat in beats] == [1, 2, 3, 4]


class Flaky:
    """Notices that break off, and once cannot be had at all."""

    def __init__(self) -> None:
        self.listened = 0

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Notice]]:
        self.listened += 1
        if self.listened == 2:
            raise StoreUnavailable
        yield self._heard()

    async def _heard(self) -> AsyncIterator[Notice]:
        yield CHANGE


async def test_after_every_interruption_anything_may_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notices, "AGAIN_S", 0.0)
    heard: list[Notice] = []
    source = Flaky()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(relay, source, heard.append)
        while source.listened < 4:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert heard[:4] == [NoticesLost(), CHANGE, NoticesLost(), CHANGE]

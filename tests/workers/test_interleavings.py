"""Two relays and two consumers at once, killed at any point: order is kept, and each acts once."""

from __future__ import annotations

import random
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.delivery import CONSUMER_LEASE_MS
from divan_core.kernel.events import Event
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import Raise
from divan_core.workers.relay import LEASE_MS
from divan_core.workers.turns import Worker
from tests.workers.stage import CAMPUS, OTHER_CAMPUS, Stage, event, number

pytestmark = pytest.mark.anyio

AGGREGATES = ("a", "b", "c")
EACH = 12
POINTS = [
    f"{call}:{side}"
    for call in (
        "outbox.claim",
        "outbox.published",
        "outbox.release",
        "outbox.republish",
        "bus.lost",
        "bus.publish",
        "bus.take",
        "bus.acknowledge",
        "units.write",
        "handled.begin",
        "handled.begin_all",
    )
    for side in ("before", "after")
    if call != "units.write"
]


class Chaos:
    """Workers whose turns overlap, are killed, and meet stores that are away."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        self.makers: list[Callable[[], Worker]] = [
            stage.relay,
            stage.relay,
            stage.consumer,
            stage.consumer,
        ]
        self.workers: list[Worker] = [make() for make in self.makers]

    async def round(self) -> None:
        """One turn of each worker at the same time, perhaps with a fault, perhaps cut short."""
        if self.chance.random() < 0.5:
            error = StoreUnavailable() if self.chance.random() < 0.7 else LookupError()
            after = self.chance.randrange(3)
            self.stage.faults.arm(self.chance.choice(POINTS), Raise(error), after=after)
        async with anyio.create_task_group() as tasks:
            for place in range(len(self.workers)):
                tasks.start_soon(self._turn, place)
        self.stage.clock.advance(self.chance.choice((0.01, 0.5, 2, CONSUMER_LEASE_MS / 1000)))

    async def _turn(self, place: int) -> None:
        for _ in range(self.chance.randrange(6)):
            await anyio.lowlevel.checkpoint()
        patience = self.chance.choice((3, 10, 1000))
        with anyio.CancelScope() as life:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._killer, patience, life)
                try:
                    await self.workers[place].turn()
                except LookupError:
                    patience = 0
                tasks.cancel_scope.cancel()
        if life.cancel_called or not patience:  # the process ended: another one comes
            self.workers[place] = self.makers[place]()

    async def _killer(self, patience: int, life: anyio.CancelScope) -> None:
        for _ in range(patience):
            await anyio.lowlevel.checkpoint()
        life.cancel()


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("seed", range(40))
async def test_order_is_kept_and_each_event_acts_once(
    seed: int, clock: ManualClock, *, together: bool
) -> None:
    stage = await Stage.on_memory(clock, together=together)
    chaos = Chaos(stage, seed)
    told = {(campus, name): 0 for campus in (CAMPUS, OTHER_CAMPUS) for name in AGGREGATES}

    def react(_: Event) -> None:
        if chaos.chance.random() < 0.1:
            raise LookupError

    stage.react = react
    while any(count < EACH for count in told.values()):
        campus, name = key = chaos.chance.choice(list(told))
        if told[key] < EACH:
            await stage.record(event(name, told[key], campus))
            told[key] += 1
        if chaos.chance.random() < 0.5:
            await chaos.round()
    stage.faults.disarm()
    clock.advance(LEASE_MS / 1000)
    await stage.drain(*chaos.workers)()
    assert [line for line in stage.told.lines if line[0] == "gave up"] == []
    acted: dict[tuple[object, str], list[int]] = {key: [] for key in told}
    for one in stage.kept:
        acted[one.campus_id, one.aggregate].append(number(one))
    assert set(map(tuple, acted.values())) == {tuple(range(EACH))}

"""Keeps workers at work: each in a task of its own, begun anew when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio

from divan_core.errors import ValidationFailed
from divan_core.kernel.bell import Bell
from divan_core.workers.shift import FAREWELL_S, Shift, Waiting
from divan_core.workers.turns import Turn, Worker, WorkerTools

RESTART_FIRST_MS: Final = 500
RESTART_LONGEST_MS: Final = 30_000

GIVE_WAY_S: Final = 0.02
"""The longest that a turn makes way, in seconds. Where somebody always waits, turns are fewer and
larger by that, which takes less of the processor; decisions gather for as long at most."""


class Runner:
    """The workers of a process, by name."""

    def __init__(
        self, workers: Sequence[Worker], tools: WorkerTools, waiting: Waiting = Bell.wait
    ) -> None:
        """Keep ``workers``; between turns they rest by ``waiting``, which tests replace."""
        self._workers = {worker.name: worker for worker in workers}
        self._running: set[str] = set()
        self._tools = tools
        self._waiting = waiting

    @property
    def names(self) -> tuple[str, ...]:
        """What the workers are called."""
        return tuple(self._workers)

    def check(self, names: Collection[str]) -> None:
        """See that there are workers of these names.

        Raises:
            ValidationFailed: there are not; the message lists those there are.
        """
        unknown = [name for name in names if name not in self._workers]
        if unknown:
            raise ValidationFailed(
                f"There is no worker called {unknown[0]}. There are: {', '.join(self.names)}."
            )

    @asynccontextmanager
    async def running(self, only: Collection[str] | None = None) -> AsyncIterator[None]:
        """Have all workers, or ``only`` those of these names, at work inside the context.

        Those that are at work already are left to whoever started them. At the end each finishes
        what it has in hand, within seconds, and gives its leases back.

        Raises:
            ValidationFailed: an unknown name.
        """
        self.check(only or ())
        chosen = [name for name in self.names if only is None or name in only]
        shift = Shift(self._waiting)
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            for name in chosen:
                if name not in self._running:
                    self._running.add(name)
                    tasks.start_soon(self._keep, self._workers[name], shift)
            try:
                yield
            except Exception as fault:  # noqa: BLE001 - the group would wrap the caller's own
                failure = fault
            finally:
                shift.end()
        if failure is not None:
            raise failure

    async def _keep(self, worker: Worker, shift: Shift) -> None:
        """Have a worker take turns until the shift is over."""
        failures = 0
        try:
            while not shift.over:
                heard = worker.bell.rings
                turn = await self._turn(worker, shift)
                if turn is None:
                    failures += 1
                    turn = Turn(0, self._setback_s(failures), deaf=True)
                else:
                    failures = 0
                if turn.deaf:
                    bell = turn.alarm or Bell()
                    await shift.rest(bell, bell.rings, turn.rest_s)
                else:
                    await shift.rest(worker.bell, heard, turn.rest_s)
                if worker.patient:
                    await self._tools.foreground.give_way(GIVE_WAY_S)
        finally:
            self._running.discard(worker.name)
            await self._leave(worker)

    async def _turn(self, worker: Worker, shift: Shift) -> Turn | None:
        """One turn; None when the worker failed, and will begin anew."""
        turn = Turn(0)  # of one that the end of the farewell cut short
        try:
            with shift.at_work():
                turn = await worker.turn()
        except Exception as fault:  # noqa: BLE001 - the others go on, and so will this one
            self._tools.log.failed(worker.name, fault)
            await self._leave(worker)
            return None
        return turn

    def _setback_s(self, failures: int) -> float:
        return self._tools.delay_ms(failures, RESTART_FIRST_MS, RESTART_LONGEST_MS) / 1000

    async def _leave(self, worker: Worker) -> None:
        with anyio.move_on_after(FAREWELL_S, shield=True):
            try:
                await worker.leave()
            except Exception as fault:  # noqa: BLE001 - leases run out by themselves
                self._tools.log.failed(worker.name, fault)

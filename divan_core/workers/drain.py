"""Delivering everything there is, here and now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import anyio

from divan_core.kernel.delivery import EventBus, Group, GroupsOfTopics, OutboxQueue
from divan_core.workers.turns import Worker

OTHERS_S: Final = 0.02
"""How often to look whether another process has finished what it has in hand."""


class Drain:
    """Empties an outbox and the groups that its events go to."""

    def __init__(
        self, outbox: OutboxQueue, bus: EventBus, groups: GroupsOfTopics, workers: Sequence[Worker]
    ) -> None:
        """Have ``workers``, the relay first, take turns."""
        self._outbox = outbox
        self._bus = bus
        self._groups = groups
        self._workers = workers

    async def __call__(self, timeout_s: float) -> None:
        """Return when nothing is left in the outbox and before the groups.

        What is to be tried again later is tried at once, so that it ends as a dead letter or is
        done. What another process has in hand is waited for.

        Raises:
            TimeoutError: that took longer than ``timeout_s`` seconds.
            Unavailable: a store is away.
        """
        with anyio.fail_after(timeout_s):
            while True:
                turns = [await worker.turn(hurry=True) for worker in self._workers]
                if not any(turn.done for turn in turns):
                    if await self._is_empty():
                        return
                    await anyio.sleep(OTHERS_S)

    async def _is_empty(self) -> bool:
        if (await self._outbox.lag({})).waiting:
            return False
        for group in groups_in(self._groups):
            backlog = await self._bus.backlog(group)
            if backlog.undelivered or backlog.pending:
                return False
        return True


def groups_in(groups: GroupsOfTopics) -> Collection[Group]:
    """The groups one by one."""
    return [Group(name, topic) for topic, names in groups.items() for name in names]

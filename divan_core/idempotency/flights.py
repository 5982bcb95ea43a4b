"""Attempts of this process: duplicates wait for the first one instead of asking the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import attrs

from divan_core.errors import IdempotencyInProgress
from divan_core.idempotency.model import KeyScope, StoredAnswer

REMEMBERED: Final = 10_000
"""How many keys a process remembers to have met."""


@attrs.define(eq=False)
class Turn:
    """What an attempt that has its turn knows and tells.

    ``answer`` is that of the attempt it waited for; without one it is the first, and puts its own
    there. ``left_ms`` is what remains of its time to wait. ``ended`` is made by whoever waits for
    its end, which is seldom anybody.
    """

    left_ms: int
    answer: StoredAnswer | None = None
    ended: anyio.Event | None = None


class Flights:
    """Lets attempts with the same key have their turns one after the other."""

    def __init__(self) -> None:
        """Begin with none."""
        self._under_way: dict[KeyScope, Turn] = {}

    @asynccontextmanager
    async def turn(self, scope: KeyScope, wait_ms: int) -> AsyncIterator[Turn]:
        """Have a turn, once those before have ended without an answer, or one has answered.

        However an attempt ends, by cancellation too, the next one goes on.

        Raises:
            IdempotencyInProgress: that took longer than ``wait_ms``.
        """
        turn = Turn(wait_ms)
        if scope in self._under_way:
            await self._wait(scope, turn)
        if turn.answer is not None:
            yield turn
            return
        self._under_way[scope] = turn  # in the same turn of the event loop as the last look
        try:
            yield turn
        finally:
            del self._under_way[scope]
            if turn.ended is not None:
                turn.ended.set()

    async def _wait(self, scope: KeyScope, turn: Turn) -> None:
        deadline = anyio.current_time() + turn.left_ms / 1000
        with anyio.CancelScope(deadline=deadline) as patience:
            while turn.answer is None and scope in self._under_way:
                before = self._under_way[scope]
                if before.ended is None:
                    before.ended = anyio.Event()
                await before.ended.wait()
                turn.answer = before.answer
        if patience.cancelled_caught:
            raise IdempotencyInProgress
        turn.left_ms = max(0, round((deadline - anyio.current_time()) * 1000))


class Met:
    """Keys that this process has met lately, the latest of them.

    It may say yes of a key that it has not met: it keeps hashes, which is enough to decide where
    to look first.
    """

    def __init__(self, capacity: int = REMEMBERED) -> None:
        """Remember up to ``capacity`` keys."""
        self._capacity = capacity
        self._hashes: dict[int, None] = {}

    def add(self, scope: KeyScope) -> None:
        """Remember it as the latest."""
        self._hashes.pop(hash(scope), None)
        self._hashes[hash(scope)] = None
        if len(self._hashes) > self._capacity:
            del self._hashes[next(iter(self._hashes))]

    def __contains__(self, scope: KeyScope) -> bool:
        return hash(scope) in self._hashes

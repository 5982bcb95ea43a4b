"""Who may write at the same time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from divan_core.stores.sql.faults import overdue

_GRACE_S: Final = 1.0


class Turns:
    """Lets many write beside each other, or one alone. First come, first served.

    Nobody holds a connection while waiting here.
    """

    def __init__(self, width: int, patience_s: float) -> None:
        """Let ``width`` write at once, and wait at most ``patience_s`` for a seat."""
        self._width = width
        self._patience_s = patience_s
        self._seats = anyio.Semaphore(width)
        self._alone = anyio.Lock()

    @asynccontextmanager
    async def beside_others(self) -> AsyncIterator[None]:
        """Write while others do, too.

        Raises:
            StoreUnavailable: no seat became free in time.
        """
        try:
            self._seats.acquire_nowait()
        except anyio.WouldBlock:
            await self._wait_for_a_seat()
        try:
            yield
        finally:
            self._seats.release()

    async def _wait_for_a_seat(self) -> None:
        try:
            with anyio.fail_after(self._patience_s):
                await self._seats.acquire()
        except TimeoutError as fault:
            raise overdue() from fault

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Write while nobody else does, but for those who need longer than a second."""
        taken = 0
        async with self._alone:
            try:
                with anyio.move_on_after(_GRACE_S):
                    while taken < self._width:
                        await self._seats.acquire()
                        taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._seats.release()

"""Statements about the same thing, one after the other, and several together where they wait.

Whatever changes the same row has to wait for it in the database, each on a connection that somebody
else could use, and goes the longer way the more there are. Here they wait without one; what has
gathered while one was under way goes together next, in one transaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from typing import Any, Final

import anyio
import attrs

from divan_core.errors import OutcomeUnknown
from divan_core.stores.sql.faults import overdue

MOST: Final = 32
"""How many go together: that is over in some milliseconds."""


@attrs.frozen
class Rider:
    """A statement with its values, which are about ``thing``; its row has ``name`` alone."""

    thing: Hashable
    name: Hashable
    sql: str
    values: Sequence[Any]


@attrs.define(eq=False)
class _Seat:
    """A rider until it is known whether it is kept, or it is to ``lead``."""

    rider: Rider
    since: float
    kept: bool | None = None
    fault: BaseException | None = None
    called: anyio.Event = attrs.field(factory=anyio.Event)


class Convoys:
    """Has statements run, in the order in which they come, by one of those that wait at a time."""

    def __init__(
        self,
        run: Callable[[str, Sequence[Sequence[Any]]], Awaitable[Collection[Hashable]]],
        patience_s: float,
        most: int = MOST,
    ) -> None:
        """``run`` runs one statement with each of some values in one transaction.

        It gives the names of those that are kept. Nobody waits longer than ``patience_s`` to begin.
        """
        self._run = run
        self._patience_s = patience_s
        self._most = most
        self._lines: dict[Hashable, deque[_Seat]] = {}

    async def ride(self, rider: Rider) -> bool:
        """Whether it is kept. It must not be cancelled: others may be along.

        Raises:
            OutcomeUnknown: that is not known.
            StoreUnavailable: its turn did not come in time.
            Exception: whatever running it raised. Nothing is kept then.
        """
        seat = _Seat(rider, anyio.current_time())
        line = self._lines.get(rider.thing)
        if line is None:
            self._lines[rider.thing] = deque()
            return await self._lead(seat)
        line.append(seat)
        await seat.called.wait()
        if seat.fault is not None:
            if isinstance(seat.fault, Exception) and not isinstance(seat.fault, OutcomeUnknown):
                return False
            raise OutcomeUnknown from seat.fault
        return await self._lead(seat) if seat.kept is None else seat.kept

    async def _lead(self, own: _Seat) -> bool:
        """Run the statements of all who wait for the same, ``own`` first, and call the next one."""
        line = self._lines[own.rider.thing]
        aboard = [own]
        try:
            aboard += self._companions(own, line)
            names = await self._run(own.rider.sql, [one.rider.values for one in aboard])
            for one in aboard:
                one.kept = one.rider.name in names
        except BaseException as fault:
            for one in aboard:
                one.fault = fault
            raise
        finally:
            for one in aboard[1:]:
                one.called.set()
            if line:
                line.popleft().called.set()
            else:
                del self._lines[own.rider.thing]
        return bool(own.kept)

    def _companions(self, own: _Seat, line: deque[_Seat]) -> list[_Seat]:
        """Take those out of a line who go with ``own``.

        Raises:
            StoreUnavailable: that has waited for too long.
        """
        if anyio.current_time() - own.since > self._patience_s:
            raise overdue()
        found: list[_Seat] = []
        while line and len(found) < self._most - 1 and line[0].rider.sql == own.rider.sql:
            found.append(line.popleft())
        return found

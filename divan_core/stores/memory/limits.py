"""Sliding-window limits counted in this process."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final

from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, exhausted, refusal, wait_ms

_PRUNE_EVERY: Final = 50_000
"""Admissions between two passes that drop what no window remembers."""

_STAMP: Final = struct.Struct("q")


def _moments(stamps: bytes) -> Sequence[int]:
    return memoryview(stamps).cast("q")


class MemoryRateLimits:
    """A :class:`~divan_core.kernel.limits.RateLimits` for one process.

    Admissions are kept as packed moments, oldest first: eight bytes each instead of a hundred.
    """

    def __init__(self, clock: Clock) -> None:
        """Count by this clock."""
        self._clock = clock
        self._admitted: dict[Limit, dict[UserId, bytes]] = {}
        self._met: dict[Limit, dict[UserId, dict[UserId, int]]] = {}
        self._since_prune = 0

    async def admit(self, campus_id: CampusId, user_id: UserId, limit: Limit) -> Millis:
        """See the port."""
        del campus_id
        now = self._clock.now()
        self.check(user_id, limit, now)
        self.remember(user_id, limit, now)
        return now

    def check(self, user_id: UserId, limit: Limit, now: int) -> None:
        """Raise if an action would not be admitted now."""
        admitted = self._admitted.get(limit)
        stamps = admitted.get(user_id) if admitted is not None else None
        if stamps is not None and len(stamps) >= _STAMP.size * limit.fewest:
            wait = wait_ms(limit, _moments(stamps), now)
            if wait > 0:
                raise refusal(limit, wait)

    def remember(self, user_id: UserId, limit: Limit, now: int) -> None:
        """Count an action that :meth:`check` let pass."""
        admitted = self._admitted.setdefault(limit, {})
        stamps = admitted.get(user_id, b"")
        edge = now - limit.span_ms
        if len(stamps) >= _STAMP.size * limit.memory:
            stamps = stamps[_STAMP.size :]
        while stamps and _STAMP.unpack_from(stamps)[0] <= edge:
            stamps = stamps[_STAMP.size :]
        admitted[user_id] = stamps + _STAMP.pack(now)
        self._since_prune += 1
        if self._since_prune >= _PRUNE_EVERY:
            self._prune(now)

    async def withdraw(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, at: Millis
    ) -> None:
        """See the port."""
        del campus_id
        admitted = self._admitted.get(limit, {})
        moments = array("q", admitted.pop(user_id, b""))
        with suppress(ValueError):  # it is not there any more
            moments.remove(at)
        if moments:
            admitted[user_id] = moments.tobytes()

    async def spend(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, people: Collection[UserId]
    ) -> None:
        """See the port."""
        del campus_id
        now, span = self._clock.now(), limit.span_ms
        met = self._met.setdefault(limit, {}).setdefault(user_id, {})
        _forget_until(met, now - span)
        asked = dict.fromkeys(people, now)
        excess = len(met) + sum(one not in met for one in asked) - limit.memory
        if excess > 0:
            others = [at for one, at in met.items() if one not in asked]
            # Too many at once never fit; else they do when so many of the others are forgotten.
            wait = others[excess - 1] + span - now if excess <= len(others) else span
            raise exhausted(limit, wait)
        for one in asked:  # to the end, so that those met longest ago stay in front
            met.pop(one, None)
        met.update(asked)

    def _prune(self, now: int) -> None:
        self._since_prune = 0
        for limit, admitted in self._admitted.items():
            edge = now - limit.span_ms
            for user_id in [one for one, last in admitted.items() if _moments(last)[-1] <= edge]:
                del admitted[user_id]
        for limit, met in self._met.items():
            edge = now - limit.span_ms
            for user_id in [one for one, those in met.items() if _is_before(those, edge)]:
                del met[user_id]


def _forget_until(met: dict[UserId, int], edge: int) -> None:
    """Drop whoever was met until then; those met longest ago stand in front."""
    while met and next(iter(met.values())) <= edge:
        del met[next(iter(met))]


def _is_before(met: dict[UserId, int], edge: int) -> bool:
    return not met or next(reversed(met.values())) <= edge

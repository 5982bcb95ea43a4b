"""Sliding-window limits counted in this process."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, exhausted, refusal, wait_ms

_PRUNE_EVERY: Final = 50_000
"""Admissions under a limit between two passes that drop what no window remembers."""

_STAMP: Final = struct.Struct("q")


def _moments(stamps: bytes) -> Sequence[int]:
    return memoryview(stamps).cast("q")


class Admissions:
    """Who was admitted when under one limit.

    Kept as packed moments, oldest first: eight bytes each instead of a hundred. People are known
    by their ids as numbers, which dictionaries find faster.
    """

    def __init__(self, limit: Limit, prune: Callable[[int], None]) -> None:
        """Begin with nobody admitted; ``prune`` is called with the time, once in a while."""
        self._limit = limit
        self._prune = prune
        self._since_prune = 0
        self._stamps: dict[int, bytes] = {}

    def check(self, user_id: UserId, now: int) -> None:
        """Raise if an action would not be admitted now."""
        limit, stamps = self._limit, self._stamps.get(user_id.int)
        if stamps is not None and len(stamps) >= _STAMP.size * limit.fewest:
            wait = wait_ms(limit, _moments(stamps), now)
            if wait > 0:
                raise refusal(limit, wait)

    def remember(self, user_id: UserId, now: int) -> None:
        """Count an action that :meth:`check` let pass."""
        limit, stamps = self._limit, self._stamps.get(user_id.int, b"")
        edge = now - limit.span_ms
        if len(stamps) >= _STAMP.size * limit.memory:
            stamps = stamps[_STAMP.size :]
        while stamps and _STAMP.unpack_from(stamps)[0] <= edge:
            stamps = stamps[_STAMP.size :]
        self._stamps[user_id.int] = stamps + _STAMP.pack(now)
        self._since_prune += 1
        if self._since_prune >= _PRUNE_EVERY:
            self._since_prune = 0
            self._prune(now)

    def withdraw(self, user_id: UserId, at: Millis) -> None:
        """Take back one action of this moment."""
        moments = array("q", self._stamps.pop(user_id.int, b""))
        with suppress(ValueError):  # it is not there any more
            moments.remove(at)
        if moments:
            self._stamps[user_id.int] = moments.tobytes()

    def drop(self, user_id: UserId) -> None:
        """Forget every action of a person."""
        self._stamps.pop(user_id.int, None)

    def forget(self, now: int) -> None:
        """Drop what no window remembers."""
        edge = now - self._limit.span_ms
        for number in [one for one, last in self._stamps.items() if _moments(last)[-1] <= edge]:
            del self._stamps[number]


class MemoryRateLimits:
    """A :class:`~divan_core.kernel.limits.RateLimits` for one process."""

    def __init__(self, clock: Clock) -> None:
        """Count by this clock."""
        self._clock = clock
        self._admitted: dict[Limit, Admissions] = {}
        self._met: dict[Limit, dict[int, dict[int, int]]] = {}  # by ids as numbers, as above

    async def admit(self, campus_id: CampusId, user_id: UserId, limit: Limit) -> Millis:
        """See the port."""
        del campus_id
        now = self._clock.now()
        admissions = self.under(limit)
        admissions.check(user_id, now)
        admissions.remember(user_id, now)
        return now

    def under(self, limit: Limit) -> Admissions:
        """What is counted under one limit."""
        found = self._admitted.get(limit)
        if found is None:
            found = self._admitted[limit] = Admissions(limit, self._prune)
        return found

    async def withdraw(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, at: Millis
    ) -> None:
        """See the port."""
        del campus_id
        self.under(limit).withdraw(user_id, at)

    async def spend(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, people: Collection[UserId]
    ) -> None:
        """See the port."""
        del campus_id
        now, span = self._clock.now(), limit.span_ms
        met = self._met.setdefault(limit, {}).setdefault(user_id.int, {})
        _forget_until(met, now - span)
        asked = dict.fromkeys([one.int for one in people], now)
        if len(met) + len(asked) > limit.memory:
            others = [at for one, at in met.items() if one not in asked]
            excess = len(others) + len(asked) - limit.memory
            if excess > 0:
                # Too many at once never fit; else they do when so many of the others are forgotten.
                wait = others[excess - 1] + span - now if excess <= len(others) else span
                raise exhausted(limit, wait)
        for one in asked:  # to the end, so that those met longest ago stay in front
            met.pop(one, None)
        met.update(asked)

    async def forget(self, campus_id: CampusId, user_id: UserId, limits: Collection[Limit]) -> None:
        """See the port."""
        del campus_id
        for limit in limits:
            self.under(limit).drop(user_id)
            self._met.get(limit, {}).pop(user_id.int, None)

    def _prune(self, now: int) -> None:
        for admissions in self._admitted.values():
            admissions.forget(now)
        for limit, met in self._met.items():
            edge = now - limit.span_ms
            for number in [one for one, those in met.items() if _is_before(those, edge)]:
                del met[number]


def _forget_until(met: dict[int, int], edge: int) -> None:
    """Drop whoever was met until then; those met longest ago stand in front."""
    while met and next(iter(met.values())) <= edge:
        del met[next(iter(met))]


def _is_before(met: dict[int, int], edge: int) -> bool:
    return not met or next(reversed(met.values())) <= edge

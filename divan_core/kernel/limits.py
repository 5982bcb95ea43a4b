"""Sliding-window limits: the values, the rule and the port."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import attrs

from divan_core.errors import EnumerationBudget, RateLimited
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId


@attrs.frozen
class Window:
    """At most ``count`` (from 1) in any ``seconds`` (from 1) seconds."""

    count: int = attrs.field(validator=attrs.validators.ge(1))
    seconds: int = attrs.field(validator=attrs.validators.ge(1))


@attrs.frozen(cache_hash=True)
class Limit:
    """A named set of windows; an action must fit into every one of them.

    ``memory`` is how many of the last admissions decide about the next one, ``fewest`` how many
    there must be before any is refused, ``span_ms`` how long an admission counts.
    """

    name: str
    windows: tuple[Window, ...] = attrs.field(validator=attrs.validators.min_len(1))
    memory: int = attrs.field(init=False, eq=False)
    fewest: int = attrs.field(init=False, eq=False)
    span_ms: int = attrs.field(init=False, eq=False)

    @memory.default
    def _memory(self) -> int:
        return max(window.count for window in self.windows)

    @fewest.default
    def _fewest(self) -> int:
        return min(window.count for window in self.windows)

    @span_ms.default
    def _span_ms(self) -> int:
        return max(window.seconds for window in self.windows) * 1000


def wait_ms(limit: Limit, admitted: Sequence[int], now: int) -> int:
    """Milliseconds until another action fits; 0 when it fits now.

    ``admitted`` holds the moments of the last ``limit.memory`` admissions, oldest first. A window
    is full while the count-th youngest admission is inside it, so the limit is exact: no span of
    the window's length ever holds more than ``count``.
    """
    longest = 0
    for window in limit.windows:
        if len(admitted) >= window.count:
            free_at = admitted[-window.count] + window.seconds * 1000
            longest = max(longest, free_at - now)
    return longest


def refusal(limit: Limit, wait: int) -> RateLimited:
    """The error for a full window; ``wait`` is in milliseconds."""
    seconds = -(-wait // 1000)
    return RateLimited(
        f"The limit for {limit.name} is reached. Try again in {seconds} s.", retry_after=seconds
    )


def exhausted(limit: Limit, wait: int) -> EnumerationBudget:
    """The error for a spent budget of distinct people; ``wait`` is in milliseconds."""
    seconds = -(-wait // 1000)
    return EnumerationBudget(
        f"You were told of {limit.memory} different people. Others wait for {seconds} s.",
        retry_after=seconds,
    )


class RateLimits(Protocol):
    """Counts admissions per person, exactly, over all server processes."""

    async def admit(self, campus_id: CampusId, user_id: UserId, limit: Limit) -> Millis:
        """Admit one action now and remember it, or raise; answers the moment it is counted at.

        Checking and remembering are one step. A refused action is not remembered. The moment is
        by the clock that all processes count by, which need not be the caller's.

        Raises:
            RateLimited: a window is full; ``retry_after`` is when it has room.
            StoreUnavailable: the counts cannot be reached; nothing was admitted.
        """
        ...

    async def withdraw(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, at: Millis
    ) -> None:
        """Take back one admission of the moment that :meth:`admit` answered.

        For an action that turned out not to be one; all other admissions stay as they are.
        Nothing where none of that moment is remembered. Never lets more happen than the limit
        allows: what an admission pushes out of memory has left every window by then, so it is
        not missed when that admission is withdrawn.

        Raises:
            StoreUnavailable: the counts cannot be reached; it may still count.
        """
        ...

    async def spend(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, people: Collection[UserId]
    ) -> None:
        """Admit an answer about these people, counting each distinct person once per window.

        All are admitted and remembered, or none is. The limit has one window.

        Raises:
            EnumerationBudget: the distinct people would pass the window's count.
            StoreUnavailable: the counts cannot be reached; nothing was admitted.
        """
        ...

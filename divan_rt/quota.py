"""How many events a socket may send."""

from __future__ import annotations

from collections import deque
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.limits import Limit, Window, refusal, wait_ms

SECONDS: Final = 10
EVENTS: Final = Limit("events of a socket", (Window(30, SECONDS),))
FLOOD: Final = 3 * EVENTS.memory
"""More events than this within the window end the socket."""


class EventQuota:
    """The sliding window of one socket."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._admitted: deque[Millis] = deque(maxlen=EVENTS.memory)
        self._arrived: deque[Millis] = deque(maxlen=FLOOD)

    def arrive(self, now: Millis) -> bool:
        """Note that an event arrived; whether there were far too many."""
        if self._arrived and now < self._arrived[-1]:  # the clock was set back
            self._arrived.clear()
            self._admitted.clear()
        flooded = len(self._arrived) == FLOOD and now - self._arrived[0] < SECONDS * 1000
        self._arrived.append(now)
        return flooded

    def admit(self, now: Millis) -> None:
        """Admit an event that arrived.

        Raises:
            RateLimited: the window is full; the event is not counted as admitted.
        """
        wait = wait_ms(EVENTS, self._admitted, now)
        if wait > 0:
            raise refusal(EVENTS, wait)
        self._admitted.append(now)

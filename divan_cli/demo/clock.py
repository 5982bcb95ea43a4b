"""A clock that runs faster than the world's."""

from __future__ import annotations

from divan_core.kernel.clock import Clock, Millis


class QuickClock:
    """A clock that starts with another one and then runs ``speed`` times as fast.

    With it a whole deployment lives faster: leases, limits and the movement rule keep their
    meaning for people who walk faster by the same factor.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        """``speed`` is positive."""
        self._clock = clock
        self._began = clock.now()
        self._speed = speed

    def now(self) -> Millis:
        """See :class:`~divan_core.kernel.clock.Clock`."""
        return Millis(self._began + round((self._clock.now() - self._began) * self._speed))

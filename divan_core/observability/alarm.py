"""Telling operators of what lasts, without telling it a thousand times."""

from __future__ import annotations

import logging
from typing import Final

from divan_core.kernel.clock import Clock

INTERVAL_MS: Final = 60_000
"""How long the same message is not told again."""

_LOG: Final = logging.getLogger("divan")


class Alarm:
    """Writes a message to the log as a warning, once a minute however often it occurs."""

    def __init__(self, clock: Clock) -> None:
        """Tell time by ``clock``."""
        self._clock = clock
        self._told: dict[str, int] = {}

    def __call__(self, message: str) -> None:
        """Tell a message, one of few: what differs from case to case is no part of it."""
        now, last = self._clock.now(), self._told.get(message)
        if last is None or not 0 <= now - last < INTERVAL_MS:
            self._told[message] = now
            _LOG.warning(message)

"""Time, as a port. ``now`` never comes from anywhere else."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final, NewType, Protocol

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

EARLIEST: Final = Millis(-62_135_596_800_000)
"""The beginning of the year 1, before which no store keeps a moment."""

LATEST: Final = Millis(253_402_300_799_999)
"""The end of the year 9999, after which no store keeps a moment."""

_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, which is only written
_SECOND: Final = dt.timedelta(seconds=1)
_THE_REST: Final = tuple(f".{millis:03}Z" for millis in range(1000))


class Clock(Protocol):
    """The one source of *now*."""

    def now(self) -> Millis:
        """Milliseconds since the epoch, UTC."""
        ...


def rfc3339(moment: Millis) -> str:
    """The moment as RFC 3339 in UTC with milliseconds: ``2026-11-23T08:00:00.000Z``."""
    seconds, millis = divmod(moment, 1000)
    return _to_the_second(seconds) + _THE_REST[millis]


@functools.lru_cache(maxsize=4096)
def _to_the_second(seconds: int) -> str:
    """Remembered because a page of messages, say, has many moments of few seconds."""
    return (_EPOCH + seconds * _SECOND).isoformat()

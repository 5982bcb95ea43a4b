"""Time, as a port. ``now`` never comes from anywhere else."""

from __future__ import annotations

import datetime as dt
from typing import Final, NewType, Protocol

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, which is only written
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


class Clock(Protocol):
    """The one source of *now*."""

    def now(self) -> Millis:
        """Milliseconds since the epoch, UTC."""
        ...


def rfc3339(moment: Millis) -> str:
    """The moment as RFC 3339 in UTC with milliseconds: ``2026-11-23T08:00:00.000Z``."""
    return f"{(_EPOCH + moment * _MILLISECOND).isoformat(timespec='milliseconds')}Z"

"""Time, as a port. ``now`` never comes from anywhere else."""

from __future__ import annotations

import datetime as dt
from typing import NewType, Protocol

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""


class Clock(Protocol):
    """The one source of *now*."""

    def now(self) -> Millis:
        """Milliseconds since the epoch, UTC."""
        ...


def rfc3339(moment: Millis) -> str:
    """The moment as RFC 3339 in UTC with milliseconds: ``2026-11-23T08:00:00.000Z``."""
    seconds, millis = divmod(moment, 1000)
    text = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{millis:03d}Z"

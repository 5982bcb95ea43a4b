"""Days of a campus: by its own time zone, with days of 23 and 25 hours where clocks change."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final
from zoneinfo import ZoneInfo

from divan_core.errors import FieldError, ValidationFailed
from divan_core.kernel.clock import Millis
from divan_core.leaderboards.model import Day

DAY_MS: Final = 86_400_000
EPOCH: Final = Day(dt.date(1970, 1, 1).toordinal())


def day_of(at: Millis, timezone: str) -> Day:
    """The day that a moment is of where clocks go by this IANA time zone."""
    moment = dt.datetime.fromtimestamp(at / 1000, _zone(timezone))
    return Day(moment.toordinal())


def ymd(day: Day) -> str:
    """A day as ``YYYYMMDD``."""
    return dt.date.fromordinal(day).isoformat().replace("-", "")


def read_ymd(text: str) -> Day:
    """The day that ``YYYYMMDD`` means.

    Raises:
        ValidationFailed: there is no such day.
    """
    try:
        year, month, date = int(text[:4]), int(text[4:6]), int(text[6:])
        return Day(dt.date(year, month, date).toordinal())
    except ValueError as fault:
        message = "must be a day, written YYYYMMDD"
        raise ValidationFailed(errors=[FieldError("query.ymd", message)]) from fault


@functools.lru_cache(maxsize=1_024)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)

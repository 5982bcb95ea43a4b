"""What crosses the border of the rollover."""

from __future__ import annotations

from typing import Annotated

import attrs
from msgspec import Meta

from divan_core.kernel.ids import CampusId

DayText = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


@attrs.frozen
class RollOver:
    """Close days that are over, and clear away what is.

    All that were missed are closed, up to ``day`` (``YYYY-MM-DD``, by each campus's own calendar)
    or yesterday; of one campus, or of all. A ``dry_run`` tells which days that would be, and how
    much of what is over waits to be cleared away.
    """

    day: DayText | None = None
    campus_id: CampusId | None = None
    dry_run: bool = False


@attrs.frozen
class RolledDay:
    """A day that was closed: how many people had any points, and the badges given and taken back.

    In a dry run, and where nothing has changed, there are none.
    """

    campus_id: CampusId
    day: str
    people: int = 0
    badges_given: int = 0
    badges_taken: int = 0


@attrs.frozen
class RolloverView:
    """What was done: the days, in order, and how much of what was over is gone, by its name.

    In a dry run, how much would be, of what is counted beforehand.
    """

    dry_run: bool
    days: tuple[RolledDay, ...]
    cleared: dict[str, int]

"""Telling players' sockets what happened: from an event to notices, from a notice to views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import attrs

from divan_core.activities.messages import ACTIVITIES, ACTIVITY_CHANGED, UPDATE
from divan_core.activities.model import Activity, ActivityId
from divan_core.activities.ports import ActivityUnit
from divan_core.activities.tools import ActivityTools, is_there
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event
from divan_core.kernel.ids import UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.units import Units

CHANGED = "changed"
"""The notice that something happened in an activity."""


@attrs.frozen
class Happening:
    """What a socket is told: the event's name, of which activity, and the view."""

    name: str
    activity_id: ActivityId
    view: object


class _Nothing(Protocol):
    """What telling uses of the unit that handles an event."""


@attrs.frozen
class News:
    """What an event is to others: notices for players, and when the game goes on by itself."""

    notices: tuple[PersonNotice, ...] = ()
    deadline: Millis | None = None


async def news_of(_unit: _Nothing, event: Event) -> News:
    """A notice for each player who may know of the activity, and its deadline."""
    if event.name != ACTIVITY_CHANGED:
        return News()
    data = {name: event.data[name] for name in ("activity_id", "notices")}
    people = (UserId(UUID(one)) for one in event.data["people"])
    notices = (PersonNotice(event.campus_id, one, ACTIVITIES, CHANGED, data) for one in people)
    return News(tuple(notices), event.data["deadline"])


class Telling:
    """What notices show their person."""

    def __init__(self, units: Units[ActivityUnit], tools: ActivityTools) -> None:
        """Read through ``units``."""
        self._units = units
        self._tools = tools

    async def shown(self, notice: PersonNotice) -> Sequence[Happening]:
        """What a notice shows its person now, in order; nothing where the activity is hidden.

        An update has the whole activity, as it is by now; all else is as it was told.

        Raises:
            StoreUnavailable: whether it may be seen cannot be found out.
        """
        viewer = Actor(notice.user_id, notice.campus_id)
        activity_id = ActivityId(UUID(notice.data["activity_id"]))
        await self._tools.audience.refresh(notice.campus_id)
        activity = await self._units.look(lambda unit: unit.activities.get(activity_id))
        if activity is None or not await is_there(self._tools, viewer, activity):
            return ()
        told: Sequence[Mapping[str, Any]] = notice.data["notices"]
        return [
            Happening(one["name"], activity_id, self._view(activity, viewer, one)) for one in told
        ]

    def _view(self, activity: Activity, viewer: Actor, told: Mapping[str, Any]) -> object:
        if told["name"] == UPDATE:
            return self._tools.view(activity, viewer.user_id)
        return told["data"]

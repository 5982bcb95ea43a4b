"""Events: what has happened, recorded in the transaction that made it happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NewType, Protocol
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId

EventId = NewType("EventId", UUID)
"""An event, the same wherever it is delivered: what consumers tell repeats by."""


@attrs.frozen
class Event:
    """A fact of one campus, named in the past tense: ``invite.sent``.

    ``topic`` is the stream it travels in, ``aggregate`` what it is about: events of one aggregate
    stay in order. ``data`` is JSON, and has ids where it could have people's own words. ``trace``
    is the place in a trace of what made it happen, if that has one; see ``kernel/traces.py``.
    """

    id: EventId
    topic: str
    name: str
    campus_id: CampusId
    aggregate: str
    at: Millis
    data: Mapping[str, Any] = attrs.field(factory=dict)
    trace: str = ""


class Outbox(Protocol):
    """The events of a unit of work, kept with it or not at all."""

    @property
    def events(self) -> Sequence[Event]:
        """What the unit has recorded so far, in order."""
        ...

    async def add(self, *events: Event) -> None:
        """Record these, after those the unit has recorded before."""
        ...


class HandledEvents(Protocol):
    """What consumer groups have handled, kept with the effect of handling it."""

    async def begin(self, group: str, event: Event) -> bool:
        """Record that the group handles the event in this unit; False if it has done so before.

        An event that was given up counts as handled too.
        """
        ...

    async def begin_all(self, group: str, events: Sequence[Event]) -> Sequence[Event]:
        """The same of many, no two of them the same; those that it has not handled, in order.

        One statement where the database is another process.
        """
        ...

    async def give_up(self, group: str, event: Event, reason: str) -> None:
        """Record that the group could not handle the event. ``reason`` holds nothing personal."""
        ...

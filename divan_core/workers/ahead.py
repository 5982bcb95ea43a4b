"""What a group handles ahead of its delivery: in the very unit that has recorded it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from divan_core.kernel.events import Event, EventId

MOST_KEPT: Final = 10_000
"""How many events are known that are still to be delivered; of others the database knows."""


class Ahead:
    """Which events a group may handle ahead, and which of them it has, in this process.

    That is for events whose place among the others of the group is all the same. They are delivered
    all the same, some milliseconds later, when there is nothing left to do about them.
    """

    def __init__(self, may: Callable[[Event], bool]) -> None:
        """Let those be handled ahead that ``may`` be."""
        self._may = may
        self._handled: OrderedDict[EventId, None] = OrderedDict()

    def may(self, event: Event) -> bool:
        """Whether it may be handled ahead."""
        return self._may(event)

    def note(self, event: Event) -> None:
        """It is handled, and that is durable."""
        self._handled[event.id] = None
        if len(self._handled) > MOST_KEPT:
            self._handled.popitem(last=False)

    def knows(self, event: Event) -> bool:
        """Whether it is known to be handled."""
        return event.id in self._handled

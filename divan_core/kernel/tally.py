"""What has happened, in numbers."""

from __future__ import annotations

from collections import Counter as Numbers
from collections.abc import Sequence
from typing import Final

from divan_core.kernel.events import Event
from divan_core.kernel.telemetry import Counter, Readings

HAPPENED: Final = Counter(
    "divan_events_total", "What has happened, as this process has recorded it", ("topic", "event")
)


class EventTally:
    """How many events of each topic and name a process has recorded."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._numbers: Numbers[tuple[str, str]] = Numbers()

    def add(self, events: Sequence[Event]) -> None:
        """Count these, which are committed or may be."""
        for event in events:
            self._numbers[event.topic, event.name] += 1

    def tell(self, readings: Readings) -> None:
        """Say what it came to."""
        for labels, number in self._numbers.items():
            readings.total(HAPPENED, number, *labels)

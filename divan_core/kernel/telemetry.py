"""What operators measure, as a port."""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen(cache_hash=True)
class Counter:
    """Something that is counted: its name, what it counts, and what its counts are told apart by.

    ``labels`` have few values each, known beforehand: never an id or what a caller sent.
    """

    name: str
    about: str
    labels: tuple[str, ...] = ()


@attrs.frozen(cache_hash=True)
class Gauge:
    """Something that goes up and down; its fields are those of :class:`Counter`."""

    name: str
    about: str
    labels: tuple[str, ...] = ()


class Telemetry(Protocol):
    """Takes measurements. Nothing that measures ever fails because of it."""

    def count(self, counter: Counter, *values: str) -> None:
        """Count one more, with these values of the counter's labels, in their order."""
        ...

    def set(self, gauge: Gauge, number: float, *values: str) -> None:
        """Say what it is now, with these values of the gauge's labels, in their order."""
        ...

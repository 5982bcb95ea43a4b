"""What operators measure, as a port."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

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
    """Something that goes up and down; its fields are those of :class:`Counter`.

    ``across`` is what several processes of one server come to: each has a part of it (``sum``), or
    all look at the same thing and the ``most`` or ``least`` of what they see is told.
    """

    name: str
    about: str
    labels: tuple[str, ...] = ()
    across: Literal["sum", "most", "least"] = "sum"


@attrs.frozen(cache_hash=True)
class Histogram:
    """Something that takes long or less long, counted by ``bounds``; else as :class:`Counter`."""

    name: str
    about: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]


class Series:
    """The measurements of a histogram with one set of labels: ``counts`` up to each bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Begin with nothing; the last of ``counts`` is what is above all ``bounds``."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, amount: float) -> None:
        """Count one more."""
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.total += amount


class Readings(Protocol):
    """Takes what somebody who counts for themselves has come to, when it is asked for."""

    def total(self, counter: Counter, number: float, *values: str) -> None:
        """Say how many it were so far; several who say so are added up."""
        ...

    def set(self, gauge: Gauge, number: float, *values: str) -> None:
        """Say what it is now, with these values of the gauge's labels, in their order."""
        ...


Reading: TypeAlias = Callable[[Readings], None]
"""Tells what somebody has counted."""


class Telemetry(Protocol):
    """Takes measurements. Nothing that measures ever fails because of it."""

    def count(self, counter: Counter, *values: str) -> None:
        """Count one more, with these values of the counter's labels, in their order."""
        ...

    def set(self, gauge: Gauge, number: float, *values: str) -> None:
        """Say what it is now, with these values of the gauge's labels, in their order."""
        ...

    def series(self, histogram: Histogram, *values: str) -> Series:
        """Where to add measurements with these values of the labels; the same one each time."""
        ...

    def watch(self, reading: Reading) -> None:
        """Have ``reading`` tell what it knows whenever somebody asks.

        For what is done so often that counting it has to be an addition to a number.
        """
        ...

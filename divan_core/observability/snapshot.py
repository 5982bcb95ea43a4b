"""What a process has measured at one moment, and what several processes come to together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import attrs
import msgspec

from divan_core.kernel.telemetry import Counter, Gauge, Histogram

Labels: TypeAlias = tuple[str, ...]


@attrs.frozen
class Spread:
    """A histogram's measurements with one set of labels; see ``telemetry.Series``."""

    counts: list[int]
    total: float

    def plus(self, other: Spread) -> Spread:
        """Both together; counts of other bounds, as another version has, are left out."""
        if len(self.counts) != len(other.counts):
            return self
        counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        return Spread(counts, self.total + other.total)


@attrs.define
class Snapshot:
    """Counts, levels and histograms, each by what it is of and by its labels' values."""

    counts: dict[Counter, dict[Labels, float]] = attrs.field(factory=dict)
    levels: dict[Gauge, dict[Labels, float]] = attrs.field(factory=dict)
    spreads: dict[Histogram, dict[Labels, Spread]] = attrs.field(factory=dict)

    def total(self, counter: Counter, number: float, *values: str) -> None:
        """See :class:`~divan_core.kernel.telemetry.Readings`."""
        counts = self.counts.setdefault(counter, {})
        counts[values] = counts.get(values, 0) + number

    def set(self, gauge: Gauge, number: float, *values: str) -> None:
        """See :class:`~divan_core.kernel.telemetry.Readings`; what others say counts as well."""
        levels = self.levels.setdefault(gauge, {})
        known = levels.get(values)
        levels[values] = number if known is None else _joined(gauge, known, number)

    def add(self, other: Snapshot) -> None:
        """Take in what another process has measured."""
        self.inherit(other)
        for gauge, levels in other.levels.items():
            for values, number in levels.items():
                self.set(gauge, number, *values)

    def inherit(self, other: Snapshot) -> None:
        """Take in what a process that has ended has counted: it has no levels any more."""
        for counter, counts in other.counts.items():
            for values, number in counts.items():
                self.total(counter, number, *values)
        for histogram, spreads in other.spreads.items():
            mine = self.spreads.setdefault(histogram, {})
            for values, spread in spreads.items():
                mine[values] = mine[values].plus(spread) if values in mine else spread


def _joined(gauge: Gauge, one: float, other: float) -> float:
    if gauge.across == "sum":
        return one + other
    return max(one, other) if gauge.across == "most" else min(one, other)


@attrs.frozen
class _Written:
    """A snapshot as JSON has it, whose objects have nothing but texts for keys."""

    counts: list[tuple[Counter, list[tuple[Labels, float]]]]
    levels: list[tuple[Gauge, list[tuple[Labels, float]]]]
    spreads: list[tuple[Histogram, list[tuple[Labels, Spread]]]]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Written).decode


def written(snapshot: Snapshot) -> bytes:
    """A snapshot as a text that another process can read."""
    parts = (snapshot.counts, snapshot.levels, snapshot.spreads)
    return _encode(_Written(*(_listed(one) for one in parts)))


def read(text: bytes) -> Snapshot:
    """The snapshot in a text.

    Raises:
        ValueError: there is none.
    """
    try:
        found = _decode(text)
    except msgspec.MsgspecError as fault:
        raise ValueError("These are no measurements.") from fault
    return Snapshot(_kept(found.counts), _kept(found.levels), _kept(found.spreads))


def _listed(part: Mapping[Any, Mapping[Labels, Any]]) -> list[Any]:
    return [(what, list(values.items())) for what, values in part.items()]


def _kept(part: Iterable[tuple[Any, list[tuple[Labels, Any]]]]) -> dict[Any, dict[Labels, Any]]:
    # Made anew, because msgspec does not make the hash that such an object keeps.
    return {attrs.evolve(what): dict(values) for what, values in part}

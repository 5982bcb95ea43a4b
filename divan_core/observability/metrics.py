"""Counts, levels and histograms, in the text format that Prometheus collects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from divan_core.kernel.telemetry import Counter, Gauge, Histogram, Reading, Series
from divan_core.observability.snapshot import Labels, Snapshot, Spread

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of :meth:`Metrics.exposition`."""

_SUFFIX: Final = "_total"

Others: TypeAlias = Callable[[], Iterable[Snapshot]]
"""Gives what the other processes of a server have measured, those that have ended included."""


def _nobody() -> Iterable[Snapshot]:
    return ()


class Metrics:
    """A :class:`~divan_core.kernel.telemetry.Telemetry` of one Divan; nothing of it is global.

    Counting is an addition here; what Prometheus' client library needs is made when it is asked
    for, so that programs which never are need not load it.
    """

    def __init__(self) -> None:
        """Begin at zero, alone."""
        self._counts: dict[Counter, dict[Labels, float]] = {}
        self._levels: dict[Gauge, dict[Labels, float]] = {}
        self._series: dict[Histogram, dict[Labels, Series]] = {}
        self._readings: list[Reading] = []
        self.others: Others = _nobody

    def count(self, counter: Counter, *values: str) -> None:
        """See the port."""
        counts = self._counts.setdefault(counter, {})
        counts[values] = counts.get(values, 0) + 1

    def set(self, gauge: Gauge, number: float, *values: str) -> None:
        """See the port."""
        self._levels.setdefault(gauge, {})[values] = number

    def series(self, histogram: Histogram, *values: str) -> Series:
        """See the port."""
        known = self._series.setdefault(histogram, {})
        if values not in known:
            known[values] = Series(histogram.bounds)
        return known[values]

    def watch(self, reading: Reading) -> None:
        """See the port."""
        self._readings.append(reading)

    def snapshot(self) -> Snapshot:
        """Everything that this process has measured so far."""
        found = Snapshot(
            {what: dict(values) for what, values in self._counts.items()},
            {what: dict(values) for what, values in self._levels.items()},
            {
                what: {key: Spread(list(one.counts), one.total) for key, one in values.items()}
                for what, values in self._series.items()
            },
        )
        for reading in self._readings:
            reading(found)
        return found

    def exposition(self) -> str:
        """Everything that the server has measured so far, as :data:`CONTENT_TYPE`."""
        from prometheus_client import (  # noqa: PLC0415 - comes with the extra that serves it
            CollectorRegistry,
            generate_latest,
        )

        whole = self.snapshot()
        for other in self.others():
            whole.add(other)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Told(whole))
        return generate_latest(registry).decode()


class _Told:
    """A snapshot as Prometheus' client library takes it; it calls ``collect``."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415 - as above
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        for counter, counts in _sorted(self._snapshot.counts):
            name = counter.name.removesuffix(_SUFFIX)
            family = CounterMetricFamily(name, counter.about, labels=counter.labels)
            for values, number in counts:
                family.add_metric(values, number)
            yield family
        for gauge, levels in _sorted(self._snapshot.levels):
            level = GaugeMetricFamily(gauge.name, gauge.about, labels=gauge.labels)
            for values, number in levels:
                level.add_metric(values, number)
            yield level
        for histogram, spreads in _sorted(self._snapshot.spreads):
            spread = HistogramMetricFamily(histogram.name, histogram.about, labels=histogram.labels)
            for values, one in spreads:
                spread.add_metric(values, _buckets(histogram.bounds, one), one.total)
            yield spread


def _sorted(part: dict[Any, dict[Labels, Any]]) -> Iterator[tuple[Any, list[tuple[Labels, Any]]]]:
    for what, values in sorted(part.items(), key=lambda item: str(item[0].name)):
        yield what, sorted(values.items(), key=lambda item: item[0])


def _buckets(bounds: Iterable[float], spread: Spread) -> list[tuple[str, float]]:
    """Each upper bound, and how many measurements are no higher."""
    names = [*map(str, bounds), "+Inf"]
    return list(zip(names, accumulate(spread.counts), strict=True))

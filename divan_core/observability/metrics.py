"""Counts and levels, in the text format that Prometheus collects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from divan_core.kernel.telemetry import Counter, Gauge

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of :meth:`Metrics.exposition`."""

_SUFFIX: Final = "_total"


class Metrics:
    """A :class:`~divan_core.kernel.telemetry.Telemetry` of one Divan; nothing of it is global.

    Counting is an addition here; what Prometheus' client library needs is made when it is asked
    for, so that programs which never are need not load it.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self._counts: dict[Counter, dict[tuple[str, ...], int]] = {}
        self._levels: dict[Gauge, dict[tuple[str, ...], float]] = {}

    def count(self, counter: Counter, *values: str) -> None:
        """See the port."""
        counts = self._counts.setdefault(counter, {})
        counts[values] = counts.get(values, 0) + 1

    def set(self, gauge: Gauge, number: float, *values: str) -> None:
        """See the port."""
        self._levels.setdefault(gauge, {})[values] = number

    def exposition(self) -> str:
        """Everything counted and said so far, as :data:`CONTENT_TYPE`."""
        from prometheus_client import (  # noqa: PLC0415 - comes with the extra that serves it
            CollectorRegistry,
            generate_latest,
        )

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry).decode()

    def collect(self) -> Iterator[Metric]:
        """The counts as Prometheus' client library takes them; it calls this."""
        from prometheus_client.core import (  # noqa: PLC0415 - as above
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        for counter, counts in sorted(self._counts.items(), key=lambda item: item[0].name):
            name = counter.name.removesuffix(_SUFFIX)
            family = CounterMetricFamily(name, counter.about, labels=counter.labels)
            for values, number in sorted(counts.items()):
                family.add_metric(values, number)
            yield family
        for gauge, levels in sorted(self._levels.items(), key=lambda item: item[0].name):
            level = GaugeMetricFamily(gauge.name, gauge.about, labels=gauge.labels)
            for values, amount in sorted(levels.items()):
                level.add_metric(values, amount)
            yield level

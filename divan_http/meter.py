"""How many requests there were, and how long they took, by what they asked for."""

from __future__ import annotations

from typing import Final

from divan_core.kernel.telemetry import Counter, Histogram, Readings, Series, Telemetry
from divan_http.exchange import Exchange

_LABELS: Final = ("method", "route", "status")

REQUESTS: Final = Counter("divan_http_requests_total", "Requests that were answered", _LABELS)
DURATION: Final = Histogram(
    "divan_http_request_duration_seconds",
    "How long answering a request took",
    _LABELS,
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

NO_ROUTE: Final = "none"
"""The route of requests for addresses that are in no table."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"})


class Meter:
    """Measures requests by method, template of the route and class of the status (``2xx``)."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Tell ``telemetry``."""
        self._telemetry = telemetry
        self._series: dict[tuple[str, str, int], Series] = {}
        telemetry.watch(self._tell)

    def add(self, method: str, exchange: Exchange, now: float) -> None:
        """Count the finished exchange; ``now`` counts as its ``began``, in seconds."""
        key = method, exchange.route, exchange.status // 100
        series = self._series.get(key)
        if series is None:
            series = self._begun(*key)
        series.add(now - exchange.began)

    def _begun(self, method: str, route: str, status: int) -> Series:
        known = method if method in METHODS else "other"
        labels = known, route or NO_ROUTE, f"{status or 5}xx"
        series = self._telemetry.series(DURATION, *labels)
        if known is method:  # whatever else callers make up is not kept
            self._series[method, route, status] = series
        return series

    def _tell(self, readings: Readings) -> None:
        for (method, route, status), series in self._series.items():
            labels = method, route or NO_ROUTE, f"{status or 5}xx"
            readings.total(REQUESTS, sum(series.counts), *labels)

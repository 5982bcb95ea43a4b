"""One line in the log for a request, of as many as are worth one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from divan_core.kernel.clock import Clock
from divan_http.exchange import Exchange

_LOG: Final = logging.getLogger("divan.http.request")
_PAUSE_MS: Final = 1000


class RequestLog:
    """Logs failures (5xx) always, refusals (4xx) once a second per code, and a sample of the rest.

    A line has the route's template, never the address: an address holds people's ids, and what
    somebody asked for.
    """

    def __init__(self, clock: Clock, rate: float, draw: Callable[[], float]) -> None:
        """``rate`` (0-1) of the successes are logged, as ``draw`` decides with numbers below 1."""
        self._clock = clock
        self._rate = rate
        self._draw = draw
        self._told: dict[str, int] = {}

    def add(self, exchange: Exchange, now: float) -> None:
        """Log the finished exchange if it is due; ``now`` counts as its ``began``, in seconds."""
        status = exchange.status
        if status >= 500:
            _write(logging.ERROR, exchange, now)
            return
        due = self._draw() < self._rate if status < 400 else self._is_news(exchange.code)
        if due and _LOG.isEnabledFor(logging.INFO):
            _write(logging.INFO, exchange, now)

    def _is_news(self, code: str) -> bool:
        now = self._clock.now()
        last = self._told.get(code)
        if last is not None and 0 <= now - last < _PAUSE_MS:
            return False
        self._told[code] = now
        return True


def _write(level: int, exchange: Exchange, now: float) -> None:
    facts = {
        "request_id": exchange.request_id,
        "trace_id": exchange.trace_id,
        "route": exchange.route,
        "status": exchange.status,
        "latency_ms": round((now - exchange.began) * 1000, 3),
        "user_id": exchange.user_id,
    }
    if exchange.code:
        facts["code"] = exchange.code
    # Made here because `Logger.log` first walks the stack, which costs more than all the rest.
    record = logging.LogRecord(_LOG.name, level, __file__, 0, "request", (), None)
    record.facts = facts
    _LOG.handle(record)

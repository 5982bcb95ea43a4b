"""A span for each request, and the way from ``traceparent`` to ``traceparent``."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.kernel.traces import NEW, Beginning, Span, Traces
from divan_http.exchange import Asgi, Event, Exchange, Receive, Scope, Send, exchange_of
from divan_http.meter import METHODS

TRACEPARENT: Final = b"traceparent"


class Traced:
    """Stands between the edge and the application where there are traces.

    A span is named for the method and the route's template, never for the address.
    """

    def __init__(self, app: Asgi, traces: Traces) -> None:
        """Stand around ``app``."""
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = exchange_of(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"
        with self._traces.span(Beginning(method, "server", _given(exchange))) as span:
            exchange.trace_id = span.trace_id
            traceparent = TRACEPARENT, span.traceparent.encode()

            def reply(event: Event) -> Awaitable[None]:
                if event["type"] == "http.response.start":
                    event["headers"] = [*event["headers"], traceparent]
                return send(event)

            try:
                await self._app(scope, receive, reply)
            finally:
                _conclude(span, method, exchange)


def _given(exchange: Exchange) -> str:
    """The place that the caller names, if it is one."""
    return exchange.headers.get(TRACEPARENT, NEW.encode()).decode("latin-1")


def _conclude(span: Span, method: str, exchange: Exchange) -> None:
    span.tell("http.request.method", method)
    if exchange.route:
        span.rename(f"{method} {exchange.route}")
        span.tell("http.route", exchange.route)
    if exchange.status:
        span.tell("http.response.status_code", exchange.status)
    if exchange.status >= 500:
        span.fail(exchange.code)
    elif exchange.code:
        span.tell("divan.code", exchange.code)

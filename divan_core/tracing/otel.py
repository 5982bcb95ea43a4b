"""Spans of OpenTelemetry, sent to a collector by OTLP over HTTP.

Spans wait in a bounded queue for a thread of their own; while the collector is away or slow they
are dropped and counted, and nobody else notices.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Final

import anyio
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from divan_core.kernel.telemetry import Readings
from divan_core.kernel.traces import LOST, SENT, Beginning, Span
from divan_core.settings import Settings

FAREWELL_S: Final = 3.0
"""How long the last spans may take to be sent when Divan is closed."""

_QUIET: Final = {
    # Both tell each failure; it is counted here, and told once in a while.
    "opentelemetry.exporter": logging.CRITICAL,
    "opentelemetry.sdk": logging.ERROR,
}
_CARRIER: Final = "traceparent"
_propagator: Final = TraceContextTextMapPropagator()


class OtelSpan:
    """A :class:`~divan_core.kernel.traces.Span`."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        """Be ``span``."""
        self._span = span

    @property
    def traceparent(self) -> str:
        """See the port."""
        found = self._span.get_span_context()
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"

    @property
    def trace_id(self) -> str:
        """See the port."""
        return f"{self._span.get_span_context().trace_id:032x}"

    def rename(self, name: str) -> None:
        """See the port."""
        self._span.update_name(name)

    def tell(self, name: str, value: str | int) -> None:
        """See the port."""
        self._span.set_attribute(name, value)

    def fail(self, why: str) -> None:
        """See the port."""
        self._span.set_attribute("error.type", why)
        self._span.set_status(StatusCode.ERROR)


class OtelTraces:
    """A :class:`~divan_core.kernel.traces.Traces` of one Divan; nothing of it is global."""

    def __init__(self, settings: Settings, warn: Callable[[str], None]) -> None:
        """Send spans to where ``settings`` say; ``warn`` tells operators that they are lost."""
        resource = Resource.create(
            {"service.name": "divan", "deployment.environment.name": settings.env}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracer = self._provider.get_tracer("divan")
        self._exporter: _Counted | None = None
        if endpoint := settings.otel.exporter_otlp_endpoint:
            address = f"{endpoint.rstrip('/')}/v1/traces"
            self._exporter = _Counted(OTLPSpanExporter(endpoint=address), warn)
            self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
            for name, level in _QUIET.items():
                logging.getLogger(name).setLevel(level)

    @property
    def active(self) -> bool:
        """See the port."""
        return trace.get_current_span().get_span_context().is_valid

    def tell(self, readings: Readings) -> None:
        """See the port."""
        if self._exporter is not None:
            readings.total(SENT, self._exporter.sent)
            readings.total(LOST, self._exporter.lost)

    def span(self, beginning: Beginning) -> AbstractContextManager[Span]:
        """See the port."""
        return self._spanning(beginning)

    @contextmanager
    def _spanning(self, beginning: Beginning) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            beginning.name,
            context=None if beginning.parent is None else _place(beginning.parent),
            attributes=dict(beginning.facts),
            kind=SpanKind[beginning.kind.upper()],
            links=[Link(found) for one in beginning.links if (found := _linked(one)).is_valid],
            record_exception=False,  # an error's text may hold anything
            set_status_on_exception=False,
        ) as span:
            mine = OtelSpan(span)
            try:
                yield mine
            except BaseException as fault:
                mine.fail(type(fault).__qualname__)
                raise

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end of the context what still waits is sent, within a few seconds."""
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                ending = threading.Thread(target=self._provider.shutdown, daemon=True)
                ending.start()
                await anyio.to_thread.run_sync(ending.join, FAREWELL_S)
                if ending.is_alive() and self._exporter is not None:
                    self._exporter.shutdown()


def _place(traceparent: str) -> Context:
    """The context in which a place is the present one, and nothing where it cannot be read."""
    return _propagator.extract({_CARRIER: traceparent}, context=Context())


def _linked(traceparent: str) -> trace.SpanContext:
    return trace.get_current_span(_place(traceparent)).get_span_context()


class _Counted(SpanExporter):
    """Counts what another exporter sends, and what it does not."""

    def __init__(self, inner: SpanExporter, warn: Callable[[str], None]) -> None:
        self._inner = inner
        self._warn = warn
        self.sent = self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.sent += len(spans)
        else:
            self.lost += len(spans)
            self._warn("the collector of traces takes none; they are lost")
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

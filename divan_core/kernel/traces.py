"""What is done for one request, wherever that is, as a port.

A place in a trace is a ``traceparent`` of the W3C, a text, so that it can go through any door, into
a row, into a stream and into another thread. Nothing that is told of a span is personal: names of
calls, templates of routes, statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol, TypeAlias

import attrs

from divan_core.kernel.telemetry import Counter, Readings

Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
"""What a span is to the one it is in, as OpenTelemetry names it."""

NEW: Literal[""] = ""
"""The place of what begins a trace of its own."""

SENT: Final = Counter("divan_trace_spans_sent_total", "Spans that the collector has taken")
LOST: Final = Counter("divan_trace_spans_lost_total", "Spans that the collector did not take")


class Span(Protocol):
    """A part of a trace, while it lasts."""

    @property
    def traceparent(self) -> str:
        """Its place, for what follows from it elsewhere."""
        ...

    @property
    def trace_id(self) -> str:
        """The trace, in 32 hexadecimal digits."""
        ...

    def rename(self, name: str) -> None:
        """Call it so, once it is known what it is."""
        ...

    def tell(self, name: str, value: str | int) -> None:
        """Note something of it."""
        ...

    def fail(self, why: str) -> None:
        """It went wrong; ``why`` is the code or the class of an error, never its text."""
        ...


@attrs.frozen
class Beginning:
    """What a span is called and is, and where it belongs.

    ``parent`` is a place from elsewhere, None for the present span of this task or thread; what
    cannot be read begins a new trace. ``links`` are places that led to it besides, and ``facts``
    what is known of it from the beginning.
    """

    name: str
    kind: Kind = "internal"
    parent: str | None = None
    links: tuple[str, ...] = ()
    facts: Mapping[str, str | int] = attrs.field(factory=dict)


class Traces(Protocol):
    """Makes spans, and sends them away; nobody ever waits for that."""

    @property
    def active(self) -> bool:
        """Whether something that is being done now has a span."""
        ...

    def tell(self, readings: Readings) -> None:
        """Say how many spans were sent, and how many could not be."""
        ...

    def span(self, beginning: Beginning) -> AbstractContextManager[Span]:
        """A span of what is done inside the context, and the present one there.

        What it raises fails it.
        """
        ...

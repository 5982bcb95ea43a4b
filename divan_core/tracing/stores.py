"""Spans of what stores do, around their ports, as part of what somebody is doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

import attrs

from divan_core.kernel.events import Event
from divan_core.kernel.traces import Beginning, Span, Traces
from divan_core.stores.bundle import Stores
from divan_core.stores.calls import BUNDLE_CALLS, UNIT_CALLS, UNITS, PortAround

ResultT = TypeVar("ResultT")

RELATIONAL: Final = frozenset(
    {UNITS, "people", "search", "search_upkeep", "keys", "outbox", "search_roll"}
)
"""The ports of what must last; the others are of what lives for a minute."""

_OUTBOX: Final = "outbox"
_SYSTEM: Final = "db.system.name"


@attrs.frozen
class Systems:
    """What keeps what must last, and what keeps the rest, as OpenTelemetry names them."""

    relational: str
    live: str

    @classmethod
    def of(cls, database_url: str, redis_url: str) -> Systems:
        """Those that addresses lead to."""
        postgres = database_url.startswith("postgres")
        return cls("postgresql" if postgres else "sqlite", "redis" if redis_url else "memory")


OTHER: Final = Systems("other", "other")
"""Of stores that the host has brought."""


def around(stores: Stores, traces: Traces, systems: Systems) -> Stores:
    """The same stores, whose calls have spans while something has one that they are done for.

    Events that are recorded meanwhile take their place in the trace along.
    """
    ports: dict[str, Any] = {}
    for name, calls in BUNDLE_CALLS.items():
        port = getattr(stores, name)
        system = systems.relational if name in RELATIONAL else systems.live
        if name == UNITS:
            ports[name] = _Units(port, _Spans(traces, system))
        elif port is not None:
            ports[name] = PortAround(port, name, calls, _Spans(traces, system).around)
    return attrs.evolve(stores, **ports)


@attrs.frozen
class _Spans:
    """Spans of one system; ``parent`` is where they belong in another thread."""

    traces: Traces
    system: str = ""
    parent: str | None = None

    @property
    def wanted(self) -> bool:
        return self.parent is not None or self.traces.active

    def span(self, name: str) -> AbstractContextManager[Span]:
        facts = {_SYSTEM: self.system} if self.system else {}
        return self.traces.span(Beginning(name, "client", self.parent, facts=facts))

    async def around(self, name: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        if not self.wanted:
            return await call()
        with self.span(name):
            return await call()


class _Unit:
    """A unit of work whose repositories have spans, and whose events have their place in it."""

    def __init__(self, unit: object, spans: _Spans) -> None:
        self._unit = unit
        self._spans = spans

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        part = getattr(self._unit, name)
        if name == _OUTBOX:
            return _Outbox(part, self._spans.parent or "")
        if name not in UNIT_CALLS:
            return part
        return PortAround(part, name, UNIT_CALLS[name], self._spans.around)


@attrs.frozen
class _Outbox:
    """The events of a unit, each with its place in the trace."""

    outbox: Any
    place: str

    @property
    def events(self) -> Sequence[Event]:
        found: Sequence[Event] = self.outbox.events
        return found

    async def add(self, *events: Event) -> None:
        await self.outbox.add(*(attrs.evolve(one, trace=self.place) for one in events))


class _Units:
    """Units of work with a span for each, and one for each call inside."""

    def __init__(self, units: Any, spans: _Spans) -> None:  # noqa: ANN401 - it stands for any
        self._units = units
        self._spans = spans

    async def write(
        self,
        body: Callable[[Any], Awaitable[ResultT]],
        **how: Any,  # noqa: ANN401 - as the port's own
    ) -> ResultT:
        return await self._spanning("write", body, how)

    async def read(self, body: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        return await self._spanning("read", body, {})

    async def look(self, body: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        return await self._spanning("look", body, {})

    async def past(self, body: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        return await self._spanning("past", body, {})

    async def _spanning(
        self, name: str, body: Callable[[Any], Awaitable[ResultT]], how: Mapping[str, Any]
    ) -> ResultT:
        run: Callable[..., Awaitable[ResultT]] = getattr(self._units, name)
        if not self._spans.wanted:
            return await run(body, **how)
        with self._spans.span(f"{UNITS}.{name}") as span:
            inside = attrs.evolve(self._spans, parent=span.traceparent)
            return await run(lambda unit: body(_Unit(unit, inside)), **how)


def dressed(unit: Any, traces: Traces, place: str) -> Any:  # noqa: ANN401 - any unit
    """A unit whose calls have spans at a place, and whose events take it along."""
    return _Unit(unit, _Spans(traces, parent=place))

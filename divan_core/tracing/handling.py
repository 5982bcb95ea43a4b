"""Spans of what is done about events, in the traces of those who made them happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from divan_core.kernel.events import Event
from divan_core.kernel.traces import NEW, Beginning, Traces
from divan_core.stores.bundle import StoreUnit
from divan_core.tracing.stores import dressed
from divan_core.workers.subscription import Handler, Subscription, Together


def traced(subscription: Subscription, traces: Traces) -> Subscription:
    """The same reaction, with a span for each event, or for each group that is taken together."""
    tracing = _Tracing(subscription, traces)
    together = subscription.together
    return attrs.evolve(
        subscription,
        handle=tracing.handling(subscription.handle),
        together=None if together is None else tracing.handling_many(together),
        then=None if subscription.then is None else traced(subscription.then, traces),
    )


@attrs.frozen
class _Tracing:
    subscription: Subscription
    traces: Traces

    @property
    def name(self) -> str:
        group = self.subscription.group
        return f"{group.topic}:{group.name}"

    def handling(self, handle: Handler) -> Handler:
        async def spanning(unit: StoreUnit, event: Event) -> Any:  # noqa: ANN401 - as the handler's
            beginning = Beginning(f"{self.name} {event.name}", "consumer", event.trace or NEW)
            with self.traces.span(beginning) as span:
                return await handle(self._dressed(unit, span.traceparent), event)

        return spanning

    def handling_many(self, together: Together) -> Together:
        async def spanning(unit: StoreUnit, events: Sequence[Event]) -> Sequence[Any]:
            led = tuple(one.trace for one in events if one.trace)
            parent = led[0] if len(events) == 1 and led else NEW
            with self.traces.span(Beginning(self.name, "consumer", parent, led)) as span:
                span.tell("messaging.batch.message_count", len(events))
                return await together(self._dressed(unit, span.traceparent), events)

        return spanning

    def _dressed(self, unit: StoreUnit, place: str) -> StoreUnit:
        found: StoreUnit = dressed(unit, self.traces, place)
        return found

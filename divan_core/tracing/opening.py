"""Traces as settings ask for them; what they need is loaded only then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from divan_core.errors import ConfigurationError
from divan_core.kernel.clock import Clock
from divan_core.kernel.traces import Traces
from divan_core.observability.alarm import Alarm
from divan_core.settings import Settings
from divan_core.stores.bundle import Stores
from divan_core.workers.subscription import Subscription


@asynccontextmanager
async def tracing(settings: Settings, clock: Clock) -> AsyncIterator[Traces | None]:
    """The traces of a deployment inside the context; None where settings ask for none.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    if not settings.obs.tracing_enabled:
        yield None
        return
    try:
        from divan_core.tracing.otel import OtelTraces  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as fault:
        raise ConfigurationError(
            "OBS_TRACING_ENABLED needs OpenTelemetry. Install divan with the extra otel."
        ) from fault
    traces = OtelTraces(settings, Alarm(clock))
    async with traces.running():
        yield traces


def traced_stores(
    stores: Stores, traces: Traces | None, settings: Settings, *, given: bool
) -> Stores:
    """The stores with spans, where there are traces.

    Nobody can say what those are kept in that the host has ``given``.
    """
    if traces is None:
        return stores
    from divan_core.tracing.stores import OTHER, Systems, around  # noqa: PLC0415 - seldom needed

    systems = OTHER if given else Systems.of(settings.database_url, settings.redis_url)
    return around(stores, traces, systems)


def traced_subscriptions(
    subscriptions: tuple[Subscription, ...], traces: Traces | None
) -> tuple[Subscription, ...]:
    """The same, each in the traces of those whose events it handles, where there are traces."""
    if traces is None:
        return subscriptions
    from divan_core.tracing.handling import traced  # noqa: PLC0415 - as above

    return tuple(traced(one, traces) for one in subscriptions)

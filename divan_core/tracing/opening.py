"""Traces as settings ask for them; what they need is loaded only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from divan_core.errors import ConfigurationError
from divan_core.kernel.clock import Clock
from divan_core.kernel.traces import Traces
from divan_core.observability.alarm import Alarm
from divan_core.settings import Settings
from divan_core.stores.bundle import Stores
from divan_core.workers.subscription import Subscription

if TYPE_CHECKING:
    from divan_core.tracing.otel import OtelTraces


def traces_of(settings: Settings, clock: Clock) -> OtelTraces:
    """The traces of a deployment that has some.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    try:
        from divan_core.tracing.otel import OtelTraces  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as fault:
        raise ConfigurationError(
            "OBS_TRACING_ENABLED needs OpenTelemetry. Install divan with the extra otel."
        ) from fault
    return OtelTraces(settings, Alarm(clock))


def traced_stores(
    stores: Stores, traces: Traces, settings: Settings, *, given: bool = False
) -> Stores:
    """The stores with spans; nobody can say what those are kept in that the host has ``given``."""
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

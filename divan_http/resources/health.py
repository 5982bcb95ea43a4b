"""Whether the server lives, and can work."""

from __future__ import annotations

import time
from typing import Final, Literal

import attrs

from divan_core.divan import Divan
from divan_core.errors import StoreUnavailable
from divan_core.readiness import Readiness
from divan_http.operation import Nothing, Operation, PublicOperation


@attrs.frozen
class Life:
    """The process answers."""

    status: Literal["ok"] = "ok"


@attrs.frozen
class Startup:
    """The configuration was accepted, and the stores were opened."""

    env: str
    status: Literal["ok"] = "ok"


@attrs.frozen
class KeyHealth:
    """Whether idempotency keys can be kept; ``latency_ms`` is how long trying took."""

    status: Literal["ok", "down"]
    latency_ms: float


async def live(_divan: Divan, _: Nothing) -> Life:
    """Tell that the process answers."""
    return Life()


async def ready(divan: Divan, _: Nothing) -> Readiness:
    """Tell whether every dependency answers, and how fast."""
    return await divan.ready()


async def startup(divan: Divan, _: Nothing) -> Startup:
    """Tell that the start is over."""
    return Startup(divan.settings.env)


async def idempotency(divan: Divan, _: Nothing) -> KeyHealth:
    """Tell whether idempotency keys can be kept, by keeping one and taking it back."""
    began = time.perf_counter()
    status: Literal["ok", "down"] = "ok"
    try:
        await divan.idempotency.probe()
    except StoreUnavailable:
        status = "down"
    return KeyHealth(status, round((time.perf_counter() - began) * 1000, 3))


def status_of(found: Readiness | KeyHealth) -> int:
    """503 keeps load balancers away."""
    return 503 if found.status == "down" else 200


OPERATIONS: Final[tuple[Operation, ...]] = (
    PublicOperation(
        method="GET",
        path="/health/live",
        name="health.live",
        command=Nothing,
        view=Life,
        perform=live,
    ),
    PublicOperation(
        method="GET",
        path="/health/ready",
        name="health.ready",
        command=Nothing,
        view=Readiness,
        perform=ready,
        other_statuses=(503,),
        status_of=status_of,
    ),
    PublicOperation(
        method="GET",
        path="/health/startup",
        name="health.startup",
        command=Nothing,
        view=Startup,
        perform=startup,
    ),
    PublicOperation(
        method="GET",
        path="/health/idempotency",
        name="health.idempotency",
        command=Nothing,
        view=KeyHealth,
        perform=idempotency,
        other_statuses=(503,),
        status_of=status_of,
    ),
)

"""Whether the server lives, and can work."""

from __future__ import annotations

import time
from typing import Final, Literal

import attrs

from divan_core.divan import Divan
from divan_core.errors import StoreUnavailable
from divan_http.operation import Nothing, Operation, PublicOperation

_OPTIONAL: Final = ("moderation", "profile")
"""Branches of the migrations that a deployment may do without."""

_BRANCHES: Final = ("core", *_OPTIONAL)


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
class Check:
    """How one dependency answered; ``latency_ms`` is how long that took."""

    ok: bool
    latency_ms: float


@attrs.frozen
class Readiness:
    """Whether requests can be served.

    ``down``: a dependency does not answer. ``degraded``: all do, and the features listed are not
    there. ``migrations`` holds the newest revision of each branch.
    """

    status: Literal["ok", "degraded", "down"]
    checks: dict[str, Check]
    migrations: dict[str, str]
    degraded: tuple[str, ...] = ()


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
    found = await divan.health()
    told = [one.detail for one in found.values() if one.ok]
    migrations = {name: one[name] for one in told for name in _BRANCHES if name in one}
    degraded = tuple(one for one in _OPTIONAL if migrations and one not in migrations)
    down = not all(health.ok for health in found.values())
    return Readiness(
        status="down" if down else "degraded" if degraded else "ok",
        checks={name: Check(one.ok, round(one.latency_ms, 3)) for name, one in found.items()},
        migrations=migrations,
        degraded=degraded,
    )


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

"""Being online."""

from __future__ import annotations

from collections.abc import Awaitable
from types import NoneType
from typing import Final

from divan_core.divan import Divan
from divan_core.errors import (
    AccuracyTooLow,
    ClockSkew,
    EnumerationBudget,
    ImplausibleMovement,
    OutsideCampus,
    RateLimited,
)
from divan_core.kernel.actor import Actor
from divan_core.presence.messages import (
    GoOffline,
    Heartbeat,
    HeartbeatAccepted,
    LookupAnswer,
    LookupQuery,
    OwnStatus,
)
from divan_http.operation import Nothing, Operation, PersonOperation


def heartbeat(divan: Divan, actor: Actor, command: Heartbeat) -> Awaitable[HeartbeatAccepted]:
    """Show yourself online at a position for 90 seconds."""
    return divan.presence.heartbeat(actor, command)


def offline(divan: Divan, actor: Actor, command: GoOffline) -> Awaitable[None]:
    """Go offline at once, on one device or on all."""
    return divan.presence.offline(actor, command)


def status(divan: Divan, actor: Actor, _: Nothing) -> Awaitable[OwnStatus]:
    """Tell whether you are online."""
    return divan.presence.status(actor)


def lookup(divan: Divan, actor: Actor, query: LookupQuery) -> Awaitable[LookupAnswer]:
    """Tell who of these people is online; whoever you may not see looks long offline."""
    return divan.presence.lookup(actor, query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="POST",
        path="/presence/heartbeat",
        name="presence.heartbeat",
        command=Heartbeat,
        view=HeartbeatAccepted,
        perform=heartbeat,
        errors=(
            AccuracyTooLow,
            ClockSkew,
            ImplausibleMovement,
            OutsideCampus,
            RateLimited,
        ),
    ),
    PersonOperation(
        method="POST",
        path="/presence/offline",
        name="presence.offline",
        command=GoOffline,
        view=NoneType,
        status=204,
        perform=offline,
    ),
    PersonOperation(
        method="GET",
        path="/presence/status/self",
        name="presence.status",
        command=Nothing,
        view=OwnStatus,
        perform=status,
    ),
    PersonOperation(
        method="GET",
        path="/presence/lookup",
        name="presence.lookup",
        command=LookupQuery,
        view=LookupAnswer,
        perform=lookup,
        errors=(EnumerationBudget, RateLimited),
    ),
)

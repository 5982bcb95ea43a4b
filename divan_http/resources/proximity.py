"""Being near."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from msgspec import Raw

from divan_core.divan import Divan
from divan_core.errors import InvalidCursor, PresenceRequired, RateLimited
from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.presence.messages import NearbyPerson, NearbyQuery
from divan_http.operation import Operation, PersonOperation


def nearby(divan: Divan, actor: Actor, query: NearbyQuery) -> Awaitable[Page[Raw]]:
    """List the people around your own last position, nearest first."""
    return divan.presence.printed(actor, query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path="/proximity/nearby",
        name="proximity.nearby",
        command=NearbyQuery,
        view=Page[NearbyPerson],
        perform=nearby,
        errors=(InvalidCursor, PresenceRequired, RateLimited),
    ),
)

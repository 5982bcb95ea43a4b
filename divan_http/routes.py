"""The operation table: the one source of routing and of the OpenAPI document."""

from __future__ import annotations

import functools
from typing import Any, Final

from divan_http import openapi
from divan_http.operation import Operation
from divan_http.resources import (
    accounts,
    activities,
    appeals,
    audit,
    auth,
    chat,
    desk,
    discovery,
    health,
    leaderboards,
    metrics,
    policies,
    presence,
    proximity,
    rollover,
    rooms,
    social,
    traces,
)
from divan_http.resources.document import describing

OPERATIONS: Final[tuple[Operation, ...]] = (
    *presence.OPERATIONS,
    *proximity.OPERATIONS,
    *accounts.OPERATIONS,
    *social.OPERATIONS,
    *chat.OPERATIONS,
    *rooms.OPERATIONS,
    *activities.OPERATIONS,
    *discovery.OPERATIONS,
    *leaderboards.OPERATIONS,
    *audit.OPERATIONS,
    *desk.OPERATIONS,
    *appeals.OPERATIONS,
    *policies.OPERATIONS,
    *health.OPERATIONS,
    *metrics.OPERATIONS,
    *rollover.OPERATIONS,
    *traces.OPERATIONS,
)
"""What every deployment has."""


@functools.cache
def table(*, dev: bool, signing_in: bool = True) -> tuple[Operation, ...]:
    """Every operation, with the one that describes them all; ``dev`` as for the document.

    Without ``signing_in`` people have identities from elsewhere. Made once, because describing
    everything takes a quarter of a second.
    """
    described: list[dict[str, Any]] = []
    more = auth.OPERATIONS if signing_in else ()
    rows = (*OPERATIONS, *more, describing(lambda: described[0]))
    described.append(openapi.document(rows, dev=dev))
    return rows


def document(*, dev: bool, signing_in: bool = True) -> dict[str, Any]:
    """The OpenAPI document of the whole table."""
    return openapi.document(table(dev=dev, signing_in=signing_in), dev=dev)

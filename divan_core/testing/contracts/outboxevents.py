"""Events of tests, and what is done with them in units of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.stores.bundle import RelationalStores
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import PLACE, campus_id

LEASE_MS: Final = 30_000
ALL: Final = 1_000


def id_of(number: int) -> EventId:
    """The id of event ``number``."""
    return EventId(UUID(int=number))


def event(  # noqa: PLR0913 - a test says what it is about
    number: int,
    aggregate: str | None = None,
    *,
    topic: str = "topic",
    campus: int = 1,
    at: int = 0,
    data: dict[str, object] | None = None,
) -> Event:
    """Event ``number``, of an aggregate of its own unless another is named."""
    return Event(
        id=id_of(number),
        topic=topic,
        name="thing.done",
        campus_id=campus_id(campus),
        aggregate=aggregate or f"thing:{number}",
        at=Millis(at or START_MS + number),
        data=data or {"number": number},
        trace=PLACE if number % 2 else "",
    )


def ids(events: Sequence[Event]) -> list[EventId]:
    """Their ids."""
    return [one.id for one in events]


async def record(stores: RelationalStores, *events: Event) -> None:
    """Record events in one unit."""
    await stores.units.write(lambda unit: unit.outbox.add(*events))


async def claim(stores: RelationalStores, owner: str, most: int = ALL) -> list[Event]:
    """Claim for the usual time."""
    return list(await stores.outbox.claim(owner, most, LEASE_MS))


async def publish(stores: RelationalStores, *events: Event) -> None:
    """Record events and publish all that wait."""
    await record(stores, *events)
    await stores.outbox.published("publisher", ids(await claim(stores, "publisher")))


async def begin(stores: RelationalStores, group: str, one: Event) -> bool:
    """Begin an event in a unit of its own."""
    return await stores.units.write(lambda unit: unit.handled.begin(group, one))


async def handle(stores: RelationalStores, group: str, *events: Event) -> None:
    """Handle events that the group has not handled."""
    for one in events:
        assert await begin(stores, group, one)


async def give_up(stores: RelationalStores, group: str, one: Event) -> None:
    """Give an event up."""
    await stores.units.write(lambda unit: unit.handled.give_up(group, one, "It is no use."))

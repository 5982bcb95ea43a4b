"""Campuses and people for contracts, each known by a number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import UUID

import attrs

from divan_core.accounts.model import Campus, Person, Privacy
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Visibility
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS

HIDDEN: Final = Privacy(Visibility.NONE)
"""Of those whom no search finds, so that keeping many of them is quick."""


PLACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
"""A place in a trace."""


def campus_id(number: int) -> CampusId:
    """The id of campus ``number``."""
    return CampusId(UUID(int=number << 64))


def user_id(number: int) -> UserId:
    """The id of person ``number``; higher numbers have higher ids, over all 128 bits."""
    return UserId(UUID(int=(number << 64 | 0xFF) * 0x1_0000_0001 % 2**128))


def campus(number: int = 1, **changes: Any) -> Campus:  # noqa: ANN401 - evolve knows
    """Campus ``number``."""
    made = Campus(campus_id(number), f"Campus {number}", Point(45.5048, -73.5772))
    return attrs.evolve(made, **changes)


def person(number: int = 1, **changes: Any) -> Person:  # noqa: ANN401 - evolve knows
    """Person ``number``, of campus 1 unless ``changes`` say otherwise."""
    made = Person(
        id=user_id(number),
        campus_id=campus_id(1),
        handle=f"person.{number}",
        display_name=f"Person {number}",
        created_at=Millis(START_MS + number),
    )
    return attrs.evolve(made, **changes)


@asynccontextmanager
async def running(stores: RelationalStores) -> AsyncIterator[RelationalStores]:
    """Open the stores, and close them in the end."""
    async with AsyncExitStack() as stack:
        for lifecycle in stores.lifecycle:
            await stack.enter_async_context(lifecycle.running())
        yield stores


async def populate(stores: RelationalStores, count: int, privacy: Privacy | None = None) -> None:
    """Keep campus 1 and people 1 to ``count``, open ones unless there is another ``privacy``."""
    privacy = privacy or Privacy()

    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus()])
        await unit.people.put([person(number, privacy=privacy) for number in range(1, count + 1)])

    await stores.units.write(body)

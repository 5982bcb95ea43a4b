"""What the community has decided about somebody, for whoever asks for their data.

It is what they may know: what was to go unnoticed is left out, but on campuses that tell people of
that as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import attrs

from divan_core.accounts.model import Person
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Standing
from divan_core.moderation.appealmessages import OwnAppeal
from divan_core.moderation.sanctionmessages import Sanction
from divan_core.moderation.sanctions import Sanctions
from divan_core.safety.model import Restraint, Restriction
from divan_core.stores.bundle import StoreUnit

PAGE: Final = 1_000
"""How many rows one unit of work reads."""

RestraintName = Literal[
    "slow", "cooldown", "mute", "restrict_create", "restrict_invites", "ban", "shadow"
]


@attrs.frozen
class OwnRestriction:
    """What somebody is or was restricted to. Times are RFC 3339."""

    restraint: RestraintName
    since: str
    until: str | None
    lifted_at: str | None


@attrs.frozen
class Sanctioned:
    """How somebody stands, what was done to them, and what they had to say to it."""

    standing: str
    sanctions: tuple[Sanction, ...]
    appeals: tuple[OwnAppeal, ...]
    restrictions: tuple[OwnRestriction, ...]


async def sanctioned(units: Units[StoreUnit], sanctions: Sanctions, person: Person) -> Sanctioned:
    """Read it page by page, each in a unit of its own."""
    actor, hidden_too = Actor(person.id, person.campus_id), sanctions.is_candid(person.campus_id)
    unnoticed = person.standing is Standing.SHADOWED and not hidden_too
    return Sanctioned(
        standing=(Standing.ACTIVE if unnoticed else person.standing).value,
        sanctions=await sanctions.every(actor),
        appeals=await sanctions.appeals(actor),
        restrictions=tuple(
            _restriction(one)
            for one in await _restrictions(units, person.id)
            if hidden_too or one.restraint is not Restraint.SHADOW
        ),
    )


async def _restrictions(units: Units[StoreUnit], user_id: UserId) -> list[Restriction]:
    found: list[Restriction] = []

    async def page(unit: StoreUnit) -> Sequence[Restriction]:
        return await unit.restrictions.every(user_id, found[-1].id if found else None, PAGE)

    while portion := await units.read(page):
        found += portion
    return found


def _restriction(restriction: Restriction) -> OwnRestriction:
    until, lifted_at = restriction.until, restriction.lifted_at
    return OwnRestriction(
        restraint=restriction.restraint.value,
        since=rfc3339(restriction.since),
        until=None if until is None else rfc3339(until),
        lifted_at=None if lifted_at is None else rfc3339(lifted_at),
    )

"""Keeping how much people are trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.safety.ports import Author, DecidingUnit, Witness
from divan_core.safety.trust import RATIONS, Change, Merit, Trust, beginning

UnitT = TypeVar("UnitT", bound=DecidingUnit)

VERIFIED: Final = "verified"
"""The cause that everybody can have once."""


@value
class Note:
    """Something that changes somebody's trust at a moment, and what it comes from."""

    user_id: UserId
    merit: Merit
    cause: str
    at: Millis


class Trusting(Generic[UnitT]):
    """Changes trust, each cause once. Of somebody whom nothing has changed there is no row."""

    def __init__(self, witness: Witness[UnitT]) -> None:
        """Ask ``witness`` who people are."""
        self._witness = witness

    async def note(
        self, unit: UnitT, *notes: Note, known: Mapping[UserId, Author] | None = None
    ) -> None:
        """Change trust by these; what has counted, or is more than counts in a time, is nothing.

        The unit is a locking one, and notes all that it has at once. ``known`` are those people,
        where the unit has asked for them before.
        """
        if not notes:
            return
        await unit.locks.take(*(f"trust:{one.user_id}" for one in notes))
        authors = known
        if authors is None:
            authors = await self._witness.authors(unit, [one.user_id for one in notes])
        for one in notes:
            if one.user_id in authors:
                await self._noted(unit, one, authors[one.user_id])

    async def _noted(self, unit: UnitT, note: Note, author: Author) -> None:
        user_id, merit, at = note.user_id, note.merit, note.at
        ration = RATIONS.get(merit)
        if ration is not None:
            after = Millis(at - ration.span_ms)
            if await unit.trust.counted(user_id, merit, after) >= ration.most:
                return
        before = await unit.trust.get(user_id)
        if before is None:
            before = first_trust(author)
            if author.verified:
                await unit.trust.add(user_id, Change(Merit.VERIFIED, VERIFIED, author.since))
        if await unit.trust.add(user_id, Change(merit, note.cause, at)):
            before = before.after(merit, at)
        await unit.trust.put(user_id, before)


def first_trust(author: Author) -> Trust:
    """The trust of somebody whom nothing has changed yet but that their address is confirmed."""
    trust = beginning(author.since)
    return trust.after(Merit.VERIFIED, author.since) if author.verified else trust

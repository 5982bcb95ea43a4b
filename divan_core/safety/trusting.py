"""Keeping how much people are trusted."""

from __future__ import annotations

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
    """Something that changes somebody's trust, and what it comes from."""

    user_id: UserId
    merit: Merit
    cause: str


class Trusting(Generic[UnitT]):
    """Changes trust, each cause once. Of somebody whom nothing has changed there is no row."""

    def __init__(self, witness: Witness[UnitT]) -> None:
        """Ask ``witness`` who people are."""
        self._witness = witness

    async def score(self, unit: UnitT, user_id: UserId, author: Author, now: Millis) -> int:
        """How much somebody is trusted now."""
        kept = await unit.trust.get(user_id)
        return (_first(author) if kept is None else kept).drifted(now).score

    async def note(self, unit: UnitT, at: Millis, *notes: Note) -> None:
        """Change trust by these; what has counted, or is more than counts in a time, is nothing.

        The unit is a locking one.
        """
        if notes:
            await unit.locks.take(*(f"trust:{one.user_id}" for one in notes))
        for one in notes:
            await self._noted(unit, at, one)

    async def _noted(self, unit: UnitT, at: Millis, note: Note) -> None:
        user_id, merit = note.user_id, note.merit
        author = await self._witness.author(unit, user_id)
        ration = RATIONS.get(merit)
        if author is None:
            return
        if ration is not None:
            after = Millis(at - ration.span_ms)
            if await unit.trust.counted(user_id, merit, after) >= ration.most:
                return
        before = await unit.trust.get(user_id)
        if before is None:
            before = _first(author)
            if author.verified:
                await unit.trust.add(user_id, Change(Merit.VERIFIED, VERIFIED, author.since))
        if await unit.trust.add(user_id, Change(merit, note.cause, at)):
            before = before.after(merit, at)
        await unit.trust.put(user_id, before)


def _first(author: Author) -> Trust:
    """The trust of somebody whom nothing has changed yet but that their address is confirmed."""
    trust = beginning(author.since)
    return trust.after(Merit.VERIFIED, author.since) if author.verified else trust

"""Keeping how much people are trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.safety.ports import Author, DecidingUnit, Witness
from divan_core.safety.trust import RATIONS, Before, Change, Merit, Trust, beginning

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
        found = [one for one in notes if one.user_id in authors]
        before = await unit.trust.before(*((one.user_id, one.cause) for one in found))
        changing = _Changing(authors)
        for one, was in zip(found, before, strict=True):
            if not await _is_too_much(unit, one, changing):
                changing.note(one, was)
        await unit.trust.add(*changing.changes.values())
        await unit.trust.put(changing.trust)


class _Changing:
    """What notes of one unit come to: each person's trust, and the changes by person and cause."""

    def __init__(self, authors: Mapping[UserId, Author]) -> None:
        """Begin with nothing; ``authors`` are all whom notes are about."""
        self._authors = authors
        self.trust: dict[UserId, Trust] = {}
        self.changes: dict[tuple[UserId, str], tuple[UserId, Change]] = {}

    def note(self, note: Note, before: Before) -> None:
        """Change somebody's trust, unless the cause has counted."""
        user_id, merit, at = note.user_id, note.merit, note.at
        trust = self.trust.get(user_id, before.trust)
        if trust is None:
            author = self._authors[user_id]
            trust = first_trust(author)
            if author.verified:
                self._add(user_id, Change(Merit.VERIFIED, VERIFIED, author.since))
        if not before.counted and self._add(user_id, Change(merit, note.cause, at)):
            trust = trust.after(merit, at)
        self.trust[user_id] = trust

    def counted(self, user_id: UserId, merit: Merit, after: Millis) -> int:
        """How often something has changed somebody's trust after a moment."""
        theirs = [change for one, change in self.changes.values() if one == user_id]
        return sum(one.merit is merit and one.at > after for one in theirs)

    def _add(self, user_id: UserId, change: Change) -> bool:
        key = user_id, change.cause
        new = key not in self.changes
        self.changes.setdefault(key, (user_id, change))
        return new


async def _is_too_much(unit: UnitT, note: Note, changing: _Changing) -> bool:
    """Whether more of the kind has counted for somebody than does in a while."""
    ration = RATIONS.get(note.merit)
    if ration is None:
        return False
    asked = (note.user_id, note.merit, Millis(note.at - ration.span_ms))
    return await unit.trust.counted(*asked) + changing.counted(*asked) >= ration.most


def first_trust(author: Author) -> Trust:
    """The trust of somebody whom nothing has changed yet but that their address is confirmed."""
    trust = beginning(author.since)
    return trust.after(Merit.VERIFIED, author.since) if author.verified else trust

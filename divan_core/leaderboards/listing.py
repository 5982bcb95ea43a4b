"""Pages of a board: those whom the viewer may see, with ranks over everybody."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Generic
from uuid import UUID

from divan_core.errors import InvalidCursor
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import UserId
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see
from divan_core.leaderboards import policy
from divan_core.leaderboards.messages import BoardEntry
from divan_core.leaderboards.model import Ahead, Board, Listed, Place
from divan_core.leaderboards.ports import BoardsUnit
from divan_core.leaderboards.tools import UnitT
from divan_core.leaderboards.views import entry

BATCH: Final = 200
"""How many of a board are read at a time: some of them may be hidden."""

MOST_BATCHES: Final = 10
"""After so many a page ends, however many of them are hidden; the cursor goes on."""

_PLACE: Final = 8
_CURSOR: Final = _PLACE + 16


class Listing(Generic[UnitT]):
    """Lists boards."""

    def __init__(self, units: Units[UnitT], audience: Audience, sealer: CursorSealer) -> None:
        """Read through ``units`` what ``audience`` lets its viewer see."""
        self._units = units
        self._audience = audience
        self._sealer = sealer

    async def page(
        self, actor: Actor, board: Board, before: Place | None, limit: int, *, over: bool
    ) -> Page[BoardEntry]:
        """Up to ``limit`` of those below a place, or from the top on.

        A board whose day is ``over`` may be read as it was; who is seen on it never is.
        """
        read = self._units.past if over else self._units.read
        relations = await self._audience.relations(actor.user_id)
        found: list[tuple[Listed, PersonCard]] = []
        rest = before
        for _ in range(MOST_BATCHES):
            batch = await read(partial(_batch, board, rest))
            cards = await self._audience.cards([one.user_id for one in batch])
            for one, card in zip(batch, cards, strict=True):
                if card is not None and is_listed(actor, relations, card):
                    found.append((one, card))
            rest = _place(batch[-1]) if len(batch) == BATCH else None
            if rest is None or len(found) > limit:
                break
        if len(found) > limit:
            rest = _place(found[limit - 1][0])
        items = tuple(entry(*one) for one in found[:limit])
        return Page(items, None if rest is None else self._sealed(actor, board, rest))

    def opened(self, actor: Actor, board: Board, cursor: str | None) -> Place | None:
        """The place in a cursor; None for the beginning.

        Raises:
            InvalidCursor: it is not of this board.
        """
        if cursor is None:
            return None
        position = self._sealer.open(cursor, _binding(actor, board))
        if len(position) != _CURSOR:
            raise InvalidCursor("Start again without a cursor.")
        user_id = UserId(UUID(bytes=position[_PLACE:]))
        return int.from_bytes(position[:_PLACE], "big"), user_id

    def _sealed(self, actor: Actor, board: Board, place: Place) -> str:
        position = place[0].to_bytes(_PLACE, "big") + place[1].bytes
        return self._sealer.seal(position, _binding(actor, board))


async def _batch(board: Board, before: Place | None, unit: BoardsUnit) -> Sequence[Listed]:
    places = await unit.scores.page(board, before, BATCH)
    ahead = Ahead(0, 0)
    if places and before is not None:
        ahead = await unit.scores.ahead(board, places[0])
    return list(policy.ranked(places, ahead))


def is_listed(actor: Actor, relations: Relations, card: PersonCard | None) -> bool:
    """Whether this is somebody of the actor's campus whom they may see on its boards."""
    if card is None or card.campus_id != actor.campus_id:
        return False
    return can_see(actor.user_id, relations, card, Surface.LEADERBOARD)


def _place(listed: Listed) -> Place:
    return listed.place, listed.user_id


def _binding(actor: Actor, board: Board) -> bytes:
    name = f"boards {board.scope.value} {board.period.value} {board.day} {board.campus_id}"
    return name.encode() + actor.user_id.bytes

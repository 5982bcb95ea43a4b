"""Where a process has seen conversations stand, by which it supposes what comes next.

Numbers are given out before it is known what became of those before: what is sent at the same time
follows one upon the other, and goes together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import attrs

from divan_core.chat.model import ConversationId
from divan_core.kernel.clock import Millis
from divan_core.kernel.values import value
from divan_core.stores.sql.faults import overdue

CAPACITY: Final = 20_000
"""Of how many conversations something is remembered."""

RESTS: Final = 16
"""How often nothing is supposed where even what was just looked up has turned out to be old."""

PATIENCE_S: Final = 15.0
"""How long to wait in line, at most: as long as for a turn to write."""


@value
class Standing:
    """The last number of a conversation, and its moment."""

    seq: int
    at: Millis


@attrs.define(eq=False)
class _Place:
    """``shared`` where others than this process have written, so that it is to be looked up.

    That is tried ``by_one`` at a time.

    ``ahead`` is the last that was given out and is under way, as ``under_way`` others are; once one
    of them was ``wrong``, so are those that follow. Whoever has the ``turn`` goes ``openly`` once
    they suppose nothing.
    """

    standing: Standing | None = None
    shared: bool = False
    by_one: bool = False
    rests: int = 0
    ahead: Standing | None = None
    under_way: int = 0
    wrong: bool = False
    turn: anyio.Lock = attrs.field(factory=lambda: anyio.Lock(fast_acquire=True))
    openly: bool = False


class Foresight:
    """Says where it is worth it to suppose something, and what. One per process; bounded."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Remember so many conversations, those that were written to last."""
        self._capacity = capacity
        self._places: dict[int, _Place] = {}

    def begins(self, conversation_id: ConversationId) -> bool:
        """Whether to suppose something; not where it goes or went wrong."""
        place = self._place(conversation_id)
        if place.rests:
            place.rests -= 1
            return False
        if place.wrong or place.openly or place.by_one:
            return False
        place.by_one = place.shared
        return True

    def is_contested(self, conversation_id: ConversationId) -> bool:
        """Whether other processes write there, too: then nobody of this one waits in line."""
        place = self._place(conversation_id)
        return place.shared or bool(place.rests)

    def gave_up(self, conversation_id: ConversationId) -> None:
        """Whoever began has found nothing to suppose."""
        self._place(conversation_id).by_one = False

    def standing(self, conversation_id: ConversationId) -> Standing | None:
        """Where it stands if nobody else writes there; None where that has to be looked up."""
        place = self._place(conversation_id)
        return place.ahead or (None if place.shared else place.standing)

    def looked_up(self, conversation_id: ConversationId, found: Standing) -> Standing:
        """Where it stands: as ``found``, or further on by now.

        Nobody else writes there if that was known.
        """
        place = self._place(conversation_id)
        if place.ahead is not None:
            return place.ahead
        place.shared = place.standing is not None and place.standing != found
        place.standing = found
        return found

    def gave(self, conversation_id: ConversationId, standing: Standing) -> None:
        """A number is given out that is supposed; it will have been kept, or wrong."""
        place = self._place(conversation_id)
        place.ahead = standing
        place.under_way += 1

    def kept(self, conversation_id: ConversationId, standing: Standing) -> None:
        """A number that was supposed is kept."""
        place = self._place(conversation_id)
        if place.standing is None or place.standing.seq < standing.seq:
            place.standing = standing  # who went together learns of it in any order
        self._arrive(place)

    def was_wrong(self, conversation_id: ConversationId, *, looked_up: bool) -> None:
        """What was supposed was not so: look it up from now on, or rest if that was done."""
        place = self._place(conversation_id)
        if looked_up:
            place.rests = RESTS
        place.shared = place.wrong = True
        self._arrive(place)

    def saw(self, conversation_id: ConversationId, standing: Standing) -> None:
        """Remember what the database has given out."""
        self._place(conversation_id).standing = standing

    @asynccontextmanager
    async def turn(self, conversation_id: ConversationId) -> AsyncIterator[bool]:
        """Wait in line, where nothing could be supposed; whether somebody was there before.

        Then it is known where the conversation stands.

        Raises:
            StoreUnavailable: the turn did not come in time.
        """
        place = self._place(conversation_id)
        waits = place.turn.locked()
        try:
            with anyio.fail_after(PATIENCE_S):
                await place.turn.acquire()
        except TimeoutError as fault:
            raise overdue() from fault
        try:
            yield waits
        finally:
            place.openly = False
            place.turn.release()

    def goes_openly(self, conversation_id: ConversationId) -> None:
        """Whoever has the turn asks the database for a number: nobody supposes one meanwhile."""
        self._place(conversation_id).openly = True

    @staticmethod
    def _arrive(place: _Place) -> None:
        place.by_one = False
        place.under_way -= 1
        if place.under_way <= 0:  # less, where a place that was forgotten has come again
            place.ahead, place.under_way, place.wrong = None, 0, False

    def _place(self, conversation_id: ConversationId) -> _Place:
        number = conversation_id.int
        place = self._places.pop(number, None) or _Place()
        self._places[number] = place  # the oldest go first, and this is the newest
        if len(self._places) > self._capacity:
            del self._places[next(iter(self._places))]
        return place

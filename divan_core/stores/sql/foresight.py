"""Where a process has seen conversations stand, by which it supposes what comes next."""

from __future__ import annotations

from typing import Final

import attrs

from divan_core.chat.model import ConversationId
from divan_core.kernel.clock import Millis
from divan_core.kernel.values import value

CAPACITY: Final = 20_000
"""Of how many conversations something is remembered."""

RESTS: Final = 16
"""How often nothing is supposed where even what was just looked up has turned out to be old."""


@value
class Standing:
    """The last number of a conversation, and its moment."""

    seq: int
    at: Millis


@attrs.define(eq=False)
class _Place:
    """``shared`` where others than this process have written, so that it is to be looked up."""

    standing: Standing | None = None
    shared: bool = False
    looked_up: bool = False
    busy: bool = False
    rests: int = 0


class Foresight:
    """Says where it is worth it to suppose something, and what. One per process; bounded."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Remember so many conversations, those that were written to last."""
        self._capacity = capacity
        self._places: dict[int, _Place] = {}

    def take(self, conversation_id: ConversationId) -> bool:
        """Begin to suppose; False where somebody of this process is at it, or it went wrong."""
        place = self._place(conversation_id)
        if place.busy:
            return False
        if place.rests:
            place.rests -= 1
            return False
        place.busy = True
        return True

    def standing(self, conversation_id: ConversationId) -> Standing | None:
        """Where it stands if nobody else writes there; None where that has to be looked up."""
        place = self._place(conversation_id)
        place.looked_up = place.standing is None or place.shared
        return None if place.looked_up else place.standing

    def looked_up(self, conversation_id: ConversationId, found: Standing) -> None:
        """This is where it stands now; nobody else writes there if that was known."""
        place = self._place(conversation_id)
        place.shared = place.standing is not None and place.standing != found
        place.standing = found

    def give(self, conversation_id: ConversationId) -> None:
        """End it."""
        self._place(conversation_id).busy = False

    def was_wrong(self, conversation_id: ConversationId) -> None:
        """What was supposed was not so: look it up from now on, or rest if that was done."""
        place = self._place(conversation_id)
        if place.looked_up:
            place.rests = RESTS
        place.shared = True

    def saw(self, conversation_id: ConversationId, standing: Standing) -> None:
        """Remember what was given out."""
        self._place(conversation_id).standing = standing

    def _place(self, conversation_id: ConversationId) -> _Place:
        number = conversation_id.int
        place = self._places.pop(number, None) or _Place()
        self._places[number] = place  # the oldest go first, and this is the newest
        if len(self._places) > self._capacity:
            del self._places[next(iter(self._places))]
        return place

"""What is made of people's cards, once of each: the same people are found again and again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard

MadeT = TypeVar("MadeT")


class Cardwise(Generic[MadeT]):
    """Keeps what was made, by the very card that it was made of: one that has changed is another.

    Nothing here decides who sees whom.
    """

    def __init__(self, make: Callable[[PersonCard], MadeT], capacity: int) -> None:
        """Make by ``make``, and keep so many at most; the oldest go first."""
        self._make = make
        self._capacity = capacity
        self._kept: dict[int, tuple[PersonCard, MadeT]] = {}

    def of(self, card: PersonCard) -> MadeT:
        """What is made of a card."""
        number = card.user_id.int
        kept = self._kept.get(number)
        if kept is not None and kept[0] is card:
            return kept[1]
        made = self._make(card)
        self._kept[number] = card, made
        if len(self._kept) > self._capacity:
            del self._kept[next(iter(self._kept))]
        return made

    def forget(self, _campus_id: CampusId, people: Collection[UserId] | None) -> None:
        """Keep nothing of these, or of anybody: what somebody was called is theirs to remove."""
        if people is None:
            self._kept.clear()
            return
        for user_id in people:
            self._kept.pop(user_id.int, None)

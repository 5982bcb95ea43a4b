"""People as JSON, each made once: the same ones are found again and again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import Raw

from divan_core.codec.reader import encode
from divan_core.discovery.views import shown
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard

CAPACITY: Final = 50_000
"""How many people one process keeps: about 20 MB."""

_NO_FRIEND: Final = b'"is_friend":false'
_NO_MUTUAL: Final = b'"mutual_friends":0'
"""What a stranger's view says of the viewer. Inside of texts every quote has a backslash, so each
stands there once."""


class Prints:
    """Keeps the views of those who were shown last, by the very cards that they were made of.

    Nothing here decides who sees whom, and a card that has changed is another one.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Keep so many at most; the oldest go first."""
        self._capacity = capacity
        self._kept: dict[int, tuple[PersonCard, bytes]] = {}

    def of(self, card: PersonCard, mutual_friends: int, *, is_friend: bool) -> Raw:
        """What ``views.shown`` makes of this, as JSON."""
        kept = self._kept.get(card.user_id.int)
        json = kept[1] if kept is not None and kept[0] is card else self._made(card)
        if is_friend:
            json = json.replace(_NO_FRIEND, b'"is_friend":true')
        if mutual_friends:
            json = json.replace(_NO_MUTUAL, b'"mutual_friends":%d' % mutual_friends)
        return Raw(json)

    def forget(self, _campus_id: CampusId, people: Collection[UserId] | None) -> None:
        """Keep nothing of these, or of anybody: what somebody was called is theirs to remove."""
        if people is None:
            self._kept.clear()
            return
        for user_id in people:
            self._kept.pop(user_id.int, None)

    def _made(self, card: PersonCard) -> bytes:
        json = encode(shown(card, 0, is_friend=False))
        self._kept[card.user_id.int] = card, json
        if len(self._kept) > self._capacity:
            del self._kept[next(iter(self._kept))]
        return json

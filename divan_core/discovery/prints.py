"""People as JSON, each made once."""

from __future__ import annotations

from typing import Final

from msgspec import Raw

from divan_core.codec.reader import encode
from divan_core.discovery.cardwise import Cardwise
from divan_core.discovery.views import shown
from divan_core.kernel.visibility import PersonCard

CAPACITY: Final = 50_000
"""How many people one process keeps: about 20 MB."""

_NO_FRIEND: Final = b'"is_friend":false'
_NO_MUTUAL: Final = b'"mutual_friends":0'
"""What a stranger's view says of the viewer. Inside of texts every quote has a backslash, so each
stands there once."""


class Prints:
    """Keeps the views of those who were shown last."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Keep so many at most; the oldest go first."""
        self._strangers = Cardwise(_as_stranger, capacity)
        self.forget = self._strangers.forget

    def of(self, card: PersonCard, mutual_friends: int, *, is_friend: bool) -> Raw:
        """What ``views.shown`` makes of this, as JSON."""
        stranger = self._strangers.of(card)
        if not (is_friend or mutual_friends):
            return stranger
        json = bytes(stranger)
        if is_friend:
            json = json.replace(_NO_FRIEND, b'"is_friend":true')
        return Raw(json.replace(_NO_MUTUAL, b'"mutual_friends":%d' % mutual_friends))


def _as_stranger(card: PersonCard) -> Raw:
    return Raw(encode(shown(card, 0, is_friend=False)))

"""People as JSON, each made once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Raw

from divan_core.codec.reader import encode
from divan_core.discovery.shares import Hit
from divan_core.discovery.views import shown
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, is_open

CAPACITY: Final = 120_000
"""How many people one process keeps: about 50 MB."""

_NO_FRIEND: Final = b'"is_friend":false'
_NO_MUTUAL: Final = b'"mutual_friends":0'
"""What a stranger's view says of the viewer. Inside of texts every quote has a backslash, so each
stands there once."""

MaySee = Callable[[PersonCard], bool]
"""Whether a viewer may see somebody."""


@value
class Print:
    """Somebody of a campus, whose number is ``campus``, as a stranger's view says it in JSON."""

    user_id: UserId
    campus: int
    json: Raw


class Prints:
    """Keeps the views of those who were shown last, as far as they show themselves to everyone.

    Whoever is kept is open, as a card says that the audience had not forgotten. So whoever has no
    block with them may see them, and nobody needs to look at the card again.
    """

    def __init__(self, audience: Audience, capacity: int = CAPACITY) -> None:
        """Make them of the cards of ``audience``, and keep so many at most; the oldest go first."""
        self._audience = audience
        self._capacity = capacity
        self._kept: dict[int, Print] = {}
        audience.follow(self._forget)

    async def of(
        self, campus_id: CampusId, found: Sequence[Hit], may_see: MaySee
    ) -> tuple[list[UserId], list[Raw]]:
        """Those of them whom the viewer may see, and their views as ``views.shown`` makes them.

        Nobody is among them with whom the viewer has a block, except as a friend.
        """
        campus, kept = campus_id.int, self._kept.get
        prints = [kept(number) for _, number, _, _ in found]
        missing = [
            hit[1]
            for hit, one in zip(found, prints, strict=True)
            if one is None or one.campus != campus
        ]
        if missing:
            made = await self._made(missing, may_see)
            prints = [made.get(hit[1], one) for hit, one in zip(found, prints, strict=True)]
        people, views = list[UserId](), list[Raw]()
        for one, hit in zip(prints, found, strict=True):
            if one is not None:
                people.append(one.user_id)
                views.append(_told(one.json, hit) if hit[2] or hit[3] else one.json)
        return people, views

    async def _made(self, numbers: Sequence[int], may_see: MaySee) -> dict[int, Print | None]:
        """The prints of these; None for whom the viewer may not see."""
        made = dict[int, Print | None]()
        for number, card in zip(numbers, await self._audience.numbered(numbers), strict=True):
            if card is None or not may_see(card):
                made[number] = None
                continue
            made[number] = new = _print(card)
            if is_open(card) and self._audience.kept(card.user_id) is card:
                self._kept[number] = new
        while len(self._kept) > self._capacity:
            del self._kept[next(iter(self._kept))]
        return made

    def _forget(self, _campus_id: CampusId, people: Collection[UserId] | None) -> None:
        """Keep nothing of these, or of anybody: what somebody was called is theirs to remove."""
        if people is None:
            self._kept.clear()
            return
        for user_id in people:
            self._kept.pop(user_id.int, None)


def _print(card: PersonCard) -> Print:
    return Print(card.user_id, card.campus_id.int, Raw(encode(shown(card, 0, is_friend=False))))


def _told(stranger: Raw, hit: Hit) -> Raw:
    """The same of somebody whom the viewer has to do with."""
    _, _, is_friend, mutual = hit
    json = bytes(stranger)
    if is_friend:
        json = json.replace(_NO_FRIEND, b'"is_friend":true')
    return Raw(json.replace(_NO_MUTUAL, b'"mutual_friends":%d' % mutual))

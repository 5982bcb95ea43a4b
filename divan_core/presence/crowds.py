"""The people of public cells, made ready to be listed once for everybody who asks.

Many ask about the same few people, whom most of them see alike. So what a cell shows at a distance
is made once, and kept until somebody else stands there or somebody of it changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Final, TypeAlias, cast

from msgspec import UNSET, Raw

from divan_core.codec.reader import encode
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value
from divan_core.kernel.visibility import (
    PersonCard,
    Relations,
    Surface,
    acquainted,
    can_see,
    is_open,
)
from divan_core.presence.messages import Group, NearbyPerson
from divan_core.presence.model import Cell

CAPACITY: Final = 50_000
"""How many people's crowds one process keeps: 50 to 80 MB."""

VIEWS: Final = 8
"""How often, for other distances or groups, a crowd is made into views before it begins anew."""

PROFILE: Final = 1
DISTANCE: Final = 2
EVERYTHING: Final = PROFILE + DISTANCE
PRINTED: Final = 4
_FRIENDS: Final = 8
KINDS: Final = 16
"""How views differ: in the groups asked for, in whether they are JSON, and whether of friends."""

_NEARBY: Final = Surface.NEARBY  # looked up once, not for everyone near everyone

Place = tuple[Cell, Sequence[UserId]]
"""A public cell and the people in it, as stores tell of them."""


@value
class Question:
    """Who asks, about whom and what: by the viewer's relations, and friends only if so asked.

    ``groups`` is the sum of ``PROFILE`` and ``DISTANCE``, of each that is asked for, and of
    ``PRINTED`` for whoever only passes people on.
    """

    viewer_id: UserId
    relations: Relations
    friends_only: bool = False
    groups: int = EVERYTHING


def groups_of(include: Collection[Group]) -> int:
    """What a question asks for, as a number."""
    return ("profile" in include) * PROFILE + ("distance" in include) * DISTANCE


@value
class Print:
    """Somebody's view as JSON. To pass it on needs a tenth of the memory to be looked at."""

    user_id: UserId
    json: Raw


Shown: TypeAlias = NearbyPerson | Print
"""What is made of somebody who is listed, as it was asked for."""


class Crowd:
    """The people of one place, by id.

    A cell finer than its person wants by now does not show them: it is from before a change of
    privacy that is still under way. ``numbers`` are their ids. ``alike``: who has nothing to do
    with anybody here sees all of them; false where not all are open, or the crowd is not kept.
    ``views`` are what was made of them, by kind: the metres shown times ``KINDS``, and the groups.
    """

    __slots__ = ("_cards", "alike", "numbers", "place", "views")

    def __init__(self, place: Place, cards: Iterable[PersonCard | None]) -> None:
        """The place as the store told of it, with a card for each there who exists."""
        size_m = place[0].size_m
        there = [one for one in cards if one is not None and one.blur_distance_m <= size_m]
        if len(there) > 1:
            there.sort(key=_number)
        self.place = place
        self.numbers = frozenset([card.user_id.int for card in there])
        self.alike = False
        self.views: dict[int, tuple[Shown, ...]] = {}
        self._cards = there

    def are_open(self) -> bool:
        """Whether everybody shows themselves to everyone."""
        return all(map(is_open, self._cards))

    def shown(self, question: Question, kind: int) -> tuple[Shown, ...]:
        """What is shown of those whom the question finds."""
        viewer_id, relations = question.viewer_id, question.relations
        friends, friends_only = relations.friends, question.friends_only
        strange = self.made(kind)
        friendly = self.made(kind + _FRIENDS) if friends else strange
        return tuple(
            [
                as_friend if is_friend else as_stranger
                for card, as_stranger, as_friend in zip(self._cards, strange, friendly, strict=True)
                if can_see(viewer_id, relations, card, _NEARBY)
                and ((is_friend := bool(friends) and card.user_id in friends) or not friends_only)
            ]
        )

    def made(self, kind: int) -> tuple[Shown, ...]:
        """The views of everybody, kept or new."""
        views = self.views.get(kind)
        if views is None:
            if len(self.views) >= VIEWS:
                self.views.clear()
            made = _views(self._cards, kind)
            views = tuple(map(_print, made) if kind & PRINTED else made)
            self.views[kind] = views
        return views


class Crowds:
    """The cache of crowds. One per process; bounded; the oldest go first.

    Each person is in one kept crowd at most, as people stand in one cell. So a change of somebody
    ends the one crowd that was made of them, and whoever stands elsewhere ends the one they left.
    """

    def __init__(self, audience: Audience, capacity: int = CAPACITY) -> None:
        """Make crowds of the cards that ``audience`` has; keep those of so many people."""
        self._audience = audience
        self._capacity = capacity
        self._kept: dict[int, Crowd] = {}  # by id() of the place, which the crowd keeps alive
        self._of: dict[int, Crowd] = {}  # by each of its people, as a number
        self._forgotten = 0
        audience.follow(self._forget)

    def kept(self, places: Sequence[Place]) -> list[Crowd] | None:
        """The crowds of these places if all are here, which nobody needs to await; else None."""
        found = list(map(self._kept.get, map(id, places)))
        return cast("list[Crowd]", found) if all(found) else None

    async def made(self, places: Sequence[Place]) -> list[Crowd]:
        """The crowds of these places, of cards that are as good as any that are just asked for."""
        forgotten = self._forgotten
        found = list(map(self._kept.get, map(id, places)))
        missing = [place for place, crowd in zip(places, found, strict=True) if crowd is None]
        cards = await self._audience.cards([one for _, there in missing for one in there])
        current, each = forgotten == self._forgotten, iter(cards)
        return [
            crowd or self._new(place, list(islice(each, len(place[1]))), keep=current)
            for place, crowd in zip(places, found, strict=True)
        ]

    def apart(self, question: Question, crowds: Sequence[Crowd]) -> set[Crowd | None]:
        """The crowds, of these and others, in which this question is to be asked about each.

        There is somebody in them whom the viewer has to do with, or strangers are not wanted.
        """
        if question.friends_only:
            return set(crowds)
        known = acquainted(question.viewer_id, question.relations)
        if len(known) <= len(crowds):
            return set(map(self._of.get, known))
        return {crowd for crowd in crowds if not known.isdisjoint(crowd.numbers)}

    def _new(self, place: Place, cards: list[PersonCard | None], *, keep: bool) -> Crowd:
        crowd = Crowd(place, cards)
        if keep and all(cards):
            numbers = {one.int for one in place[1]}
            for number in numbers:
                self._drop(number)
                self._of[number] = crowd
            self._kept[id(place)] = crowd
            crowd.alike = crowd.are_open()
            while len(self._of) > self._capacity:
                self._drop(next(iter(self._of)))
        return crowd

    def _drop(self, number: int) -> None:
        """End the crowd that somebody is in."""
        crowd = self._of.get(number)
        if crowd is not None:
            crowd.alike = False  # whoever holds it still cannot find it by its people any more
            self._kept.pop(id(crowd.place), None)
            for one in crowd.place[1]:
                self._of.pop(one.int, None)

    def _forget(self, _campus_id: CampusId, people: Collection[UserId] | None) -> None:
        self._forgotten += 1
        if people is None:
            for crowd in self._kept.values():
                crowd.alike = False
            self._kept.clear()
            self._of.clear()
            return
        for one in people:
            self._drop(one.int)


def _number(card: PersonCard) -> int:
    return card.user_id.int


def _views(cards: Iterable[PersonCard], kind: int) -> list[NearbyPerson]:
    metres, what = divmod(kind, KINDS)
    profile, is_friend = what & PROFILE, bool(what & _FRIENDS)
    distance = metres if what & DISTANCE else UNSET
    return [
        NearbyPerson(
            card.user_id,
            card.handle,
            card.display_name,
            card.avatar_url,
            is_friend,
            distance,
            (profile and card.major) or UNSET,
            (profile and card.graduation_year) or UNSET,
            (profile and card.passions) or UNSET,
        )
        for card in cards
    ]


def _print(view: NearbyPerson) -> Print:
    return Print(view.user_id, Raw(encode(view)))

"""A walk through suggestions: who comes after whom, and where a page ends."""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from divan_core.discovery import policy
from divan_core.discovery.circles import Circle
from divan_core.discovery.model import RoomCard
from divan_core.discovery.ports import Signals
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard, Surface, can_see

ANY_MOMENT: Final = Millis(1 << 52)
"""Later than anybody was heard."""

_PLACE: Final = struct.Struct("<qd16s")

Ranked = tuple[float, int, PersonCard, int]
"""Somebody suggested: the score below zero, their id as a number, their card, and how many mutual
friends. As plain tuples they sort by score and id without help."""

RankedRoom = tuple[float, int, RoomCard]
"""A room suggested: the score below zero, its id as a number, its card."""


@value
class Place:
    """After this score and this id, with recency as of ``moment``, when the walk began."""

    moment: Millis
    score: float
    number: int

    def packed(self) -> bytes:
        """The place as 32 bytes, for a cursor."""
        return _PLACE.pack(self.moment, self.score, self.number.to_bytes(16, "big"))


def place(data: bytes) -> Place:
    """The place that was packed into these bytes."""
    moment, score, number = _PLACE.unpack(data)
    return Place(Millis(moment), score, int.from_bytes(number, "big"))


@value
class Walk:
    """One page of a viewer's walk through the people suggested.

    ``circle`` are those with mutual friends, ``now`` is the present, ``moment`` when the walk
    began.
    """

    actor: Actor
    circle: Circle
    now: Millis
    moment: Millis
    after: Place | None
    wanted: int

    @property
    def meets_known(self) -> bool:
        """Whether anybody with a mutual friend can come after the walk's place."""
        return self.after is None or self.after.score >= policy.LEAST_KNOWN

    @property
    def until(self) -> Millis:
        """Whoever without a mutual friend comes after the place was heard then, or before."""
        if self.after is None:
            return ANY_MOMENT
        until = policy.heard_at_most(self.after.score, self.moment)
        return ANY_MOMENT if until is None else Millis(until)

    def visible(self, cards: Iterable[PersonCard | None]) -> list[PersonCard]:
        """Those whom the viewer may see, and who are no friends yet."""
        actor, relations = self.actor, self.circle.relations
        viewer_id, friends, campus = actor.user_id, relations.friends, actor.campus_id.int
        return [
            card
            for card in cards
            if card is not None
            and card.campus_id.int == campus
            and can_see(viewer_id, relations, card, Surface.DISCOVERY)
            and card.user_id not in friends
        ]

    def first(self, cards: Iterable[PersonCard], signals: Signals) -> list[Ranked]:
        """The first of these people after the walk's place, as many as are wanted."""
        found = self._ranked(cards, signals)
        if self.after is not None:
            edge = (-self.after.score, self.after.number)
            found = (one for one in found if one[:2] > edge)
        return heapq.nsmallest(self.wanted, found)

    @staticmethod
    def close(cards: Iterable[PersonCard], signals: Signals) -> list[PersonCard]:
        """Those of these who are near."""
        near = signals.near
        return [one for one in cards if _is_coarse_enough(one, near[one.user_id])]

    def place_of(self, last: Ranked) -> Place:
        """The place right after somebody."""
        score, number, _, _ = last
        return Place(self.moment, -score, number)

    def _ranked(self, cards: Iterable[PersonCard], signals: Signals) -> Iterator[Ranked]:
        heard, near, mutual, moment = signals.heard, signals.near, self.circle.mutual, self.moment
        for card in cards:
            one = card.user_id
            common, at = mutual.get(one.int, 0), heard.get(one)
            lately = policy.recency(at, moment) if at is not None else 0.0
            is_near = one in near and _is_coarse_enough(card, near[one])
            score = policy.suggestion_score(common, lately, near=is_near)
            yield -score, one.int, card, common


def _is_coarse_enough(card: PersonCard, size_m: int) -> bool:
    """A cell finer than its person wants by now is from before a change of privacy."""
    return card.blur_distance_m <= size_m


def rooms_after(rooms: Iterable[RoomCard], after: Place | None) -> list[RankedRoom]:
    """The rooms after a place, in order."""
    ranked = [(-_room_score(one), one.room_id.int, one) for one in rooms]
    if after is not None:
        edge = (-after.score, after.number)
        ranked = [one for one in ranked if one[:2] > edge]
    return sorted(ranked, key=lambda one: one[:2])


def place_of_room(last: RankedRoom) -> Place:
    """The place right after a room; rooms are ranked as they are at the moment."""
    score, number, _ = last
    return Place(Millis(0), -score, number)


def _room_score(room: RoomCard) -> float:
    return policy.room_score(room.messages, room.members, room.friends)

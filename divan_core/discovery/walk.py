"""A walk through suggestions: who comes after whom, and where a page ends."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from divan_core.discovery import policy
from divan_core.discovery.lineup import Lineup
from divan_core.discovery.model import RoomCard
from divan_core.discovery.ports import Signals
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard

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

    ``now`` is the present, ``moment`` when the walk
    began.
    """

    actor: Actor
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

    def first(
        self, people: Lineup, heard: Sequence[int], near: Collection[int] = ()
    ) -> list[Ranked]:
        """The first of these people after the walk's place, as many as are wanted.

        ``heard`` is when each was heard last, ``near`` are the numbers of those who are near.
        """
        scores = policy.suggestion_scores(people.acquainted, heard, self.moment)
        if near:
            scores = [
                score + policy.NEAR if number in near else score
                for score, number in zip(scores, people.numbers, strict=True)
            ]
        numbers, cards, mutual = people.numbers, people.cards, people.mutual
        best = self._best(scores, numbers)
        found = sorted([(-scores[at], numbers[at], cards[at], mutual[at]) for at in best])
        return found[: self.wanted]

    def _best(self, scores: Sequence[float], numbers: Sequence[int]) -> Sequence[int]:
        """Who comes after the walk's place and may be among the first that are wanted."""
        places: Sequence[int] = range(len(scores))
        after = self.after
        if after is not None:
            least, number = after.score, after.number
            places = [
                at
                for at, score in enumerate(scores)
                if score < least or (score == least and numbers[at] > number)
            ]
        if len(places) <= self.wanted:
            return places
        least = sorted([scores[at] for at in places])[-self.wanted]
        return [at for at in places if scores[at] >= least]

    def place_of(self, last: Ranked) -> Place:
        """The place right after somebody."""
        score, number, _, _ = last
        return Place(self.moment, -score, number)


def close(people: Lineup, signals: Signals) -> set[int]:
    """The numbers of those of these people who are near.

    A cell finer than its person wants by now is from before a change of privacy: it does not count.
    """
    sizes = {one.user_id.int: one.size_m for one in signals.near}
    return {
        number
        for number, card in zip(people.numbers, people.cards, strict=True)
        if number in sizes and card.blur_distance_m <= sizes[number]
    }


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

"""How much somebody is trusted, from 0 to 100, and what changes that. Pure.

Whoever is new begins with 50 and gains 1 a day up to 70. What somebody does, and what others do
about it, adds or takes away (:class:`Merit`), each cause once.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.values import value

DAY_MS: Final = 86_400_000
BEGINNING: Final = 50
DRIFTS_TO: Final = 70
LEAST: Final = 0
MOST: Final = 100


class Merit(enum.Enum):
    """What changes trust."""

    VERIFIED = "verified"
    """The e-mail address is confirmed."""
    INVITE = "invite"
    """An invite of theirs was accepted."""
    HIT = "hit"
    """A policy acted on what they wrote."""
    REPORTED = "reported"
    """Three different people reported what is theirs within a day."""
    UPHELD = "upheld"
    """A report of theirs came to something."""
    FALSE = "false"
    """A report of theirs came to nothing."""
    APPEAL_ACCEPTED = "appeal_accepted"
    """They were right to appeal."""
    APPEAL_REJECTED = "appeal_rejected"
    """They were not."""


WORTH: Final[Mapping[Merit, int]] = {
    Merit.VERIFIED: 5,
    Merit.INVITE: 3,
    Merit.HIT: -10,
    Merit.REPORTED: -5,
    Merit.UPHELD: 1,
    Merit.FALSE: -1,
    Merit.APPEAL_ACCEPTED: 2,
    Merit.APPEAL_REJECTED: -3,
}
"""By how much."""


@value
class Ration:
    """At most so many count within a span, in milliseconds."""

    most: int
    span_ms: int


RATIONS: Final[Mapping[Merit, Ration]] = {
    Merit.INVITE: Ration(3, 7 * DAY_MS),
    Merit.REPORTED: Ration(1, DAY_MS),
}
"""Of invites 9 points a week. A crowd of reporters counts once a day, however large it is: nobody
is brought low by people who agree to report them."""

REPORTERS: Final = 3
"""How many different people have to report somebody within a day, for that to count."""


@attrs.frozen
class Trust:
    """Somebody's trust as it was at a moment, from which on days are counted."""

    score: int
    at: Millis

    def drifted(self, now: Millis) -> Trust:
        """The trust after the whole days since then."""
        days = max(now - self.at, 0) // DAY_MS
        gained = min(days, max(DRIFTS_TO - self.score, 0))
        return Trust(self.score + gained, Millis(self.at + days * DAY_MS))

    def after(self, merit: Merit, now: Millis) -> Trust:
        """The trust after something that changes it."""
        today = self.drifted(now)
        return attrs.evolve(today, score=min(max(today.score + WORTH[merit], LEAST), MOST))


@value
class Change:
    """Why somebody's trust was changed; ``cause`` is an id with its kind, and counts once."""

    merit: Merit
    cause: str
    at: Millis


@value
class Before:
    """What there is of somebody before a change: their trust, and whether its cause has counted."""

    trust: Trust | None
    counted: bool


def beginning(since: Millis) -> Trust:
    """The trust of somebody of whom nothing is known but since when they are here."""
    return Trust(BEGINNING, since)

"""How fast somebody writes, against what may be written in a time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.values import value
from divan_core.safety.model import PolicyId
from divan_core.safety.signals import pace
from divan_core.safety.trust import Trust

REPEAT_MS: Final = 300_000
"""How long a text is remembered, to tell that it is written again, in milliseconds."""

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000


@value
class Allowance:
    """So many of a kind may be written within a span, in milliseconds."""

    most: int
    span_ms: int


ALLOWANCES: Final[Mapping[str, tuple[Allowance, ...]]] = {
    "post": (Allowance(3, MINUTE_MS), Allowance(8, 5 * MINUTE_MS), Allowance(20, HOUR_MS)),
    "comment": (Allowance(10, MINUTE_MS), Allowance(40, 5 * MINUTE_MS), Allowance(200, HOUR_MS)),
    "message": (
        Allowance(8, 10 * SECOND_MS),
        Allowance(30, MINUTE_MS),
        Allowance(120, HOUR_MS),
    ),
}
"""By what is written; what is not listed has no pace."""


@value
class Recall:
    """What is asked of somebody's last while before a moment.

    ``print`` is that of what they wrote now, None where it is too short to be a repetition. The
    times they wrote something of this kind are asked for each of ``spans``, in milliseconds.
    """

    author_id: UserId
    subject_type: str
    at: Millis
    print: bytes | None = None
    spans: tuple[int, ...] = ()

    @property
    def longest(self) -> int:
        """How far back it goes, in milliseconds."""
        return max((REPEAT_MS, *self.spans))


@value
class Lately:
    """What somebody did in a while: the same before, and how much within each span."""

    duplicates: int = 0
    counts: tuple[int, ...] = ()


@value
class Known:
    """What is known of an author: their last while, and their trust, None if nothing changed it."""

    lately: Lately
    trust: Trust | None = None


@value
class Background:
    """What is kept of the authors of some writings, in their order, and the policy in force.

    ``policy_id`` is None where that is the default one.
    """

    known: tuple[Known, ...] = ()
    policy_id: PolicyId | None = None


def spans_of(subject_type: str) -> tuple[int, ...]:
    """The spans in which something of this kind is counted."""
    return tuple(one.span_ms for one in ALLOWANCES.get(subject_type, ()))


def velocity(subject_type: str, counts: Sequence[int]) -> int:
    """The level of pace of one more, after so many in each span."""
    allowances = ALLOWANCES.get(subject_type, ())
    shares = [(count + 1) / one.most for one, count in zip(allowances, counts, strict=True)]
    return pace(max(shares, default=0.0))

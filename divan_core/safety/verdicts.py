"""Decisions about what was written, as they are kept, and what they come to. Pure."""

from __future__ import annotations

from typing import Final, NewType
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId
from divan_core.kernel.ingress import Written
from divan_core.kernel.values import value
from divan_core.safety.facts import Facts
from divan_core.safety.policies import Decision, Match

DecisionId = NewType("DecisionId", UUID)
"""A decision: the id of the event that it was made about, so that there is one of each."""

_ABOUT_THE_AUTHOR: Final = ("user.", "signals.trust", "signals.account_age_days", "subject.")


@value
class Writing:
    """What was written, as it stands now, with the links that come beside it."""

    text: str
    urls: tuple[str, ...] = ()


@attrs.frozen
class Verdict:
    """What a policy decided about something that was written ``at`` a moment.

    ``facts`` are labels and signals as they were then; the text itself is not kept. ``print`` is
    what a repetition of it is known by: a keyed hash, None where it is too short.
    """

    id: DecisionId
    written: Written
    at: Millis
    facts: Facts
    decision: Decision
    print: bytes | None = attrs.field(default=None, repr=False)


@value
class Period:
    """From the first moment, before the second; of one campus, or of all."""

    since: Millis
    until: Millis
    campus_id: CampusId | None = None


Place = tuple[Millis, DecisionId]
"""Where a decision stands: decisions are in the order of their moments."""


def winner(decision: Decision) -> Match | None:
    """The rule that decided: of the highest severity, and of equals the one listed first."""
    return max(decision.matched, key=lambda one: one.severity, default=None)


def is_offence(decision: Decision) -> bool:
    """Whether a rule held because of what was written, not only because of who wrote it.

    Otherwise who is trusted little would be trusted less for it, with every word they write.
    """
    return decision.action != "none" and any(
        not name.startswith(_ABOUT_THE_AUTHOR)
        for match in decision.matched
        for name, _ in match.evidence
    )

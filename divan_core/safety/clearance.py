"""What restrictions mean for what somebody wants to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.gate import ALLOWED, Act, Decision, Verdict
from divan_core.safety.model import Restraint, Restriction

_EVERY: Final = frozenset(Act)

_STOPS: Final[Mapping[Restraint, tuple[Decision, frozenset[Act]]]] = {
    Restraint.BAN: (Decision.BANNED, _EVERY),
    Restraint.MUTE: (Decision.MUTED, _EVERY),
    Restraint.RESTRICT_CREATE: (Decision.LIMITED, _EVERY),
    Restraint.RESTRICT_INVITES: (Decision.LIMITED, frozenset({Act.INVITE})),
    Restraint.COOLDOWN: (Decision.COOLING, _EVERY),
    Restraint.SLOW: (Decision.SLOWED, _EVERY),
    Restraint.SHADOW: (Decision.SHADOWED, _EVERY),
}
"""What each restraint decides about which acts; the first that stands is what somebody hears."""


def clearance(restrictions: Sequence[Restriction], act: Act, now: Millis) -> Verdict:
    """The verdict on one act of somebody with these restrictions.

    Where several say the same, one may try again when the last of them has ended.
    """
    if not restrictions:
        return ALLOWED
    standing = [one for one in restrictions if one.stands(now)]
    for restraint, (decision, acts) in _STOPS.items():
        if act in acts and any(one.restraint is restraint for one in standing):
            if decision is Decision.SHADOWED:
                return Verdict(decision)
            same = (one for one in standing if _decides(one, decision, act))
            return Verdict(decision, _seconds_left(same, now))
    return ALLOWED


def _decides(restriction: Restriction, decision: Decision, act: Act) -> bool:
    found, acts = _STOPS[restriction.restraint]
    return found is decision and act in acts


def _seconds_left(restrictions: Iterable[Restriction], now: Millis) -> int | None:
    """Until all of these have ended, in whole seconds; None where one never does."""
    ends = [one.until for one in restrictions]
    if None in ends:
        return None
    return -(-(max(one for one in ends if one is not None) - now) // 1000)

"""Whether a movement can be true."""

from __future__ import annotations

import math
from typing import Final

from divan_core.kernel.values import value
from divan_core.presence.model import MEMORY_MS, Fix, PresenceRecord

MAX_SPEED_M_S: Final = 12.0
"""Faster than this is no movement on a campus."""

MAX_DASH_M: Final = 1000.0
DASH_MS: Final = 30_000
"""No more than ``MAX_DASH_M`` within this time, whatever the speed rule says."""

AGREEMENT_MS: Final = 5_000
"""Refused fixes that agree with each other for this long are believed."""

_SPACING_MS: Final = 15_000


def plausible(earlier: Fix, later: Fix) -> bool:
    """Whether somebody can have moved so, once both fixes' accuracy is allowed for."""
    moved = math.hypot(later.east - earlier.east, later.north - earlier.north)
    seconds = max(later.at - earlier.at, 0) / 1000
    return moved - earlier.accuracy_m - later.accuracy_m <= MAX_SPEED_M_S * seconds


def _since(fixes: tuple[Fix, ...], edge: int) -> tuple[Fix, ...]:
    """Those from this moment on: as a rule all, and then the same tuple."""
    if fixes and fixes[0].at >= edge <= fixes[-1].at:  # oldest first, unless a clock was set
        return fixes
    return tuple([one for one in fixes if one.at >= edge])


def _dashed(recent: tuple[Fix, ...], fix: Fix) -> bool:
    for earlier in recent:
        if math.hypot(fix.east - earlier.east, fix.north - earlier.north) > MAX_DASH_M:
            return True
    return False


@value
class Verdict:
    """What movement's rules say of a fix: the accepted and the doubted ones from now on."""

    accepted: bool
    fixes: tuple[Fix, ...]
    doubted: tuple[Fix, ...] = ()


def judge(record: PresenceRecord, fix: Fix) -> Verdict:
    """Believe a fix or doubt it.

    It is believed when it can be reached from the last accepted fix. Otherwise it joins the run
    of doubted fixes, and when a run agrees with itself for five seconds the earlier position was
    the wrong one: the run is believed from then on. More than a kilometre within 30 s is never
    believed.

    Judged by every fix that is kept, not by the last alone, 0.8 % of the recorded walkers' honest
    fixes would be refused in place of 0.2 %: one bad fix that was let in refuses good ones for as
    long as it is kept. What accuracy lets somebody gain step by step, the kilometre bounds.
    """
    fixes = _since(record.fixes, fix.at - MEMORY_MS + 1)
    if not fixes:
        return Verdict(accepted=True, fixes=(fix,))
    recent = _since(fixes, fix.at - DASH_MS)
    if _dashed(recent, fix):
        return Verdict(accepted=False, fixes=fixes, doubted=_run(record.doubted, fix))
    if plausible(fixes[-1], fix):
        return Verdict(accepted=True, fixes=_thinned(recent, fix))
    run = _run(record.doubted, fix)
    if fix.at - run[0].at >= AGREEMENT_MS:
        return Verdict(accepted=True, fixes=_thinned(recent, fix))
    return Verdict(accepted=False, fixes=fixes, doubted=run)


def _run(doubted: tuple[Fix, ...], fix: Fix) -> tuple[Fix, ...]:
    """The first and the last fix of the run that this one continues or begins."""
    recent = tuple(one for one in doubted if fix.at - one.at < MEMORY_MS)
    if recent and all(plausible(one, fix) for one in recent):
        return (recent[0], fix)
    return (fix,)


def _thinned(recent: tuple[Fix, ...], fix: Fix) -> tuple[Fix, ...]:
    """The fixes that later judgements need: the last, and a few of the last 30 s."""
    if len(recent) > 1 and recent[-1].at - recent[-2].at < _SPACING_MS:
        return (*recent[:-1], fix)
    return (*recent, fix)

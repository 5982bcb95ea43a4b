"""What an examination of a deployment finds, and how to mend it."""

from __future__ import annotations

from typing import Literal

import attrs

Verdict = Literal["ok", "warning", "fault"]
"""``fault``: it does not work, or not safely. ``warning``: something is missing or unusual."""


@attrs.frozen
class Finding:
    """One thing looked at: what was seen, and what to do about it where it is not well."""

    about: str
    verdict: Verdict
    seen: str
    remedy: str = ""


WORST_OFFSET_MS = 1000
"""How far the clocks of machines may be apart: leases and limits are as exact as they agree."""


def clock_finding(about: str, theirs_ms: float, ours_ms: float) -> Finding:
    """Compare the clock of a server with this machine's; both in epoch milliseconds."""
    apart_ms = abs(theirs_ms - ours_ms)
    seen = f"{apart_ms:.0f} ms from this machine's"
    if apart_ms <= WORST_OFFSET_MS:
        return Finding(about, "ok", seen)
    remedy = "Synchronise the clocks of both machines, by NTP for example."
    return Finding(about, "fault", seen, remedy)

"""The gate before everything that people write: the port, and what its answers mean."""

from __future__ import annotations

import enum
from typing import Final, Protocol

import attrs

from divan_core.errors import AccountLimited, Banned, CooldownActive, Muted, SlowDown
from divan_core.kernel.actor import Actor


class Act(enum.Enum):
    """What somebody wants to do that others will see."""

    MESSAGE = "message"
    ROOM = "room"
    INVITE = "invite"
    PROFILE = "profile"
    ACTIVITY = "activity"


class Decision(enum.Enum):
    """What the gate says to somebody who wants to write.

    ``SLOWED``: not so fast. ``COOLING``: they were too fast for too long. ``LIMITED``: not this,
    for now. ``MUTED``: not at all for now. ``BANNED``: never. ``SHADOWED``: it is kept, and only
    its author ever sees it.
    """

    ALLOWED = "allowed"
    SLOWED = "slowed"
    COOLING = "cooling"
    LIMITED = "limited"
    MUTED = "muted"
    BANNED = "banned"
    SHADOWED = "shadowed"


@attrs.frozen
class Verdict:
    """A decision; ``retry_after`` is in whole seconds, where trying again later can help."""

    decision: Decision = Decision.ALLOWED
    retry_after: int | None = None


ALLOWED: Final = Verdict()
"""What nearly everybody hears."""


class WritersGate(Protocol):
    """Whether somebody may do something now. Asked before anything is done, and for repeats."""

    async def ask(self, actor: Actor, act: Act) -> Verdict:
        """The verdict on one more act of this actor, by all that is known of the actor's campus.

        Whoever asks has read the campus's journal (``Audience.refresh``) for the same request.

        Raises:
            StoreUnavailable: it cannot be found out, so nothing is done.
        """
        ...


def check_verdict(verdict: Verdict) -> bool:
    """Whether what is written is to be shadowed.

    Raises:
        SlowDown, CooldownActive, AccountLimited: the gate says to try again later.
        Muted, Banned: the gate says no.
    """
    decision = verdict.decision
    if decision is Decision.ALLOWED:
        return False
    refusal = _REFUSALS.get(decision)
    if refusal is not None:
        raise refusal(retry_after=verdict.retry_after)
    return True


_REFUSALS: Final = {
    Decision.SLOWED: SlowDown,
    Decision.COOLING: CooldownActive,
    Decision.LIMITED: AccountLimited,
    Decision.MUTED: Muted,
    Decision.BANNED: Banned,
}

CLOSED: Final = tuple(_REFUSALS.values())
"""What a gate can refuse with."""

"""What people are restricted to, and policies as they are kept."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NewType
from uuid import UUID

import attrs
from attrs import validators as v

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId

RestrictionId = NewType("RestrictionId", UUID)
"""A restriction, for ever the same: whoever makes it can derive the id from what it made it for."""


class Restraint(enum.Enum):
    """What somebody may not do while a restriction stands.

    ``SLOW`` and ``COOLDOWN``: write, for a while; whoever writes too much, or was too fast, waits.
    ``MUTE``: write anything to others. ``SHADOW``: be seen; what they write is kept for themselves.
    ``RESTRICT_CREATE``: write or make anything new. ``RESTRICT_INVITES``: invite. ``BAN``: do
    anything.
    """

    SLOW = "slow"
    COOLDOWN = "cooldown"
    MUTE = "mute"
    SHADOW = "shadow"
    RESTRICT_CREATE = "restrict_create"
    RESTRICT_INVITES = "restrict_invites"
    BAN = "ban"


@attrs.frozen
class Restriction:
    """One restriction of one person, which begins at ``since``.

    It ends at ``until`` by itself, never where that is None, or when it was lifted. ``origin`` is
    what made it, an id with its kind (``action:<id>``, ``decision:<id>``), and nothing personal.
    Several of a kind may stand at once; lifting one leaves the others.
    """

    id: RestrictionId
    user_id: UserId
    campus_id: CampusId
    restraint: Restraint
    since: Millis
    until: Millis | None = None
    origin: str = attrs.field(default="", validator=v.max_len(80))
    lifted_at: Millis | None = None

    def stands(self, now: Millis) -> bool:
        """Whether it is in force."""
        if self.lifted_at is not None or self.since > now:
            return False
        return self.until is None or self.until > now


PolicyId = NewType("PolicyId", UUID)
"""A policy that is kept."""


@attrs.frozen
class KeptPolicy:
    """A policy as it was written, and what became of it.

    It never changes but for whether it is ``active``, which one at most is, and when and by whom
    it was activated last. ``version`` is its author's name for it, no other's.
    """

    id: PolicyId
    version: str
    document: Mapping[str, Any] = attrs.field(repr=False)
    created_by: UserId
    created_at: Millis
    active: bool = False
    activated_by: UserId | None = None
    activated_at: Millis | None = None

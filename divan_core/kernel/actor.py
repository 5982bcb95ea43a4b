"""Who is asking."""

from __future__ import annotations

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value

MODERATOR = "staff.moderator"
"""Staff of one campus."""

ADMIN = "staff.admin"
"""Staff of all campuses."""


@value
class Actor:
    """An authenticated caller: a known person on their own campus."""

    user_id: UserId
    campus_id: CampusId
    roles: frozenset[str] = frozenset()

"""What crosses identity's border: what credentials claim, and whom they turned out to be."""

from __future__ import annotations

from typing import Final

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value

MAX_TOKEN: Final = 8192
"""Characters of the longest token that is looked at."""


@value
class Claims:
    """What verified credentials say, before anybody looked whether there is such a person.

    ``roles`` count beside those of the person's record. The credentials are good before
    ``valid_until`` (leeway included; None: without end). ``handle`` and ``name`` are what the
    issuer calls the person.
    """

    user_id: UserId
    campus_id: CampusId
    roles: frozenset[str] = frozenset()
    valid_until: Millis | None = None
    handle: str | None = None
    name: str | None = None


@value
class Identity:
    """An authenticated caller, and until when (None: without end)."""

    actor: Actor
    valid_until: Millis | None = None

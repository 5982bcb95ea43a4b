"""How far an erasure has come."""

from __future__ import annotations

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId


@attrs.frozen
class Erasure:
    """Somebody is being erased: ``step`` is the name of the next thing to do.

    It stays once it is finished; there is nothing in it but ids and times.
    """

    user_id: UserId
    campus_id: CampusId
    step: str
    started_at: Millis
    finished_at: Millis | None = None


@attrs.frozen
class Leaver:
    """Who is to be erased."""

    user_id: UserId
    campus_id: CampusId


@attrs.frozen
class Holding:
    """How much of one kind is to be removed."""

    kind: str
    count: int
